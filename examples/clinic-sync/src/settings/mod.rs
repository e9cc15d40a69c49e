//! What the operator decides: a TOML file, over which the environment goes.

mod appointments;
mod environment;
mod model;
mod patients;
mod serve;
mod tenant;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use appointments::{AppointmentSettings, Calendar, Practitioner, SlotCheck};
pub use model::{AppSettings, Create, EphysioSettings, GhlSettings, Settings, Timeouts, VaultSettings};
pub use patients::{Consent, IntoEphysio, PatientSettings};
pub use serve::ServeSettings;
#[cfg(feature = "postgres")]
pub(crate) use tenant::location_claim;

use crate::service::LEASE;
use crate::{Error, Result};

/// No time of ours is longer.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// A commented example of all settings, as `clinic-sync config example` prints it.
pub const EXAMPLE: &str = include_str!("example.toml");

/// What is said about the address of a PostgreSQL database where the build cannot use one.
pub(crate) const WITHOUT_POSTGRES: &str = "this build knows SQLite only, and DATABASE_URL is the address of a PostgreSQL database; \
    give a path, or sqlite:PATH, or build it with the feature `postgres`";

impl Settings {
    /// Reads a file, if one is given, and the environment over it.
    ///
    /// # Errors
    /// A `Settings` error that names the file, the place in it, and what is wrong.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let mut settings = match file {
            Some(path) => Self::from_file(path)?,
            None => Self::default(),
        };
        environment::apply(&mut settings, |name| std::env::var(name).ok())?;
        Ok(settings)
    }

    /// Reads a file, without the environment.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub(crate) fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::Settings(vec![format!("{} cannot be read: {error}; give another with --config", path.display())]))?;
        Self::parse(&text).map_err(|problem| Error::Settings(vec![format!("{}: {problem}", path.display())]))
    }

    /// Reads settings from TOML text.
    ///
    /// # Errors
    /// What is wrong, and where. The message never repeats the value: it may be a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let (key, rest) = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).unwrap_or_default();
            let value = error.span().and_then(|span| text.get(span)).unwrap_or_default();
            format!("line {line}: {}", without_value(error.message(), key.trim(), &[rest, value]))
        })
    }

    /// Where the database is: the configured place, or a file in the user's data directory.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        let configured = self
            .database_url
            .as_deref()
            .map(|url| PathBuf::from(url.strip_prefix("sqlite:").map_or(url, |path| path.trim_start_matches("//"))));
        configured.unwrap_or_else(|| data_directory().join("clinic-sync.db"))
    }

    /// What the members of both systems' people stand for, as a text that is other when that is.
    pub(crate) fn mapping_of_people(&self) -> String {
        let (ephysio, ghl) = (&self.ephysio, &self.ghl);
        format!("{:?}", (&self.patients.region, ephysio.sex_true, &ephysio.custom_fields, &ghl.custom_fields))
    }

    /// The address of the database server, where the database is not a file.
    #[must_use]
    pub fn database_server(&self) -> Option<&str> {
        self.database_url.as_deref().filter(|url| matches!(scheme(url), Some("postgres" | "postgresql")))
    }

    /// Refuses an address that this build cannot use.
    ///
    /// # Errors
    /// What to give instead. The address is not repeated: it may hold a password.
    pub fn check_database(&self) -> Result<(), String> {
        self.check_database_for(cfg!(feature = "postgres"))
    }

    fn check_database_for(&self, knows_postgres: bool) -> Result<(), String> {
        match self.database_url.as_deref().and_then(scheme) {
            None | Some("sqlite") => Ok(()),
            Some("postgres" | "postgresql") if knows_postgres => Ok(()),
            Some("postgres" | "postgresql") => Err(WITHOUT_POSTGRES.to_owned()),
            Some(scheme) => {
                Err(format!("DATABASE_URL begins with {scheme}://, which is unknown; give a path, sqlite:PATH, or postgres://…"))
            }
        }
    }

    /// Refuses settings with which nothing can be synced.
    ///
    /// # Errors
    /// A `Settings` error with everything that is missing or wrong.
    pub fn check(&self) -> Result<()> {
        let mut problems = self.problems();
        problems.extend(self.patients.policy().err().unwrap_or_default());
        if problems.is_empty() { Ok(()) } else { Err(Error::Settings(problems)) }
    }

    /// Everything that stands in the way of a sync, in words that say what to do.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut needs = |missing: bool, what: &str| {
            if missing {
                problems.push(what.to_owned());
            }
        };
        needs(self.ephysio.email.is_none(), "the e-Physio login is missing: set EPHYSIO_EMAIL, or `email` under [ephysio]");
        needs(self.ephysio.password.is_none(), "the e-Physio password is missing: set EPHYSIO_PASSWORD or EPHYSIO_PASSWORD_FILE");
        needs(self.ghl.location_id.is_none(), "the GHL location is missing: set GHL_LOCATION_ID, or `location_id` under [ghl]");
        needs(
            self.ghl.private_integration_token.is_none() && self.ghl.app.is_none(),
            "the GHL token is missing: set GHL_PRIVATE_INTEGRATION_TOKEN or GHL_PRIVATE_INTEGRATION_TOKEN_FILE, or an app under [ghl.app]",
        );
        needs(
            self.ghl.app.as_ref().is_some_and(|app| app.client_secret.is_none()),
            "the secret of the GHL app is missing: set GHL_CLIENT_SECRET or GHL_CLIENT_SECRET_FILE",
        );
        needs(
            self.patients.consent.is_none(),
            "no consent rule is set: under [patients], `consent` must say which patients may be passed on to GHL \
             (all_active_patients, email_consent, a mark, or nobody)",
        );
        problems.extend(self.appointments.problems());
        problems.extend(self.serve.problems());
        problems.extend(self.too_long());
        problems.extend(self.outlives_a_lease());
        problems.extend(self.check_database().err());
        problems.extend(check_address("[ephysio]", &self.ephysio.base_url));
        problems.extend(check_address("[ghl]", &self.ghl.base_url));
        problems
    }
}

