//! People who work with the calendar of the emulated practice.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use ephysio_emulator::{Emulator, Event, NewEvent};
use sync_core::testing::Staff;
use sync_core::vocabulary::person;
use sync_core::{Field, FieldName, Fields, Kind, RecordId};

use super::{number, utc};

#[derive(Debug)]
pub(super) struct Calendar(pub(super) Emulator);

fn set(event: &mut Event, name: &FieldName, value: &str) {
    match (name.as_str(), value) {
        ("start", start) => event.start = utc(start),
        ("end", end) => event.end = utc(end),
        ("practitioner", name) => {
            (event.client_id, event.admin_info_id) = if name == "anna" { (5_778, 5_770) } else { (5_779, 5_771) };
            event.resource_ids = vec![format!("c-{}", event.client_id)];
        }
        ("service", name) => event.event_type_id = if name == "physio" { 29_330 } else { 29_331 },
        ("status", "planned") => event.status = 5,
        ("status", "confirmed") => event.status = 6,
        other => panic!("staff cannot set {other:?}"),
    }
}

#[async_trait]
impl Staff for Calendar {
    /// What is not given is what nobody has configured.
    async fn create(&self, _: &Kind, fields: &Fields, references: &BTreeMap<Kind, RecordId>) -> RecordId {
        let unknown = NewEvent { status: 1, event_type_id: 2, client_id: 3, admin_info_id: 4, ..NewEvent::at(utc(super::START_AT)) };
        let id = self.0.practice().book(unknown.of(number(&references[&person::KIND])));
        self.0.practice().update_event(id, |event| {
            for (name, field) in fields.iter() {
                set(event, name, field.value().unwrap());
            }
        });
        RecordId::new(id.to_string())
    }

    async fn edit(&self, _: &Kind, id: &RecordId, name: &FieldName, field: Field<&str>) {
        assert!(self.0.practice().update_event(number(id), |event| set(event, name, field.value().unwrap())));
    }

    async fn remove(&self, _: &Kind, id: &RecordId) {
        assert!(self.0.practice().cancel_event(number(id)));
    }

    async fn approve(&self, _: &Kind, id: &RecordId) {
        panic!("nobody has to approve the event {id}");
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn unused_id(&self, _: &Kind) -> RecordId {
        RecordId::from_static("77")
    }
}
