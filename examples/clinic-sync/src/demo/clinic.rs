//! The emulated clinic: both systems, filled with people who make a sync hard.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use emulator_kit::{Clock, Running};
use secrecy::SecretString;

use super::calendar::Column;
use super::people::{self, Person};
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
    /// Patients whom people entered. All others were made by a sync.
    pub(super) known_patients: BTreeSet<u64>,
    /// Contacts whom people entered, and the patient each stands for, if any.
    pub(super) known_contacts: BTreeMap<String, Option<u64>>,
    /// Contacts whom people deleted.
    pub(super) deleted_contacts: BTreeSet<String>,
    /// Patients who share a phone or an e-mail address with another one.
    pub(super) households: BTreeSet<u64>,
    /// Patients of whom an edit is expected to arrive.
    pub(super) edited: BTreeSet<u64>,
    /// How many mornings there were.
    pub(super) mornings: usize,
    /// The practitioners' calendars.
    pub(super) columns: Vec<Column>,
    /// Appointments that people entered in GHL.
    pub(super) known_appointments: BTreeSet<String>,
    /// The number of the next slot that nobody has.
    pub(super) next_slot: i64,
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
    /// GHL's location.
    pub location: String,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            rate_limit: Some(ghl_emulator::RateLimit::default()),
            search_lag: Duration::ZERO,
            quirks: ephysio_emulator::Quirks::default(),
            clock: Clock::real(),
            location: LOCATION.to_owned(),
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
            ..ephysio_emulator::Config::default()
        });
        let ghl = ghl_emulator::Emulator::new(ghl_emulator::Config {
            location_id: behaviour.location.clone(),
            token: TOKEN.to_owned(),
            rate_limit: behaviour.rate_limit,
            search_lag: behaviour.search_lag,
            workflow_excluded_sources: vec!["clinic-sync".to_owned()],
            clock: behaviour.clock,
            seed,
            ..ghl_emulator::Config::default()
        });
        let mut clinic = Self {
            ephysio,
            ghl,
            known_patients: BTreeSet::new(),
            known_contacts: BTreeMap::new(),
            deleted_contacts: BTreeSet::new(),
            households: BTreeSet::new(),
            edited: BTreeSet::new(),
            mornings: 0,
            columns: Vec::new(),
            known_appointments: BTreeSet::new(),
            next_slot: 0,
        };
        clinic.fill(patients, seed);
        clinic.open_calendars();
        clinic.ghl.front_desk().define_custom_field("sync token", "TEXT");
        clinic
    }

    fn fill(&mut self, patients: u64, seed: u64) {
        let mut before: Option<(u64, Person)> = None;
        for number in 0..patients {
            let person = people::patient(seed, number);
            let (person, shares) = match (number, &before) {
                (8, Some((_, before))) => (person.twin_of(before), true),
                (10, _) => (person.reachable_in_the_evening(), false),
                (11, _) => (person.living_abroad(), false),
                (_, Some((_, before))) if number % 13 == 5 => (person.living_with(before, number % 2 == 0), true),
                _ => (person, false),
            };
            let id = self.admit(&person);
            if let Some((other, _)) = before.filter(|_| shares) {
                self.households.extend([other, id]);
            }
            before = Some((id, person));
        }
        for number in 0..patients.div_ceil(10) {
            self.enter(people::lead(seed, number), None);
        }
        for number in 0..patients.min(2) {
            self.enter(people::newcomer(seed, number), None);
        }
    }

    /// Takes a patient in. Some left meanwhile, some are in GHL already.
    fn admit(&mut self, person: &Person) -> u64 {
        let id = self.receive(person);
        match person.number() {
            number if number % 20 == 3 => {
                self.ephysio.practice().deactivate(id);
            }
            number if number % 7 == 2 && person.is_known_by_two() => self.enter(person.contact(), Some(id)),
            _ => {}
        }
        id
    }

    /// Staff enter a patient.
    pub(super) fn receive(&mut self, person: &Person) -> u64 {
        let id = self.ephysio.practice().create(person.patient.clone());
        self.known_patients.insert(id);
        id
    }

    /// The front desk enters a contact, and knows which patient it is.
    pub(super) fn enter(&mut self, contact: serde_json::Value, patient: Option<u64>) {
        let id = self.ghl.front_desk().create(contact);
        self.known_contacts.insert(id, patient);
    }

    /// The front desk deletes a contact.
    pub(super) fn delete(&mut self, contact: &str) {
        self.ghl.front_desk().delete(contact);
        self.deleted_contacts.insert(contact.to_owned());
    }

    /// Puts both on loopback.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn serve(&self) -> std::io::Result<(Running, Running)> {
        Ok((self.ephysio.serve().await?, self.ghl.serve().await?))
    }

    /// The calendar in GHL and the one in e-Physio that belong together, counted around.
    pub(crate) fn column(&self, number: u64) -> (String, i64) {
        let count = self.columns.len().max(1) as u64;
        let column = self.columns.get(usize::try_from(number % count).unwrap_or_default());
        column.map(Column::calendars).unwrap_or_default()
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
        settings.appointments = super::calendar::settings(&self.columns);
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(patients: u64) -> Clinic {
        Clinic::build(patients, 1, Behaviour::default())
    }

    #[test]
    fn a_clinic_has_all_kinds_of_people() {
        let clinic = build(1000);
        let patients = clinic.ephysio.practice().patients();
        let contacts = clinic.ghl.front_desk().contacts();
        let count = |tag: &str| contacts.iter().filter(|contact| contact.tags.iter().any(|own| own == tag)).count();
        assert_eq!(patients.iter().filter(|patient| !patient.is_active()).count(), 50);
        let in_both: BTreeSet<u64> = clinic.known_contacts.values().copied().flatten().collect();
        assert!((100..140).contains(&in_both.len()), "{}", in_both.len());
        assert_eq!((count("patient"), contacts.len() - in_both.len()), (2, 102));
        assert!(count("lead") > 30 && count("newsletter") > 30);
        // Who lives together, in pairs, and the twins.
        assert!((150..=160).contains(&clinic.households.len()), "{}", clinic.households.len());
        let twins: Vec<_> =
            patients.windows(2).filter(|two| two[0].birth_date == two[1].birth_date && two[0].phone == two[1].phone).collect();
        let [[one, other]] = twins[..] else { panic!("one pair of twins") };
        assert_eq!(one.last_name, other.last_name);
        assert_ne!(one.first_name, other.first_name);
    }

    #[test]
    fn the_same_seed_gives_the_same_clinic() {
        let told = |clinic: &Clinic| {
            let patients = clinic.ephysio.practice().patients().into_iter().map(|patient| (patient.id, patient.first_name, patient.phone));
            let contacts = clinic.ghl.front_desk().contacts().into_iter().map(|contact| (contact.id, contact.last_name, contact.phone));
            (patients.collect::<Vec<_>>(), contacts.collect::<Vec<_>>())
        };
        assert_eq!(told(&build(50)), told(&build(50)));
    }

    #[test]
    fn small_and_large_clinics_can_be_built() {
        for (patients, contacts) in [(0, 0), (1, 2), (3, 3)] {
            let clinic = build(patients);
            assert_eq!(clinic.known_patients.len() as u64, patients);
            assert!(clinic.known_contacts.len() >= contacts, "{patients}");
        }
        assert_eq!(build(20_000).known_patients.len(), 20_000);
    }
}
