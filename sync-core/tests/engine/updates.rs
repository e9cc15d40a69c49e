//! Edits: on one side, on both, of the same field, of none.

use sync_core::testing::{Call, Echo};
use sync_core::vocabulary::person::KIND;
use sync_core::{Clearing, Conflict, Decision, FieldName, FieldPolicy, MappingReader, Reason, Side, Support};

use crate::clinic::{Clinic, anna, contacts, patients, tenant};

fn update(call: &Call) -> Vec<&str> {
    match call {
        Call::Update { fields, .. } => fields.iter().map(FieldName::as_str).collect(),
        other => panic!("{other:?} is not an update"),
    }
}

async fn settled() -> Clinic {
    settled_in(Clinic::new()).await
}

async fn settled_in(clinic: Clinic) -> Clinic {
    clinic.anna();
    clinic.sync().await;
    clinic.sync().await;
    clinic.left.forget_calls();
    clinic.right.forget_calls();
    clinic
}

fn patient(clinic: &Clinic) -> sync_core::RecordId {
    clinic.left.records(&KIND)[0].id.clone()
}

#[tokio::test]
async fn an_edit_on_the_left_is_one_call_that_changes_exactly_that_field() {
    let clinic = settled().await;
    clinic.left.edit(&patient(&clinic), "email", "neu@example.ch");
    clinic.sync().await;
    assert_eq!(clinic.right.calls().len(), 2, "a listing and the call");
    assert_eq!(update(&clinic.right.writes()[0]), ["email"]);
    assert_eq!(clinic.right.value(&clinic.contact(), "email").as_deref(), Some("neu@example.ch"));
    clinic.sync_without_a_write().await;
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn an_edit_seen_in_a_listing_that_lags_is_read_once_before_it_is_written() {
    let lagging = contacts().describing(|side| side.lag = std::time::Duration::from_secs(5));
    let clinic = settled_in(Clinic::shaped(patients(), lagging)).await;
    clinic.right.edit(&clinic.contact(), "phone", "+41791230000");
    clinic.sync().await;
    assert!(matches!(clinic.right.calls()[..], [Call::List(_), Call::Read(..)]), "{:?}", clinic.right.calls());
    assert_eq!(update(&clinic.left.writes()[0]), ["phone"]);
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn edits_of_different_fields_on_both_sides_both_survive() {
    let clinic = settled().await;
    clinic.left.edit(&patient(&clinic), "email", "neu@example.ch");
    clinic.right.edit(&clinic.contact(), "phone", "+41791230000");
    clinic.sync().await;
    assert_eq!(clinic.left.value(&patient(&clinic), "phone").as_deref(), Some("+41791230000"));
    assert_eq!(clinic.right.value(&clinic.contact(), "email").as_deref(), Some("neu@example.ch"));
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn edits_of_one_field_on_both_sides_are_one_question_with_both_values() {
    let clinic = settled().await;
    clinic.left.edit(&patient(&clinic), "email", "links@example.ch");
    clinic.right.edit(&clinic.contact(), "email", "rechts@example.ch");
    clinic.sync_without_a_write().await;
    let reviews = clinic.reviews().await;
    assert_eq!(reviews.len(), 1);
    let values = &reviews[0].values.0[&FieldName::from_static("email")];
    assert_eq!((values.left.as_deref(), values.right.as_deref()), (Some("links@example.ch"), Some("rechts@example.ch")));
    clinic.sync_without_a_write().await;
    clinic.engine().desk().decide(reviews[0].id, Decision::Take(Side::Left)).await.unwrap();
    clinic.sync().await;
    assert_eq!(clinic.right.value(&clinic.contact(), "email").as_deref(), Some("links@example.ch"));
    assert_eq!(clinic.reasons().await, [""; 0]);
    let kept = clinic.store.pre_images(&tenant(), reviews[0].link.unwrap()).await.unwrap();
    assert_eq!(kept[0].value.as_deref(), Some("rechts@example.ch"), "the loser's value is kept");
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn a_plan_made_right_after_a_write_promises_nothing_that_an_open_question_holds_back() {
    let lagging = contacts().describing(|side| side.lag = std::time::Duration::from_secs(5));
    let clinic = settled_in(Clinic::shaped(patients(), lagging)).await;
    clinic.left.edit(&patient(&clinic), "email", "links@example.ch");
    clinic.right.edit(&clinic.contact(), "email", "rechts@example.ch");
    clinic.sync_without_a_write().await;
    clinic.right.edit(&clinic.contact(), "phone", "+41791230000");
    clinic.sync().await;
    assert_eq!(update(&clinic.left.writes()[0]), ["phone"]);
    let plan = clinic.engine().plan().await.unwrap();
    assert_eq!(plan.operations, [], "the contact's listing is too old to tell that its e-mail was edited too");
}

#[tokio::test]
async fn a_decision_does_not_apply_to_values_that_nobody_saw() {
    let clinic = settled().await;
    clinic.left.edit(&patient(&clinic), "email", "links@example.ch");
    clinic.right.edit(&clinic.contact(), "email", "rechts@example.ch");
    clinic.sync().await;
    let question = clinic.reviews().await.remove(0);
    clinic.right.edit(&clinic.contact(), "email", "spaeter@example.ch");
    clinic.engine().desk().decide(question.id, Decision::Take(Side::Left)).await.unwrap();
    clinic.sync_without_a_write().await;
    let again = clinic.reviews().await.remove(0);
    assert_eq!(again.id, question.id, "the same question");
    let values = &again.values.0[&FieldName::from_static("email")];
    assert_eq!(values.right.as_deref(), Some("spaeter@example.ch"), "with the new value");
}

#[tokio::test]
async fn a_conflict_closes_by_itself_when_both_become_equal() {
    let clinic = settled().await;
    clinic.left.edit(&patient(&clinic), "email", "links@example.ch");
    clinic.right.edit(&clinic.contact(), "email", "rechts@example.ch");
    clinic.sync().await;
    clinic.right.edit(&clinic.contact(), "email", "links@example.ch");
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn while_a_question_is_open_other_fields_keep_syncing() {
    let clinic = settled().await;
    clinic.left.edit(&patient(&clinic), "email", "links@example.ch");
    clinic.right.edit(&clinic.contact(), "email", "rechts@example.ch");
    clinic.sync().await;
    clinic.left.edit(&patient(&clinic), "phone", "+41791230000");
    clinic.sync().await;
    assert_eq!(clinic.right.value(&clinic.contact(), "phone").as_deref(), Some("+41791230000"));
    assert_eq!(clinic.reasons().await, ["conflict"]);
}

#[tokio::test]
async fn the_policy_may_decide_a_conflict() {
    let mut clinic = Clinic::new();
    let email = FieldName::from_static("email");
    clinic.policy.fields.insert(email, FieldPolicy { conflict: Conflict::PreferRight, ..FieldPolicy::default() });
    let clinic = settled_in(clinic).await;
    clinic.left.edit(&patient(&clinic), "email", "links@example.ch");
    clinic.right.edit(&clinic.contact(), "email", "rechts@example.ch");
    clinic.sync().await;
    assert_eq!(clinic.left.value(&patient(&clinic), "email").as_deref(), Some("rechts@example.ch"));
}

#[tokio::test]
async fn what_a_side_may_not_write_becomes_a_task_that_closes_itself() {
    let by_hand = patients().describing(|side| side.update = Support::Manual);
    let clinic = settled_in(Clinic::shaped(by_hand, contacts())).await;
    clinic.right.edit(&clinic.contact(), "phone", "+41791230000");
    clinic.sync_without_a_write().await;
    let task = clinic.reviews().await.remove(0);
    assert!(matches!(&task.reason, Reason::Manual { side: Side::Left, fields } if fields[0].as_str() == "phone"));
    let values = &task.values.0[&FieldName::from_static("phone")];
    assert_eq!((values.left.as_deref(), values.right.as_deref()), (Some("+41791234501"), Some("+41791230000")), "the exact change");
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, ["manual"]);
    clinic.left.edit(&patient(&clinic), "phone", "+41791230000");
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn a_side_that_stores_values_in_its_own_way_starts_no_ping_pong() {
    let clinic = settled_in(Clinic::shaped(patients(), contacts().with_stored("family_name", |name| name.to_uppercase()))).await;
    assert_eq!(clinic.right.value(&clinic.contact(), "family_name").as_deref(), Some("MÜLLER"));
    clinic.sync_without_a_write().await;
    clinic.left.edit(&patient(&clinic), "family_name", "Meier");
    clinic.sync().await;
    assert_eq!(clinic.right.value(&clinic.contact(), "family_name").as_deref(), Some("MEIER"));
    clinic.sync_without_a_write().await;
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.left.value(&patient(&clinic), "family_name").as_deref(), Some("Meier"));
}

#[tokio::test]
async fn a_field_that_the_list_does_not_show_is_never_cleared() {
    let clinic = settled_in(Clinic::shaped(patients().with_hidden("email"), contacts())).await;
    clinic.sync_without_a_write().await;
    clinic.left.edit(&patient(&clinic), "phone", "+41791230000");
    clinic.sync().await;
    assert_eq!(clinic.left.value(&patient(&clinic), "email").as_deref(), Some("anna@example.ch"));
    assert_eq!(update(&clinic.right.writes()[0]), ["phone"]);
}

#[tokio::test]
async fn clearing_follows_its_policy() {
    for (clearing, expected, open) in
        [(Clearing::Propagate, None, 0), (Clearing::Keep, Some("anna@example.ch"), 0), (Clearing::Review, Some("anna@example.ch"), 1)]
    {
        let mut clinic = Clinic::new();
        clinic.policy.fields.insert("email".into(), FieldPolicy { clearing, ..FieldPolicy::default() });
        let clinic = settled_in(clinic).await;
        clinic.left.edit(&patient(&clinic), "email", "");
        clinic.sync().await;
        assert_eq!(clinic.right.value(&clinic.contact(), "email").as_deref(), expected, "{clearing:?}");
        assert_eq!(clinic.reviews().await.len(), open, "{clearing:?}");
        clinic.sync_without_a_write().await;
    }
}

#[tokio::test]
async fn an_answer_that_shows_nothing_is_confirmed_by_the_next_listing() {
    let clinic = settled_in(Clinic::shaped(patients().with_echo(Echo::Id), contacts())).await;
    clinic.right.edit(&clinic.contact(), "phone", "+41791230000");
    clinic.sync().await;
    assert_eq!(clinic.left.value(&patient(&clinic), "phone").as_deref(), Some("+41791230000"));
    clinic.sync_without_a_write().await;
    let report = clinic.sync_without_a_write().await;
    assert_eq!(report.counts.left.unchanged, 1);
    assert_eq!(report.open_reviews, 0);
}

#[tokio::test]
async fn another_person_under_the_same_id_is_a_question_and_overwrites_nobody() {
    let clinic = settled().await;
    clinic.right.edit(&clinic.contact(), "given_name", "Berta");
    clinic.right.edit(&clinic.contact(), "email", "berta@example.ch");
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, ["identity_changed"]);
    let question = clinic.reviews().await.remove(0);
    clinic.engine().desk().decide(question.id, Decision::Same).await.unwrap();
    clinic.sync().await;
    assert_eq!(clinic.left.value(&patient(&clinic), "given_name").as_deref(), Some("Berta"));
    assert_eq!(clinic.reasons().await, [""; 0]);
}

#[tokio::test]
async fn a_value_that_another_contact_has_stays_out_of_an_update() {
    let clinic = settled().await;
    clinic.right.add(&KIND, &[("given_name", "Lea"), ("email", "lea@example.ch")]);
    clinic.left.edit(&patient(&clinic), "email", "lea@example.ch");
    clinic.left.edit(&patient(&clinic), "birth_date", "1980-05-05");
    clinic.sync().await;
    assert_eq!(clinic.reasons().await, ["identity_changed"], "two things that identify her changed at once");
    clinic.left.edit(&patient(&clinic), "birth_date", "1980-05-04");
    clinic.sync().await;
    let contact = clinic.right.records(&KIND)[0].id.clone();
    assert_eq!(clinic.right.value(&contact, "email").as_deref(), Some("anna@example.ch"));
    clinic.sync_without_a_write().await;
    clinic.left.edit(&patient(&clinic), "email", "frei@example.ch");
    clinic.sync().await;
    assert_eq!(clinic.right.value(&contact, "email").as_deref(), Some("frei@example.ch"), "tried again when its source changed");
}

#[tokio::test]
async fn a_wrong_mapping_does_not_rewrite_everyone() {
    let clinic = Clinic::new();
    for n in 0..40 {
        let mut person = anna();
        let (email, phone) = (format!("p{n}@example.ch"), format!("+4179123{n:04}"));
        person[2].1 = &email;
        person[3].1 = &phone;
        clinic.left.add(&KIND, &person);
    }
    clinic.sync().await;
    clinic.sync().await;
    for record in clinic.left.records(&KIND) {
        clinic.left.edit(&record.id, "family_name", "Falsch");
    }
    let report = clinic.sync_without_a_write().await;
    assert_eq!(report.brakes.len(), 1);
    let question = clinic.reviews().await.remove(0);
    assert!(matches!(question.reason, Reason::Brake { count: 40, known: 40, .. }), "{:?}", question.reason);
    clinic.engine().desk().decide(question.id, Decision::LiftBrake).await.unwrap();
    let report = clinic.sync().await;
    assert_eq!(report.counts.right.updated, 40, "lifted once");
    assert_eq!(clinic.reasons().await, [""; 0]);
    for record in clinic.left.records(&KIND) {
        clinic.left.edit(&record.id, "family_name", "Wieder");
    }
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, ["brake"], "and only once");
}

#[tokio::test]
async fn a_new_key_makes_new_bases_and_no_write() {
    let mut clinic = settled().await;
    clinic.key = (8, 2);
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0]);
    let report = clinic.sync_without_a_write().await;
    assert_eq!((report.counts.left.unchanged, report.counts.right.unchanged), (1, 1), "settled under the new key");
    clinic.left.edit(&patient(&clinic), "email", "neu@example.ch");
    clinic.sync().await;
    assert_eq!(update(&clinic.right.writes()[0]), ["email"]);
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn an_edit_that_meets_a_new_key_is_a_question_and_overwrites_nothing() {
    let mut clinic = settled().await;
    clinic.key = (8, 2);
    clinic.left.edit(&patient(&clinic), "email", "neu@example.ch");
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, ["first_difference"], "nobody can tell any more who edited");
}

