use ghl_emulator::Config;
use serde_json::{Value, json};

use crate::api::Api;

fn lenient() -> Api {
    Api::with(Config { allow_duplicates: true, ..Config::default() })
}

#[tokio::test]
async fn a_duplicate_is_refused_with_the_id_of_the_contact_that_exists() {
    let api = Api::new();
    let id = api.create(json!({ "name": "Ada Lovelace", "email": "ada@b.ch", "phone": "+41791234567" })).await;
    for (property, value) in [("email", "ADA@b.ch"), ("phone", "079 123 45 67")] {
        let got = api.here("POST", "/contacts/", json!({ property: value })).await;
        assert_eq!(got.status, 400);
        assert_eq!(got.body["statusCode"], 400);
        assert_eq!(got.message(), "This location does not allow duplicated contacts.");
        let meta = json!({ "contactId": id, "matchingField": property, "contactName": "Ada Lovelace" });
        assert_eq!(got.body["meta"], meta);
    }
    assert_eq!(api.emulator.front_desk().contacts().len(), 1);
}

#[tokio::test]
async fn an_update_may_not_take_anothers_email_but_may_repeat_its_own() {
    let api = Api::new();
    let ada = api.create(json!({ "email": "ada@b.ch" })).await;
    let bob = api.create(json!({ "email": "bob@b.ch" })).await;
    let got = api.put(&bob, json!({ "email": "ada@b.ch" })).await;
    assert_eq!(got.body["meta"]["contactId"], ada);
    assert_eq!(api.put(&bob, json!({ "email": "bob@b.ch" })).await.status, 200);
}

#[tokio::test]
async fn a_location_may_allow_duplicates() {
    let api = lenient();
    api.create(json!({ "email": "ada@b.ch" })).await;
    api.create(json!({ "email": "ada@b.ch" })).await;
    api.emulator.set_allow_duplicates(false);
    let got = api.here("POST", "/contacts/", json!({ "email": "ada@b.ch" })).await;
    assert_eq!(got.status, 400);
}

#[tokio::test]
async fn an_upsert_creates_and_then_updates() {
    let api = Api::new();
    let sent = json!({ "email": "ada@b.ch", "firstName": "Ada", "dateOfBirth": "1990-09-25" });
    let first = api.here("POST", "/contacts/upsert", sent).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.body["new"], true);
    assert_eq!(first.body["contact"]["dateOfBirth"], "1990-09-25");
    let sent = json!({ "email": "Ada@b.ch", "city": "Bern" });
    let second = api.here("POST", "/contacts/upsert", sent).await;
    assert_eq!(second.body["new"], false);
    assert_eq!(second.body["contact"]["id"], first.body["contact"]["id"]);
    assert_eq!(second.body["contact"]["city"], "Bern");
    assert_eq!(second.body["contact"]["firstName"], "Ada");
}

#[tokio::test]
async fn an_upsert_that_matches_two_contacts_updates_the_first_and_drops_the_phone() {
    let api = Api::new();
    let ada = api.create(json!({ "email": "ada@b.ch", "phone": "+41791111111" })).await;
    let bob = api.create(json!({ "email": "bob@b.ch", "phone": "+41792222222" })).await;
    let sent = json!({ "email": "ada@b.ch", "phone": "+41792222222", "city": "Bern" });
    let got = api.here("POST", "/contacts/upsert", sent).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.body["contact"]["id"], ada);
    assert_eq!(got.body["contact"]["phone"], "+41791111111");
    assert_eq!(got.body["contact"]["city"], "Bern");
    assert_eq!(api.contact(&bob).await["phone"], "+41792222222");
}

#[tokio::test]
async fn an_upsert_that_matches_by_phone_replaces_the_email() {
    let api = Api::new();
    let ada = api.create(json!({ "email": "ada@b.ch", "phone": "+41791111111" })).await;
    let sent = json!({ "email": "new@b.ch", "phone": "+41791111111" });
    let got = api.here("POST", "/contacts/upsert", sent).await;
    assert_eq!(got.body["contact"]["id"], ada);
    assert_eq!(got.body["contact"]["email"], "new@b.ch");
}

#[tokio::test]
async fn an_upsert_sets_the_gender_of_a_new_contact_and_ignores_it_later() {
    let api = Api::new();
    for gender in ["female", "male"] {
        let sent = json!({ "email": "ada@b.ch", "gender": gender });
        let got = api.here("POST", "/contacts/upsert", sent).await;
        assert_eq!(got.status, 200);
    }
    let contacts = api.emulator.front_desk().contacts();
    assert_eq!(contacts[0].gender.as_deref(), Some("female"));
}

#[tokio::test]
async fn an_upsert_may_ask_for_a_new_contact_where_duplicates_are_allowed() {
    let sent = json!({ "email": "ada@b.ch", "createNewIfDuplicateAllowed": true });
    for (api, contacts) in [(Api::new(), 1), (lenient(), 2)] {
        api.create(json!({ "email": "ada@b.ch" })).await;
        let got = api.here("POST", "/contacts/upsert", sent.clone()).await;
        assert_eq!(got.body["new"], contacts == 2);
        assert_eq!(api.emulator.front_desk().contacts().len(), contacts);
    }
}

#[tokio::test]
async fn the_duplicate_search_finds_by_email_first_and_then_by_phone() {
    let api = lenient();
    let ada = api.create(json!({ "email": "ada@b.ch", "phone": "+41791111111" })).await;
    let bob = api.create(json!({ "phone": "+41792222222" })).await;
    for (query, expected) in [
        ("email=Ada%40b.ch&number=%2B41792222222", json!(ada)),
        ("email=nobody%40b.ch&number=%2B41792222222", json!(bob)),
        ("number=0792222222", json!(bob)),
        ("email=nobody%40b.ch", Value::Null),
        ("", Value::Null),
    ] {
        let got = api.get(&format!("/contacts/search/duplicate?locationId=loc-demo&{query}")).await;
        assert_eq!(got.status, 200);
        assert_eq!(got.body["contact"]["id"], expected, "{query}");
    }
    let got = api.get("/contacts/search/duplicate?email=x").await;
    assert_eq!(got.status, 422);
}

#[tokio::test]
async fn a_plus_that_is_not_encoded_is_a_blank() {
    let api = Api::new();
    api.create(json!({ "email": "ada+1@b.ch", "phone": "+41791111111" })).await;
    for query in ["email=ada+1@b.ch", "number=+41791111111"] {
        let got = api.get(&format!("/contacts/search/duplicate?locationId=loc-demo&{query}")).await;
        assert_eq!(got.body["contact"], Value::Null, "{query}");
    }
}