impl Settings {
    /// A request that is still under way when the practice has another process would be one write too many.
    fn outlives_a_lease(&self) -> Option<String> {
        let total = Duration::from_millis(self.timeouts.total_ms);
        (total >= LEASE).then(|| format!("`total_ms` under [timeouts] must be less than {} s, as long as a lease", LEASE.as_secs()))
    }

    /// Times with which nobody would ever see the end of something, and with which a clock cannot be counted on.
    fn too_long(&self) -> Vec<String> {
        let Timeouts { connect_ms, idle_ms, total_ms, listing_ms } = self.timeouts;
        let times = [
            ("[patients]", "settle_seconds", Duration::from_secs(self.patients.settle_seconds)),
            ("[patients]", "freshness_seconds", Duration::from_secs(self.patients.freshness_seconds)),
            ("[appointments]", "settle_seconds", Duration::from_secs(self.appointments.settle_seconds)),
            ("[ghl]", "search_lag_seconds", Duration::from_secs(self.ghl.search_lag_seconds)),
            ("[serve]", "patients_minutes", self.serve.patients()),
            ("[serve]", "appointments_minutes", self.serve.appointments()),
            ("[timeouts]", "connect_ms", Duration::from_millis(connect_ms)),
            ("[timeouts]", "idle_ms", Duration::from_millis(idle_ms)),
            ("[timeouts]", "total_ms", Duration::from_millis(total_ms)),
            ("[timeouts]", "listing_ms", Duration::from_millis(listing_ms)),
        ];
        let long = times.into_iter().filter(|(_, _, time)| *time > LONGEST);
        long.map(|(table, name, _)| format!("`{name}` under {table} is more than 31 days")).collect()
    }
}

fn scheme(url: &str) -> Option<&str> {
    url.split_once("://").map(|(scheme, _)| scheme)
}

/// Whether an address may be called. The address is not repeated: it may hold a password.
fn check_address(table: &str, address: &str) -> Option<String> {
    let error = address.parse::<sync_http::BaseUrl>().err()?;
    Some(format!("`base_url` under {table} cannot be used: {}", error.message().unwrap_or("it is no address")))
}

/// A message of the parser without the value that it did not like. Names of settings are no values.
fn without_value(message: &str, key: &str, value: &[&str]) -> String {
    if message.starts_with("unknown field ") || message.starts_with("missing field ") {
        return message.to_owned();
    }
    let quotes =
        ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "].iter().any(|start| message.starts_with(start));
    if let Some((_, expected)) = message.rsplit_once(", expected ").filter(|_| quotes) {
        return format!("{key} cannot be this; expected {expected}");
    }
    let mut words = value.iter().flat_map(|value| value.split(|letter: char| !letter.is_alphanumeric()));
    if words.any(|word| word.len() > 3 && message.contains(word)) { format!("{key} cannot be this") } else { message.to_owned() }
}

