use ephysio_emulator::{Create, Quirks, Repost, Sex};
use serde_json::{Value, json};

use crate::support::{Answer, Caller, anna, emulator};

fn with(create: Create) -> Quirks {
    Quirks { create, ..Quirks::default() }
}

fn id(answer: &Answer) -> u64 {
    assert!(answer.status.is_success(), "{answer:?}");
    answer.json["id"].as_u64().unwrap()
}

#[tokio::test]
async fn a_create_is_listed_at_once_under_the_id_it_answered() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    let id = id(&caller.create(&anna()).await);
    let listed = &caller.list().await.json[0];
    assert_eq!(listed["id"], id);
    assert_eq!(listed["birthDate"], "29.02.1980");
    assert_eq!(listed["sex"], false);
    assert_eq!(listed["email"], "");
    assert_eq!(listed["comment"], "gehl:abc");
    let stored = emulator.practice().patient(id).unwrap();
    assert_eq!((stored.sex, stored.client_id.as_deref()), (Some(Sex::Female), Some("crm-anna")));
    assert_eq!(emulator.counters().reminders, 0);
}

#[tokio::test]
async fn every_wrong_type_is_refused_with_a_pointer_and_creates_nothing() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    for (name, wrong) in [
        ("id", json!(7)),
        ("firstName", json!(null)),
        ("lastName", json!("")),
        ("street", json!(1)),
        ("zip", json!(8001)),
        ("birthDate", json!("29.02.1980")),
        ("birthDate", json!("1981-02-29")),
        ("birthDate", json!("1980-2-9")),
        ("sex", json!("x")),
        ("sex", json!(true)),
        ("status", json!("1")),
        ("phone", json!(791_234_567)),
        ("email", json!(false)),
        ("hasEmailConsent", json!("true")),
        ("comment", json!(null)),
    ] {
        let mut body = anna();
        body[name] = wrong;
        assert_eq!(caller.create(&body).await.refusal(), (400, format!("/{name}").as_str()));
    }
    assert!(emulator.practice().patients().is_empty());
}

#[tokio::test]
async fn what_is_required_must_be_there_and_the_rest_may_be_left_out() {
    let caller = Caller::new(&emulator(Quirks::default())).await;
    let required = Quirks::default().required;
    for name in required {
        let mut body = anna();
        body.as_object_mut().unwrap().remove(*name);
        assert_eq!(caller.create(&body).await.refusal(), (400, format!("/{name}").as_str()));
    }
    let mut least = anna();
    least.as_object_mut().unwrap().retain(|name, _| required.contains(&name.as_str()));
    id(&caller.create(&least).await);
    assert_eq!(caller.list().await.first_names(), ["Anna"]);
}

#[tokio::test]
async fn what_is_required_and_how_it_is_refused_are_switches() {
    let quirks = Quirks { required: &["street"], invalid_status: 422, ..Quirks::default() };
    let caller = Caller::new(&emulator(quirks)).await;
    assert_eq!(caller.create(&json!({ "lastName": "Rossi" })).await.refusal(), (422, "/street"));
    id(&caller.create(&json!({ "street": "Via Stazione 2" })).await);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let caller = Caller::new(&emulator(Quirks::default())).await;
    assert_eq!(caller.create(&json!([])).await.status, 400);
    let broken = caller.with("content-type", "application/json");
    assert_eq!(broken.call("POST", "/patients/request", "{".into()).await.status, 400);
}

#[tokio::test]
async fn a_create_may_answer_201() {
    let caller = Caller::new(&emulator(Quirks { created_status: 201, ..Quirks::default() })).await;
    assert_eq!(caller.create(&anna()).await.status, 201);
}

#[tokio::test]
async fn a_create_may_wait_for_approval_and_get_another_id_then() {
    let emulator = emulator(with(Create::PendingApproval));
    let (practice, caller) = (emulator.practice(), Caller::new(&emulator).await);
    let request = id(&caller.create(&anna()).await);
    assert_eq!(caller.list().await.json, json!([]));
    assert_eq!(practice.requests()[0].id, request);

    let patient = practice.approve(request).unwrap();
    assert_ne!(patient, request);
    assert_eq!(caller.list().await.json[0]["id"], patient);
    assert!(practice.requests().is_empty());
    assert_eq!(practice.approve(request), None);
}

#[tokio::test]
async fn a_request_may_be_rejected() {
    let emulator = emulator(with(Create::PendingApproval));
    let caller = Caller::new(&emulator).await;
    let request = id(&caller.create(&anna()).await);
    assert!(emulator.practice().reject(request));
    assert!(!emulator.practice().reject(request));
    assert!(emulator.practice().patients().is_empty());
}

#[tokio::test]
async fn a_create_may_echo_the_id_that_was_sent() {
    let emulator = emulator(with(Create::EchoesClientId));
    let caller = Caller::new(&emulator).await;
    assert_eq!(caller.create(&anna()).await.json["id"], "crm-anna");
    assert!(caller.list().await.json[0]["id"].is_u64());

    let mut nameless = anna();
    nameless.as_object_mut().unwrap().remove("id");
    let own = id(&caller.create(&nameless).await);
    assert!(emulator.practice().patient(own).is_some());
}

#[tokio::test]
async fn a_second_post_of_one_client_id_creates_a_second_patient() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    assert_ne!(id(&caller.create(&anna()).await), id(&caller.create(&anna()).await));
    assert_eq!(emulator.practice().patients().len(), 2);
}

#[tokio::test]
async fn a_second_post_of_one_client_id_may_answer_the_existing_patient() {
    let quirks = Quirks { repost_same_client_id: Repost::AnswersExisting, ..Quirks::default() };
    let emulator = emulator(quirks);
    let caller = Caller::new(&emulator).await;
    let first = id(&caller.create(&anna()).await);
    assert_eq!(id(&caller.create(&anna()).await), first);
    assert_eq!(emulator.practice().patients().len(), 1);
    emulator.practice().delete(first);
    assert_ne!(id(&caller.create(&anna()).await), first);
}

#[tokio::test]
async fn a_repost_finds_the_request_and_then_the_patient_made_of_it() {
    let quirks = Quirks { repost_same_client_id: Repost::AnswersExisting, ..with(Create::PendingApproval) };
    let emulator = emulator(quirks);
    let caller = Caller::new(&emulator).await;
    let request = id(&caller.create(&anna()).await);
    assert_eq!(id(&caller.create(&anna()).await), request);
    let patient = emulator.practice().approve(request).unwrap();
    assert_eq!(id(&caller.create(&anna()).await), patient);
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let caller = Caller::new(&emulator(Quirks::default())).await;
    let mut body = anna();
    body["favouriteColour"] = Value::from("red");
    id(&caller.create(&body).await);
    assert!(caller.list().await.json[0].get("favouriteColour").is_none());
}
