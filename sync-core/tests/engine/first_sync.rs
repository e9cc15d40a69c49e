//! The first meeting: creating, matching, leaving alone.

use std::sync::Arc;

use sync_core::testing::{Bend, Call, CallKind, Fault};
use sync_core::vocabulary::person::KIND;
use sync_core::{Decision, Reason, SharedIdentifier};

use crate::clinic::{Clinic, anna};

#[tokio::test]
async fn a_first_sync_creates_each_contact_once_and_the_second_writes_nothing() {
    let clinic = with_patients(60);
    let report = clinic.sync().await;
    assert_eq!(report.counts.right.created, 60);
    assert_eq!(clinic.right.records(&KIND).len(), 60);
    assert_eq!(clinic.right.calls().len(), 61, "one listing and one call for each contact");
    clinic.sync_without_a_write().await;
    let report = clinic.sync_without_a_write().await;
    assert_eq!(report.counts.left.unchanged, 60);
    assert_eq!(report.counts.right.unchanged, 60);
    assert_eq!(report.open_reviews, 0);
}

#[tokio::test]
async fn a_run_that_created_many_reads_once_more_and_the_next_finds_them_at_rest() {
    let clinic = with_patients(100);
    let report = clinic.sync().await;
    assert_eq!((report.counts.right.created, report.counts.right.scanned), (100, 100));
    assert_eq!(clinic.right.calls().len(), 102, "two listings and one call for each contact");
    let report = clinic.sync_without_a_write().await;
    assert_eq!((report.counts.left.unchanged, report.counts.right.unchanged), (100, 100));
}

fn with_patients(number: usize) -> Clinic {
    let clinic = Clinic::new();
    for n in 0..number {
        let email = format!("p{n}@example.ch");
        let phone = format!("+4179123{n:04}");
        clinic.left.add(&KIND, &[("given_name", "Anna"), ("family_name", "Meier"), ("email", &email), ("phone", &phone)]);
    }
    clinic
}

#[tokio::test]
async fn a_person_in_both_systems_is_linked_on_two_identifiers_and_not_doubled() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.right.add(&KIND, &[("given_name", "Anna"), ("family_name", "Mueller"), ("email", "ANNA@example.ch"), ("phone", "+41791234501")]);
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
    assert_eq!(clinic.right.count(CallKind::Create), 0);
    assert_eq!(clinic.right.value(&clinic.contact(), "birth_date").as_deref(), Some("1980-05-04"), "what was empty is filled in");
    assert_eq!(clinic.reasons().await, ["first_difference"], "the names are spelt differently: a person decides");
}

#[tokio::test]
async fn a_family_that_shares_phone_and_email_is_never_merged() {
    let clinic = Clinic::new();
    clinic.anna();
    let mut twin = anna();
    twin[0].1 = "Berta";
    clinic.left.add(&KIND, &twin);
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1, "the second has nothing of her own to be reached by");
    assert_eq!(clinic.reasons().await, ["shared_identifier"]);
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_shared_email_is_left_out_and_the_rest_is_created() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.left.add(&KIND, &[("given_name", "Beat"), ("family_name", "Müller"), ("email", "anna@example.ch"), ("phone", "+41791234599")]);
    clinic.sync().await;
    let contacts = clinic.right.records(&KIND);
    assert_eq!(contacts.len(), 2);
    let beat = contacts.iter().find(|contact| clinic.right.value(&contact.id, "given_name").as_deref() == Some("Beat")).unwrap();
    assert_eq!(clinic.right.value(&beat.id, "email"), None);
    assert_eq!(clinic.right.value(&beat.id, "phone").as_deref(), Some("+41791234599"));
    clinic.sync_without_a_write().await;
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn who_has_the_email_and_was_made_by_a_create_that_the_store_forgot_is_a_question() {
    let mut clinic = Clinic::new();
    let anna = clinic.anna();
    clinic.sync().await;
    clinic.store = Arc::default();
    clinic.left.edit(&anna, "family_name", "Keller");
    clinic.left.edit(&anna, "phone", "+41791234599");
    clinic.sync().await;
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1, "nobody is made a second time");
    assert_eq!(clinic.reasons().await, ["possible_match"]);
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn who_shares_an_email_with_somebody_whom_the_store_forgot_is_created_once_they_are_known_again() {
    let mut clinic = Clinic::new();
    clinic.anna();
    clinic.sync().await;
    clinic.store = Arc::default();
    clinic.left.add(&KIND, &[("given_name", "Beat"), ("family_name", "Müller"), ("email", "anna@example.ch"), ("phone", "+41791234599")]);
    clinic.sync().await;
    clinic.sync().await;
    assert_eq!((clinic.right.records(&KIND).len(), clinic.reasons().await), (2, vec![]));
    clinic.sync().await;
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn with_the_rule_review_a_shared_email_is_a_question_and_nothing_is_created() {
    let mut clinic = Clinic::new();
    clinic.policy.shared_identifier = SharedIdentifier::Review;
    clinic.anna();
    clinic.left.add(&KIND, &[("given_name", "Beat"), ("family_name", "Müller"), ("email", "anna@example.ch"), ("phone", "+41791234599")]);
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
    assert_eq!(clinic.reasons().await, ["shared_identifier"]);
}

#[tokio::test]
async fn one_identifier_and_the_same_name_is_a_question() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.right.add(&KIND, &[("given_name", "Anna"), ("family_name", "Müller"), ("email", "anna@example.ch")]);
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, ["possible_match", "possible_match"], "one for each half");
}