/// The platform's place for a user's data.
fn data_directory() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = from("XDG_DATA_HOME").or_else(|| from("HOME").map(|home| home.join(".local/share")));
    base.or_else(|| from("LOCALAPPDATA")).unwrap_or_default().join("clinic-sync")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_valid_and_complete() {
        let settings = Settings::parse(EXAMPLE).unwrap();
        assert_eq!(settings.patients, PatientSettings { consent: Some(Consent::AllActivePatients), ..PatientSettings::default() });
        assert_eq!(settings.timeouts, Timeouts::default(), "the example shows the defaults");
        assert_eq!(settings.appointments, AppointmentSettings::default());
        assert_eq!(settings.serve, ServeSettings::default());
    }

    #[test]
    fn an_unknown_setting_is_an_error_that_names_its_line_and_not_its_value() {
        let error = Settings::parse("[ghl]\nlocation_id = \"x\"\ntoken = \"pit-secret\"\n").unwrap_err();
        assert!(error.contains("line 3") && error.contains("token"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_an_error_that_names_the_setting_and_not_the_value() {
        for (text, expected) in [
            ("[ghl]\nparallel = \"pit-secret\"", "line 2: parallel cannot be this; expected usize"),
            ("[appointments]\nzone = \"pit-secret\"", "line 2: zone cannot be this"),
            ("[ephysio]\ncreate = \"pit-secret, expected x\"", "line 2: create cannot be this; expected `request` or `immediate`"),
        ] {
            assert_eq!(Settings::parse(text).unwrap_err(), expected);
        }
    }

    #[test]
    fn an_address_without_encryption_is_refused_and_not_repeated() {
        let mut settings = Settings::parse(EXAMPLE).unwrap();
        settings.ghl.base_url = "http://user:secret@crm.example".to_owned();
        let problems = settings.problems();
        let [problem] = &problems[2..] else { panic!("{problems:?}") };
        assert_eq!(problem, "`base_url` under [ghl] cannot be used: only https is allowed, and http for loopback addresses");
    }

    #[test]
    fn a_time_that_never_ends_is_refused_by_name() {
        for (text, named) in [
            ("[patients]\nsettle_seconds = 9223372036854775807", "`settle_seconds` under [patients]"),
            ("[serve]\npatients_minutes = 9223372036854775807", "`patients_minutes` under [serve]"),
            ("[timeouts]\nlisting_ms = 9223372036854775807", "`listing_ms` under [timeouts]"),
        ] {
            let problems = Settings::parse(text).unwrap().problems();
            assert!(problems.iter().any(|problem| problem.starts_with(named)), "{problems:?}");
        }
    }

    #[test]
    fn no_write_may_take_as_long_as_a_lease() {
        let named = |total: u64| {
            let problems = Settings::parse(&format!("[timeouts]\ntotal_ms = {total}")).unwrap().problems();
            problems.iter().any(|problem| problem.contains("`total_ms` under [timeouts] must be less than 120 s"))
        };
        assert!(named(120_000) && !named(119_999));
    }

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        assert_eq!(Settings::default().problems().len(), 5);
    }

    #[test]
    fn a_postgres_address_is_refused_by_a_build_without_it_and_not_repeated() {
        for url in ["postgres://u:p@h/d", "postgresql://u:p@h/d"] {
            let settings = Settings { database_url: Some(url.to_owned()), ..Settings::default() };
            assert_eq!(settings.database_server(), Some(url));
            assert_eq!(settings.check_database_for(true), Ok(()));
            let problem = settings.check_database_for(false).unwrap_err();
            assert!(problem.contains("SQLite only") && problem.contains("feature `postgres`") && !problem.contains("u:p"), "{problem}");
        }
    }

    #[test]
    fn an_address_of_another_database_is_refused_by_every_build() {
        let settings = Settings { database_url: Some("mysql://u:p@h/d".to_owned()), ..Settings::default() };
        assert_eq!(settings.database_server(), None);
        let problem = settings.check_database_for(true).unwrap_err();
        assert!(problem.contains("mysql") && !problem.contains("u:p"), "{problem}");
    }
}
