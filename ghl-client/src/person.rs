//! Contacts: GHL's persons.

mod calls;
mod search;
mod write;

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::Value;
use sync_http::{Result, Shown, decode, shown};

use crate::custom_field::{self, CustomFieldValue};

pub use calls::{Created, Probe, Upserted};
pub use search::{ContactPage, ContactSearch, Cursor, Direction, Filter};
pub use write::{ContactPatch, NewContact};

/// A contact as GHL shows it. GHL leaves out what is empty, and which members it shows depends on the call. Its debug
/// output shows the id only.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The id.
    #[serde(deserialize_with = "shown::id")]
    pub id: String,
    /// The location it belongs to.
    #[serde(default, deserialize_with = "shown::text")]
    pub location_id: Shown<String>,
    /// First name.
    #[serde(default, deserialize_with = "shown::text")]
    pub first_name: Shown<String>,
    /// Last name.
    #[serde(default, deserialize_with = "shown::text")]
    pub last_name: Shown<String>,
    /// E-mail address; GHL stores it in lower case.
    #[serde(default, deserialize_with = "shown::text")]
    pub email: Shown<String>,
    /// Phone number, read back in E.164.
    #[serde(default, deserialize_with = "shown::text")]
    pub phone: Shown<String>,
    /// Street and house number.
    #[serde(default, deserialize_with = "shown::text")]
    pub address1: Shown<String>,
    /// Town.
    #[serde(default, deserialize_with = "shown::text")]
    pub city: Shown<String>,
    /// State or canton.
    #[serde(default, deserialize_with = "shown::text")]
    pub state: Shown<String>,
    /// Postal code.
    #[serde(default, deserialize_with = "shown::text")]
    pub postal_code: Shown<String>,
    /// Country, as two letters.
    #[serde(default, deserialize_with = "shown::text")]
    pub country: Shown<String>,
    /// Company.
    #[serde(default, deserialize_with = "shown::text")]
    pub company_name: Shown<String>,
    /// Web site.
    #[serde(default, deserialize_with = "shown::text")]
    pub website: Shown<String>,
    /// IANA time zone.
    #[serde(default, deserialize_with = "shown::text")]
    pub timezone: Shown<String>,
    /// Where the contact comes from.
    #[serde(default, deserialize_with = "shown::text")]
    pub source: Shown<String>,
    /// What kind of contact it is: `lead`, `customer`, ….
    #[serde(rename = "type", default, deserialize_with = "shown::text")]
    pub contact_type: Shown<String>,
    /// The user it is assigned to.
    #[serde(default, deserialize_with = "shown::text")]
    pub assigned_to: Shown<String>,
    /// Date of birth, as text; see [`Contact::birth_date`].
    #[serde(default, deserialize_with = "shown::text")]
    pub date_of_birth: Shown<String>,
    /// Do not disturb, on all channels.
    #[serde(default)]
    pub dnd: Shown<bool>,
    /// Do not disturb by channel; the keys are `Call`, `Email`, `SMS`, … and in lower case under v3.
    #[serde(default)]
    pub dnd_settings: Shown<Value>,
    /// Tags.
    #[serde(default)]
    pub tags: Shown<Vec<String>>,
    /// Values of custom fields.
    #[serde(default, deserialize_with = "custom_field::values")]
    pub custom_fields: Shown<Vec<CustomFieldValue>>,
    /// Whether it was deleted; only some answers say so.
    #[serde(default)]
    pub deleted: Shown<bool>,
    /// When it was created, as text.
    #[serde(default, deserialize_with = "shown::text")]
    pub date_added: Shown<String>,
    /// When it was last changed, as text; see [`Contact::updated_at`].
    #[serde(default, deserialize_with = "shown::text")]
    pub date_updated: Shown<String>,
}

impl Contact {
    /// Reads one element of a search.
    ///
    /// # Errors
    /// When it is not a contact.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        decode("contacts.search", json)
    }

    /// The date of birth. GHL shows a date, or midnight UTC of that date; it is a civil date in both cases. `None` also
    /// if the text is no date.
    #[must_use]
    pub fn birth_date(&self) -> Option<NaiveDate> {
        self.date_of_birth.text()?.get(..10)?.parse().ok()
    }

    /// When it was last changed. `None` also if the text is no time.
    #[must_use]
    pub fn updated_at(&self) -> Option<DateTime<Utc>> {
        let time = DateTime::parse_from_rfc3339(self.date_updated.text()?);
        time.ok().map(|time| time.to_utc())
    }

    /// The value of a custom field, if it is shown.
    #[must_use]
    pub fn custom_field(&self, id: &str) -> Option<&Value> {
        let fields = self.custom_fields.value()?;
        fields.iter().find(|field| field.id == id).map(|field| &field.value)
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_read_whatever_else_it_shows() {
        let json = br#"{"id":"c1","email":"anna@x.ch","phone":null,"postalCode":8001,"dateOfBirth":"1990-09-25T00:00:00.000Z",
            "dateUpdated":"2026-11-24T05:18:26.704Z","customFields":[{"id":"f1","value":["a"]}],"ssn":"x","new":{"x":[1]}}"#;
        let contact = Contact::from_json(json).unwrap();
        assert_eq!(contact.email.text(), Some("anna@x.ch"));
        assert_eq!((contact.phone.clone(), contact.city.clone()), (Shown::Empty, Shown::Absent));
        assert_eq!(contact.postal_code.text(), Some("8001"));
        assert_eq!(contact.birth_date(), NaiveDate::from_ymd_opt(1990, 9, 25));
        assert_eq!(contact.updated_at().unwrap().timestamp_millis() % 1000, 704);
        assert_eq!(contact.custom_field("f1"), Some(&serde_json::json!(["a"])));
        let debug = format!("{contact:?}");
        assert!(debug.contains("c1") && !debug.contains("anna"), "{debug}");
    }

    #[test]
    fn an_entry_without_an_id_spoils_no_other_and_one_with_two_names_is_read() {
        let json = br#"{"id":"c1","customFields":[{"id":"","value":"x"},{"value":"y"},{"id":null},
            {"id":"f1","value":"a","fieldValue":"a"},{"id":"f2","field_value":2},{"id":"f3"}]}"#;
        let contact = Contact::from_json(json).unwrap();
        assert_eq!(contact.custom_fields.value().map(Vec::len), Some(3));
        assert_eq!(contact.custom_field("f1"), Some(&serde_json::json!("a")));
        assert_eq!(contact.custom_field("f2"), Some(&serde_json::json!(2)));
        assert_eq!(contact.custom_field("f3"), Some(&Value::Null));
        assert!(Contact::from_json(br#"{"id":"c1","customFields":{}}"#).is_err(), "that is no list of them");
    }

    #[test]
    fn a_contact_without_id_is_none() {
        assert!(Contact::from_json(br#"{"email":"anna@x.ch"}"#).is_err());
    }
}
