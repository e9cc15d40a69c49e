//! e-Physio for `sync-core`: its patients as a [`Source`](sync_core::Source) and a [`Sink`](sync_core::Sink) of the kind `person`, and
//! in [`appointment`] its calendar as those of the kind `appointment`.
//!
//! What e-Physio's interface does not say is not guessed here either: it is left unknown, or left to a person, or it
//! is a [setting](Settings).

pub mod appointment;
mod person;
mod sink;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sync_core::vocabulary::person as vocabulary;
use sync_core::vocabulary::phone::Region;
use sync_core::{Absence, Description, Error, ErrorKind, FieldName, FieldSupport, Kind, Result, Support};

use crate::Client;
use person::Lens;

/// What e-Physio is always sent with a new patient. Nothing shows that it would take less, and nothing is made up.
const REQUIRED: [FieldName; 7] = [
    vocabulary::GIVEN_NAME,
    vocabulary::FAMILY_NAME,
    vocabulary::STREET,
    vocabulary::POSTAL_CODE,
    vocabulary::CITY,
    vocabulary::BIRTH_DATE,
    vocabulary::SEX,
];

/// How the answer to a create is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreateAnswers {
    /// As the id of a patient, who is there.
    Immediate,
    /// As the id of a request that staff have to accept; the patient is there when the list shows it. The path of the call
    /// (`/patients/request`) hints at it, so it holds until somebody has seen otherwise.
    #[default]
    Request,
}

/// How the connector behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The country whose dialling habits phone numbers without country code follow.
    pub region: Region,
    /// How late a change may show in the list.
    pub lag: Duration,
    /// How long after a create of unknown outcome the patient may still appear.
    pub settle: Duration,
    /// How many writes may be under way at once.
    pub parallel: usize,
    /// How the answer to a create is read.
    pub create: CreateAnswers,
    /// Whether patients are created; otherwise each becomes a task for a person.
    pub create_patient: Support,
    /// Lists patients of any status: inactive ones are then shown as inactive instead of being absent. What e-Physio lists
    /// when it is asked for no status is not documented.
    pub list_all: bool,
    /// Fields whose absence from the list proves them empty. None by default: a blank and a member that the list does not show
    /// look the same, and to take the second for the first would empty the field of every patient on the other side. What is
    /// missed until somebody has checked is only that a field was emptied.
    pub absent_is_empty: BTreeSet<FieldName>,
    /// Further members of the list's elements, by the names of the custom fields that show them. Texts, numbers and booleans
    /// are read, nothing is written.
    pub custom_fields: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: Region::CH,
            lag: Duration::ZERO,
            settle: Duration::from_secs(600),
            parallel: 2,
            create: CreateAnswers::default(),
            create_patient: Support::Enabled,
            list_all: false,
            absent_is_empty: BTreeSet::new(),
            custom_fields: BTreeMap::new(),
        }
    }
}

/// The patients of one practice as records of the kind `person`.
#[derive(Debug)]
pub struct Connector {
    client: Client,
    settings: Settings,
    description: Description,
    lens: Lens,
    // Whether a readable name was seen: then the crypto key is right.
    legible: AtomicBool,
}

