//! Appointments: events in a calendar that a contact comes to.

mod calls;
mod events;
mod status;
mod wire;
mod write;

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sync_http::{Result, Shown, decode};

pub use calls::Booked;
pub use events::{EventWindow, EventsOf, ListedEvent};
pub use status::{AppointmentStatus, ShownStatus};
pub use write::{AppointmentPatch, NewAppointment, SlotCheck};

use events::LISTED;
pub(crate) use events::read as read_events;

/// An appointment as GHL shows it. Which members it shows depends on the call: before v3, the answer to a write has neither
/// its description nor when it was changed. Its debug output shows the id only.
#[derive(Clone, PartialEq)]
pub struct Appointment {
    /// The id. An instance of a recurring series has an id of its own, made of the series' id and its time.
    pub id: String,
    /// The location it belongs to.
    pub location_id: Shown<String>,
    /// The calendar it stands in.
    pub calendar_id: Shown<String>,
    /// The group of that calendar.
    pub group_id: Shown<String>,
    /// The contact who comes. No update can change it.
    pub contact_id: Shown<String>,
    /// The user it is assigned to.
    pub assigned_user_id: Shown<String>,
    /// Further users who own it.
    pub users: Shown<Vec<String>>,
    /// Its title; unless it was given one, the calendar makes it from a pattern, such as the contact's name.
    pub title: Shown<String>,
    /// What has become of it. A cancelled appointment stays in the calendar, a deleted one goes.
    pub status: Shown<ShownStatus>,
    /// When it begins.
    pub start_time: Shown<DateTime<Utc>>,
    /// When it ends.
    pub end_time: Shown<DateTime<Utc>>,
    /// Where it takes place: an address, or a link.
    pub address: Shown<String>,
    /// The description that came with the booking.
    pub description: Shown<String>,
    /// Notes.
    pub notes: Shown<String>,
    /// Where it was booked, such as `booking_widget`.
    pub source: Shown<String>,
    /// Whether it is an instance of a series.
    pub is_recurring: Shown<bool>,
    /// How the series goes on, as in RFC 5545.
    pub rrule: Shown<String>,
    /// The series that it is an instance of.
    pub master_event_id: Shown<String>,
    /// Whether it was deleted. Only v3 has this member; whether GHL ever lists a deleted appointment is not documented.
    pub deleted: Shown<bool>,
    /// When it was created.
    pub date_added: Shown<DateTime<Utc>>,
    /// When it was last changed.
    pub date_updated: Shown<DateTime<Utc>>,
}

impl Appointment {
    /// Reads one element of a listing, or the `appointment` of a webhook. `zone` is that of the location, for times without an
    /// offset; see [`Config::timezone`](crate::Config::timezone).
    ///
    /// # Errors
    /// When it is not an appointment, or when one of its times cannot be read.
    pub fn from_json(json: &[u8], zone: Option<Tz>) -> Result<Self> {
        decode::<wire::Wire>(LISTED, json)?.read(LISTED, zone)
    }
}

impl fmt::Debug for Appointment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appointment").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Zurich;

    use super::*;

    #[test]
    fn an_appointment_is_read_whatever_else_it_shows() {
        let json = br#"{"id":"a1","title":"Anna Muster","calendarId":"k1","contactId":"c1","groupId":null,"appointmentStatus":"Confirmed",
            "users":["u1"],"startTime":"2026-12-01T09:00:00+01:00","endTime":"2026-12-01 09:30:00","address":"",
            "dateUpdated":"2026-11-24T05:18:26.704Z","createdBy":{"userId":"u1","source":"third_party"},"new":{"x":[1]}}"#;
        let appointment = Appointment::from_json(json, Some(Zurich)).unwrap();
        let time = |text: &str| Shown::Value(text.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(appointment.start_time, time("2026-12-01T08:00:00Z"));
        assert_eq!(appointment.end_time, time("2026-12-01T08:30:00Z"));
        assert_eq!(appointment.date_updated, time("2026-11-24T05:18:26.704Z"));
        assert_eq!((appointment.date_added, appointment.deleted), (Shown::Absent, Shown::Absent));
        assert_eq!(appointment.status, Shown::Value(ShownStatus::Known(AppointmentStatus::Confirmed)));
        assert_eq!((appointment.group_id.clone(), appointment.address.clone()), (Shown::Empty, Shown::Empty));
        assert_eq!(appointment.source.text(), Some("third_party"));
        let debug = format!("{appointment:?}");
        assert!(debug.contains("a1") && !debug.contains("Anna"), "{debug}");
    }

    #[test]
    fn what_is_no_appointment_is_an_error_that_quotes_nothing() {
        for json in [r#"{"title":"Anna"}"#, r#"{"id":"a1","startTime":"Anna"}"#, r#"{"id":"a1","startTime":"2026-12-01 09:00:00"}"#, "[]"] {
            let error = Appointment::from_json(json.as_bytes(), None).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("Anna"), "{error}");
        }
    }

    #[test]
    fn a_status_is_read_in_both_spellings_of_its_member() {
        let status = |json: &str| Appointment::from_json(json.as_bytes(), None).unwrap().status;
        let known = Shown::Value(ShownStatus::Known(AppointmentStatus::NoShow));
        assert_eq!(status(r#"{"id":"a1","appoinmentStatus":"noshow"}"#), known);
        assert_eq!(status(r#"{"id":"a1","appoinmentStatus":null,"appointmentStatus":"NoShow","status":"booked"}"#), known);
        assert_eq!(status(r#"{"id":"a1","appointmentStatus":"booked"}"#), Shown::Value(ShownStatus::Other("booked".to_owned())));
        assert_eq!(status(r#"{"id":"a1"}"#), Shown::Absent);
    }
}
