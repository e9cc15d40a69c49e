//! A clinic with a calendar: appointments belong to people.

use std::sync::Arc;
use std::time::Duration;

use sync_core::testing::{Call, CallKind, Fault, MemoryEndpoint, SeededEnv, Shape};
use sync_core::vocabulary::appointment::{self, AppointmentSchema};
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{
    Absence, Action, Digester, Engine, Field, FieldName, FieldPolicy, MappingReader, MemoryStore, Policy, Presence, Record, RecordId,
    Removal, Report, Result, Review, ReviewQuery, Schema, Scope, Setup, Side, Sides, Sink, Support, check_order,
};

use crate::clinic::{anna, contacts, patients, policy, tenant};

pub(crate) const FIELDS: [&str; 4] = ["start", "end", "status", "practitioner"];

/// People and appointments on both sides.
pub(crate) struct Calendar {
    pub(crate) left: MemoryEndpoint,
    pub(crate) right: MemoryEndpoint,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) env: Arc<SeededEnv>,
    pub(crate) people: Policy,
    pub(crate) appointments: Policy,
}

/// Events: listed only; changing and cancelling them is for people.
pub(crate) fn events() -> Shape {
    Shape::full(appointment::KIND, &FIELDS).with_schema(Arc::new(AppointmentSchema)).describing(|side| {
        side.single_read = false;
        side.search.clear();
        side.carries_token = false;
        side.update = Support::Manual;
        side.remove = Support::Manual;
        side.absence = Absence::Gone;
    })
}

/// Bookings: everything can be done to them, but they carry no token.
pub(crate) fn bookings() -> Shape {
    Shape::full(appointment::KIND, &FIELDS).with_schema(Arc::new(AppointmentSchema)).describing(|side| {
        side.search.clear();
        side.carries_token = false;
    })
}

impl Calendar {
    pub(crate) fn new() -> Self {
        Self::shaped(events(), bookings())
    }

    pub(crate) fn shaped(left: Shape, right: Shape) -> Self {
        let env = Arc::new(SeededEnv::frozen(7));
        let fields = FIELDS.iter().map(|name| (FieldName::from_static(name), FieldPolicy::default()));
        let open = || Scope::Mark(appointment::OPEN.to_owned());
        Self {
            left: MemoryEndpoint::new("L", env.clone(), [patients(), left]),
            right: MemoryEndpoint::new("R", env.clone(), [contacts(), right]),
            store: Arc::new(MemoryStore::new()),
            env,
            people: Policy { pulled: Sides::new(false, true), ..policy() },
            appointments: Policy {
                fields: fields.collect(),
                scope: Sides::new(open(), open()),
                removal: Sides::new(Removal::Remove, Removal::Remove),
                in_use: Sides::new(open(), open()),
                ..Policy::closed(appointment::KIND)
            },
        }
    }

    pub(crate) fn engine(&self, schema: Arc<dyn Schema>, policy: &Policy) -> Engine {
        let digester = Digester::new(&[7; 32], 1);
        let setup = Setup { tenant: tenant(), schema, policy: policy.clone(), digester, env: self.env.clone() };
        let sides: Sides<Arc<dyn Sink>> = Sides::new(Arc::new(self.left.clone()), Arc::new(self.right.clone()));
        Engine::new(setup, sides, self.store.clone()).unwrap()
    }

    pub(crate) fn people(&self) -> Engine {
        self.engine(Arc::new(PersonSchema::default()), &self.people)
    }

    pub(crate) fn bookings(&self) -> Engine {
        self.engine(Arc::new(AppointmentSchema), &self.appointments)
    }

    /// People first, then appointments; once more where appointments need people. The report is that of the appointments.
    pub(crate) async fn sync(&self) -> Report {
        self.try_sync().await.unwrap()
    }

    pub(crate) async fn try_sync(&self) -> Result<Report> {
        loop {
            self.env.advance(Duration::from_secs(60));
            self.people().sweep().await?;
            let report = self.bookings().sweep().await?;
            if report.pulled == 0 {
                return Ok(report);
            }
        }
    }

    pub(crate) async fn sync_without_a_write(&self) -> Report {
        let before = self.writes().len();
        let report = self.sync().await;
        assert_eq!(self.writes()[before..], [], "this sweep should not write");
        report
    }

    pub(crate) fn writes(&self) -> Vec<Call> {
        self.left.writes().into_iter().chain(self.right.writes()).collect()
    }

