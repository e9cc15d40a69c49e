//! A practice and its CRM on loopback, with the built binary between them.

use std::path::PathBuf;
use std::process::Command;

use clinic_sync::demo::{Behaviour, Clinic, Pair, check, pairs, waiting};
use clinic_sync::{Clients, Service, Settings};
use emulator_kit::{Clock, Entry, Running};
use ephysio_emulator::{NewPatient, Patient, Quirks, Sex};
use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Both systems, a directory for the database, and the settings as an operator writes them down.
pub(crate) struct House {
    pub(crate) clinic: Clinic,
    running: (Running, Running),
    directory: TempDir,
    settings: toml::Table,
    environment: Vec<(String, String)>,
    /// Which of several practices it is.
    pub(crate) tenant: Option<String>,
}

/// What became of one call of the binary.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What `--json` printed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Whether it says all of this, on whichever stream.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        words.iter().all(|word| self.out.contains(word) || self.err.contains(word))
    }
}

impl House {
    /// An empty clinic, whose e-Physio answers the open questions in the usual way.
    pub(crate) async fn new() -> Self {
        Self::with(Quirks::default()).await
    }

    pub(crate) async fn with(quirks: Quirks) -> Self {
        Self::at(Clock::real(), quirks).await
    }

    /// The same at another time. The binary goes by the machine's clock, whatever it is here.
    pub(crate) async fn at(clock: Clock, quirks: Quirks) -> Self {
        Self::behaving(Behaviour { quirks, clock, ..Behaviour::default() }).await
    }

    /// An empty clinic that behaves like this, without GHL's limits.
    pub(crate) async fn behaving(behaviour: Behaviour) -> Self {
        let location = behaviour.location.clone();
        let clinic = Clinic::build(0, 1, Behaviour { rate_limit: None, ..behaviour });
        let running = clinic.serve().await.unwrap();
        let (ephysio, ghl) = (running.0.url(), running.1.url());
        let mut house = Self {
            clinic,
            running,
            directory: tempfile::tempdir().unwrap(),
            settings: toml::Table::new(),
            environment: Vec::new(),
            tenant: None,
        };
        house.set("database_url", house.path("clinic.db").display().to_string());
        house.set("ephysio.base_url", format!("{ephysio}/api/1.0"));
        house.set("ephysio.email", "praxis@example.ch");
        house.set("ephysio.create", "immediate");
        house.set("ephysio.calls_per_2_seconds", 1000);
        house.set("ghl.base_url", ghl);
        house.set("ghl.location_id", location);
        house.set("ghl.search_lag_seconds", 0);
        house.set("ghl.calls_per_10_seconds", 10_000);
        house.set("patients.consent", "all_active_patients");
        house.set("patients.settle_seconds", 0);
        house.env("EPHYSIO_PASSWORD", "demo-password");
        house.env("GHL_PRIVATE_INTEGRATION_TOKEN", "pit-demo");
        house
    }

    /// A clinic with so many patients, of whom no contact knows anything yet.
    pub(crate) async fn of(patients: usize) -> (Self, Vec<u64>) {
        let house = Self::new().await;
        let ids = (0..patients).map(|number| house.admit(number)).collect();
        (house, ids)
    }

    /// Sets what stands at a place such as `ghl.location_id`.
    pub(crate) fn set(&mut self, place: &str, value: impl Into<toml::Value>) {
        let mut tables: Vec<&str> = place.split('.').collect();
        let key = tables.pop().unwrap();
        let mut table = &mut self.settings;
        for name in tables {
            let inner = table.entry(name).or_insert_with(|| toml::Table::new().into());
            table = inner.as_table_mut().unwrap();
        }
        table.insert(key.to_owned(), value.into());
    }

    /// Sets what must not be set.
    pub(crate) fn unset(&mut self, table: &str, key: &str) {
        self.settings.get_mut(table).and_then(toml::Value::as_table_mut).unwrap().remove(key);
    }

    /// Sets a variable of the environment; an empty one counts as not set.
    pub(crate) fn env(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A path in the house's own directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Calls the binary with these settings, and with nothing else of this process's environment.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(&self.settings.to_string(), arguments).await
    }

    /// The settings as they stand in a file.
    pub(crate) fn text(&self) -> String {
        self.settings.to_string()
    }

