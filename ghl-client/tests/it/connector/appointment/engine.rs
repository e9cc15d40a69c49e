//! The engine between another system's calendar and GHL's.

use std::sync::Arc;
use std::time::Duration;

use emulator_kit::{Fault, Rule};
use ghl_client::connector::appointment::Settings;
use ghl_client::{SlotCheck, Version};
use ghl_emulator::{Appointment, AppointmentStatus};
use http::Method;
use serde_json::json;
use sync_core::testing::{MemoryEndpoint, SeededEnv, Shape};
use sync_core::vocabulary::appointment::{self, AppointmentSchema, OPEN};
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{
    Digester, Engine, Env, Field, FieldName, FieldPolicy, MappingReader, MemoryStore, Policy, Record, RecordId, Removal, Review,
    ReviewQuery, Schema, Scope, Setup, SharedIdentifier, Sides, Sink, TenantId,
};
use sync_http::WallClock;

use super::{Practice, planned, time};

const PERSON: [&str; 4] = ["given_name", "family_name", "email", "phone"];
const APPOINTMENT: [&str; 4] = ["start", "end", "status", "practitioner"];
const MONDAY: &str = "2026-03-09T08:00:00Z";
const TUESDAY: &str = "2026-03-10T08:00:00Z";

/// GHL on the right; Anna is on both sides.
struct Clinic {
    left: MemoryEndpoint,
    practice: Practice,
    store: Arc<MemoryStore>,
    env: Arc<SeededEnv>,
    patient: RecordId,
    slot_check: SlotCheck,
}

fn tenant() -> TenantId {
    TenantId::from_static("t")
}

