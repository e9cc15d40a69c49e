//! The fields that can be searched, and their values.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::contact::{Contact, Text};

/// A field that the search knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Text(Text),
    FullName,
    Tags,
    Dnd,
    Kind,
    DateAdded,
    DateUpdated,
    DateOfBirth,
    Custom(String),
}

impl Field {
    /// The field of this name. A custom field is `customFields.<id>`; any id is accepted, and one
    /// that does not exist matches nothing:
    /// <https://github.com/GoHighLevel/highlevel-api-docs/issues/42>.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        if let Some(id) = name.strip_prefix("customFields.") {
            return Some(Self::Custom(id.to_owned()));
        }
        let field = match name {
            "id" => Self::Id,
            "firstNameLowerCase" => Self::Text(Text::FirstName),
            "lastNameLowerCase" => Self::Text(Text::LastName),
            "emailLowerCase" => Self::Text(Text::Email),
            "address" => Self::Text(Text::Address1),
            "name" | "contactName" | "fullNameLowerCase" => Self::FullName,
            "tags" => Self::Tags,
            "dnd" => Self::Dnd,
            "type" => Self::Kind,
            "dateAdded" => Self::DateAdded,
            "dateUpdated" => Self::DateUpdated,
            "dateOfBirth" => Self::DateOfBirth,
            "gender" => return None,
            other => Self::Text(Text::of_property(other)?),
        };
        Some(field)
    }

    fn is_time(&self) -> bool {
        matches!(self, Self::DateAdded | Self::DateUpdated | Self::DateOfBirth)
    }

    /// The values that a contact has in this field: none, one, or several for a list.
    pub(crate) fn terms(&self, contact: &Contact) -> Vec<Term> {
        let one = |text: &str| vec![Term::text(text)];
        match self {
            Self::Id => one(&contact.id),
            Self::Text(text) => contact.text(*text).map(Term::text).into_iter().collect(),
            Self::FullName => contact.name().iter().map(|name| Term::text(name)).collect(),
            Self::Tags => contact.tags.iter().map(|tag| Term::text(tag)).collect(),
            Self::Dnd => one(if contact.dnd { "true" } else { "false" }),
            Self::Kind => one("lead"),
            Self::DateAdded => vec![Term::time(contact.date_added)],
            Self::DateUpdated => vec![Term::time(contact.date_updated)],
            Self::DateOfBirth => contact.date_of_birth.and_then(day).into_iter().collect(),
            Self::Custom(id) => match contact.custom_fields.get(id) {
                Some(Value::Array(values)) => values.iter().filter_map(Term::of_json).collect(),
                Some(value) => Term::of_json(value).into_iter().collect(),
                None => Vec::new(),
            },
        }
    }

    /// The value of a filter on this field.
    pub(crate) fn term(&self, value: &Value) -> Option<Term> {
        if !self.is_time() {
            return Term::of_json(value);
        }
        if let Some(millis) = value.as_i64() {
            return DateTime::from_timestamp_millis(millis).map(Term::time);
        }
        let text = value.as_str()?;
        let time = DateTime::parse_from_rfc3339(text).ok();
        time.map(|time| Term::time(time.to_utc())).or_else(|| day(text.parse().ok()?))
    }
}

fn day(date: NaiveDate) -> Option<Term> {
    let midnight = date.and_hms_opt(0, 0, 0)?;
    Some(Term::time(midnight.and_utc()))
}

/// A value to compare: text without regard to case, and a number where it is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) text: String,
    number: Option<f64>,
}

impl Term {
    fn text(text: &str) -> Self {
        Self { text: text.to_lowercase(), number: None }
    }

    fn time(time: DateTime<Utc>) -> Self {
        let millis = time.timestamp_millis();
        Self {
            text: millis.to_string(),
            // Exact: milliseconds of any calendar date stay far below 2^53.
            number: Some(millis as f64),
        }
    }

    fn of_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::text(text)),
            Value::Bool(flag) => Some(Self::text(&flag.to_string())),
            Value::Number(number) => Some(Self { text: number.to_string(), number: number.as_f64() }),
            _ => None,
        }
    }

    /// As the cursor shows it.
    pub(crate) fn to_json(&self) -> Value {
        match self.number {
            Some(number) if number.fract() == 0.0 => Value::from(number as i64),
            Some(number) => Value::from(number),
            None => Value::from(self.text.clone()),
        }
    }

    pub(crate) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        match (self.number, other.number) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            _ => self.text.cmp(&other.text),
        }
    }
}
