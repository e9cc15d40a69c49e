//! Events: the entries of e-Physio's calendar.

mod calls;
mod write;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Map, Value};
use sync_http::{Result, Shown, decode, shown};

use crate::clock::is_of_our_time;

pub use calls::{CreatedEvent, EventKey, Placed};
pub use write::{EventDraft, EventPatch, Office, column};

/// How an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct EventStatus(pub i64);

impl EventStatus {
    /// An event to come; the only status whose meaning is known.
    pub const PLANNED: Self = Self(5);
}

/// An entry of the calendar as the list shows it. Its debug output shows the id only.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The id. It comes as a number or as text.
    #[serde(deserialize_with = "shown::id")]
    pub id: String,
    /// Whose appointment it is. Breaks and absences show none, or `null`.
    #[serde(default, deserialize_with = "shown::text")]
    pub patient_id: Shown<String>,
    /// When it starts. It comes in milliseconds. An event without it, or with one that cannot be read, is unreadable: it must pass
    /// neither for moved nor for gone.
    #[serde(deserialize_with = "instant")]
    pub start: DateTime<Utc>,
    /// When it ends; as for the start.
    #[serde(deserialize_with = "instant")]
    pub end: DateTime<Utc>,
    /// How it stands: 5 is planned, other values are not documented.
    #[serde(default, deserialize_with = "status")]
    pub status: Shown<EventStatus>,
    /// Its type, from a catalogue of the practice's own.
    #[serde(default, deserialize_with = "shown::integer")]
    pub event_type_id: Shown<i64>,
    /// The user who entered it.
    #[serde(default, rename = "user_id", deserialize_with = "shown::integer")]
    pub user_id: Shown<i64>,
    /// The therapist in whose calendar it stands. The name is e-Physio's: its vendor's clients are therapists.
    #[serde(default, deserialize_with = "shown::integer")]
    pub client_id: Shown<i64>,
    /// The billing identity of the practice.
    #[serde(default, deserialize_with = "shown::integer")]
    pub admin_info_id: Shown<i64>,
    /// The invoice it is billed on. The list may not show it.
    #[serde(default, deserialize_with = "shown::text")]
    pub invoice_id: Shown<String>,
    /// Whether it belongs to a series. The list may not show it.
    #[serde(default)]
    pub is_serial_event: Shown<bool>,
    /// Whatever else the list shows.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Event {
    /// Reads one element of the list.
    ///
    /// # Errors
    /// When it is not an event.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        decode(calls::LIST, json)
    }
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let milliseconds = shown::integer(deserializer)?;
    let instant = milliseconds.value().and_then(|milliseconds| DateTime::from_timestamp_millis(*milliseconds));
    instant.filter(|instant| is_of_our_time(*instant)).ok_or_else(|| D::Error::custom("expected an instant in milliseconds"))
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Shown<EventStatus>, D::Error> {
    shown::integer(deserializer)?.try_map(|status| Ok(EventStatus(status)))
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_in_all_forms_it_comes_in() {
        let json = br#"{"id":42109222,"patientId":"123456","start":1795507200000,"end":"1795509000000","status":5,"eventTypeId":29330,
            "user_id":7,"clientId":5778,"adminInfoId":null,"title":"Anna Muster"}"#;
        let event = Event::from_json(json).unwrap();
        assert_eq!((event.id.as_str(), event.patient_id.text()), ("42109222", Some("123456")));
        assert_eq!(event.start.to_string(), "2026-11-24 08:00:00 UTC");
        assert_eq!((event.end - event.start).num_minutes(), 30);
        assert_eq!((event.status, event.user_id), (Shown::Value(EventStatus::PLANNED), Shown::Value(7)));
        assert_eq!((event.event_type_id, event.client_id), (Shown::Value(29330), Shown::Value(5778)));
        assert_eq!((event.admin_info_id, event.invoice_id.clone()), (Shown::Empty, Shown::Absent));
        assert!(event.extra.contains_key("title"));
        let debug = format!("{event:?}");
        assert!(debug.contains("42109222") && !debug.contains("Anna") && !debug.contains("123456"), "{debug}");
    }

    #[test]
    fn an_event_of_nobody_has_no_patient_rather_than_one_of_that_name() {
        let read = |patient: &str| Event::from_json(format!(r#"{{"id":1,"start":0,"end":60000{patient}}}"#).as_bytes()).unwrap();
        assert_eq!(read("").patient_id, Shown::Absent);
        assert_eq!(read(r#","patientId":null"#).patient_id, Shown::Empty);
        assert_eq!(read(r#","status":null"#).status, Shown::Empty);
    }

    #[test]
    fn an_event_whose_time_cannot_be_read_is_unreadable() {
        for times in [
            r#""end":60000"#,
            r#""start":null,"end":60000"#,
            r#""start":"","end":60000"#,
            r#""start":"tomorrow","end":60000"#,
            r#""start":-1,"end":60000"#,
            r#""start":9223372036854775807,"end":60000"#,
            r#""start":0"#,
        ] {
            assert!(Event::from_json(format!(r#"{{"id":1,{times}}}"#).as_bytes()).is_err(), "{times}");
        }
    }
}
