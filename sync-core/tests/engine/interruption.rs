//! Lost answers, slow servers, two people at once, and a process that dies.

use std::time::Duration;

use sync_core::testing::{Bend, CallKind, Fault};
use sync_core::vocabulary::person::KIND;
use sync_core::{Conflict, Decision, FieldPolicy, MappingReader, RecordId, Scope, Side};

use crate::clinic::{Clinic, anna, contacts, patients, tenant};

#[tokio::test]
async fn an_answer_lost_after_the_create_makes_no_second_contact() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.right.faults().fail_next(CallKind::Create, Fault::LostAnswer);
    let report = clinic.sync().await;
    assert_eq!(report.counts.right.failed, 1);
    for _ in 0..3 {
        clinic.sync().await;
    }
    assert_eq!(clinic.right.records(&KIND).len(), 1);
    assert_eq!(clinic.right.count(CallKind::Create), 1, "found by its token");
    let patient = clinic.left.records(&KIND)[0].id.clone();
    clinic.left.edit(&patient, "email", "neu@example.ch");
    clinic.sync().await;
    assert_eq!(clinic.right.value(&clinic.contact(), "email").as_deref(), Some("neu@example.ch"), "and linked");
}

#[tokio::test]
async fn a_request_lost_before_the_create_is_sent_again_only_after_the_record_could_have_appeared() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.right.faults().fail_next(CallKind::Create, Fault::LostRequest);
    clinic.sync().await;
    clinic.sync().await;
    assert_eq!(clinic.right.count(CallKind::Create), 1, "too early");
    clinic.env.advance(Duration::from_secs(600));
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn one_listing_that_leaves_out_what_a_create_of_unknown_outcome_made_makes_no_second_record() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.right.faults().fail_next(CallKind::Create, Fault::LostAnswer);
    clinic.sync().await;
    clinic.env.advance(Duration::from_secs(600));
    clinic.right.faults().bend_next_listing(Bend::Empty);
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
    assert_eq!(clinic.right.count(CallKind::Create), 1, "the second listing shows it");
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_create_of_what_was_at_rest_before_goes_on_after_the_process_was_killed_in_it() {
    let mut clinic = Clinic::new();
    clinic.policy.scope.left = Scope::Mark("wanted".to_owned());
    let patient = clinic.anna();
    clinic.sync_without_a_write().await;
    clinic.left.change(&patient, |record| {
        record.marks.insert("wanted".into());
    });
    clinic.right.faults().fail_next(CallKind::Create, Fault::Slow(Duration::MAX));
    let ended = tokio::time::timeout(Duration::from_millis(50), clinic.sync()).await;
    assert!(ended.is_err(), "the process ends while it waits for the answer");
    let link = clinic.engine().desk().find(Side::Left, &patient).await.unwrap().unwrap();
    assert!(link.intent.is_some() && !link.settled, "what was announced is not at rest, whatever brings the next run to it");
    clinic.env.advance(Duration::from_secs(600));
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
}

/// A patient whose create had no clear outcome, and who is nobody's business any more.
async fn abandoned() -> (Clinic, RecordId) {
    let mut clinic = Clinic::new();
    clinic.policy.scope.left = Scope::Mark("wanted".to_owned());
    let patient = clinic.anna();
    clinic.left.change(&patient, |record| _ = record.marks.insert("wanted".into()));
    clinic.right.faults().fail_next(CallKind::Create, Fault::LostRequest);
    clinic.sync().await;
    clinic.left.change(&patient, |record| record.marks.clear());
    (clinic, patient)
}

#[tokio::test]
async fn nobody_waits_for_ever_for_a_create_that_made_nothing_and_is_not_tried_again() {
    let (clinic, _) = abandoned().await;
    let relative = clinic.left.add(&KIND, &[("given_name", "Beat"), ("family_name", "Meier"), ("phone", "+41791234501")]);
    clinic.left.change(&relative, |record| _ = record.marks.insert("wanted".into()));
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 0, "it may still appear");
    clinic.env.advance(Duration::from_secs(600));
    for _ in 0..2 {
        clinic.sync().await;
    }
    assert_eq!(clinic.right.value(&clinic.contact(), "given_name").as_deref(), Some("Beat"));
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn what_a_create_made_is_known_by_its_token_long_after_it_was_given_up() {
    let (clinic, patient) = abandoned().await;
    let announced = clinic.engine().desk().find(Side::Left, &patient).await.unwrap().unwrap().intent.unwrap();
    clinic.env.advance(Duration::from_secs(600));
    clinic.sync().await;
    let late = clinic.right.add(&KIND, &[("given_name", "Anna")]);
    clinic.right.change(&late, |record| record.token = Some(announced.token));
    clinic.sync().await;
    let link = clinic.engine().desk().find(Side::Left, &patient).await.unwrap().unwrap();
    assert_eq!(link.ends.right.map(|end| end.id), Some(late));
}

