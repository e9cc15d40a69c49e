//! GHL's contacts for `sync-core`: a [`Source`](sync_core::Source) and a [`Sink`](sync_core::Sink) of the kind `person`.

mod person;
mod sink;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sync_core::vocabulary::person as vocabulary;
use sync_core::vocabulary::phone::Region;
use sync_core::{Absence, Description, Error, ErrorKind, FieldName, FieldSupport, Kind, Result, SearchKey, Support};

use crate::{Client, CustomField, NewCustomField};
use person::Lens;

/// What stands before the name in the key of a contact's custom field.
const CONTACT: &str = "contact.";

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
    /// Custom fields by their names in the vocabulary: GHL's key (`contact.referral`) or id.
    pub custom_fields: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: Region::CH,
            lag: Duration::from_secs(10),
            settle: Duration::from_secs(600),
            parallel: 8,
            page_size: 500,
            source: Some("clinic-sync".to_owned()),
            token_field: Some("contact.sync_token".to_owned()),
            custom_fields: BTreeMap::new(),
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
    /// When GHL cannot be asked, or a custom field that is mapped does not exist.
    pub async fn connect(client: Client, settings: Settings) -> Result<Self> {
        let defined = client.custom_fields().await.map_err(failed)?;
        let mut custom = BTreeMap::new();
        for (name, key) in &settings.custom_fields {
            let id = id_of(&defined, key).ok_or_else(|| {
                let message = format!("GHL has no custom field {key}, to which {name} is mapped; create it there, or correct the mapping");
                Error::permanent(ErrorKind::Configuration, message)
            })?;
            custom.insert(vocabulary::custom(name), id);
        }
        let token = settings.token_field.as_deref().and_then(|key| id_of(&defined, key));
        let missing = settings.token_field.iter().filter(|_| token.is_none()).cloned().collect();
        let description = describe(&settings, custom.keys(), token.is_some());
        let lens = Lens::new(settings.region, custom, token, settings.source.clone());
        Ok(Self { client, settings, description, lens, missing })
    }

    /// Creates the custom field for tokens, where it does not exist. Answers the keys of what was created.
    ///
    /// # Errors
    /// When GHL cannot be asked, or refuses.
    pub async fn create_missing_fields(client: &Client, settings: &Settings) -> Result<Vec<String>> {
        let Some(key) = settings.token_field.as_deref() else { return Ok(Vec::new()) };
        let defined = client.custom_fields().await.map_err(failed)?;
        if id_of(&defined, key).is_some() {
            return Ok(Vec::new());
        }
        // GHL derives the key from the name: "sync token" becomes `contact.sync_token`.
        let name = key.trim_start_matches(CONTACT).replace('_', " ");
        let field = NewCustomField { name, data_type: "TEXT".to_owned(), placeholder: None };
        let created = client.create_custom_field(&field).await.map_err(failed)?;
        match created.field_key.text() {
            Some(given) if given != key => {
                let message = format!("GHL gave the custom field the key {given}; set token_field to it");
                Err(Error::permanent(ErrorKind::Configuration, message))
            }
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
        if *kind == self.description.kind {
            return Ok(());
        }
        Err(Error::permanent(ErrorKind::Configuration, "GHL's connector does not know this kind").with_context("kind", kind.as_str()))
    }
}

fn id_of(defined: &[CustomField], key: &str) -> Option<String> {
    let found = defined.iter().find(|field| field.id == key || field.field_key.text() == Some(key));
    found.map(|field| field.id.clone())
}

fn describe<'a>(settings: &Settings, custom: impl Iterator<Item = &'a FieldName>, carries_token: bool) -> Description {
    let mut search = BTreeSet::from([SearchKey::Identity]);
    if carries_token {
        search.insert(SearchKey::Token);
    }
    Description {
        kind: vocabulary::KIND,
        system: "GHL",
        fields: fields(custom),
        required: Vec::new(),
        // Unless the location allows duplicates; then nothing is ever refused.
        unique: BTreeSet::from([vocabulary::EMAIL, vocabulary::PHONE]),
        single_read: true,
        lag: settings.lag,
        absence: Absence::Gone,
        search,
        carries_token,
        create: Support::Enabled,
        update: Support::Enabled,
        remove: Support::Enabled,
        settle: settings.settle,
        parallel: settings.parallel.max(1),
    }
}

fn fields<'a>(custom: impl Iterator<Item = &'a FieldName>) -> BTreeMap<FieldName, FieldSupport> {
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
    fields.extend(custom.map(|name| (name.clone(), FieldSupport::FULL)));
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

fn told(kind: sync_http::ErrorKind) -> (ErrorKind, &'static str) {
    use sync_http::ErrorKind as Http;
    match kind {
        Http::Transport => (ErrorKind::Unreachable, "GHL cannot be reached"),
        Http::Timeout => (ErrorKind::Unreachable, "GHL did not answer in time"),
        Http::Unauthorized => (ErrorKind::Unauthorized, "GHL refuses the token; check the private integration token and its scopes"),
        Http::Forbidden => (ErrorKind::Unauthorized, "GHL denies access; check that the token belongs to this location"),
        Http::NotFound => (ErrorKind::NotFound, "GHL does not know this contact"),
        Http::Refused | Http::Conflict => (ErrorKind::Refused, "GHL refused the request"),
        Http::RateLimited => (ErrorKind::RateLimited, "the call budget of GHL is used up"),
        Http::Decode | Http::TooLarge => (ErrorKind::Decode, "GHL's answer could not be understood"),
        Http::Cancelled => (ErrorKind::Cancelled, "the call was not made: its deadline had passed"),
        Http::Disabled | Http::Configuration => (ErrorKind::Configuration, "the settings of GHL do not allow this call"),
        _ => (ErrorKind::Remote, "GHL failed"),
    }
}
