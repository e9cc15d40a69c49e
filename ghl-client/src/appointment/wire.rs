//! An appointment before its times are understood.

use chrono_tz::Tz;
use serde::Deserialize;
use sync_http::{Result, Shown, shown};

use super::{Appointment, ShownStatus};
use crate::time;

/// All shapes of an appointment at once: the bare object that a write answers, the event of a read or a listing, and the
/// `appointment` of a webhook.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    #[serde(deserialize_with = "shown::id")]
    id: String,
    #[serde(default, deserialize_with = "shown::text")]
    location_id: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    calendar_id: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    group_id: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    contact_id: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    assigned_user_id: Shown<String>,
    #[serde(default)]
    users: Shown<Vec<String>>,
    #[serde(default, deserialize_with = "shown::text")]
    title: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    appointment_status: Shown<String>,
    // So it is spelled in some answers. Both may be there, so it is no alias.
    #[serde(rename = "appoinmentStatus", default, deserialize_with = "shown::text")]
    misspelt_status: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    start_time: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    end_time: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    address: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    description: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    notes: Shown<String>,
    // Webhooks show it here, reads and listings within `createdBy`.
    #[serde(default, deserialize_with = "shown::text")]
    source: Shown<String>,
    #[serde(default)]
    created_by: Shown<CreatedBy>,
    #[serde(default)]
    is_recurring: Shown<bool>,
    #[serde(default, deserialize_with = "shown::text")]
    rrule: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    master_event_id: Shown<String>,
    #[serde(default)]
    deleted: Shown<bool>,
    #[serde(default, deserialize_with = "shown::text")]
    date_added: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    date_updated: Shown<String>,
}

#[derive(Deserialize)]
struct CreatedBy {
    #[serde(default, deserialize_with = "shown::text")]
    source: Shown<String>,
}

impl Wire {
    pub(super) fn read(self, endpoint: &'static str, zone: Option<Tz>) -> Result<Appointment> {
        let time = |shown| time::read(endpoint, shown, zone);
        let within = match self.created_by {
            Shown::Value(created_by) => created_by.source,
            Shown::Absent | Shown::Empty => Shown::Absent,
        };
        Ok(Appointment {
            id: self.id,
            location_id: self.location_id,
            calendar_id: self.calendar_id,
            group_id: self.group_id,
            contact_id: self.contact_id,
            assigned_user_id: self.assigned_user_id,
            users: self.users,
            title: self.title,
            status: status(either(self.appointment_status, self.misspelt_status)),
            start_time: time(self.start_time)?,
            end_time: time(self.end_time)?,
            address: self.address,
            description: self.description,
            notes: self.notes,
            source: either(self.source, within),
            is_recurring: self.is_recurring,
            rrule: self.rrule,
            master_event_id: self.master_event_id,
            deleted: self.deleted,
            date_added: time(self.date_added)?,
            date_updated: time(self.date_updated)?,
        })
    }
}

fn either(first: Shown<String>, second: Shown<String>) -> Shown<String> {
    match (&first, &second) {
        (Shown::Absent, _) | (Shown::Empty, Shown::Value(_)) => second,
        _ => first,
    }
}

fn status(shown: Shown<String>) -> Shown<ShownStatus> {
    match shown {
        Shown::Absent => Shown::Absent,
        Shown::Empty => Shown::Empty,
        Shown::Value(text) => Shown::Value(text.into()),
    }
}
