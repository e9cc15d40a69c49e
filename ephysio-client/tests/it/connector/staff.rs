//! People who work in the emulated practice.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use ephysio_emulator::{Emulator, NewPatient, Patient, Sex};
use sync_core::testing::Staff;
use sync_core::vocabulary::person;
use sync_core::{Field, FieldName, Fields, Kind, RecordId};

/// The member that a custom field is read from.
pub(crate) const MEMBER: &str = "referral";

#[derive(Debug)]
pub(crate) struct Practice(pub(crate) Emulator);

fn number(id: &RecordId) -> u64 {
    id.as_str().parse().unwrap()
}

fn set(patient: &mut Patient, name: &FieldName, value: &str) {
    let slot = match name.as_str() {
        "given_name" => &mut patient.first_name,
        "family_name" => &mut patient.last_name,
        "salutation" => &mut patient.salutation,
        "street" => &mut patient.street,
        "postal_code" => &mut patient.zip,
        "city" => &mut patient.city,
        "phone" => &mut patient.phone,
        "email" => &mut patient.email,
        "birth_date" => return patient.birth_date = value.parse().ok(),
        "sex" => {
            patient.sex = match value {
                "male" => Some(Sex::Male),
                "female" => Some(Sex::Female),
                _ => None,
            };
            return;
        }
        name => {
            assert_eq!(person::custom_name(&FieldName::new(name)), Some(MEMBER));
            patient.extra.insert(MEMBER.to_owned(), value.into());
            return;
        }
    };
    value.clone_into(slot);
}

#[async_trait]
impl Staff for Practice {
    async fn create(&self, _: &Kind, fields: &Fields, _: &BTreeMap<Kind, RecordId>) -> RecordId {
        let id = self.0.practice().create(NewPatient::default());
        self.0.practice().update(id, |patient| {
            for (name, field) in fields.iter() {
                set(patient, name, field.value().unwrap_or_default());
            }
        });
        RecordId::new(id.to_string())
    }

    async fn edit(&self, _: &Kind, id: &RecordId, name: &FieldName, field: Field<&str>) {
        assert!(self.0.practice().update(number(id), |patient| set(patient, name, field.value().unwrap_or_default())));
    }

    async fn remove(&self, _: &Kind, id: &RecordId) {
        assert!(self.0.practice().deactivate(number(id)));
    }

    async fn approve(&self, _: &Kind, id: &RecordId) {
        assert!(self.0.practice().approve(number(id)).is_some());
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn unused_id(&self, _: &Kind) -> RecordId {
        RecordId::from_static("77")
    }
}