#[tokio::test]
async fn a_create_that_is_refused_for_good_is_a_question_whatever_the_refusal() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.right.faults().fail_next(CallKind::Create, Fault::NotFound);
    clinic.sync().await;
    assert_eq!((clinic.right.records(&KIND).len(), clinic.reasons().await), (0, vec!["refused"]));
}

#[tokio::test]
async fn the_value_that_loses_is_kept_even_if_the_answer_to_the_write_is_lost() {
    let mut clinic = Clinic::new();
    let patient = clinic.anna();
    let wins = FieldPolicy { conflict: Conflict::PreferLeft, ..FieldPolicy::default() };
    clinic.policy.fields.insert("email".into(), wins);
    clinic.sync().await;
    clinic.sync().await;
    clinic.left.edit(&patient, "email", "links@example.ch");
    clinic.right.edit(&clinic.contact(), "email", "rechts@example.ch");
    clinic.right.faults().fail_next(CallKind::Update, Fault::LostAnswer);
    clinic.sync().await;
    let link = clinic.engine().desk().find(Side::Left, &patient).await.unwrap().unwrap();
    let kept = clinic.store.pre_images(&tenant(), link.id).await.unwrap();
    assert_eq!(kept.iter().map(|image| image.value.as_deref()).collect::<Vec<_>>(), [Some("rechts@example.ch")]);
}

#[tokio::test]
async fn a_create_toward_a_side_without_tokens_is_found_by_its_identity() {
    let clinic = Clinic::new();
    let contact = clinic.right.add(&KIND, &anna());
    clinic.right.change(&contact, |record| {
        record.marks.insert("tag:patient".into());
    });
    clinic.left.faults().fail_next(CallKind::Create, Fault::LostAnswer);
    for _ in 0..3 {
        clinic.sync().await;
        clinic.env.advance(Duration::from_secs(700));
    }
    assert_eq!(clinic.left.records(&KIND).len(), 1);
    assert_eq!(clinic.left.count(CallKind::Create), 1);
}

#[tokio::test]
async fn a_create_that_staff_must_accept_is_waited_for_and_not_made_again() {
    let clinic = Clinic::shaped(patients().with_pending_creates(), contacts());
    let contact = clinic.right.add(&KIND, &anna());
    clinic.right.change(&contact, |record| {
        record.marks.insert("tag:patient".into());
    });
    for _ in 0..3 {
        clinic.sync().await;
    }
    assert_eq!(clinic.left.count(CallKind::Create), 1);
    clinic.right.edit(&contact, "email", "neu@example.ch");
    clinic.sync().await;
    let pending: Vec<RecordId> = clinic.left.pending(&KIND).iter().map(|record| record.id.clone()).collect();
    clinic.left.approve(&pending[0]);
    clinic.sync().await;
    clinic.sync().await;
    assert_eq!(clinic.left.records(&KIND).len(), 1);
    assert_eq!(clinic.left.value(&pending[0], "email").as_deref(), Some("neu@example.ch"));
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_pending_create_that_returns_under_another_id_is_recognised() {
    let clinic = Clinic::shaped(patients().with_pending_creates(), contacts());
    let contact = clinic.right.add(&KIND, &anna());
    clinic.right.change(&contact, |record| {
        record.marks.insert("tag:patient".into());
    });
    clinic.sync().await;
    let patient = clinic.left.add(&KIND, &anna());
    clinic.sync().await;
    clinic.sync().await;
    assert_eq!(clinic.left.count(CallKind::Create), 1);
    clinic.right.edit(&contact, "email", "neu@example.ch");
    clinic.sync().await;
    assert_eq!(clinic.left.value(&patient, "email").as_deref(), Some("neu@example.ch"));
}

#[tokio::test]
async fn two_staff_who_create_the_same_person_at_once_are_linked_not_doubled() {
    let clinic = Clinic::new();
    clinic.anna();
    let right = clinic.right.clone();
    let meanwhile = Fault::Meanwhile(Box::new(move || {
        right.add(&KIND, &anna());
    }));
    clinic.right.faults().fail_next(CallKind::Create, meanwhile);
    clinic.sync().await;
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn an_update_of_unknown_outcome_is_read_and_decided_anew() {
    for fault in [Fault::LostAnswer, Fault::LostRequest] {
        let clinic = Clinic::new();
        let patient = clinic.anna();
        clinic.sync().await;
        clinic.sync().await;
        clinic.left.edit(&patient, "email", "neu@example.ch");
        clinic.right.faults().fail_next(CallKind::Update, fault);
        clinic.sync().await;
        clinic.sync().await;
        assert_eq!(clinic.right.value(&clinic.contact(), "email").as_deref(), Some("neu@example.ch"));
        clinic.sync_without_a_write().await;
    }
}

#[tokio::test]
async fn a_listing_that_lags_does_not_speak_against_an_update_of_unknown_outcome() {
    let lagging = contacts().describing(|side| side.lag = Duration::from_secs(5));
    let clinic = Clinic::shaped(patients(), lagging);
    let patient = clinic.anna();
    clinic.sync().await;
    clinic.sync().await;
    clinic.left.edit(&patient, "email", "neu@example.ch");
    clinic.right.faults().fail_next(CallKind::Update, Fault::LostAnswer);
    clinic.sync().await;
    clinic.right.edit(&clinic.contact(), "email", "neuer@example.ch");
    clinic.engine().sweep().await.unwrap();
    assert_eq!(clinic.right.count(CallKind::Update), 1, "what was written arrived, and is not written again");
    assert_eq!(clinic.right.value(&clinic.contact(), "email").as_deref(), Some("neuer@example.ch"));
}

#[tokio::test]
async fn a_second_record_with_our_token_is_a_question() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.sync().await;
    let copy = clinic.right.record(&clinic.contact()).unwrap();
    let double = clinic.right.add(&KIND, &[("given_name", "Anna")]);
    clinic.right.change(&double, |record| record.token = copy.token);
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, ["double_token"]);
}

