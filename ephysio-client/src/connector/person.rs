//! A patient in the words of the vocabulary, and back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Map, Value};
use sync_core::vocabulary::person::{BIRTH_DATE, CITY, EMAIL, FAMILY_NAME, GIVEN_NAME, KIND, PHONE, POSTAL_CODE, SALUTATION, SEX, STREET};
use sync_core::vocabulary::phone::Region;
use sync_core::vocabulary::{date, email, person, phone, text};
use sync_core::{Draft, Error, ErrorKind, Field, FieldName, Fields, Presence, Record, RecordId, Result, Token};
use sync_http::{Change, Shown};

use super::{Settings, refused};
use crate::{NewPatient, Patient, PatientPatch, PatientStatus, Sex};

/// What stands before the token in a comment.
const MARKER: &str = "sync:";
const TOKEN_DIGITS: usize = 32;
const LONGEST_LANGUAGE: usize = 8;

/// Both directions of the mapping.
#[derive(Debug)]
pub(super) struct Lens {
    region: Region,
    sex_true: Option<Sex>,
    absent_is_empty: BTreeSet<FieldName>,
    custom: BTreeMap<FieldName, String>,
}

impl Lens {
    pub(super) fn new(settings: &Settings, sex_true: Option<Sex>) -> Self {
        let custom = settings.custom_fields.iter().map(|(name, member)| (person::custom(name), member.clone()));
        Self { region: settings.region, sex_true, absent_is_empty: settings.absent_is_empty.clone(), custom: custom.collect() }
    }

    /// One element of the list as a record.
    pub(super) fn record(&self, raw: &[u8]) -> Result<Record, Unreadable> {
        let patient = Patient::from_json(raw).map_err(|error| unreadable(raw, error))?;
        let mut texts = texts(&patient).into_iter().chain(self.custom.values().filter_map(|member| patient.extra.get(member)?.as_str()));
        if texts.any(is_scrambled) {
            return Err(scrambled());
        }
        let mut record = Record::new(KIND, RecordId::new(patient.id.as_str()));
        record.presence = presence(&patient.status);
        record.marks = marks(&patient);
        record.token = patient.comment.text().and_then(token);
        self.show_custom(&mut record.fields, &patient.extra);
        self.show_all(&mut record.fields, patient);
        Ok(record)
    }

    fn show_all(&self, fields: &mut Fields, patient: Patient) {
        let plain = |value: String| text(&value);
        self.show(fields, GIVEN_NAME, patient.first_name, plain);
        self.show(fields, FAMILY_NAME, patient.last_name, plain);
        self.show(fields, SALUTATION, patient.salutation, plain);
        self.show(fields, STREET, patient.street, plain);
        self.show(fields, POSTAL_CODE, patient.zip, plain);
        self.show(fields, CITY, patient.city, plain);
        self.show(fields, BIRTH_DATE, patient.birth_date, date::iso);
        self.show(fields, PHONE, patient.phone, |value| phone::canonical(&value, self.region));
        self.show(fields, EMAIL, patient.email, |value| email::canonical(&value));
        // What the boolean means is not documented, so it stays unknown until somebody has said it.
        if let Some(sex_true) = self.sex_true {
            self.show(fields, SEX, patient.sex, |value| word(if value { sex_true } else { sex_true.other() }).to_owned());
        }
    }

    fn show_custom(&self, fields: &mut Fields, extra: &Map<String, Value>) {
        for (name, member) in &self.custom {
            let shown = match extra.get(member) {
                None => Shown::Absent,
                Some(Value::Null) => Shown::Empty,
                Some(Value::String(value)) => Shown::Value(text(value)),
                Some(Value::Number(value)) => Shown::Value(value.to_string()),
                Some(Value::Bool(value)) => Shown::Value(value.to_string()),
                // There is something, but no text: neither a value nor empty.
                Some(Value::Array(_) | Value::Object(_)) => continue,
            };
            self.show(fields, name.clone(), shown, |value| value);
        }
    }

    fn show<T>(&self, fields: &mut Fields, name: FieldName, shown: Shown<T>, canonical: impl FnOnce(T) -> String) {
        match shown {
            Shown::Absent if !self.absent_is_empty.contains(&name) => {}
            Shown::Absent | Shown::Empty => fields.set(name, Field::Empty),
            Shown::Value(value) => fields.set(name, Field::Value(&canonical(value))),
        }
    }
}

/// A draft in the form in which e-Physio takes a new patient.
pub(super) fn new_patient(draft: &Draft) -> Result<NewPatient> {
    let fields = &draft.fields;
    let optional = |name| fields.get(name).value().map(str::to_owned);
    Ok(NewPatient {
        // What e-Physio does with an id of ours is not known; it might answer it instead of the patient's.
        client_id: None,
        first_name: required(fields, &GIVEN_NAME)?.to_owned(),
        last_name: required(fields, &FAMILY_NAME)?.to_owned(),
        street: required(fields, &STREET)?.to_owned(),
        zip: required(fields, &POSTAL_CODE)?.to_owned(),
        city: required(fields, &CITY)?.to_owned(),
        birth_date: birth_date(required(fields, &BIRTH_DATE)?)?,
        sex: sex(required(fields, &SEX)?)?,
        phone: optional(&PHONE),
        email: optional(&EMAIL),
        // The vocabulary has no consent, and a consent that nobody gave must not be claimed.
        has_email_consent: false,
        comment: Some(format!("{MARKER}{}", draft.token)),
    })
}

