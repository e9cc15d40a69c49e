//! GHL for `sync-core`: its contacts as a [`Source`](sync_core::Source) and a [`Sink`](sync_core::Sink) of the kind `person`, and
//! its appointments as those of the kind [`appointment`].

pub mod appointment;
mod person;
mod sink;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sync_core::vocabulary::person as vocabulary;
use sync_core::vocabulary::phone::Region;
use sync_core::{Absence, Description, Error, ErrorKind, Field, FieldName, FieldSupport, Fields, Kind, Result, SearchKey, Support};

use crate::{Client, CustomField, NewCustomField};
use person::Lens;

/// What stands before the name in the key of a contact's custom field.
const CONTACT: &str = "contact.";

/// The types of custom fields whose values are lists or files. Written back as text, they would be destroyed.
const NO_TEXT: [&str; 5] = ["CHECKBOX", "MULTIPLE_OPTIONS", "TEXTBOX_LIST", "FILE_UPLOAD", "SIGNATURE"];

/// The largest page that GHL gives.
const LARGEST_PAGE: u32 = 500;

/// How the connector behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The country whose dialling habits phone numbers without country code follow.
    pub region: Region,
    /// How late a change may show in the search. GHL's documentation speaks of a few seconds.
    pub lag: Duration,
    /// How long after a create of unknown outcome the contact may still appear.
    pub settle: Duration,
    /// How many writes may be under way at once.
    pub parallel: usize,
    /// Contacts on a page of a listing, at most 500.
    pub page_size: u32,
    /// The `source` of created contacts, by which a clinic's workflows can leave them out.
    pub source: Option<String>,
    /// The key of the custom field that carries the token of a create. Where it does not exist, created contacts are found
    /// again by their identity only.
    pub token_field: Option<String>,
    /// Custom fields by their names in the vocabulary: GHL's key (`contact.referral`) or id. Lists and files are read only.
    pub custom_fields: BTreeMap<String, String>,
    /// The fields without which no contact is created. GHL itself insists on none.
    pub required: Vec<FieldName>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: Region::CH,
            lag: Duration::from_secs(10),
            settle: Duration::from_secs(600),
            parallel: 8,
            page_size: LARGEST_PAGE,
            source: Some("clinic-sync".to_owned()),
            token_field: Some("contact.sync_token".to_owned()),
            custom_fields: BTreeMap::new(),
            required: Vec::new(),
        }
    }
}

/// The contacts of one location as records of the kind `person`.
#[derive(Debug)]
pub struct Connector {
    client: Client,
    settings: Settings,
    description: Description,
    lens: Lens,
    missing: Vec<String>,
}

impl Connector {
    /// A connector on top of a client. Asks once which custom fields the location has.
    ///
    /// # Errors
    /// When GHL cannot be asked, a custom field that is mapped does not exist or serves twice, or a required field cannot be
    /// given to a new contact.
    pub async fn connect(client: Client, settings: Settings) -> Result<Self> {
        let defined = client.custom_fields().await.map_err(failed)?;
        let token = settings.token_field.as_deref().and_then(|key| find(&defined, key)).map(|field| field.id.clone());
        let missing = settings.token_field.iter().filter(|_| token.is_none()).cloned().collect();
        let custom = mapped(&defined, &settings, token.as_deref())?;
        let description = describe(&settings, &custom, token.is_some());
        let given = |name: &&FieldName| description.field(name).is_some_and(|support| support.create);
        if let Some(name) = settings.required.iter().find(|name| !given(name)) {
            return Err(misconfigured(format!("{name} is required, and GHL takes no such field for a new contact")));
        }
        let ids = custom.into_iter().map(|(name, field)| (name, field.id.clone())).collect();
        let lens = Lens::new(settings.region, ids, token, settings.source.clone());
        Ok(Self { client, settings, description, lens, missing })
    }

    /// Creates the custom field for tokens, where it does not exist. Answers the keys of what was created.
    ///
    /// # Errors
    /// When GHL cannot be asked, or refuses.
    pub async fn create_missing_fields(client: &Client, settings: &Settings) -> Result<Vec<String>> {
        let Some(key) = settings.token_field.as_deref() else { return Ok(Vec::new()) };
        let defined = client.custom_fields().await.map_err(failed)?;
        if find(&defined, key).is_some() {
            return Ok(Vec::new());
        }
        // GHL derives the key from the name: "sync token" becomes `contact.sync_token`.
        let name = key.trim_start_matches(CONTACT).replace('_', " ");
        let field = NewCustomField { name, data_type: "TEXT".to_owned(), placeholder: None };
        let created = client.create_custom_field(&field).await.map_err(failed)?;
        match created.field_key.text() {
            Some(given) if given != key => Err(misconfigured(format!("GHL gave the custom field the key {given}; set token_field to it"))),
            _ => Ok(vec![key.to_owned()]),
        }
    }

    /// The keys of custom fields that should exist and do not. Without the token's, the connector works with less certainty.
    #[must_use]
    pub fn missing_fields(&self) -> &[String] {
        &self.missing
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn check_kind(&self, kind: &Kind) -> Result<()> {
        check_kind(&self.description, kind)
    }
}

fn check_kind(description: &Description, kind: &Kind) -> Result<()> {
    if *kind == description.kind {
        return Ok(());
    }
    Err(Error::permanent(ErrorKind::Configuration, "GHL's connector does not know this kind").with_context("kind", kind.as_str()))
}

/// Checks that there is something to write, and that all of it can be written. `can` is told whether a field is emptied.
fn check_fields(description: &Description, fields: &Fields, can: impl Fn(FieldSupport, bool) -> bool) -> Result<()> {
    let can = |name, field| description.field(name).is_some_and(|support| can(support, field == Field::Empty));
    match fields.iter().find(|(name, field)| !can(name, *field)) {
        Some((name, _)) => Err(refused("this field cannot be written to GHL like this", name)),
        None if fields.is_empty() => Err(Error::permanent(ErrorKind::Refused, "there is nothing to write")),
        None => Ok(()),
    }
}

fn refused(message: &str, name: &FieldName) -> Error {
    Error::permanent(ErrorKind::Refused, message).with_context("field", name.as_str())
}

fn misconfigured(message: String) -> Error {
    Error::permanent(ErrorKind::Configuration, message)
}

/// A custom field by its key or id.
fn find<'a>(defined: &'a [CustomField], key: &str) -> Option<&'a CustomField> {
    defined.iter().find(|field| field.id == key || field.field_key.text() == Some(key))
}

