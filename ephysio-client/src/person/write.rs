//! Patients as they are written: other names of the sexes and another form of dates than as they are read.

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Map, Value};
use sync_http::{Change, Error, ErrorKind, Result, text_clears};

use super::{PatientStatus, Sex, parse_date};

/// A patient to be. All members are sent, and none of them may be invented: what is not known is a reason not to
/// create. Its debug output shows nothing of it.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewPatient {
    /// An id of the caller's. What e-Physio does with it is not documented; it is no idempotency key until proven.
    #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Street and house number.
    pub street: String,
    /// Postal code.
    pub zip: String,
    /// Town.
    pub city: String,
    /// Birth date, sent as `YYYY-MM-DD`.
    pub birth_date: NaiveDate,
    /// Sex.
    pub sex: Sex,
    /// Phone number, in E.164.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the patient has agreed to e-mails. It has to come from a record of that.
    pub has_email_consent: bool,
    /// A remark that staff read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Active<'a> {
    #[serde(flatten)]
    patient: &'a NewPatient,
    status: i64,
}

impl NewPatient {
    pub(super) fn active(&self) -> Active<'_> {
        Active { patient: self, status: PatientStatus::ACTIVE.0 }
    }
}

/// What an update changes; the rest is not named. Its debug output shows nothing of it.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatientPatch {
    /// First name.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
    pub first_name: Change<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
    pub last_name: Change<String>,
    /// Street and house number.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
    pub street: Change<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
    pub zip: Change<String>,
    /// Town.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
    pub city: Change<String>,
    /// Birth date; it can be set, not cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<NaiveDate>,
    /// Sex; it can be set, not cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Phone number, in E.164.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub phone: Change<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub email: Change<String>,
    /// Whether the patient has agreed to e-mails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_email_consent: Option<bool>,
    /// A remark that staff read.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
    pub comment: Change<String>,
}

impl PatientPatch {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A listed patient in the form in which it is written, with the changes of a patch.
pub(crate) fn full_body(mut listed: Map<String, Value>, patch: Map<String, Value>, sex_true: Option<Sex>) -> Result<Map<String, Value>> {
    if let Some(Value::String(date)) = listed.get("birthDate") {
        let date = parse_date(date).map_or(Value::Null, |date| date.to_string().into());
        listed.insert("birthDate".to_owned(), date);
    }
    // It may be listed as a number; it is written as a text.
    if let Some(Value::Number(zip)) = listed.get("zip") {
        let zip = zip.to_string().into();
        listed.insert("zip".to_owned(), zip);
    }
    if let (Some(Value::Bool(sex)), false) = (listed.get("sex"), patch.contains_key("sex")) {
        let sex_true = sex_true.ok_or_else(|| unusable("it is not configured which sex the list's true stands for"))?;
        let sex = if *sex { sex_true } else { sex_true.other() };
        listed.insert("sex".to_owned(), serde_json::to_value(sex).map_err(|_| unusable("the sex has no JSON form"))?);
    }
    listed.extend(patch);
    Ok(listed)
}

fn unusable(why: &str) -> Error {
    Error::new(ErrorKind::Configuration, super::calls::UPDATE).with_message(why)
}

impl fmt::Debug for NewPatient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPatient").finish_non_exhaustive()
    }
}

impl fmt::Debug for PatientPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatientPatch").finish_non_exhaustive()
    }
}
