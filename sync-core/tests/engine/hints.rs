//! One record at a time.

use futures::FutureExt;
use sync_core::testing::{Call, CallKind, Fault};
use sync_core::vocabulary::person::KIND;
use sync_core::{Changes, Clearing, Direction, Field, FieldName, FieldPolicy, Link, MappingStore, Reconciled, RecordId, Scope, Side};

use crate::clinic::{Clinic, anna, contacts, tenant};

async fn settled(clinic: Clinic) -> Clinic {
    for n in 0..20 {
        let mut person = anna();
        let (email, phone) = (format!("p{n}@example.ch"), format!("+4179123{n:04}"));
        (person[2].1, person[3].1) = (&email, &phone);
        clinic.left.add(&KIND, &person);
    }
    clinic.sync().await;
    clinic.sync().await;
    clinic.left.forget_calls();
    clinic.right.forget_calls();
    clinic
}

#[tokio::test]
async fn a_hint_reads_the_record_on_both_sides_and_writes_what_changed() {
    let clinic = settled(Clinic::shaped(contacts(), contacts())).await;
    let contact = clinic.right.records(&KIND)[7].id.clone();
    clinic.right.edit(&contact, "family_name", "Meier");
    clinic.engine().reconcile(Side::Right, &contact).await.unwrap();
    assert!(matches!(clinic.right.calls()[..], [Call::Read(..)]), "{:?}", clinic.right.calls());
    assert!(matches!(clinic.left.calls()[..], [Call::Read(..), Call::Update { .. }]), "{:?}", clinic.left.calls());
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_hint_for_what_did_not_change_writes_nothing() {
    let clinic = settled(Clinic::shaped(contacts(), contacts())).await;
    let contact = clinic.right.records(&KIND)[7].id.clone();
    assert_eq!(clinic.engine().reconcile(Side::Right, &contact).await.unwrap(), Reconciled::Done);
    assert_eq!(clinic.writes(), []);
    assert_eq!(clinic.left.calls(), [], "the other side is not even asked");
}

#[tokio::test]
async fn what_comes_back_of_our_own_writes_is_known_by_what_it_shows() {
    let clinic = Clinic::new();
    let patient = clinic.anna();
    clinic.sync().await;
    let contact = clinic.contact();
    let echo = async |edit: Option<(&str, Field<&str>)>| {
        let mut record = clinic.right.record(&contact).unwrap();
        if let Some((name, field)) = edit {
            record.fields.set(FieldName::new(name), field);
        }
        clinic.engine().is_echo(Side::Right, &record).await.unwrap()
    };
    assert!(echo(None).await, "created by us, and never listed yet");
    assert!(!echo(Some(("email", Field::Value("other@example.ch")))).await);
    assert!(!echo(Some(("email", Field::Unknown))).await, "what is left out may have been emptied");
    clinic.left.edit(&patient, "email", "neu@example.ch");
    clinic.sync().await;
    assert!(echo(None).await, "changed by us");
    let stranger = clinic.right.add(&KIND, &anna());
    assert!(!clinic.engine().is_echo(Side::Right, &clinic.right.record(&stranger).unwrap()).await.unwrap());
}

#[tokio::test]
async fn where_the_other_side_cannot_be_asked_a_hint_leaves_the_write_to_the_sweep() {
    let clinic = settled(Clinic::new()).await;
    let contact = clinic.right.records(&KIND)[7].id.clone();
    clinic.right.edit(&contact, "family_name", "Meier");
    assert_eq!(clinic.engine().reconcile(Side::Right, &contact).await.unwrap(), Reconciled::NeedsListing);
    assert_eq!(clinic.writes(), []);
    clinic.sync().await;
    assert!(matches!(clinic.left.writes()[..], [Call::Update { .. }]));
    assert!(clinic.engine().reconcile(Side::Left, &contact).await.is_err(), "the left cannot be asked for one record");
}

#[tokio::test]
async fn a_hint_creates_nobody_since_it_has_seen_no_listing() {
    let clinic = settled(Clinic::shaped(contacts(), contacts())).await;
    let newcomer = clinic.left.add(&KIND, &anna());
    assert_eq!(clinic.engine().reconcile(Side::Left, &newcomer).await.unwrap(), Reconciled::NeedsListing);
    assert_eq!(clinic.right.count(CallKind::Create), 0);
    clinic.sync().await;
    assert_eq!(clinic.right.count(CallKind::Create), 1);
}

/// The next so many reads of the patients find that somebody else changed the contact's link in the meantime.
async fn interfere(clinic: &Clinic, contact: &RecordId, times: usize) {
    let link = clinic.engine().desk().find(Side::Right, contact).await.unwrap().unwrap();
    for more in 0..times {
        let (store, link) = (clinic.store.clone(), Link { version: link.version + more as u64, ..link.clone() });
        let commit = move || {
            let changes = Changes { links: vec![link], ..Changes::default() };
            store.commit(&tenant(), changes).now_or_never().unwrap().unwrap();
        };
        clinic.left.faults().fail_next(CallKind::Read, Fault::Meanwhile(Box::new(commit)));
    }
}

#[tokio::test]
async fn a_hint_whose_link_is_changed_meanwhile_is_looked_at_again_at_once_and_nothing_is_done_twice() {
    let clinic = settled(Clinic::shaped(contacts(), contacts())).await;
    let contact = clinic.right.records(&KIND)[7].id.clone();
    clinic.right.edit(&contact, "family_name", "Meier");
    interfere(&clinic, &contact, 1).await;
    assert_eq!(clinic.engine().reconcile(Side::Right, &contact).await.unwrap(), Reconciled::Done);
    assert_eq!(clinic.left.count(CallKind::Update), 1);
    let shown = clinic.right.record(&contact).unwrap();
    assert!(clinic.engine().is_echo(Side::Right, &shown).await.unwrap(), "what was done is recorded");
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_hint_whose_link_is_changed_again_and_again_fails_and_may_be_tried_later() {
    let clinic = settled(Clinic::shaped(contacts(), contacts())).await;
    let contact = clinic.right.records(&KIND)[7].id.clone();
    clinic.right.edit(&contact, "family_name", "Meier");
    interfere(&clinic, &contact, 3).await;
    let error = clinic.engine().reconcile(Side::Right, &contact).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert_eq!(clinic.engine().reconcile(Side::Right, &contact).await.unwrap(), Reconciled::Done);
    assert_eq!(clinic.left.count(CallKind::Update), 1);
}

#[tokio::test]
async fn of_two_contacts_that_are_looked_at_together_and_could_be_one_patient_one_is_linked_and_the_other_is_asked_about() {
    let mut clinic = Clinic::shaped(contacts(), contacts());
    clinic.policy.scope.left = Scope::PulledOnly;
    clinic.anna();
    clinic.sync().await;
    let both = [clinic.right.add(&KIND, &anna()), clinic.right.add(&KIND, &anna())];
    let engine = clinic.engine();
    let looked = futures::future::join_all(both.iter().map(|contact| engine.reconcile(Side::Right, contact))).await;
    assert!(looked.iter().all(Result::is_ok), "{looked:?}");
    assert_eq!(clinic.reasons().await, ["ambiguous"]);
    assert_eq!(clinic.writes(), []);
}

#[tokio::test]
async fn a_hint_for_a_record_that_is_gone_concludes_nothing() {
    let clinic = settled(Clinic::shaped(contacts(), contacts())).await;
    let contact = clinic.right.records(&KIND)[7].id.clone();
    clinic.right.remove_by_hand(&contact);
    clinic.engine().reconcile(Side::Right, &contact).await.unwrap();
    assert_eq!(clinic.writes(), []);
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn a_hint_that_sees_one_side_only_closes_no_question_about_both() {
    let clinic = settled(Clinic::new()).await;
    let contact = clinic.right.records(&KIND)[7].id.clone();
    let email = clinic.right.value(&contact, "email");
    let mut patients = clinic.left.records(&KIND).into_iter().map(|record| record.id);
    let patient = patients.find(|id| clinic.left.value(id, "email") == email).unwrap();
    clinic.left.edit(&patient, "email", "links@example.ch");
    clinic.right.edit(&contact, "email", "rechts@example.ch");
    clinic.sync().await;
    assert_eq!(clinic.reasons().await, ["conflict"]);
    clinic.right.edit(&contact, "given_name", "Hanna");
    clinic.engine().reconcile(Side::Right, &contact).await.unwrap();
    assert_eq!(clinic.reasons().await, ["conflict"]);
    clinic.sync().await;
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, ["conflict"], "nobody has answered it");
    assert_eq!(clinic.left.value(&patient, "given_name").as_deref(), Some("Hanna"));
}

#[tokio::test]
async fn a_hint_that_sees_one_side_only_makes_no_change_of_what_the_other_shows_all_along() {
    let mut clinic = settled(Clinic::new()).await;
    let outward = FieldPolicy { direction: Direction::LeftToRight, ..FieldPolicy::default() };
    clinic.policy.fields.insert(FieldName::from_static("family_name"), outward);
    clinic.sync().await;
    let contact = clinic.right.records(&KIND)[7].id.clone();
    clinic.right.edit(&contact, "family_name", "Meier");
    clinic.engine().reconcile(Side::Right, &contact).await.unwrap();
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.right.value(&contact, "family_name").as_deref(), Some("Meier"));
}

#[tokio::test]
async fn a_hint_that_sees_a_field_emptied_settles_nothing_before_the_other_side_was_seen() {
    let mut clinic = Clinic::new();
    let kept = FieldPolicy { clearing: Clearing::Keep, ..FieldPolicy::default() };
    clinic.policy.fields.insert(FieldName::from_static("phone"), kept);
    let clinic = settled(clinic).await;
    let patient = clinic.left.records(&KIND)[0].id.clone();
    let link = clinic.engine().desk().find(Side::Left, &patient).await.unwrap().unwrap();
    let contact = link.ends.right.unwrap().id;
    clinic.left.edit(&patient, "phone", "+41794445566");
    clinic.right.change(&contact, |record| record.fields.set(FieldName::from_static("phone"), Field::Empty));
    assert_eq!(clinic.engine().reconcile(Side::Right, &contact).await.unwrap(), Reconciled::NeedsListing);
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, ["conflict"], "both sides were edited, differently");
}