    pub(crate) async fn reasons(&self) -> Vec<&'static str> {
        self.reviews().await.iter().map(|review| review.reason.name()).collect()
    }

    pub(crate) async fn reviews(&self) -> Vec<Review> {
        let query = ReviewQuery { values: true, ..ReviewQuery::default() };
        self.store.reviews(&tenant(), &query).await.unwrap().into_iter().filter(|review| review.decision.is_none()).collect()
    }

    /// Enters an appointment of somebody.
    pub(crate) fn book(side: &MemoryEndpoint, person: &RecordId, id: &str, start: &str) -> RecordId {
        let mut record = Record::new(appointment::KIND, id.into());
        let end = format!("{}:30:00Z", &start[..13]);
        for (name, value) in [("start", start), ("end", end.as_str()), ("status", "planned"), ("practitioner", "anna")] {
            record.fields.set(FieldName::from_static(name), Field::Value(value));
        }
        record.references.insert(person::KIND, person.clone());
        record.marks.insert(appointment::OPEN.into());
        side.put(record);
        id.into()
    }

    pub(crate) fn booked(side: &MemoryEndpoint) -> Vec<Record> {
        side.records(&appointment::KIND)
    }

    /// Bookings that were created bear no marks of their own here.
    fn show_as_open(&self) {
        for booking in Self::booked(&self.right) {
            self.right.change(&booking.id, |record| {
                record.marks.insert(appointment::OPEN.into());
            });
        }
    }

    pub(crate) fn created(side: &MemoryEndpoint) -> usize {
        let is_booking = |call: &&Call| matches!(call, Call::Create { kind, .. } if *kind == appointment::KIND);
        side.calls().iter().filter(is_booking).count()
    }

    /// Anna, who is on both sides after a sync.
    pub(crate) async fn with_anna() -> (Self, RecordId, RecordId) {
        let calendar = Self::new();
        let patient = calendar.left.add(&person::KIND, &anna());
        calendar.sync().await;
        let contact = calendar.right.records(&person::KIND)[0].id.clone();
        (calendar, patient, contact)
    }
}

const MONDAY: &str = "2026-03-09T08:00:00Z";
const TUESDAY: &str = "2026-03-10T08:00:00Z";

#[tokio::test]
async fn an_appointment_is_created_once_for_the_counterpart_of_its_person() {
    let (calendar, patient, contact) = Calendar::with_anna().await;
    Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    let booked = Calendar::booked(&calendar.right);
    assert_eq!(booked.len(), 1);
    assert_eq!(booked[0].references[&person::KIND], contact);
    calendar.sync_without_a_write().await;
    let report = calendar.sync_without_a_write().await;
    assert_eq!((report.counts.left.unchanged, report.counts.right.unchanged), (1, 1));
}

#[tokio::test]
async fn an_appointment_waits_for_its_person_and_pulls_them_in() {
    let calendar = Calendar::new();
    let contact = calendar.right.add(&person::KIND, &anna());
    Calendar::book(&calendar.right, &contact, "b1", MONDAY);
    calendar.env.advance(Duration::from_secs(60));
    calendar.people().sweep().await.unwrap();
    assert_eq!(calendar.left.records(&person::KIND).len(), 0, "a contact without a mark stays a contact");
    let report = calendar.bookings().sweep().await.unwrap();
    assert_eq!((report.pulled, report.counts.right.parked), (1, 1));
    calendar.sync().await;
    let patients = calendar.left.records(&person::KIND);
    assert_eq!(patients.len(), 1);
    assert_eq!(Calendar::booked(&calendar.left)[0].references[&person::KIND], patients[0].id);
    calendar.sync_without_a_write().await;
}

#[tokio::test]
async fn a_person_who_may_not_be_passed_on_is_not_pulled_in() {
    let mut calendar = Calendar::new();
    calendar.people.scope.left = Scope::PulledOnly;
    let patient = calendar.left.add(&person::KIND, &anna());
    Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    let report = calendar.sync().await;
    assert_eq!(report.counts.left.parked, 1);
    assert_eq!((calendar.right.records(&person::KIND).len(), Calendar::booked(&calendar.right).len()), (0, 0));
    calendar.sync_without_a_write().await;
}

#[tokio::test]
async fn the_same_slot_of_the_same_person_on_both_sides_is_linked_and_not_doubled() {
    let (calendar, patient, contact) = Calendar::with_anna().await;
    Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    Calendar::book(&calendar.right, &contact, "b1", MONDAY);
    calendar.sync_without_a_write().await;
    assert_eq!(calendar.reasons().await, [""; 0]);
    calendar.right.edit(&"b1".into(), "status", "confirmed");
    calendar.sync().await;
    let review = calendar.reviews().await.remove(0);
    assert_eq!((review.reason.name(), review.records), ("manual", Sides::new(Some("e1".into()), Some("b1".into()))));
}

