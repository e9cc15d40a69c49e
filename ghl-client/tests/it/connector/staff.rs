//! People who work in the emulated location.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use ghl_emulator::Emulator;
use serde_json::{Map, Value, json};
use sync_core::testing::Staff;
use sync_core::vocabulary::person;
use sync_core::{Field, FieldName, Fields, Kind, RecordId};

#[derive(Debug)]
pub(crate) struct Clinic(pub(crate) Emulator);

/// A field as the user interface names it; custom fields stand in a list of their own.
fn property(name: &FieldName) -> &'static str {
    match name.as_str() {
        "given_name" => "firstName",
        "family_name" => "lastName",
        "street" => "address1",
        "postal_code" => "postalCode",
        "birth_date" => "dateOfBirth",
        "sex" => "gender",
        "email" => "email",
        "phone" => "phone",
        "city" => "city",
        "country" => "country",
        other => panic!("GHL has no {other}"),
    }
}

fn entered<'a>(fields: impl Iterator<Item = (&'a FieldName, Field<&'a str>)>) -> Value {
    let mut entered = Map::new();
    let mut custom = Vec::new();
    for (name, field) in fields {
        match person::custom_name(name) {
            Some(key) => custom.push(json!({ "key": key, "field_value": field.value() })),
            None => _ = entered.insert(property(name).to_owned(), field.value().into()),
        }
    }
    entered.insert("customFields".to_owned(), custom.into());
    entered.into()
}

#[async_trait]
impl Staff for Clinic {
    async fn create(&self, _: &Kind, fields: &Fields, _: &BTreeMap<Kind, RecordId>) -> RecordId {
        RecordId::new(self.0.front_desk().create(entered(fields.iter())))
    }

    async fn edit(&self, _: &Kind, id: &RecordId, name: &FieldName, field: Field<&str>) {
        assert!(self.0.front_desk().update(id.as_str(), entered([(name, field)].into_iter())));
    }

    async fn remove(&self, _: &Kind, id: &RecordId) {
        assert!(self.0.front_desk().delete(id.as_str()));
    }

    async fn approve(&self, _: &Kind, id: &RecordId) {
        panic!("GHL creates {id} at once");
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn unused_id(&self, _: &Kind) -> RecordId {
        RecordId::from_static("seD4PfOuKoVMLkEZqohJ")
    }
}