/// The custom fields by their names in the vocabulary. None may serve twice: each write of one would be a change of the other.
fn mapped<'a>(defined: &'a [CustomField], settings: &Settings, token: Option<&'a str>) -> Result<BTreeMap<FieldName, &'a CustomField>> {
    let mut taken: BTreeSet<&str> = token.into_iter().collect();
    let mut custom = BTreeMap::new();
    for (name, key) in &settings.custom_fields {
        let field = find(defined, key).ok_or_else(|| {
            misconfigured(format!("GHL has no custom field {key}, to which {name} is mapped; create it there, or correct the mapping"))
        })?;
        if !taken.insert(&field.id) {
            return Err(misconfigured(format!("the custom field {key}, to which {name} is mapped, serves for something else too")));
        }
        custom.insert(vocabulary::custom(name), field);
    }
    Ok(custom)
}

fn describe(settings: &Settings, custom: &BTreeMap<FieldName, &CustomField>, carries_token: bool) -> Description {
    // Not by identity: of its proofs, GHL finds nobody by name and birth date.
    let search = carries_token.then_some(SearchKey::Token).into_iter().collect();
    Description {
        kind: vocabulary::KIND,
        system: "GHL",
        fields: fields(custom),
        required: settings.required.clone(),
        // Unless the location allows duplicates; then nothing is ever refused.
        unique: BTreeSet::from([vocabulary::EMAIL, vocabulary::PHONE]),
        single_read: true,
        lag: settings.lag,
        absence: Absence::Gone,
        search,
        carries_token,
        create: Support::Enabled,
        update: Support::Enabled,
        by_hand: BTreeSet::new(),
        remove: Support::Enabled,
        settle: settings.settle,
        parallel: settings.parallel.max(1),
    }
}

fn fields(custom: &BTreeMap<FieldName, &CustomField>) -> BTreeMap<FieldName, FieldSupport> {
    let plain = [
        vocabulary::GIVEN_NAME,
        vocabulary::FAMILY_NAME,
        vocabulary::EMAIL,
        vocabulary::PHONE,
        vocabulary::BIRTH_DATE,
        vocabulary::STREET,
        vocabulary::POSTAL_CODE,
        vocabulary::CITY,
        vocabulary::COUNTRY,
    ];
    let mut fields: BTreeMap<_, _> = plain.map(|name| (name, FieldSupport::FULL)).into();
    // It can be given to a new contact only, and no answer shows it.
    fields.insert(vocabulary::SEX, FieldSupport { listed: false, ..FieldSupport::CREATE_ONLY });
    fields.extend(custom.iter().map(|(name, field)| (name.clone(), support(field))));
    fields
}

fn support(field: &CustomField) -> FieldSupport {
    let is_text = field.data_type.text().is_none_or(|data_type| !NO_TEXT.contains(&data_type));
    if is_text { FieldSupport::FULL } else { FieldSupport::READ_ONLY }
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

fn told(kind: sync_http::ErrorKind) -> (ErrorKind, &'static str) {
    use sync_http::ErrorKind as Http;
    match kind {
        Http::Transport => (ErrorKind::Unreachable, "GHL cannot be reached"),
        Http::Timeout => (ErrorKind::Unreachable, "GHL did not answer in time"),
        Http::Unauthorized => (ErrorKind::Unauthorized, "GHL refuses the token; check the private integration token and its scopes"),
        Http::Forbidden => (ErrorKind::Unauthorized, "GHL denies access; check that the token belongs to this location"),
        Http::NotFound => (ErrorKind::NotFound, "GHL does not know this record"),
        Http::Refused | Http::Conflict => (ErrorKind::Refused, "GHL refused the request"),
        Http::RateLimited => (ErrorKind::RateLimited, "the call budget of GHL is used up"),
        Http::Decode | Http::TooLarge => (ErrorKind::Decode, "GHL's answer could not be understood"),
        Http::Cancelled => (ErrorKind::Cancelled, "the call was not made: its deadline had passed"),
        Http::Disabled | Http::Configuration => (ErrorKind::Configuration, "the settings of GHL do not allow this call"),
        _ => (ErrorKind::Remote, "GHL failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_to_do_and_keeps_its_verdict() {
        let verdict = sync_http::Verdict::Temporary { retry_after: Some(Duration::from_secs(3)) };
        let error = sync_http::Error::new(sync_http::ErrorKind::RateLimited, "contacts.search").with_verdict(verdict);
        let failed = failed(error.with_status(http::StatusCode::TOO_MANY_REQUESTS).with_message("at /x"));
        assert_eq!(failed.to_string(), "the call budget of GHL is used up (endpoint contacts.search, status 429, detail at /x)");
        assert_eq!(failed.verdict(), sync_core::Verdict::Temporary { retry_after: Some(Duration::from_secs(3)) });
        assert_eq!(failed.kind(), ErrorKind::RateLimited);
    }
}
