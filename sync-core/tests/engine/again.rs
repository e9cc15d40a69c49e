//! What happened before: to another sync, to a store that is lost, to two sides that agreed from the start.

use std::sync::Arc;

use sync_core::MemoryStore;
use sync_core::testing::CallKind;
use sync_core::vocabulary::person::KIND;

use crate::calendar::Calendar;
use crate::clinic::{Clinic, anna};

/// People with a name, an e-mail address and a phone of their own.
fn people(number: usize) -> Clinic {
    let clinic = Clinic::new();
    for n in 0..number {
        let mut person = anna();
        let (given, email, phone) = (format!("Berta {n}"), format!("p{n}@example.ch"), format!("+4179123{n:04}"));
        (person[0].1, person[2].1, person[3].1) = (&given, &email, &phone);
        clinic.left.add(&KIND, &person);
    }
    clinic
}

/// The same two sides, seen by a sync that remembers nothing.
fn with_an_empty_store(clinic: &Clinic) -> Clinic {
    Clinic {
        left: clinic.left.clone(),
        right: clinic.right.clone(),
        store: Arc::new(MemoryStore::new()),
        env: clinic.env.clone(),
        policy: clinic.policy.clone(),
        ..*clinic
    }
}

#[tokio::test]
async fn two_syncs_over_the_same_systems_double_nobody_and_come_to_rest() {
    let ours = people(12);
    let theirs = with_an_empty_store(&ours);
    for round in 0..4 {
        let patient = ours.left.records(&KIND)[round].id.clone();
        ours.left.edit(&patient, "family_name", &format!("Meier {round}"));
        ours.sync().await;
        theirs.sync().await;
    }
    ours.sync().await;
    theirs.sync().await;
    assert_eq!((ours.left.records(&KIND).len(), ours.right.records(&KIND).len()), (12, 12));
    for _ in 0..3 {
        ours.sync_without_a_write().await;
        theirs.sync_without_a_write().await;
    }
    assert_eq!((ours.reasons().await, theirs.reasons().await), (vec![], vec![]), "each knows all pairs");
}

#[tokio::test]
async fn a_store_that_is_lost_costs_no_write_and_doubles_nothing() {
    let clinic = people(30);
    clinic.sync().await;
    let anew = with_an_empty_store(&clinic);
    for _ in 0..2 {
        anew.sync_without_a_write().await;
    }
    assert_eq!(anew.reasons().await, [""; 0]);
    let patient = anew.left.records(&KIND)[0].id.clone();
    anew.left.edit(&patient, "family_name", "Meier");
    anew.sync().await;
    assert_eq!(anew.right.count(CallKind::Update), 1, "it goes on with the pairs that it found");
}

#[tokio::test]
async fn a_store_that_is_lost_doubles_no_appointment() {
    let (mut calendar, patient, _) = Calendar::with_anna().await;
    for n in 0..5 {
        Calendar::book(&calendar.left, &patient, &format!("e{n}"), &format!("2026-03-09T{:02}:00:00Z", 8 + n));
    }
    calendar.sync().await;
    calendar.store = Arc::new(MemoryStore::new());
    for _ in 0..3 {
        calendar.sync_without_a_write().await;
    }
    assert_eq!((Calendar::booked(&calendar.left).len(), Calendar::booked(&calendar.right).len()), (5, 5));
    calendar.left.edit(&"e0".into(), "start", "2026-03-10T07:00:00Z");
    calendar.sync().await;
    let starts = Calendar::booked(&calendar.right).into_iter().filter_map(|booking| calendar.right.value(&booking.id, "start"));
    assert_eq!(starts.filter(|start| start == "2026-03-10T07:00:00Z").count(), 1, "it goes on with the pairs that it found");
}

#[tokio::test]
async fn a_pair_that_agreed_from_the_start_is_remembered_and_does_not_come_back_once_deleted() {
    let clinic = Clinic::new();
    let patient = clinic.anna();
    let contact = clinic.right.add(&KIND, &anna());
    clinic.sync_without_a_write().await;
    clinic.right.remove_by_hand(&contact);
    for round in 0..4 {
        clinic.left.edit(&patient, "family_name", &format!("Meier {round}"));
        clinic.sync_without_a_write().await;
    }
    assert!(clinic.right.records(&KIND).is_empty(), "what somebody deleted stays deleted");
}

#[tokio::test]
async fn two_sides_that_were_always_empty_need_no_alarm() {
    let clinic = Clinic::new();
    for _ in 0..3 {
        let report = clinic.sync_without_a_write().await;
        assert_eq!((report.brakes.len(), report.open_reviews), (0, 0));
    }
}

#[tokio::test]
async fn many_copies_of_one_record_are_questions_and_everybody_else_is_synced() {
    let clinic = people(5);
    for _ in 0..40 {
        clinic.anna();
    }
    for _ in 0..2 {
        clinic.right.add(&KIND, &anna());
    }
    clinic.sync().await;
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.right.count(CallKind::Create), 5, "those who are only once");
    assert!(clinic.reasons().await.iter().all(|reason| *reason == "ambiguous"), "{:?}", clinic.reasons().await);
}