#[tokio::test]
async fn two_bookings_in_one_slot_are_a_question() {
    let (calendar, patient, contact) = Calendar::with_anna().await;
    Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    Calendar::book(&calendar.right, &contact, "b1", MONDAY);
    Calendar::book(&calendar.right, &contact, "b2", MONDAY);
    calendar.sync_without_a_write().await;
    assert!(calendar.reasons().await.contains(&"ambiguous"));
}

#[tokio::test]
async fn a_move_on_the_left_moves_the_booking_and_one_on_the_right_is_a_task_that_closes_itself() {
    let (calendar, patient, _) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.left.edit(&event, "start", TUESDAY);
    calendar.sync().await;
    let booking = Calendar::booked(&calendar.right).remove(0);
    assert_eq!(booking.fields.get(&appointment::START), Field::Value(TUESDAY));
    assert_eq!(Calendar::created(&calendar.right), 1, "moved, not made anew");
    calendar.right.edit(&booking.id, "start", MONDAY);
    calendar.sync_without_a_write().await;
    let review = calendar.reviews().await.remove(0);
    assert_eq!(review.reason.name(), "manual");
    assert_eq!(review.values.0[&appointment::START], Sides::new(Some(TUESDAY.to_owned()), Some(MONDAY.to_owned())));
    calendar.left.edit(&event, "start", MONDAY);
    calendar.sync_without_a_write().await;
    assert_eq!(calendar.reasons().await, [""; 0], "staff made the change: the task is over");
}

#[tokio::test]
async fn an_event_that_vanished_cancels_the_booking_after_a_second_complete_listing() {
    let (calendar, patient, _) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.show_as_open();
    calendar.sync().await;
    calendar.left.remove_by_hand(&event);
    calendar.sync_without_a_write().await;
    calendar.sync().await;
    assert_eq!(Calendar::booked(&calendar.right).len(), 0);
    assert!(matches!(calendar.right.writes().last(), Some(Call::Remove(..))));
    calendar.sync_without_a_write().await;
}

#[tokio::test]
async fn a_vanished_event_cancels_the_booking_also_where_bookings_are_not_passed_on() {
    let (mut calendar, patient, _) = Calendar::with_anna().await;
    calendar.appointments.scope.right = Scope::PulledOnly;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.show_as_open();
    calendar.sync().await;
    calendar.left.remove_by_hand(&event);
    calendar.sync().await;
    calendar.sync().await;
    assert_eq!(Calendar::booked(&calendar.right).len(), 0, "scope is about what is created, not about what was");
    calendar.sync_without_a_write().await;
}

#[tokio::test]
async fn a_removal_that_failed_is_tried_again() {
    for was_at_rest in [false, true] {
        let (calendar, patient, _) = Calendar::with_anna().await;
        let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
        calendar.sync().await;
        calendar.show_as_open();
        if was_at_rest {
            calendar.sync().await;
        }
        calendar.left.remove_by_hand(&event);
        calendar.sync().await;
        calendar.right.faults().fail_next(CallKind::Remove, Fault::Temporary);
        calendar.sync().await;
        assert_eq!(Calendar::booked(&calendar.right).len(), 1, "the first attempt failed");
        calendar.sync().await;
        assert_eq!(Calendar::booked(&calendar.right).len(), 0, "at rest before: {was_at_rest}");
    }
}

#[tokio::test]
async fn a_booking_that_is_gone_is_a_task_where_events_cannot_be_cancelled() {
    let (calendar, patient, _) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.right.remove_by_hand(&Calendar::booked(&calendar.right)[0].id);
    calendar.sync().await;
    calendar.sync().await;
    assert_eq!(calendar.reasons().await, ["manual_removal"]);
    calendar.left.change(&event, |record| {
        record.fields.set(appointment::STATUS, Field::Value("cancelled"));
        record.marks.clear();
    });
    calendar.sync_without_a_write().await;
    assert_eq!(calendar.reasons().await, [""; 0]);
}