#[tokio::test]
async fn values_compared_with_new_eyes_but_the_same_bytes_are_a_new_base_and_no_question() {
    let mut clinic = settled_in(Clinic::shaped(patients(), contacts().with_stored("family_name", |name| name.to_uppercase()))).await;
    clinic.region = "DE";
    clinic.sync_without_a_write().await;
    assert_eq!(clinic.reasons().await, [""; 0], "the names differ as they did before");
    let report = clinic.sync_without_a_write().await;
    assert_eq!((report.counts.left.unchanged, report.counts.right.unchanged), (1, 1));
}

#[tokio::test]
async fn a_contact_who_became_a_patient_stays_that_one_patient_whatever_is_edited() {
    let clinic = Clinic::new();
    let lea = clinic.right.add(&KIND, &[("given_name", "Lea"), ("family_name", "Frei"), ("email", "lea@example.ch")]);
    clinic.right.change(&lea, |record| {
        record.marks.insert("tag:patient".into());
    });
    clinic.sync().await;
    let edits = [("email", "lea.frei@example.ch"), ("family_name", "Frei-Roth"), ("phone", "+41791234501"), ("phone", "+41791234502")];
    for (field, value) in edits {
        clinic.right.edit(&lea, field, value);
        clinic.sync().await;
        let patients = clinic.left.records(&KIND);
        assert_eq!(patients.len(), 1, "after {field} was edited");
        assert_eq!(clinic.left.value(&patients[0].id, field).as_deref(), Some(value));
    }
    clinic.sync_without_a_write().await;
}
