//! The write format: `YYYY-MM-DD`, `m` or `f`, and a strict check of every type.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::patient::noise;
use crate::wire::access::Sight;
use crate::wire::answer::Wrong;
use crate::{Patient, Sex};

type Members = Map<String, Value>;

/// Refuses a body in which one of `names` is missing or blank.
pub(crate) fn require(body: &Members, names: &[&'static str]) -> Result<(), Wrong> {
    if let Some(name) = names.iter().find(|name| !body.contains_key(**name)) {
        return Err(Wrong::new(name, "is required"));
    }
    refuse_blank(body, names)
}

/// Refuses a body in which one of `names` is there but blank.
pub(crate) fn refuse_blank(body: &Members, names: &[&'static str]) -> Result<(), Wrong> {
    let is_blank = |name: &&&str| body.get(**name).and_then(Value::as_str) == Some("");
    match names.iter().find(is_blank) {
        Some(name) => Err(Wrong::new(name, "must not be empty")),
        None => Ok(()),
    }
}

/// The body as the right key will read it: texts that came with the wrong key are noise. What the
/// server itself must understand (ids, dates, codes) travels outside of the cipher.
pub(crate) fn deciphered(mut body: Members, sight: Sight) -> Members {
    const OUTSIDE: [&str; 3] = ["id", "birthDate", "sex"];
    if sight == Sight::Clear {
        return body;
    }
    for (_, value) in body.iter_mut().filter(|(name, _)| !OUTSIDE.contains(&name.as_str())) {
        if let Value::String(text) = value {
            *text = noise(text);
        }
    }
    body
}

/// Writes every member of the body that the write format knows; unknown members are ignored.
pub(crate) fn apply(body: &Members, patient: &mut Patient) -> Result<(), Wrong> {
    text(body, "firstName", &mut patient.first_name)?;
    text(body, "lastName", &mut patient.last_name)?;
    text(body, "salutation", &mut patient.salutation)?;
    text(body, "street", &mut patient.street)?;
    text(body, "zip", &mut patient.zip)?;
    text(body, "city", &mut patient.city)?;
    text(body, "comment", &mut patient.comment)?;
    text_or_null(body, "phone", &mut patient.phone)?;
    text_or_null(body, "email", &mut patient.email)?;
    if let Some(value) = body.get("birthDate") {
        patient.birth_date = Some(date(value).ok_or(Wrong::new("birthDate", "must be a date YYYY-MM-DD"))?);
    }
    if let Some(value) = body.get("sex") {
        patient.sex = Some(sex(value).ok_or(Wrong::new("sex", "must be m or f"))?);
    }
    if let Some(value) = body.get("status") {
        patient.status = value.as_i64().ok_or(Wrong::new("status", "must be an integer"))?;
    }
    if let Some(value) = body.get("hasEmailConsent") {
        patient.has_email_consent = value.as_bool().ok_or(Wrong::new("hasEmailConsent", "must be a boolean"))?;
    }
    Ok(())
}

/// The `id` of a create: the caller's own, a string, optional.
pub(crate) fn client_id(body: &Members) -> Result<Option<String>, Wrong> {
    match body.get("id") {
        None => Ok(None),
        Some(Value::String(id)) => Ok(Some(id.clone())),
        Some(_) => Err(Wrong::new("id", "must be a string")),
    }
}

fn text(body: &Members, name: &'static str, slot: &mut String) -> Result<(), Wrong> {
    match body.get(name) {
        None => Ok(()),
        Some(Value::String(text)) => {
            slot.clone_from(text);
            Ok(())
        }
        Some(_) => Err(Wrong::new(name, "must be a string")),
    }
}

fn text_or_null(body: &Members, name: &'static str, slot: &mut String) -> Result<(), Wrong> {
    if body.get(name).is_some_and(Value::is_null) {
        slot.clear();
        return Ok(());
    }
    text(body, name, slot)
}

fn date(value: &Value) -> Option<NaiveDate> {
    let text = value.as_str()?;
    let date: NaiveDate = text.parse().ok()?;
    // The parser is lenient about leading zeros, the format is not.
    (date.to_string() == text).then_some(date)
}

fn sex(value: &Value) -> Option<Sex> {
    match value.as_str()? {
        "m" => Some(Sex::Male),
        "f" => Some(Sex::Female),
        _ => None,
    }
}