#[tokio::test]
async fn two_equal_patients_for_one_contact_are_a_question() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.anna();
    clinic.right.add(&KIND, &anna());
    clinic.sync_without_a_write().await;
    assert!(clinic.reviews().await.iter().all(|review| matches!(review.reason, Reason::Ambiguous { .. })));
    assert_eq!(clinic.reviews().await.len(), 3);
}

#[tokio::test]
async fn leads_without_the_mark_are_left_alone_and_make_no_noise() {
    let clinic = Clinic::new();
    clinic.right.add(&KIND, &[("given_name", "Lea"), ("email", "lea@example.ch")]);
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0]);
    let report = clinic.sync_without_a_write().await;
    assert_eq!(report.counts.right.unchanged, 1, "the second sweep does not even decode it");
}

#[tokio::test]
async fn a_contact_with_the_mark_becomes_a_patient_once_its_data_suffice() {
    let clinic = Clinic::shaped(
        crate::clinic::patients().describing(|side| side.required = vec!["given_name".into(), "birth_date".into()]),
        crate::clinic::contacts(),
    );
    let lea = clinic.right.add(&KIND, &[("given_name", "Lea"), ("email", "lea@example.ch")]);
    clinic.right.change(&lea, |record| {
        record.marks.insert("tag:patient".into());
    });
    clinic.sync_without_a_write().await;
    let reviews = clinic.reviews().await;
    assert!(matches!(&reviews[0].reason, Reason::MissingData { fields, .. } if fields[0].as_str() == "birth_date"), "{reviews:?}");
    clinic.right.edit(&lea, "birth_date", "1990-01-02");
    clinic.sync().await;
    assert_eq!(clinic.left.records(&KIND).len(), 1);
    assert_eq!(clinic.reasons().await, [""; 0], "the question closed by itself");
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_plan_writes_nothing_and_a_sync_does_exactly_what_it_said() {
    let clinic = Clinic::new();
    clinic.anna();
    let plan = clinic.plan().await;
    assert_eq!(plan.writes().count(), 1);
    assert_eq!(clinic.writes(), []);
    assert_eq!(clinic.plan().await, plan, "the store is as it was");
    clinic.sync().await;
    assert!(matches!(clinic.writes()[..], [Call::Create { .. }]));
    assert_eq!(clinic.plan().await.writes().count(), 0);
}

#[tokio::test]
async fn different_means_that_both_are_kept_apart_for_good() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.right.add(&KIND, &[("given_name", "Anna"), ("family_name", "Müller"), ("email", "anna@example.ch")]);
    clinic.sync().await;
    for review in clinic.reviews().await {
        clinic.engine().desk().decide(review.id, Decision::Different).await.unwrap();
    }
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 2, "she gets a contact of her own, without the shared e-mail");
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn same_means_that_the_two_are_linked() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.right.add(&KIND, &[("given_name", "Anna"), ("family_name", "Müller"), ("email", "anna@example.ch")]);
    clinic.sync().await;
    let review = clinic.reviews().await.remove(0);
    clinic.engine().desk().decide(review.id, Decision::Same).await.unwrap();
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
    assert_eq!(clinic.right.value(&clinic.contact(), "phone").as_deref(), Some("+41791234501"));
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn nobody_is_created_where_the_listing_may_have_missed_somebody() {
    let clinic = Clinic::new();
    clinic.anna();
    for bend in [Bend::Incomplete, Bend::Broken] {
        clinic.right.faults().bend_next_listing(bend);
        clinic.sync_without_a_write().await;
    }
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
}

#[tokio::test]
async fn a_long_first_sync_lists_anew_before_it_goes_on_creating() {
    let clinic = Clinic::new();
    for n in 0..80 {
        let email = format!("p{n}@example.ch");
        clinic.left.add(&KIND, &[("given_name", "Anna"), ("email", &email)]);
    }
    let env = clinic.env.clone();
    let slow = Fault::Meanwhile(Box::new(move || env.advance(std::time::Duration::from_secs(400))));
    clinic.right.faults().fail_next(CallKind::Create, slow);
    let report = clinic.sync().await;
    assert_eq!(report.counts.right.created, 80, "all of them in one run");
    assert_eq!(clinic.right.count(CallKind::Create), 80);
    assert_eq!(clinic.right.count(CallKind::List), 2, "the listing had grown old");
    clinic.sync_without_a_write().await;
}