    /// Calls the binary with a settings file of this text.
    pub(crate) async fn run_with(&self, settings: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command_with(settings, arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The binary with these settings, to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_with(&self.settings.to_string(), arguments)
    }

    /// The binary with a settings file of this text, to be started.
    pub(crate) fn command_with(&self, settings: &str, arguments: &[&str]) -> Command {
        let file = self.path("clinic.toml");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_clinic-sync"));
        command.env_clear().env("HOME", self.directory.path()).envs(self.environment.clone());
        command.arg("--config").arg(file).args(arguments);
        command
    }

    /// One sync that must succeed. Says what it did.
    pub(crate) async fn sync(&self) -> Value {
        let ran = self.run(&["sync", "--first-sync", "--json"]).await;
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
        ran.json()
    }

    /// The open review items.
    pub(crate) async fn reviews(&self) -> Vec<Value> {
        let Value::Array(reviews) = self.run(&["review", "list", "--json"]).await.json() else { panic!("no list") };
        reviews
    }

    /// The only open review item.
    pub(crate) async fn review(&self) -> Value {
        let mut reviews = self.reviews().await;
        assert_eq!(reviews.len(), 1, "{reviews:?}");
        reviews.remove(0)
    }

    /// The service and the clients in this process, as the settings have it.
    pub(crate) async fn open(&self) -> (Service, Clients) {
        let service = Service::open(self.parsed()).await.unwrap();
        let clients = Clients::of(&service).unwrap();
        (service, clients)
    }

    pub(crate) fn parsed(&self) -> Settings {
        let mut settings = Settings::parse(&self.settings.to_string()).unwrap();
        settings.ephysio.password = Some(SecretString::from("demo-password"));
        let secret = |wanted: &str| {
            let found = self.environment.iter().find(|(name, value)| name == wanted && !value.is_empty());
            found.map(|(_, value)| SecretString::from(value.clone()))
        };
        settings.ghl.private_integration_token = secret("GHL_PRIVATE_INTEGRATION_TOKEN");
        if let Some(app) = &mut settings.ghl.app {
            app.client_secret = secret("GHL_CLIENT_SECRET");
        }
        settings.vault.key = secret("VAULT_KEY");
        if let Some(url) = secret("DATABASE_URL") {
            settings.database_url = Some(secrecy::ExposeSecret::expose_secret(&url).to_owned());
        }
        if let Some(tenant) = &self.tenant {
            settings.tenant = sync_core::TenantId::new(tenant);
        }
        settings
    }

    /// Where e-Physio and GHL listen.
    pub(crate) fn urls(&self) -> (String, String) {
        (self.running.0.url(), self.running.1.url())
    }

    /// Staff enter the patient of this number.
    pub(crate) fn admit(&self, number: usize) -> u64 {
        self.clinic.ephysio.practice().create(person(number))
    }

    /// The contact of a patient, by what the sync believes.
    pub(crate) async fn contact_of(&self, patient: u64) -> String {
        let found = self.pairs().await.into_iter().find(|pair| pair.patient == patient);
        found.unwrap_or_else(|| panic!("patient {patient} has no contact")).contact
    }

    pub(crate) async fn pairs(&self) -> Vec<Pair> {
        let (service, _) = self.open().await;
        let found = pairs(&service).await.unwrap();
        service.store().close().await;
        found
    }

    /// Nobody is doubled and nobody is lost, by what both systems show.
    pub(crate) async fn assert_whole(&self) {
        let (service, _) = self.open().await;
        let verdict = check(&self.clinic, &pairs(&service).await.unwrap(), &waiting(&service).await.unwrap(), &[]);
        service.store().close().await;
        assert!(verdict.duplicates.is_empty() && verdict.lost.is_empty(), "{verdict}");
    }

    /// What the front desk sees of a contact, as `[first name, last name, e-mail, phone]`.
    pub(crate) fn shown(&self, contact: &str) -> [String; 4] {
        let contact = self.clinic.ghl.front_desk().contact(contact).unwrap();
        [contact.first_name, contact.last_name, contact.email, contact.phone].map(Option::unwrap_or_default)
    }

    /// Staff change a patient.
    pub(crate) fn in_ephysio(&self, patient: u64, change: impl FnOnce(&mut Patient)) {
        assert!(self.clinic.ephysio.practice().update(patient, change));
    }

    /// The front desk changes a contact.
    pub(crate) fn in_ghl(&self, contact: &str, change: Value) {
        assert!(self.clinic.ghl.front_desk().update(contact, change));
    }

    /// Two more syncs, which must not write.
    pub(crate) async fn assert_quiet(&self) {
        let mark = self.mark();
        for _ in 0..2 {
            self.sync().await;
        }
        assert_eq!(self.written(mark), 0);
    }

    pub(crate) fn contacts(&self) -> usize {
        self.clinic.ghl.front_desk().contacts().len()
    }

    /// So far in both journals.
    pub(crate) fn mark(&self) -> Mark {
        Mark { ephysio: self.clinic.ephysio.journal().len(), ghl: self.clinic.ghl.journal().len() }
    }

    /// What was written since: in e-Physio, and in GHL.
    pub(crate) fn writes(&self, since: Mark) -> (Vec<Entry>, Vec<Entry>) {
        let ephysio = self.clinic.ephysio.journal().since(since.ephysio);
        let ghl = self.clinic.ghl.journal().since(since.ghl);
        let is_write = |entry: &Entry| entry.method != Method::GET && !entry.path.ends_with("/search") && !entry.path.ends_with("/token");
        (ephysio.into_iter().filter(is_write).collect(), ghl.into_iter().filter(is_write).collect())
    }

    /// How much was written since, in both systems.
    pub(crate) fn written(&self, since: Mark) -> usize {
        let (ephysio, ghl) = self.writes(since);
        ephysio.len() + ghl.len()
    }
}

/// How far the journals of both systems had come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) ephysio: usize,
    pub(crate) ghl: usize,
}

/// Somebody with a name, an e-mail address, a phone and a home of their own.
pub(crate) fn person(number: usize) -> NewPatient {
    const GIVEN: [&str; 5] = ["Anna", "Beat", "Carla", "Dario", "Elin"];
    const FAMILY: [&str; 7] = ["Aebi", "Brunner", "Caduff", "Dubach", "Egger", "Favre", "Gerber"];
    let (given, family) = (GIVEN[number % 5], FAMILY[number % 7]);
    NewPatient {
        street: format!("Seeweg {}", number + 1),
        zip: "3011".to_owned(),
        city: "Bern".to_owned(),
        birth_date: chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap().checked_add_days(chrono::Days::new(number as u64)),
        sex: Some(Sex::Female),
        email: format!("{}.{number}@example.ch", given.to_lowercase()),
        phone: format!("+4179{:07}", 1_000_000 + number),
        ..NewPatient::named(given, family)
    }
}

/// The contact that somebody is in GHL, as the front desk enters it.
pub(crate) fn contact(patient: &NewPatient) -> Value {
    json!({ "firstName": patient.first_name, "lastName": patient.last_name, "email": patient.email, "phone": patient.phone })
}

/// The body of a call as JSON.
pub(crate) fn body(entry: &Entry) -> Value {
    serde_json::from_slice(&entry.body).unwrap()
}
