//! People who keep the calendars of the emulated location.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use ghl_client::connector::appointment::CalendarRow;
use ghl_emulator::{AppointmentStatus, Emulator, NewAppointment};
use sync_core::testing::Staff;
use sync_core::vocabulary::appointment::{END, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::vocabulary::person;
use sync_core::{Field, FieldName, Fields, Kind, RecordId};

use super::time;

#[derive(Debug)]
pub(super) struct Reception {
    pub(super) emulator: Emulator,
    pub(super) rows: Vec<CalendarRow>,
}

fn status(name: &str) -> AppointmentStatus {
    match name {
        "planned" => AppointmentStatus::Confirmed,
        "attended" => AppointmentStatus::Showed,
        "no_show" => AppointmentStatus::NoShow,
        "cancelled" => AppointmentStatus::Cancelled,
        other => panic!("GHL has no {other}"),
    }
}

impl Reception {
    fn row(&self, practitioner: &str, service: Option<&str>) -> &CalendarRow {
        self.rows.iter().find(|row| row.practitioner == practitioner && row.service.as_deref() == service).unwrap()
    }
}

#[async_trait]
impl Staff for Reception {
    async fn create(&self, _: &Kind, fields: &Fields, references: &BTreeMap<Kind, RecordId>) -> RecordId {
        let value = |name: FieldName| fields.get(&name).value().unwrap();
        let row = self.row(value(PRACTITIONER), fields.get(&SERVICE).value());
        let (start, end) = (time(value(START)), time(value(END)));
        let new = NewAppointment {
            calendar_id: row.calendar_id.clone(),
            contact_id: references[&person::KIND].to_string(),
            start,
            minutes: Some((end - start).num_minutes().try_into().unwrap()),
            assigned_user_id: row.user_id.clone(),
            status: status(value(STATUS)),
            ..NewAppointment::default()
        };
        RecordId::new(self.emulator.front_desk().book(new).unwrap())
    }

    async fn edit(&self, _: &Kind, id: &RecordId, name: &FieldName, field: Field<&str>) {
        let value = field.value().unwrap();
        let edited = self.emulator.front_desk().change_appointment(id.as_str(), |appointment| match name.as_str() {
            "start" => appointment.start = time(value),
            "end" => appointment.end = time(value),
            "status" => appointment.status = status(value),
            _ => {
                let now = self.rows.iter().find(|row| row.calendar_id == appointment.calendar_id).unwrap();
                let new = match name.as_str() {
                    "practitioner" => self.row(value, now.service.as_deref()),
                    "service" => self.row(&now.practitioner, Some(value)),
                    other => panic!("GHL has no {other}"),
                };
                appointment.calendar_id.clone_from(&new.calendar_id);
                appointment.assigned_user_id.clone_from(&new.user_id);
            }
        });
        assert!(edited);
    }

    async fn remove(&self, _: &Kind, id: &RecordId) {
        assert!(self.emulator.front_desk().delete_appointment(id.as_str()));
    }

    async fn approve(&self, _: &Kind, id: &RecordId) {
        panic!("GHL books {id} at once");
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn unused_id(&self, _: &Kind) -> RecordId {
        RecordId::from_static("ocQHyuzHvysMo5N5VsXc")
    }
}