/// A patch in the form in which e-Physio takes changes.
pub(super) fn patient_patch(fields: &Fields) -> Result<PatientPatch> {
    Ok(PatientPatch {
        first_name: change(fields, &GIVEN_NAME),
        last_name: change(fields, &FAMILY_NAME),
        street: change(fields, &STREET),
        zip: change(fields, &POSTAL_CODE),
        city: change(fields, &CITY),
        birth_date: fields.get(&BIRTH_DATE).value().map(birth_date).transpose()?,
        sex: fields.get(&SEX).value().map(sex).transpose()?,
        phone: change(fields, &PHONE),
        email: change(fields, &EMAIL),
        has_email_consent: None,
        comment: Change::Keep,
    })
}

fn change(fields: &Fields, name: &FieldName) -> Change<String> {
    match fields.get(name) {
        Field::Unknown => Change::Keep,
        Field::Empty => Change::Clear,
        Field::Value(value) => Change::Set(value.to_owned()),
    }
}

fn required<'a>(fields: &'a Fields, name: &FieldName) -> Result<&'a str> {
    fields.get(name).value().ok_or_else(|| refused("e-Physio creates no patient without this field", name))
}

fn birth_date(text: &str) -> Result<NaiveDate> {
    date::parse(text).ok_or_else(|| refused("e-Physio takes a calendar day only", &BIRTH_DATE))
}

fn sex(word: &str) -> Result<Sex> {
    match word {
        "male" => Ok(Sex::Male),
        "female" => Ok(Sex::Female),
        _ => Err(refused("e-Physio is known to take male and female only", &SEX)),
    }
}

const fn word(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "male",
        Sex::Female => "female",
    }
}

fn presence(status: &Shown<i64>) -> Presence {
    // Only the number of active patients is known.
    match status.value() {
        Some(&status) if status != PatientStatus::ACTIVE.0 => Presence::Inactive,
        _ => Presence::Live,
    }
}

fn marks(patient: &Patient) -> BTreeSet<Box<str>> {
    let status = patient.status.value().map(|status| format!("status:{status}"));
    let consent = (patient.has_email_consent == Shown::Value(true)).then(|| "consent:email".to_owned());
    let language = patient.extra.get("language").and_then(Value::as_str).filter(|code| is_language(code));
    let language = language.map(|code| format!("language:{code}"));
    [status, consent, language].into_iter().flatten().map(Box::from).collect()
}

/// Marks are readable at rest, so free text must not pass for a language.
fn is_language(code: &str) -> bool {
    (1..=LONGEST_LANGUAGE).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The first token in a comment. Staff write around it, and when they join two patients, both tokens may be there.
fn token(comment: &str) -> Option<Token> {
    comment.match_indices(MARKER).find_map(|(at, _)| {
        let digits = comment[at + MARKER.len()..].split(|c: char| !c.is_ascii_hexdigit()).next()?;
        (digits.len() == TOKEN_DIGITS).then(|| digits.parse().ok())?
    })
}

fn texts(patient: &Patient) -> Vec<&str> {
    let Patient { first_name, last_name, salutation, street, zip, city, phone, email, .. } = patient;
    [first_name, last_name, salutation, street, zip, city, phone, email].into_iter().filter_map(Shown::text).collect()
}

/// Whether a text looks deciphered with the wrong key: nobody types such characters.
fn is_scrambled(text: &str) -> bool {
    text.contains(|c: char| c == char::REPLACEMENT_CHARACTER || (c.is_control() && !c.is_whitespace()))
}

/// Why an element is no record. It is the key that does not fit, or the element itself.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) error: Error,
    pub(super) scrambled: bool,
}

fn scrambled() -> Unreadable {
    let message = "e-Physio's texts are unreadable: the crypto key may be wrong; check key_index";
    Unreadable { error: Error::permanent(ErrorKind::Decode, message), scrambled: true }
}

/// In a scrambled patient the birth date is no date, which shows first.
fn unreadable(raw: &[u8], error: sync_http::Error) -> Unreadable {
    if std::str::from_utf8(raw).is_ok_and(|raw| raw.contains(char::REPLACEMENT_CHARACTER)) {
        return scrambled();
    }
    let unreadable = Error::permanent(ErrorKind::Decode, "an element of e-Physio's list is no patient");
    let unreadable = match error.message() {
        Some(place) => unreadable.with_context("detail", place),
        None => unreadable,
    };
    Unreadable { error: unreadable.with_source(error), scrambled: false }
}
