//! The settings as they stand in a file.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use sync_core::TenantId;

use super::{AppointmentSettings, PatientSettings, ServeSettings};

/// All settings. Their debug output shows no secret, no login and no address: an address may hold a password.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// For whom these are: one of several practices that share a database, or [the only one](crate::TENANT).
    #[serde(skip)]
    pub tenant: TenantId,
    /// A path, or `sqlite:PATH`.
    pub database_url: Option<String>,
    /// The key that seals what must stay readable.
    pub vault: VaultSettings,
    /// e-Physio.
    pub ephysio: EphysioSettings,
    /// GHL.
    pub ghl: GhlSettings,
    /// How long calls may take.
    pub timeouts: Timeouts,
    /// Which patients and contacts are synced, and by which rules.
    pub patients: PatientSettings,
    /// Which appointments are synced, and by which rules.
    pub appointments: AppointmentSettings,
    /// How the running service listens and when it works.
    pub serve: ServeSettings,
}

/// The key that seals what must stay readable. Without either, a key file is made beside a new database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VaultSettings {
    /// 32 bytes in base64.
    pub key: Option<SecretString>,
    /// A file that holds them.
    pub key_file: Option<std::path::PathBuf>,
    /// The key that is to follow `key`: 32 bytes in base64.
    pub new_key: Option<SecretString>,
}

/// How to reach e-Physio. Its debug output shows neither login nor address.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EphysioSettings {
    /// The API's address.
    pub base_url: String,
    /// The login.
    pub email: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// Which practice of the login, counted from 0.
    pub key_index: usize,
    /// Which sex the list's `true` stands for: `male` or `female`. Compare a patient you know. Unset: not read.
    pub sex_true: Option<ephysio_client::Sex>,
    /// How a create is answered: `request` (staff accept it) or `immediate`.
    pub create: Create,
    /// Whether to list inactive patients too.
    pub list_all: bool,
    /// Calls in two seconds.
    pub calls_per_2_seconds: u32,
    /// Members of the patient list to be synced as custom fields, by vocabulary name.
    pub custom_fields: BTreeMap<String, String>,
    /// Calls that are not publicly documented.
    pub operations: ephysio_client::Operations,
}

/// How e-Physio answers a create.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Create {
    /// Staff have to accept it first.
    #[default]
    Request,
    /// The patient is there at once.
    Immediate,
}

impl Default for EphysioSettings {
    fn default() -> Self {
        Self {
            base_url: ephysio_client::BASE_URL.to_owned(),
            email: None,
            password: None,
            key_index: 0,
            sex_true: None,
            create: Create::Request,
            list_all: false,
            calls_per_2_seconds: 4,
            custom_fields: BTreeMap::new(),
            operations: ephysio_client::Operations::default(),
        }
    }
}

/// How to reach GHL. Its debug output shows neither token nor address.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GhlSettings {
    /// The API's address.
    pub base_url: String,
    /// The location (sub-account).
    pub location_id: Option<String>,
    /// A private integration token of it.
    pub private_integration_token: Option<SecretString>,
    /// An app of GHL's marketplace, in the place of a private integration token.
    pub app: Option<AppSettings>,
    /// The `source` of created contacts. The clinic's workflows should leave it out.
    pub source: String,
    /// The key of the custom field that carries the token of a create.
    pub token_field: String,
    /// Vocabulary names of custom fields, and their keys or ids in GHL.
    pub custom_fields: BTreeMap<String, String>,
    /// How late GHL's search may show a change.
    pub search_lag_seconds: u64,
    /// Calls in ten seconds.
    pub calls_per_10_seconds: u32,
    /// How many writes may be under way at once.
    pub parallel: usize,
}

impl Default for GhlSettings {
    fn default() -> Self {
        Self {
            base_url: ghl_client::BASE_URL.to_owned(),
            location_id: None,
            private_integration_token: None,
            app: None,
            source: "clinic-sync".to_owned(),
            token_field: "contact.sync_token".to_owned(),
            custom_fields: BTreeMap::new(),
            search_lag_seconds: 10,
            calls_per_10_seconds: 100,
            parallel: 8,
        }
    }
}

/// An app of GHL's marketplace, to which an admin of the clinic gives access once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    /// The address of this service's `/api/auth/callback`, as the app's settings have it.
    pub redirect_uri: String,
    /// The id of its version; private apps need it.
    #[serde(default)]
    pub version_id: Option<String>,
    /// Where an admin consents, unless at GHL's own marketplace.
    #[serde(default)]
    pub marketplace: Option<String>,
}

/// How long calls may take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// To connect.
    pub connect_ms: u64,
    /// Between two signs of life.
    pub idle_ms: u64,
    /// For a whole answer.
    pub total_ms: u64,
    /// For a whole listing.
    pub listing_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        let usual = sync_http::Timeouts::default();
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self { connect_ms: ms(usual.connect), idle_ms: ms(usual.idle), total_ms: ms(usual.total), listing_ms: ms(usual.stream) }
    }
}

impl From<Timeouts> for sync_http::Timeouts {
    fn from(timeouts: Timeouts) -> Self {
        Self {
            connect: Duration::from_millis(timeouts.connect_ms),
            idle: Duration::from_millis(timeouts.idle_ms),
            total: Duration::from_millis(timeouts.total_ms),
            stream: Duration::from_millis(timeouts.listing_ms),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tenant: crate::TENANT,
            database_url: None,
            vault: VaultSettings::default(),
            ephysio: EphysioSettings::default(),
            ghl: GhlSettings::default(),
            timeouts: Timeouts::default(),
            patients: PatientSettings::default(),
            appointments: AppointmentSettings::default(),
            serve: ServeSettings::default(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tenant", &self.tenant)
            .field("vault", &self.vault)
            .field("ephysio", &self.ephysio)
            .field("ghl", &self.ghl)
            .field("timeouts", &self.timeouts)
            .field("patients", &self.patients)
            .field("appointments", &self.appointments)
            .field("serve", &self.serve)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EphysioSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EphysioSettings")
            .field("key_index", &self.key_index)
            .field("sex_true", &self.sex_true)
            .field("create", &self.create)
            .field("list_all", &self.list_all)
            .field("custom_fields", &self.custom_fields)
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for GhlSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GhlSettings")
            .field("location_id", &self.location_id)
            .field("app", &self.app.as_ref().map(|app| &app.client_id))
            .field("source", &self.source)
            .field("token_field", &self.token_field)
            .field("custom_fields", &self.custom_fields)
            .field("parallel", &self.parallel)
            .finish_non_exhaustive()
    }
}