fn policy(kind: sync_core::Kind, fields: &[&'static str]) -> Policy {
    let fields = fields.iter().map(|name| (FieldName::from_static(name), FieldPolicy::default()));
    Policy { fields: fields.collect(), shared_identifier: SharedIdentifier::Review, ..Policy::closed(kind) }
}

impl Clinic {
    fn new(slot_check: SlotCheck) -> Self {
        let practice = Practice::new();
        let anna = [("given_name", "Anna"), ("family_name", "Muster"), ("email", "anna@example.test"), ("phone", "+41791234567")];
        practice.emulator.front_desk().update(&practice.contact, json!({ "email": "anna@example.test", "phone": "+41791234567" }));
        let env = Arc::new(SeededEnv::frozen(7));
        let people = Shape::full(person::KIND, &PERSON).with_schema(Arc::new(PersonSchema::default()));
        let events = Shape::full(appointment::KIND, &APPOINTMENT).with_schema(Arc::new(AppointmentSchema));
        let left = MemoryEndpoint::new("L", env.clone(), [people, events]);
        let patient = left.add(&person::KIND, &anna);
        Self { left, practice, store: Arc::new(MemoryStore::new()), env, patient, slot_check }
    }

    fn engine(&self, schema: Arc<dyn Schema>, policy: Policy, right: Arc<dyn Sink>) -> Engine {
        let digester = Digester::new(&[7; 32], 1);
        let setup = Setup { tenant: tenant(), schema, policy, digester, env: self.env.clone() };
        let left: Arc<dyn Sink> = Arc::new(self.left.clone());
        Engine::new(setup, Sides::new(left, right), self.store.clone()).unwrap()
    }

    /// People, then appointments.
    async fn sync(&self) {
        self.env.advance(Duration::from_secs(60));
        let client = self.practice.client(Version::CALENDARS);
        let contacts = ghl_client::connector::Connector::connect(client, ghl_client::connector::Settings::default()).await.unwrap();
        let people = self.engine(Arc::new(PersonSchema::default()), policy(person::KIND, &PERSON), Arc::new(contacts));
        people.sweep().await.unwrap();
        let env = self.env.clone();
        let settings = Settings { slot_check: self.slot_check, ..self.practice.settings() };
        let calendars = self.practice.connector_with(settings).with_clock(WallClock::new(move || env.now()));
        let open = || Scope::Mark(OPEN.to_owned());
        let policy = Policy {
            scope: Sides::new(open(), open()),
            removal: Sides::new(Removal::Remove, Removal::Remove),
            in_use: Sides::new(open(), open()),
            ..policy(appointment::KIND, &APPOINTMENT)
        };
        self.engine(Arc::new(AppointmentSchema), policy, Arc::new(calendars)).sweep().await.unwrap();
    }

    /// A sweep in which nothing is written on either side.
    async fn sync_without_a_write(&self) {
        let before = (self.left.writes().len(), self.writes());
        self.sync().await;
        assert_eq!((self.left.writes().len(), self.writes()), before, "this sweep should not write");
    }

    /// How often a calendar of GHL was written to.
    fn writes(&self) -> usize {
        let is_write = |entry: &&emulator_kit::Entry| entry.path.starts_with("/calendars/") && entry.method != Method::GET;
        self.practice.emulator.journal().entries().iter().filter(is_write).count()
    }

    /// Enters an appointment of Anna's with Anja on the left.
    fn enter(&self, id: &str, start: &str) -> RecordId {
        let end = format!("{}:30:00Z", &start[..13]);
        let mut record = Record { fields: planned(start, &end), ..Record::new(appointment::KIND, id.into()) };
        record.references.insert(person::KIND, self.patient.clone());
        record.marks.insert(OPEN.into());
        self.left.put(record);
        id.into()
    }

    fn booked(&self) -> Vec<Appointment> {
        self.practice.emulator.front_desk().appointments()
    }

    async fn reviews(&self) -> Vec<Review> {
        let query = ReviewQuery { values: true, ..ReviewQuery::default() };
        self.store.reviews(&tenant(), &query).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn an_appointment_is_booked_once_and_moves_both_ways() {
    let clinic = Clinic::new(SlotCheck::None);
    let event = clinic.enter("e1", MONDAY);
    clinic.sync().await;
    let booked = clinic.booked().remove(0);
    assert_eq!((booked.start, &booked.contact_id), (time(MONDAY), &clinic.practice.contact));
    clinic.sync_without_a_write().await;
    clinic.left.change(&event, |record| {
        record.fields.set(appointment::START, Field::Value(TUESDAY));
        record.fields.set(appointment::END, Field::Value("2026-03-10T08:45:00Z"));
    });
    clinic.sync().await;
    let moved = clinic.booked().remove(0);
    assert_eq!((moved.id.as_str(), moved.start, moved.end), (booked.id.as_str(), time(TUESDAY), time("2026-03-10T08:45:00Z")));
    clinic.practice.emulator.front_desk().no_show(&booked.id);
    clinic.sync().await;
    assert_eq!(clinic.left.value(&event, "status").as_deref(), Some("no_show"));
    clinic.sync_without_a_write().await;
    assert_eq!((clinic.booked().len(), clinic.reviews().await.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_staff_book_in_ghl_reaches_the_practice() {
    let clinic = Clinic::new(SlotCheck::None);
    clinic.practice.booked_in(1, MONDAY);
    clinic.sync().await;
    let events = clinic.left.records(&appointment::KIND);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].fields.get(&appointment::PRACTITIONER), Field::Value("beat meier"));
    assert_eq!(events[0].references[&person::KIND], clinic.patient);
    clinic.sync_without_a_write().await;
}

#[tokio::test(start_paused = true)]
async fn a_booking_is_cancelled_once_when_its_event_vanished_and_then_left_alone() {
    let clinic = Clinic::new(SlotCheck::None);
    let event = clinic.enter("e1", MONDAY);
    clinic.sync().await;
    clinic.sync_without_a_write().await;
    clinic.left.remove_by_hand(&event);
    for _ in 0..3 {
        clinic.sync().await;
    }
    assert_eq!(clinic.booked().remove(0).status, AppointmentStatus::Cancelled);
    assert_eq!(clinic.writes(), 2, "one booking and one cancellation");
    for _ in 0..3 {
        clinic.sync_without_a_write().await;
    }
    assert!(clinic.left.records(&appointment::KIND).is_empty() && clinic.reviews().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_somebody_else_has_is_a_question_about_both() {
    let clinic = Clinic::new(SlotCheck::AnyDate);
    let urs = clinic.practice.emulator.front_desk().create(json!({ "firstName": "Urs" }));
    let other = clinic.practice.booked(MONDAY);
    clinic.practice.emulator.front_desk().change_appointment(&other, |appointment| appointment.contact_id = urs);
    clinic.enter("e1", MONDAY);
    clinic.sync().await;
    let reviews = clinic.reviews().await;
    let asked = reviews.iter().find(|review| review.records.left == Some("e1".into())).unwrap();
    assert_eq!(asked.reason, sync_core::Reason::SharedIdentifier { other: other.as_str().into() });
    assert_eq!(clinic.booked().len(), 1);
    clinic.sync_without_a_write().await;
}

#[tokio::test(start_paused = true)]
async fn a_booking_whose_answer_was_lost_is_found_and_not_made_again() {
    let clinic = Clinic::new(SlotCheck::None);
    clinic.enter("e1", MONDAY);
    clinic.practice.emulator.faults().add(Rule::on("/calendars/events/appointments", Fault::CutAfter));
    clinic.sync().await;
    clinic.env.advance(Duration::from_secs(700));
    clinic.sync().await;
    assert_eq!((clinic.booked().len(), clinic.writes()), (1, 1));
    clinic.sync_without_a_write().await;
}