#[tokio::test]
async fn a_booking_that_was_moved_or_taken_up_again_after_its_event_had_gone_is_a_question() {
    for moved in [true, false] {
        let (calendar, patient, _) = Calendar::with_anna().await;
        let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
        calendar.sync().await;
        calendar.show_as_open();
        calendar.sync().await;
        let booking = Calendar::booked(&calendar.right)[0].id.clone();
        if !moved {
            calendar.right.change(&booking, |record| record.presence = Presence::Deleted);
        }
        calendar.left.remove_by_hand(&event);
        for _ in 0..if moved { 1 } else { 3 } {
            calendar.sync().await;
        }
        calendar.right.change(&booking, |record| {
            record.presence = Presence::Live;
            record.fields.set(appointment::START, Field::Value(if moved { TUESDAY } else { MONDAY }));
        });
        for _ in 0..3 {
            calendar.sync_without_a_write().await;
            calendar.sync_without_a_write().await;
        }
        assert_eq!(calendar.reasons().await, ["manual_removal"], "moved: {moved}");
    }
}

#[tokio::test]
async fn a_plan_does_not_promise_to_cancel_a_booking_that_was_moved_long_before_its_event_went() {
    let (calendar, patient, _) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.show_as_open();
    calendar.right.edit(&Calendar::booked(&calendar.right)[0].id, "start", TUESDAY);
    calendar.sync().await;
    calendar.sync_without_a_write().await;
    calendar.left.remove_by_hand(&event);
    calendar.sync_without_a_write().await;
    calendar.env.advance(Duration::from_secs(60));
    let planned = calendar.bookings().plan().await.unwrap();
    let removed = planned.operations.iter().filter(|operation| operation.action == Action::Remove);
    assert_eq!(removed.count(), 0);
    calendar.sync_without_a_write().await;
    assert_eq!(calendar.reasons().await, ["manual_removal"], "somebody wants it at another time");
}

#[tokio::test]
async fn what_leaves_the_window_is_not_removed() {
    let (calendar, patient, _) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    let today = sync_core::Env::now(calendar.env.as_ref()).date_naive();
    calendar.left.change(&event, |record| record.expires = Some(today + chrono::Days::new(30)));
    calendar.sync().await;
    calendar.env.advance(Duration::from_secs(31 * 86_400));
    calendar.left.remove_by_hand(&event);
    for _ in 0..3 {
        calendar.sync_without_a_write().await;
    }
    assert_eq!(Calendar::booked(&calendar.right).len(), 1);
}

#[tokio::test]
async fn appointments_of_a_person_taken_apart_freeze_and_move_along_once_the_person_is_linked_anew() {
    let (calendar, patient, contact) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    let link = calendar.people().desk().find(Side::Left, &patient).await.unwrap().unwrap();
    calendar.people().desk().unlink(link.id).await.unwrap();
    calendar.left.edit(&event, "start", TUESDAY);
    calendar.sync_without_a_write().await;
    assert_eq!(calendar.reasons().await, ["frozen"]);

    let other = calendar.right.add(&person::KIND, &[("given_name", "Anna"), ("family_name", "Müller")]);
    calendar.sync_without_a_write().await;
    calendar.people().desk().link(&patient, &other).await.unwrap();
    calendar.sync().await;
    let booked = Calendar::booked(&calendar.right);
    assert_eq!(booked.len(), 1, "none is there twice");
    assert_eq!(booked[0].references[&person::KIND], other);
    assert_ne!(booked[0].references[&person::KIND], contact);
    assert_eq!(booked[0].fields.get(&appointment::START), Field::Value(TUESDAY));
    assert_eq!(calendar.reasons().await, [""; 0]);
    calendar.sync_without_a_write().await;
}

#[tokio::test]
async fn a_booking_that_a_merge_gave_to_another_contact_is_not_cancelled_before_it_is_known_who_that_is() {
    let (calendar, patient, contact) = Calendar::with_anna().await;
    Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.sync().await;
    let booking = Calendar::booked(&calendar.right)[0].id.clone();
    calendar.right.remove_by_hand(&contact);
    let winner = calendar.right.add(&person::KIND, &anna());
    calendar.right.change(&booking, |record| {
        record.references.insert(person::KIND, winner.clone());
    });
    let before = calendar.writes().len();
    calendar.env.advance(Duration::from_secs(60));
    calendar.people().catch_up(Side::Right, &[winner].into()).await.unwrap();
    assert_eq!(calendar.reasons().await, ["ambiguous"], "Anna is linked to a contact of whom nobody knows yet that it is gone");
    calendar.bookings().catch_up(Side::Right, &[booking].into()).await.unwrap();
    assert_eq!(calendar.writes()[before..], [], "nobody cancelled anything");
    for _ in 0..3 {
        calendar.sync_without_a_write().await;
    }
    assert_eq!(calendar.reasons().await, [""; 0]);
}