#[tokio::test]
async fn a_record_that_does_not_decode_is_a_question_and_the_others_go_on() {
    let clinic = Clinic::new();
    clinic.anna();
    clinic.left.faults().bend_next_listing(Bend::Broken);
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 1);
    assert_eq!(clinic.reasons().await, ["undecodable"]);
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn a_side_that_is_down_ends_the_run_and_nothing_is_lost() {
    let clinic = Clinic::new();
    for n in 0..50 {
        let email = format!("p{n}@example.ch");
        clinic.left.add(&KIND, &[("given_name", "Anna"), ("email", &email)]);
    }
    clinic.right.faults().fail_next(CallKind::Create, Fault::Unauthorized);
    assert!(clinic.try_sync().await.is_err());
    clinic.sync().await;
    assert_eq!(clinic.right.records(&KIND).len(), 50);
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_process_that_dies_in_the_middle_of_a_first_sync_doubles_and_loses_nobody() {
    for after in 0..40 {
        let clinic = Clinic::new();
        for n in 0..40 {
            let (email, phone) = (format!("p{n}@example.ch"), format!("+4179123{n:04}"));
            clinic.left.add(&KIND, &[("given_name", "Anna"), ("family_name", "Meier"), ("email", &email), ("phone", &phone)]);
        }
        clinic.env.advance(Duration::from_secs(60));
        let engine = clinic.engine();
        let mut run = Box::pin(engine.sweep());
        // Polled so often and then dropped, as a process that is killed.
        for _ in 0..after {
            if futures::poll!(&mut run).is_ready() {
                break;
            }
        }
        drop(run);
        for _ in 0..2 {
            clinic.sync().await;
            clinic.env.advance(Duration::from_secs(700));
        }
        clinic.sync().await;
        assert_eq!(clinic.right.records(&KIND).len(), 40, "dropped after {after} polls");
        clinic.sync_without_a_write().await;
    }
}

#[tokio::test]
async fn pause_resume_link_and_unlink_do_as_they_say() {
    let clinic = Clinic::new();
    let patient = clinic.anna();
    clinic.sync().await;
    clinic.sync().await;
    let engine = clinic.engine();
    let link = engine.desk().find(sync_core::Side::Left, &patient).await.unwrap().unwrap();
    engine.desk().pause(link.id).await.unwrap();
    clinic.left.edit(&patient, "email", "neu@example.ch");
    clinic.sync_without_a_write().await;
    engine.desk().resume(link.id).await.unwrap();
    clinic.sync().await;
    assert_eq!(clinic.right.value(&clinic.contact(), "email").as_deref(), Some("neu@example.ch"));
    engine.desk().unlink(link.id).await.unwrap();
    clinic.left.edit(&patient, "email", "noch@example.ch");
    for _ in 0..3 {
        clinic.sync_without_a_write().await;
    }
    let contact = clinic.contact();
    engine.desk().link(&patient, &contact).await.unwrap();
    clinic.sync().await;
    for review in clinic.reviews().await {
        engine.desk().decide(review.id, Decision::Take(sync_core::Side::Left)).await.unwrap();
    }
    clinic.sync().await;
    assert_eq!(clinic.right.value(&contact, "email").as_deref(), Some("noch@example.ch"));
}
