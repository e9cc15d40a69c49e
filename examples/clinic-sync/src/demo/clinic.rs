//! The emulated clinic: both systems, filled with people who make a sync hard.

use std::collections::BTreeSet;
use std::time::Duration;

use emulator_kit::{Clock, Running};
use secrecy::SecretString;

use super::people;
use crate::Settings;
use crate::settings::{Consent, Create};

const LOCATION: &str = "loc-demo";
const TOKEN: &str = "pit-demo";
const EMAIL: &str = "praxis@example.ch";
const PASSWORD: &str = "demo-password";

/// An emulated e-Physio and an emulated GHL.
#[derive(Debug)]
pub struct Clinic {
    /// The practice management.
    pub ephysio: ephysio_emulator::Emulator,
    /// The CRM.
    pub ghl: ghl_emulator::Emulator,
    pub(super) known_patients: BTreeSet<u64>,
    pub(super) known_contacts: BTreeSet<String>,
}

/// How the two systems behave.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// GHL's limits; none: as fast as it goes.
    pub rate_limit: Option<ghl_emulator::RateLimit>,
    /// How late GHL's search shows a change.
    pub search_lag: Duration,
    /// What e-Physio does where nobody knows.
    pub quirks: ephysio_emulator::Quirks,
    /// What time it is.
    pub clock: Clock,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            rate_limit: Some(ghl_emulator::RateLimit::default()),
            search_lag: Duration::ZERO,
            quirks: ephysio_emulator::Quirks::default(),
            clock: Clock::real(),
        }
    }
}

impl Clinic {
    /// A clinic with so many patients; the same seed, the same people.
    #[must_use]
    pub fn build(patients: u64, seed: u64, behaviour: Behaviour) -> Self {
        let ephysio = ephysio_emulator::Emulator::new(ephysio_emulator::Config {
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            clock: behaviour.clock.clone(),
            seed,
            quirks: behaviour.quirks,
        });
        let ghl = ghl_emulator::Emulator::new(ghl_emulator::Config {
            location_id: LOCATION.to_owned(),
            token: TOKEN.to_owned(),
            rate_limit: behaviour.rate_limit,
            search_lag: behaviour.search_lag,
            workflow_excluded_sources: vec!["clinic-sync".to_owned()],
            clock: behaviour.clock,
            seed,
            ..ghl_emulator::Config::default()
        });
        let mut clinic = Self { ephysio, ghl, known_patients: BTreeSet::new(), known_contacts: BTreeSet::new() };
        clinic.fill(patients, seed);
        clinic.ghl.front_desk().define_custom_field("sync token", "TEXT");
        clinic
    }

    fn fill(&mut self, patients: u64, seed: u64) {
        let mut before = people::patient(seed, 0);
        for number in 0..patients {
            let mut person = people::patient(seed, number);
            person = match number {
                8 => person.twin_of(&before),
                _ if number % 13 == 5 => person.living_with(&before, number % 2 == 0),
                _ => person,
            };
            match number {
                9 => person.patient.phone.push_str(" (nur abends)"),
                11 => person.patient.phone = "+39 06 6982 1234".to_owned(),
                _ => {}
            }
            self.admit(&person);
            before = person;
        }
        for number in 0..patients.div_ceil(10) {
            self.enter(people::lead(number));
        }
        for number in 0..patients.min(2) {
            self.enter(people::newcomer(number));
        }
    }

    fn admit(&mut self, person: &people::Person) {
        let id = self.ephysio.practice().create(person.patient.clone());
        self.known_patients.insert(id);
        // Some left, some are in GHL already.
        match person.number() {
            number if number % 20 == 3 => {
                self.ephysio.practice().deactivate(id);
            }
            number if number % 8 == 2 && person.is_known_by_two() => self.enter(person.contact()),
            _ => {}
        }
    }

    fn enter(&mut self, contact: serde_json::Value) {
        let id = self.ghl.front_desk().create(contact);
        self.known_contacts.insert(id);
    }

    /// Puts both on loopback.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn serve(&self) -> std::io::Result<(Running, Running)> {
        Ok((self.ephysio.serve().await?, self.ghl.serve().await?))
    }

    /// The settings that reach the two, with the database in a directory.
    #[must_use]
    pub fn settings(&self, ephysio: &str, ghl: &str, database: &std::path::Path) -> Settings {
        let mut settings = Settings { database_url: Some(database.display().to_string()), ..Settings::default() };
        settings.ephysio.base_url = format!("{ephysio}/api/1.0");
        settings.ephysio.email = Some(EMAIL.to_owned());
        settings.ephysio.password = Some(SecretString::from(PASSWORD));
        settings.ephysio.create = Create::Immediate;
        // The emulator answers at once; a real practice is asked gently.
        settings.ephysio.calls_per_2_seconds = 100;
        settings.ghl.base_url = ghl.to_owned();
        settings.ghl.location_id = Some(LOCATION.to_owned());
        settings.ghl.private_integration_token = Some(SecretString::from(TOKEN));
        settings.ghl.search_lag_seconds = 0;
        settings.patients.consent = Some(Consent::AllActivePatients);
        settings.patients.into_ephysio.tags = vec!["patient".to_owned()];
        settings
    }
}
