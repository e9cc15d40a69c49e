use ephysio_emulator::{CryptoKeyCheck, Emulator, Ids, Quirks, UpdateAnswer, UpdatePatient};
use serde_json::{Value, json};

use crate::support::{Answer, Caller, beat, emulator};

fn by_put() -> Quirks {
    Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() }
}

async fn with_beat(quirks: Quirks) -> (Emulator, Caller, u64) {
    let emulator = emulator(quirks);
    let id = emulator.practice().create(beat());
    let caller = Caller::new(&emulator).await;
    (emulator, caller, id)
}

async fn put(caller: &Caller, id: u64, body: &Value) -> Answer {
    caller.send("PUT", &format!("/patients/{id}"), body).await
}

#[tokio::test]
async fn each_candidate_works_only_where_it_is_the_one() {
    use UpdatePatient::{MethodNotAllowed405, NotFound404, PostToPath, PostWithId, Put};
    for (works, expected) in [
        (NotFound404, [404, 404, 404]),
        (MethodNotAllowed405, [405, 405, 405]),
        (Put, [200, 405, 405]),
        (PostToPath, [405, 200, 405]),
        (PostWithId, [404, 404, 200]),
    ] {
        let (emulator, caller, id) = with_beat(Quirks { update_patient: works, ..Quirks::default() }).await;
        let path = format!("/patients/{id}");
        let body = json!({ "id": id, "city": "Thun" });
        let statuses = [
            put(&caller, id, &body).await.status.as_u16(),
            caller.send("POST", &path, &body).await.status.as_u16(),
            caller.send("POST", "/patients", &body).await.status.as_u16(),
        ];
        assert_eq!(statuses, expected, "{works:?}");
        let changed = emulator.practice().patient(id).unwrap().city == "Thun";
        assert_eq!(changed, expected.contains(&200), "{works:?}");
    }
}

#[tokio::test]
async fn a_partial_update_changes_what_it_names() {
    let (emulator, caller, id) = with_beat(by_put()).await;
    let body = json!({ "phone": "+41791112233", "email": null, "birthDate": "1975-12-02", "sex": "f" });
    assert_eq!(put(&caller, id, &body).await.json, json!({ "id": id }));
    let listed = &caller.list().await.json[0];
    assert_eq!(listed["phone"], "+41791112233");
    assert_eq!(listed["email"], "");
    assert_eq!(listed["birthDate"], "02.12.1975");
    assert_eq!(listed["sex"], false);
    assert_eq!(listed["firstName"], "Beat");
    assert_eq!(emulator.practice().patients().len(), 1);
}

#[tokio::test]
async fn an_update_may_blank_what_it_does_not_name() {
    let (emulator, caller, id) = with_beat(Quirks { update_replaces: true, ..by_put() }).await;
    emulator.practice().deactivate(id);
    put(&caller, id, &json!({ "lastName": "Keller-Rossi" })).await;
    let patient = emulator.practice().patient(id).unwrap();
    assert_eq!((patient.first_name.as_str(), patient.last_name.as_str()), ("", "Keller-Rossi"));
    assert_eq!(patient.birth_date, None);
    assert!(!patient.is_active());
}

#[tokio::test]
async fn an_update_may_succeed_and_do_nothing() {
    let (emulator, caller, id) = with_beat(Quirks { update_does_nothing: true, ..by_put() }).await;
    assert_eq!(put(&caller, id, &json!({ "city": "Thun" })).await.status, 200);
    assert_eq!(emulator.practice().patient(id).unwrap().city, "");
}

#[tokio::test]
async fn a_status_other_than_1_deactivates() {
    let (_, caller, id) = with_beat(by_put()).await;
    put(&caller, id, &json!({ "status": 0 })).await;
    assert_eq!(caller.list().await.json, json!([]));
    assert_eq!(caller.get("/patients?status=0").await.first_names(), ["Beat"]);
}

#[tokio::test]
async fn an_update_may_answer_the_patient_or_nothing() {
    let (_, caller, id) = with_beat(Quirks { update_answer: UpdateAnswer::Patient, ..by_put() }).await;
    let answer = put(&caller, id, &json!({ "city": "Thun" })).await;
    assert_eq!(answer.json, caller.list().await.json[0]);
    let (_, caller, id) = with_beat(Quirks { update_answer: UpdateAnswer::Empty, ..by_put() }).await;
    let answer = put(&caller, id, &json!({ "city": "Thun" })).await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len()), (204, 0));
}

#[tokio::test]
async fn an_update_is_checked_as_strictly_as_a_create() {
    let (emulator, caller, id) = with_beat(by_put()).await;
    let before = emulator.practice().patient(id);
    for body in [json!({ "city": "Thun", "street": 1 }), json!({ "street": "" })] {
        assert_eq!(put(&caller, id, &body).await.refusal(), (400, "/street"));
    }
    assert_eq!(emulator.practice().patient(id), before);
}

#[tokio::test]
async fn an_update_of_nobody_gets_404_and_of_no_id_400() {
    let (_, caller, id) = with_beat(by_put()).await;
    assert_eq!(put(&caller, id + 1, &json!({})).await.status, 404);
    assert_eq!(caller.send("PUT", "/patients/crm-anna", &json!({})).await.status, 404);
    assert_eq!(Caller::stranger(&emulator(by_put())).send("PUT", "/patients/1", &json!({})).await.status, 401);

    let quirks = Quirks { update_patient: UpdatePatient::PostWithId, ids: Ids::Strings, ..Quirks::default() };
    let (_, caller, id) = with_beat(quirks).await;
    assert_eq!(caller.send("POST", "/patients", &json!({ "city": "Thun" })).await.refusal(), (400, "/id"));
    let by_text = json!({ "id": id.to_string(), "city": "Thun" });
    assert_eq!(caller.send("POST", "/patients", &by_text).await.json["id"], id.to_string());
}

#[tokio::test]
async fn an_update_with_the_wrong_key_spoils_only_what_it_names() {
    let (emulator, caller, id) = with_beat(Quirks { crypto_key: CryptoKeyCheck::Scrambled, ..by_put() }).await;
    put(&caller.with("x-crypto-key", "wrong"), id, &json!({ "city": "Thun" })).await;
    let patient = emulator.practice().patient(id).unwrap();
    assert_ne!(patient.city, "Thun");
    assert_eq!(patient.first_name, "Beat");
}