impl Connector {
    /// A connector on top of a client. Updates are possible if the client's
    /// [`update_patient`](crate::Operations::update_patient) is enabled.
    #[must_use]
    pub fn new(client: Client, settings: Settings) -> Self {
        let description = describe(&client, &settings);
        let lens = Lens::new(&settings, client.sex_true());
        Self { client, settings, description, lens, legible: AtomicBool::new(false) }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn check_kind(&self, kind: &Kind) -> Result<()> {
        if *kind == self.description.kind {
            return Ok(());
        }
        Err(Error::permanent(ErrorKind::Configuration, "e-Physio's connector does not know this kind").with_context("kind", kind.as_str()))
    }

    fn is_legible(&self) -> bool {
        self.legible.load(Ordering::Relaxed)
    }

    fn note_legible(&self) {
        self.legible.store(true, Ordering::Relaxed);
    }
}

fn describe(client: &Client, settings: &Settings) -> Description {
    let enabled = client.operations().update_patient.is_enabled();
    Description {
        kind: vocabulary::KIND,
        system: "e-Physio",
        fields: fields(client, settings),
        required: REQUIRED.to_vec(),
        unique: BTreeSet::new(),
        single_read: false,
        lag: settings.lag,
        // The list of active patients tells nothing apart: who is not in it has left, or was deleted.
        absence: Absence::Inactive,
        search: BTreeSet::new(),
        // The list may show the comment, where the token is; nothing proves that it does.
        carries_token: false,
        create: settings.create_patient,
        update: if enabled { Support::Enabled } else { Support::Manual },
        by_hand: BTreeSet::new(),
        remove: Support::Manual,
        settle: settings.settle,
        parallel: settings.parallel.max(1),
    }
}

fn fields(client: &Client, settings: &Settings) -> BTreeMap<FieldName, FieldSupport> {
    // What a new patient must have can be changed; that it can be emptied is not known.
    let mut fields: BTreeMap<_, _> = REQUIRED.map(|name| (name, FieldSupport { clear: false, ..FieldSupport::FULL })).into();
    fields.insert(vocabulary::PHONE, FieldSupport::FULL);
    fields.insert(vocabulary::EMAIL, FieldSupport::FULL);
    fields.insert(vocabulary::SALUTATION, FieldSupport::READ_ONLY);
    fields.extend(settings.custom_fields.keys().map(|name| (vocabulary::custom(name), FieldSupport::READ_ONLY)));
    for (name, support) in &mut fields {
        support.listed = settings.absent_is_empty.contains(name);
    }
    if client.sex_true().is_none() {
        // The list shows a boolean that nobody can read, so a change by staff would be overwritten unseen.
        fields.insert(vocabulary::SEX, FieldSupport { listed: false, ..FieldSupport::CREATE_ONLY });
    }
    fields
}

/// What the engine needs to know of a failed call. The message of the client names no values.
fn failed(error: sync_http::Error) -> Error {
    let (kind, message) = told(error.kind());
    let verdict = match error.verdict() {
        sync_http::Verdict::Permanent => sync_core::Verdict::Permanent,
        sync_http::Verdict::Temporary { retry_after } => sync_core::Verdict::Temporary { retry_after },
        sync_http::Verdict::Unknown => sync_core::Verdict::Unknown,
    };
    let mut failed = Error::new(kind, verdict, message).with_context("endpoint", error.endpoint());
    if let Some(status) = error.status() {
        failed = failed.with_context("status", status.as_u16().to_string());
    }
    if let Some(detail) = error.message() {
        failed = failed.with_context("detail", detail);
    }
    failed.with_source(error)
}

/// A value that e-Physio does not take, or not like this.
fn refused(message: &str, name: &FieldName) -> Error {
    Error::permanent(ErrorKind::Refused, message).with_context("field", name.as_str())
}

fn switched_off(message: &str) -> Error {
    Error::permanent(ErrorKind::Configuration, message)
}

fn told(kind: sync_http::ErrorKind) -> (ErrorKind, &'static str) {
    use sync_http::ErrorKind as Http;
    match kind {
        Http::Transport => (ErrorKind::Unreachable, "e-Physio cannot be reached"),
        Http::Timeout => (ErrorKind::Unreachable, "e-Physio did not answer in time"),
        Http::Unauthorized => (ErrorKind::Unauthorized, "e-Physio refuses the login; check e-mail address, password and key_index"),
        Http::Forbidden => (ErrorKind::Unauthorized, "e-Physio denies access; check the rights of the login and key_index"),
        Http::NotFound => (ErrorKind::NotFound, "e-Physio does not know this record, or this call"),
        Http::Refused | Http::Conflict => (ErrorKind::Refused, "e-Physio refused the request"),
        Http::RateLimited => (ErrorKind::RateLimited, "the call budget of e-Physio is used up"),
        Http::Decode | Http::TooLarge => (ErrorKind::Decode, "e-Physio's answer could not be understood"),
        Http::Cancelled => (ErrorKind::Cancelled, "the call was not made: its deadline had passed"),
        Http::Disabled | Http::Configuration => (ErrorKind::Configuration, "the settings of e-Physio do not allow this call"),
        _ => (ErrorKind::Remote, "e-Physio failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_to_do_and_keeps_its_verdict() {
        let verdict = sync_http::Verdict::Temporary { retry_after: Some(Duration::from_secs(3)) };
        let error = sync_http::Error::new(sync_http::ErrorKind::RateLimited, "patients.list").with_verdict(verdict);
        let failed = failed(error.with_status(http::StatusCode::TOO_MANY_REQUESTS).with_message("at /x"));
        assert_eq!(failed.to_string(), "the call budget of e-Physio is used up (endpoint patients.list, status 429, detail at /x)");
        assert_eq!(failed.verdict(), sync_core::Verdict::Temporary { retry_after: Some(Duration::from_secs(3)) });
        assert_eq!(failed.kind(), ErrorKind::RateLimited);
    }
}
