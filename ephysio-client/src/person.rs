//! Patients: e-Physio's persons.

mod calls;
mod write;

use std::fmt;

use chrono::NaiveDate;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sync_http::{Result, Shown, decode, shown};

pub use calls::Created;
pub use write::{NewPatient, PatientPatch};

pub(crate) use write::full_body;

/// Which patients a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PatientStatus(pub i64);

impl PatientStatus {
    /// Active patients; the only status whose meaning is known.
    pub const ACTIVE: Self = Self(1);
}

/// The sexes that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sex {
    /// Written `m`.
    #[serde(rename = "m", alias = "male")]
    Male,
    /// Written `f`.
    #[serde(rename = "f", alias = "female")]
    Female,
}

impl Sex {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Male => Self::Female,
            Self::Female => Self::Male,
        }
    }
}

/// A patient as the list shows it. Any member but the id may be absent or empty. Its debug output shows the id only.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Patient {
    /// The id. It comes as a number or as text.
    #[serde(deserialize_with = "shown::id")]
    pub id: String,
    /// First name.
    #[serde(default, deserialize_with = "shown::text")]
    pub first_name: Shown<String>,
    /// Last name.
    #[serde(default, deserialize_with = "shown::text")]
    pub last_name: Shown<String>,
    /// Salutation.
    #[serde(default, deserialize_with = "shown::text")]
    pub salutation: Shown<String>,
    /// Street and house number.
    #[serde(default, deserialize_with = "shown::text")]
    pub street: Shown<String>,
    /// Postal code. It comes as a number or as text.
    #[serde(default, deserialize_with = "shown::text")]
    pub zip: Shown<String>,
    /// Town.
    #[serde(default, deserialize_with = "shown::text")]
    pub city: Shown<String>,
    /// Birth date, a civil date. It comes as `DD.MM.YYYY`. A text that is no date makes the whole patient unreadable, since
    /// it must pass neither for empty nor for unchanged.
    #[serde(default, deserialize_with = "birth_date")]
    pub birth_date: Shown<NaiveDate>,
    /// Sex, as a boolean of which it is not documented what it means.
    #[serde(default)]
    pub sex: Shown<bool>,
    /// Phone number, as typed.
    #[serde(default, deserialize_with = "shown::text")]
    pub phone: Shown<String>,
    /// E-mail address. The list may not show it.
    #[serde(default, deserialize_with = "shown::text")]
    pub email: Shown<String>,
    /// 1 is active; other values are not documented.
    #[serde(default, deserialize_with = "shown::integer")]
    pub status: Shown<i64>,
    /// Consent to e-mails. The list may not show it.
    #[serde(default)]
    pub has_email_consent: Shown<bool>,
    /// A remark that staff read. The list may not show it.
    #[serde(default, deserialize_with = "shown::text")]
    pub comment: Shown<String>,
    /// Whatever else the list shows.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Patient {
    /// Reads one element of the list.
    ///
    /// # Errors
    /// When it is not a patient.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        decode(calls::LIST, json)
    }
}

fn birth_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Shown<NaiveDate>, D::Error> {
    let date = |text: String| parse_date(&text).ok_or_else(|| D::Error::custom("expected a date"));
    shown::text(deserializer)?.try_map(date)
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    NaiveDate::parse_from_str(text, "%d.%m.%Y").or_else(|_| text.parse()).ok()
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patient").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_read_in_all_forms_it_comes_in() {
        let json = br#"{"id":"123456","firstName":"Anna","lastName":"","zip":8001,"birthDate":"05.09.1990","sex":true,
            "status":"1","phone":null,"insurer":{"name":"x"}}"#;
        let patient = Patient::from_json(json).unwrap();
        assert_eq!((patient.id.as_str(), patient.zip.text()), ("123456", Some("8001")));
        assert_eq!(patient.birth_date.value(), NaiveDate::from_ymd_opt(1990, 9, 5).as_ref());
        assert_eq!((patient.last_name.clone(), patient.phone.clone()), (Shown::Empty, Shown::Empty));
        assert_eq!((patient.email.clone(), patient.sex), (Shown::Absent, Shown::Value(true)));
        assert_eq!(patient.status, Shown::Value(1));
        assert!(patient.extra.contains_key("insurer"));
        let debug = format!("{patient:?}");
        assert!(debug.contains("123456") && !debug.contains("Anna"), "{debug}");
    }

    #[test]
    fn an_unreadable_birth_date_is_neither_empty_nor_guessed() {
        assert!(Patient::from_json(br#"{"id":1,"birthDate":"31.02.1990"}"#).is_err());
        assert_eq!(Patient::from_json(br#"{"id":1,"birthDate":""}"#).unwrap().birth_date, Shown::Empty);
    }
}
