//! What disappears, and what only seems to.

use std::time::Duration;

use sync_core::testing::{Bend, CallKind, Echo};
use sync_core::vocabulary::person::KIND;
use sync_core::{EndState, Reason, Removal, Side};

use crate::clinic::{Clinic, anna, contacts, patients};

async fn settled(people: usize) -> Clinic {
    let clinic = Clinic::new();
    for n in 0..people {
        let mut person = anna();
        let (email, phone) = (format!("p{n}@example.ch"), format!("+4179123{n:04}"));
        (person[2].1, person[3].1) = (&email, &phone);
        clinic.left.add(&KIND, &person);
    }
    clinic.sync().await;
    clinic.sync().await;
    clinic
}

#[tokio::test]
async fn an_empty_listing_where_many_were_known_writes_nothing() {
    for side in 0..2 {
        let clinic = settled(30).await;
        let faults = if side == 0 { clinic.left.faults() } else { clinic.right.faults() };
        faults.bend_next_listing(Bend::Empty);
        let report = clinic.sync_without_a_write().await;
        assert_eq!(report.brakes.len(), 1);
        assert_eq!(clinic.reasons().await, ["brake"]);
        clinic.sync_without_a_write().await;
        assert_eq!(clinic.reasons().await, [""; 0], "it closes by itself once the listing is whole again");
    }
}

#[tokio::test]
async fn a_listing_that_breaks_off_ends_the_run_with_an_error_and_changes_nothing() {
    for bend in [Bend::FailsAfter(10), Bend::StopsAfter(10)] {
        let clinic = settled(30).await;
        let before = clinic.writes().len();
        clinic.right.faults().bend_next_listing(bend);
        assert!(clinic.try_sync().await.is_err());
        assert_eq!(clinic.writes().len(), before);
        let report = clinic.sync_without_a_write().await;
        assert_eq!(report.counts.right.unchanged, 30);
    }
}

#[tokio::test]
async fn what_was_just_made_is_not_gone_because_listings_do_not_show_it_yet() {
    let clinic = Clinic::shaped(patients().with_echo(Echo::Id), contacts());
    let contact = clinic.right.add(&KIND, &anna());
    clinic.right.change(&contact, |record| {
        record.marks.insert("tag:patient".into());
    });
    clinic.sync().await;
    for _ in 0..3 {
        clinic.left.faults().bend_next_listing(Bend::Empty);
        clinic.env.advance(Duration::from_secs(100));
        clinic.sync_without_a_write().await;
    }
    let made = clinic.engine().desk().find(Side::Right, &contact).await.unwrap().unwrap();
    assert_eq!(made.ends.left.map(|end| end.state), Some(EndState::Present));
    let report = clinic.sync_without_a_write().await;
    assert_eq!(report.counts.left.scanned, 1, "there it is");
}

#[tokio::test]
async fn an_incomplete_listing_proves_no_absence() {
    let clinic = settled(3).await;
    for _ in 0..3 {
        clinic.right.faults().bend_next_listing(Bend::Incomplete);
        clinic.sync_without_a_write().await;
    }
    let report = clinic.sync_without_a_write().await;
    assert_eq!(report.counts.right.unchanged, 3);
}

#[tokio::test]
async fn a_contact_deleted_on_purpose_is_not_created_again() {
    let clinic = settled(3).await;
    let gone = clinic.right.records(&KIND)[0].id.clone();
    clinic.right.remove_by_hand(&gone);
    for _ in 0..4 {
        clinic.sync_without_a_write().await;
    }
    assert_eq!(clinic.right.records(&KIND).len(), 2);
    assert_eq!(clinic.left.records(&KIND).len(), 3, "a patient is never deleted");
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn a_contact_merged_into_a_free_one_is_followed() {
    let clinic = settled(1).await;
    let loser = clinic.contact();
    let mut again = anna();
    (again[2].1, again[3].1) = ("p0@example.ch", "+41791230000");
    let winner = clinic.right.add(&KIND, &again);
    clinic.right.merge(&winner, &loser);
    for _ in 0..3 {
        clinic.sync_without_a_write().await;
    }
    let patient = clinic.left.records(&KIND)[0].id.clone();
    clinic.left.edit(&patient, "family_name", "Meier");
    clinic.sync().await;
    assert_eq!(clinic.right.value(&winner, "family_name").as_deref(), Some("Meier"), "the winner took the loser's place");
    assert_eq!(clinic.right.count(CallKind::Create), 1, "only the first one");
}

#[tokio::test]
async fn two_patients_whose_contacts_were_merged_are_a_question() {
    let clinic = Clinic::new();
    clinic.anna();
    // The same person twice, with other ways to reach her.
    let mut twice = anna();
    (twice[2].1, twice[3].1) = ("zwei@example.ch", "+41791234599");
    clinic.left.add(&KIND, &twice);
    clinic.sync().await;
    clinic.sync().await;
    let contacts = clinic.right.records(&KIND);
    assert_eq!(contacts.len(), 2);
    clinic.right.merge(&contacts[0].id, &contacts[1].id);
    clinic.right.edit(&contacts[0].id, "phone", "+41791234599");
    for _ in 0..3 {
        clinic.sync().await;
    }
    let reviews = clinic.reviews().await;
    assert!(reviews.iter().any(|review| matches!(review.reason, Reason::MergedIntoLinked { .. })), "{reviews:?}");
}

#[tokio::test]
async fn a_patient_who_becomes_inactive_and_returns_is_the_same_patient() {
    let clinic = settled(1).await;
    let patient = clinic.left.records(&KIND)[0].id.clone();
    clinic.left.deactivate(&patient);
    for _ in 0..3 {
        clinic.sync_without_a_write().await;
    }
    clinic.left.reactivate(&patient);
    clinic.left.edit(&patient, "family_name", "Meier");
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1, "not created again");
    assert_eq!(clinic.right.value(&clinic.contact(), "family_name").as_deref(), Some("Meier"));
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_removal_that_the_rules_ask_for_needs_two_listings_and_an_unchanged_counterpart() {
    for edited in [false, true] {
        let mut clinic = settled(3).await;
        clinic.policy.removal.left = Removal::Remove;
        clinic.sync().await;
        let gone = clinic.right.records(&KIND)[0].clone();
        clinic.right.remove_by_hand(&gone.id);
        clinic.sync_without_a_write().await;
        if edited {
            let email = gone.fields.get(&"email".into()).value().unwrap().to_owned();
            let patient =
                clinic.left.records(&KIND).into_iter().find(|record| record.fields.get(&"email".into()).value() == Some(&email)).unwrap();
            clinic.left.edit(&patient.id, "family_name", "Meier");
        }
        clinic.sync().await;
        clinic.sync().await;
        assert_eq!(clinic.left.records(&KIND).len(), if edited { 3 } else { 2 }, "edited: {edited}");
    }
}
