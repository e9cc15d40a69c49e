//! One emulated practice.

use std::collections::BTreeMap;
use std::time::Duration;

use clinic_sync::demo::{Behaviour, Clinic};
use emulator_kit::{Fault, Journal, Rule, Running};
use ephysio_emulator::{NewPatient, Quirks, UpdatePatient};
use ghl_emulator::{Deliveries, Grantor, RateLimit, Receiver, Sending, WebhookSettings};
use http::{Method, StatusCode};
use serde_json::json;

use crate::Failure;

const APP: &str = "appdemo-m0000000";

/// How a practice is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// So many patients.
    pub(crate) patients: usize,
    /// GHL's limit, and the service's budget within it. Without one, both are out of the way.
    pub(crate) limited: bool,
    /// How long either system takes for each answer.
    pub(crate) latency: Duration,
    /// How old a listing may be, in seconds.
    pub(crate) freshness: u64,
}

/// One emulated practice, on loopback.
#[derive(Debug)]
pub(crate) struct Practice {
    /// Its name.
    pub(crate) name: String,
    /// Its systems.
    pub(crate) clinic: Clinic,
    kind: Kind,
    running: (Running, Running),
    contacts: BTreeMap<String, String>,
    marks: [usize; 2],
}

impl Practice {
    pub(crate) async fn open(name: String, kind: Kind) -> Result<Self, Failure> {
        let clinic = Clinic::build(
            0,
            1,
            Behaviour {
                rate_limit: kind.limited.then(RateLimit::default),
                quirks: Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() },
                location: format!("location-{name}"),
                ..Behaviour::default()
            },
        );
        for number in 0..kind.patients {
            clinic.ephysio.practice().create(patient(number));
        }
        if !kind.latency.is_zero() {
            for faults in [clinic.ephysio.faults(), clinic.ghl.faults()] {
                faults.add(Rule::on("", Fault::DelayBefore(kind.latency)).times(usize::MAX));
            }
        }
        let running = clinic.serve().await?;
        Ok(Self { name, clinic, kind, running, contacts: BTreeMap::new(), marks: [0; 2] })
    }

    /// Its settings, as `tenant add` wants them.
    pub(crate) fn settings(&self) -> String {
        let calls = if self.kind.limited { 100 } else { 1_000_000 };
        format!(
            r#"
            [ephysio]
            base_url = "{}/api/1.0"
            email = "praxis@example.ch"
            password = "demo-password"
            create = "immediate"
            calls_per_2_seconds = 1000000
            [ephysio.operations.update_patient]
            support = "enabled"
            method = "PUT"
            path = "/patients/{{id}}"
            body = "patch"
            success = [200, 204]
            [ghl]
            base_url = "{}"
            location_id = "location-{}"
            private_integration_token = "pit-demo"
            search_lag_seconds = 0
            calls_per_10_seconds = {calls}
            [patients]
            consent = "all_active_patients"
            settle_seconds = 0
            freshness_seconds = {}
            [patients.update_brake]
            max = 1000000
            percent = 100
            "#,
            self.running.0.url(),
            self.running.1.url(),
            self.name,
            self.kind.freshness
        )
    }

    /// How many contacts there are.
    pub(crate) fn contacts(&self) -> usize {
        self.clinic.ghl.front_desk().contacts().len()
    }

    /// How many patients it has.
    pub(crate) fn patients(&self) -> usize {
        self.kind.patients
    }

    /// Has GHL send its webhooks there. They are sent until this is dropped.
    pub(crate) fn hear(&self, url: &str) -> Result<(Deliveries, Sending), Failure> {
        let receiver = Receiver::url(&format!("{url}/api/webhooks/"))?;
        let deliveries = self.clinic.ghl.send_webhooks(APP, receiver, WebhookSettings::default()).ok_or("webhooks are not sent")?;
        self.clinic.ghl.front_desk().authorize(APP, Grantor::Location);
        let sending = deliveries.start();
        Ok((deliveries, sending))
    }

    /// From here on edits are made, and calls are counted.
    pub(crate) fn begin(&mut self) {
        let contacts = self.clinic.ghl.front_desk().contacts().into_iter();
        self.contacts = contacts.filter_map(|contact| Some((contact.email?, contact.id))).collect();
        self.marks = self.journals().map(Journal::len);
    }

    /// The front desk gives the contact of this number another phone.
    pub(crate) fn edit(&self, number: usize) {
        if let Some(contact) = self.contacts.get(&patient(number).email) {
            self.clinic.ghl.front_desk().update(contact, json!({ "phone": phone(number) }));
        }
    }

    /// Whether the patient of this number has the phone that the front desk gave the contact.
    pub(crate) fn has(&self, number: usize) -> bool {
        let (patient, phone) = (patient(number), phone(number));
        self.clinic.ephysio.practice().patients().iter().any(|shown| shown.email == patient.email && shown.phone == phone)
    }

    /// How many patients have not got the phone that their contact has.
    pub(crate) fn missing(&self) -> usize {
        let arrived: BTreeMap<_, _> =
            self.clinic.ephysio.practice().patients().into_iter().map(|patient| (patient.email, patient.phone)).collect();
        (0..self.kind.patients).filter(|number| arrived.get(&patient(*number).email) != Some(&phone(*number))).count()
    }

    /// Records that are there twice, and patients that were written to more than once.
    pub(crate) fn doubled(&self) -> usize {
        let mut writes: BTreeMap<String, usize> = BTreeMap::new();
        let written = self.clinic.ephysio.journal().since(self.marks[0]).into_iter().filter(|entry| entry.method == Method::PUT);
        written.for_each(|entry| *writes.entry(entry.path).or_default() += 1);
        let records = [self.contacts(), self.clinic.ephysio.practice().patients().len()];
        let more = |count: usize| count.saturating_sub(self.kind.patients);
        records.into_iter().map(more).sum::<usize>() + writes.values().map(|times| times - 1).sum::<usize>()
    }

    /// How often GHL was asked.
    pub(crate) fn calls(&self) -> usize {
        self.clinic.ghl.journal().len() - self.marks[1]
    }

    /// How often either system said that it is asked too often, from the first sync on.
    pub(crate) fn refused(&self) -> usize {
        let refused =
            |journal: &Journal| journal.entries().iter().filter(|entry| entry.status == Some(StatusCode::TOO_MANY_REQUESTS)).count();
        self.journals().into_iter().map(refused).sum()
    }

    fn journals(&self) -> [&Journal; 2] {
        [self.clinic.ephysio.journal(), self.clinic.ghl.journal()]
    }
}

/// The phone that a contact is given.
pub(crate) fn phone(number: usize) -> String {
    format!("+4176{number:07}")
}

/// Somebody with a name, an e-mail address and a phone of their own.
pub(crate) fn patient(number: usize) -> NewPatient {
    const GIVEN: [&str; 5] = ["Anna", "Beat", "Carla", "Dario", "Elin"];
    const FAMILY: [&str; 7] = ["Aebi", "Brunner", "Caduff", "Dubach", "Egger", "Favre", "Gerber"];
    NewPatient {
        birth_date: chrono::NaiveDate::from_ymd_opt(1970, 1, 1)
            .and_then(|day| day.checked_add_days(chrono::Days::new(number as u64 % 9000))),
        email: format!("p{number}@example.ch"),
        phone: format!("+4179{number:07}"),
        ..NewPatient::named(GIVEN[number % 5], FAMILY[number % 7])
    }
}
