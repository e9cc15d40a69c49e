//! The connector with the engine: what the practice sees of a booking made elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ephysio_client::ClockFields;
use ephysio_client::connector::{self, appointment::Connector};
use ephysio_emulator::{Emulator, EventQuirks, NewEvent, NewPatient, Quirks};
use sync_core::testing::{MemoryEndpoint, SeededEnv, Shape};
use sync_core::vocabulary::appointment::{self, AppointmentSchema, END, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{
    Digester, Engine, Env, Field, FieldName, FieldPolicy, MappingReader, MemoryStore, Policy, Record, RecordId, Removal, Result,
    ReviewQuery, Schema, Scope, Setup, Sides, Sink, TenantId,
};

use super::{START_AT, quirks, settings, utc};
use crate::{client_with, emulator};

/// A practice on the left, a calendar of bookings on the right, and Anna on both.
struct Clinic {
    practice: Emulator,
    bookings: MemoryEndpoint,
    store: Arc<MemoryStore>,
    env: Arc<SeededEnv>,
    clock_fields: ClockFields,
    patient: u64,
    contact: RecordId,
}

const TENANT: TenantId = TenantId::from_static("clinic");

fn policy(kind: sync_core::Kind, names: &[FieldName], scope: Scope) -> Policy {
    let fields = names.iter().map(|name| (name.clone(), FieldPolicy::default())).collect();
    let removal = Sides::new(Removal::Remove, Removal::Remove);
    let scope = Sides::new(scope.clone(), scope);
    Policy { fields, in_use: scope.clone(), scope, removal, ..Policy::closed(kind) }
}

impl Clinic {
    async fn new(quirks: Quirks, clock_fields: ClockFields) -> Self {
        let practice = emulator(quirks);
        // Both run by one clock, which starts when the practice's does.
        let env = Arc::new(SeededEnv::frozen(7));
        let ahead = practice.clock().now() - env.now();
        env.advance(ahead.to_std().unwrap());
        let people = Shape::full(person::KIND, &["given_name", "family_name", "birth_date", "email"]);
        let booked = Shape::full(appointment::KIND, &["start", "end", "status", "practitioner", "service"])
            .with_schema(Arc::new(AppointmentSchema))
            .describing(|side| {
                side.search.clear();
                side.carries_token = false;
            });
        let bookings = MemoryEndpoint::new("R", env.clone(), [people, booked]);
        let (born, email) = ("1980-05-17", "anna@example.test");
        let patient = NewPatient { birth_date: born.parse().ok(), email: email.to_owned(), ..NewPatient::named("Anna", "Muster") };
        let patient = practice.practice().create(patient);
        let anna = [("given_name", "Anna"), ("family_name", "Muster"), ("birth_date", born), ("email", email)];
        let contact = bookings.add(&person::KIND, &anna);
        let store = Arc::new(MemoryStore::new());
        let clinic = Self { practice, bookings, store, env, clock_fields, patient, contact };
        clinic.people().sweep().await.unwrap();
        clinic
    }

    fn engine(&self, schema: Arc<dyn Schema>, policy: Policy, left: Arc<dyn Sink>) -> Engine {
        let setup = Setup { tenant: TENANT, schema, policy, digester: Digester::new(&[7; 32], 1), env: self.env.clone() };
        Engine::new(setup, Sides::new(left, Arc::new(self.bookings.clone())), self.store.clone()).unwrap()
    }

    fn client(&self) -> ephysio_client::Client {
        client_with(&self.practice, |config| config.clock_fields = self.clock_fields)
    }

    fn people(&self) -> Engine {
        let left = connector::Connector::new(self.client(), connector::Settings::default());
        let names = [person::GIVEN_NAME, person::FAMILY_NAME, person::BIRTH_DATE, person::EMAIL];
        self.engine(Arc::new(PersonSchema::default()), policy(person::KIND, &names, Scope::PulledOnly), Arc::new(left))
    }

    /// One run, a minute after the last.
    async fn sync(&self) -> Result<()> {
        self.env.advance(Duration::from_secs(60));
        self.practice.clock().advance(Duration::from_secs(60));
        let left = Connector::new(self.client(), settings()).unwrap();
        let names = [START, END, STATUS, PRACTITIONER, SERVICE];
        let policy = policy(appointment::KIND, &names, Scope::Mark(appointment::OPEN.to_owned()));
        self.engine(Arc::new(AppointmentSchema), policy, Arc::new(left)).sweep().await.map(drop)
    }

    fn book(&self, id: &str, start: &str) {
        let mut record = Record::new(appointment::KIND, id.into());
        let end = appointment::instant(utc(start) + chrono::TimeDelta::minutes(30));
        for (name, value) in [(START, start), (END, &end), (STATUS, "planned"), (PRACTITIONER, "anna"), (SERVICE, "physio")] {
            record.fields.set(name, Field::Value(value));
        }
        record.references = BTreeMap::from([(person::KIND, self.contact.clone())]);
        record.marks.insert(appointment::OPEN.into());
        self.bookings.put(record);
    }

    async fn questions(&self) -> Vec<String> {
        let open = self.store.reviews(&TENANT, &ReviewQuery::default()).await.unwrap();
        open.into_iter().map(|review| review.reason.name().to_owned()).collect()
    }

    fn booked(&self) -> Vec<Record> {
        self.bookings.records(&appointment::KIND)
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_becomes_a_booking_and_a_booking_an_event_once_each() {
    let clinic = Clinic::new(Quirks::default(), ClockFields::Zone).await;
    let practice = clinic.practice.practice();
    practice.open_invoice(clinic.patient);
    practice.book(NewEvent::at(utc(START_AT)).of(clinic.patient));
    practice.book(NewEvent::at(utc("2027-02-02T11:00:00Z")));
    clinic.book("b1", "2027-02-04T08:00:00Z");
    for _ in 0..4 {
        clinic.sync().await.unwrap();
        assert_eq!((clinic.booked().len(), practice.events().len()), (2, 3), "a break is nobody's appointment");
    }
    assert!(clinic.booked().iter().all(|record| record.references[&person::KIND] == clinic.contact));
    assert_eq!(clinic.questions().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_booking_waits_for_an_invoice_and_is_not_lost() {
    let clinic = Clinic::new(Quirks::default(), ClockFields::Zone).await;
    clinic.book("b1", START_AT);
    for _ in 0..2 {
        clinic.sync().await.unwrap();
        assert_eq!(clinic.questions().await, ["prerequisite"]);
    }
    clinic.practice.practice().open_invoice(clinic.patient);
    clinic.sync().await.unwrap();
    clinic.sync().await.unwrap();
    assert_eq!(clinic.practice.practice().events().len(), 1);
    assert_eq!(clinic.questions().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_stops_the_run_after_one_appointment() {
    let events = EventQuirks { clock_fields: ephysio_emulator::ClockFields::Local, ..EventQuirks::default() };
    let clinic = Clinic::new(quirks(events), ClockFields::Utc).await;
    clinic.practice.practice().open_invoice(clinic.patient);
    for day in 1..9 {
        clinic.book(&format!("b{day}"), &format!("2027-02-0{day}T08:00:00Z"));
    }
    let error = clinic.sync().await.unwrap_err();
    assert!(error.to_string().contains("than was written to it"), "{error}");
    assert_eq!(clinic.practice.practice().events().len(), 1);
}
