//! How a contact looks in an answer.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::contact::{Contact, Text};

/// The dialect that the `Version` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// One of the versions named by a date.
    Dated,
    /// The version `v3`.
    V3,
}

impl Version {
    pub(crate) fn of_header(header: &str) -> Option<Self> {
        match header {
            "2021-04-15" | "2021-07-28" | "2023-02-21" => Some(Self::Dated),
            "v3" => Some(Self::V3),
            _ => None,
        }
    }

    /// The answer to a change that worked. The flag is misspelt; v3 sends both spellings.
    pub(crate) fn success(self) -> Value {
        match self {
            Self::Dated => json!({ "succeded": true }),
            Self::V3 => json!({ "succeded": true, "succeeded": true }),
        }
    }
}

/// The channels of `dndSettings`: before v3, and in v3.
pub(crate) const CHANNELS: [(&str, &str); 6] =
    [("Call", "call"), ("Email", "email"), ("SMS", "sms"), ("WhatsApp", "whatsApp"), ("GMB", "gmb"), ("FB", "fb")];

/// A time as GHL writes it: UTC with milliseconds.
pub(crate) fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The contact as reading, updating and searching show it. What is empty is left out.
pub(crate) fn read(contact: &Contact, location_id: &str, version: Version) -> Map<String, Value> {
    let mut shown = common(contact, location_id, version);
    put(&mut shown, "name", contact.name());
    put(&mut shown, "timezone", contact.timezone.clone());
    let date = contact.date_of_birth;
    put(&mut shown, "dateOfBirth", date.map(|date| date.to_string()));
    if !contact.tags.is_empty() {
        put(&mut shown, "tags", Some(contact.tags.clone()));
    }
    let fields = custom_fields(contact);
    if !fields.is_empty() {
        put(&mut shown, "customFields", Some(fields));
    }
    shown
}

/// The contact as its creation shows it: no full name, more flags, and the date of birth as a
/// midnight in UTC rather than a date.
pub(crate) fn created(contact: &Contact, location_id: &str, version: Version) -> Map<String, Value> {
    let mut shown = common(contact, location_id, version);
    for flag in ["deleted", "bounceEmail", "unsubscribeEmail"] {
        put(&mut shown, flag, Some(false));
    }
    for list in ["offers", "products"] {
        put(&mut shown, list, Some(Vec::<Value>::new()));
    }
    put(&mut shown, "tags", Some(contact.tags.clone()));
    put(&mut shown, "customFields", Some(custom_fields(contact)));
    if let Some(date) = contact.date_of_birth {
        put(&mut shown, "dateOfBirth", Some(midnight(date)));
        // The schema's example counts months from zero: born in September, birthMonth 8.
        put(&mut shown, "birthMonth", Some(date.month0()));
        put(&mut shown, "birthDay", Some(date.day()));
    }
    shown
}

fn common(contact: &Contact, location_id: &str, version: Version) -> Map<String, Value> {
    let mut shown = Map::new();
    put(&mut shown, "id", Some(contact.id.clone()));
    put(&mut shown, "locationId", Some(location_id));
    put(&mut shown, "type", Some("lead"));
    put(&mut shown, "dnd", Some(contact.dnd));
    put(&mut shown, "dateAdded", Some(instant(contact.date_added)));
    put(&mut shown, "dateUpdated", Some(instant(contact.date_updated)));
    for text in Text::ALL {
        let hidden = matches!(text, Text::Gender | Text::Timezone);
        put(&mut shown, text.property(), contact.text(text).filter(|_| !hidden));
    }
    let name = contact.name();
    for (property, value) in [
        ("emailLowerCase", contact.email.as_deref()),
        ("firstNameLowerCase", contact.first_name.as_deref()),
        ("lastNameLowerCase", contact.last_name.as_deref()),
        ("fullNameLowerCase", name.as_deref()),
    ] {
        put(&mut shown, property, value.map(str::to_lowercase));
    }
    if !contact.dnd_settings.is_empty() {
        put(&mut shown, "dndSettings", Some(dnd_settings(contact, version)));
    }
    shown
}

/// Shows a value, if there is one.
pub(crate) fn put(shown: &mut Map<String, Value>, property: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        shown.insert(property.to_owned(), value.into());
    }
}

/// Written as `field_value`, read as `value`.
fn custom_fields(contact: &Contact) -> Vec<Value> {
    let values = contact.custom_fields.iter();
    values.map(|(id, value)| json!({ "id": id, "value": value })).collect()
}

fn dnd_settings(contact: &Contact, version: Version) -> Map<String, Value> {
    let mut shown = Map::new();
    for (dated, v3) in CHANNELS {
        let channel = match version {
            Version::Dated => dated,
            Version::V3 => v3,
        };
        put(&mut shown, channel, contact.dnd_settings.get(dated).cloned());
    }
    shown
}

fn midnight(date: NaiveDate) -> String {
    format!("{date}T00:00:00.000Z")
}