#[tokio::test]
async fn an_event_given_to_another_patient_moves_to_the_other_contact() {
    let (calendar, patient, _) = Calendar::with_anna().await;
    let other = calendar.left.add(&person::KIND, &[("given_name", "Beat"), ("family_name", "Keller"), ("email", "beat@example.ch")]);
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.left.change(&event, |record| {
        record.references.insert(person::KIND, other.clone());
    });
    calendar.sync().await;
    let beat = calendar.people().desk().find(Side::Left, &other).await.unwrap().unwrap().ends.right.unwrap().id;
    let booked = Calendar::booked(&calendar.right);
    assert_eq!(booked.iter().map(|record| record.references[&person::KIND].clone()).collect::<Vec<_>>(), [beat]);
    calendar.sync_without_a_write().await;
}

#[tokio::test]
async fn a_contact_that_is_gone_takes_no_appointment_out_of_the_practice() {
    let (calendar, patient, contact) = Calendar::with_anna().await;
    Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.right.remove_by_hand(&Calendar::booked(&calendar.right)[0].id);
    calendar.right.remove_by_hand(&contact);
    for _ in 0..3 {
        calendar.sync_without_a_write().await;
    }
    assert_eq!(Calendar::booked(&calendar.left).len(), 1);
    assert_eq!(calendar.reasons().await, [""; 0], "nobody is told to cancel it");
}

#[tokio::test]
async fn an_event_that_went_while_its_patient_was_away_cancels_the_booking_once_they_are_back() {
    let (calendar, patient, _) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.show_as_open();
    calendar.sync().await;
    calendar.left.deactivate(&patient);
    calendar.sync_without_a_write().await;
    calendar.left.remove_by_hand(&event);
    for _ in 0..3 {
        calendar.sync_without_a_write().await;
    }
    calendar.left.change(&patient, |record| record.presence = Presence::Live);
    for _ in 0..2 {
        calendar.sync().await;
    }
    assert!(Calendar::booked(&calendar.right).is_empty(), "it is cancelled");
    assert_eq!(calendar.reasons().await, [""; 0]);
    calendar.sync_without_a_write().await;
}

#[tokio::test]
async fn an_appointment_that_went_with_its_contact_is_a_question_once_the_contact_is_entered_anew() {
    let (calendar, patient, contact) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.sync().await;
    calendar.right.remove_by_hand(&Calendar::booked(&calendar.right)[0].id);
    calendar.right.remove_by_hand(&contact);
    calendar.sync_without_a_write().await;
    calendar.right.add(&person::KIND, &anna());
    for _ in 0..3 {
        calendar.sync_without_a_write().await;
    }
    assert_eq!(calendar.reasons().await, ["manual_removal"], "nobody cancelled it, and it is on one side only");
    calendar.left.remove_by_hand(&event);
    calendar.sync().await;
    calendar.sync_without_a_write().await;
    assert_eq!(calendar.reasons().await, [""; 0], "the question closes with what it asks about");
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_by_its_slot() {
    let (calendar, patient, _) = Calendar::with_anna().await;
    Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    calendar.right.faults().fail_next(CallKind::Create, Fault::LostAnswer);
    calendar.sync().await;
    calendar.env.advance(Duration::from_secs(700));
    calendar.sync_without_a_write().await;
    assert_eq!(Calendar::booked(&calendar.right).len(), 1);
    calendar.sync_without_a_write().await;
}

#[tokio::test]
async fn a_side_that_shows_another_time_than_was_written_stops_the_run_and_shifts_nothing() {
    let shifted = |start: &str| start.replace("T08", "T09");
    let calendar = Calendar::shaped(events(), bookings().with_stored("start", shifted));
    let patient = calendar.left.add(&person::KIND, &anna());
    calendar.sync().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", MONDAY);
    let error = calendar.try_sync().await.unwrap_err();
    assert!(error.to_string().contains("shows another start than was written"), "{error}");
    for _ in 0..2 {
        calendar.sync_without_a_write().await;
    }
    assert_eq!(calendar.reasons().await, ["first_difference"]);
    assert_eq!(calendar.left.value(&event, "start").as_deref(), Some(MONDAY), "the practice's own time stands");
}

#[test]
fn a_kind_comes_after_those_it_refers_to() {
    let (person, appointment) = (PersonSchema::default(), AppointmentSchema);
    assert!(check_order(&[&person, &appointment]).is_ok());
    let error = check_order(&[&appointment, &person]).unwrap_err();
    assert!(error.to_string().contains("appointment refers to person"), "{error}");
}
