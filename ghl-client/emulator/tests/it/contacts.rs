use std::time::Duration;

use ghl_emulator::Config;
use serde_json::json;

use crate::api::Api;

#[tokio::test(start_paused = true)]
async fn a_creation_answers_201_in_the_shape_of_a_creation() {
    let api = Api::new();
    let sent = json!({
        "firstName": "Ada", "lastName": "Lovelace", "email": "Ada@Example.com",
        "phone": "079 123 45 67", "dateOfBirth": "1990-09-25", "tags": ["patient"],
    });
    let got = api.here("POST", "/contacts/", sent).await;
    assert_eq!(got.status, 201);
    let contact = &got.body["contact"];
    let id = contact["id"].as_str().unwrap();
    assert_eq!(id.len(), 20);
    let expected = json!({
        "id": id, "locationId": "loc-demo", "type": "lead", "dnd": false, "deleted": false,
        "firstName": "Ada", "firstNameLowerCase": "ada",
        "lastName": "Lovelace", "lastNameLowerCase": "lovelace",
        "fullNameLowerCase": "ada lovelace",
        "email": "ada@example.com", "emailLowerCase": "ada@example.com",
        "phone": "+41791234567", "tags": ["patient"], "customFields": [],
        "bounceEmail": false, "unsubscribeEmail": false, "offers": [], "products": [],
        "dateOfBirth": "1990-09-25T00:00:00.000Z", "birthMonth": 8, "birthDay": 25,
        "dateAdded": "1970-01-01T00:00:00.000Z", "dateUpdated": "1970-01-01T00:00:00.000Z",
    });
    assert_eq!(contact, &expected);
}

#[tokio::test(start_paused = true)]
async fn a_read_shows_the_date_of_birth_as_a_date_and_leaves_out_what_is_empty() {
    let api = Api::new();
    let id = api.create(json!({ "name": "Ada King Lovelace", "dateOfBirth": "09/25/1990", "city": "" })).await;
    let expected = json!({
        "id": id, "locationId": "loc-demo", "type": "lead", "dnd": false,
        "name": "Ada King Lovelace", "firstName": "Ada", "lastName": "King Lovelace",
        "firstNameLowerCase": "ada", "lastNameLowerCase": "king lovelace",
        "fullNameLowerCase": "ada king lovelace", "dateOfBirth": "1990-09-25",
        "dateAdded": "1970-01-01T00:00:00.000Z", "dateUpdated": "1970-01-01T00:00:00.000Z",
    });
    assert_eq!(api.contact(&id).await, expected);
}

#[tokio::test]
async fn a_day_first_birth_date_is_read_as_month_first_or_refused() {
    let api = Api::new();
    let id = api.create(json!({ "dateOfBirth": "05.12.1990" })).await;
    assert_eq!(api.contact(&id).await["dateOfBirth"], "1990-05-12");
    let got = api.here("POST", "/contacts/", json!({ "dateOfBirth": "25.12.1990" })).await;
    assert_eq!(got.complaints(), ["dateOfBirth must be a valid date"]);
}

#[tokio::test]
async fn a_phone_number_that_cannot_be_read_stays_as_typed() {
    let api = Api::new();
    let id = api.create(json!({ "phone": "ask his wife" })).await;
    assert_eq!(api.contact(&id).await["phone"], "ask his wife");
}

#[tokio::test]
async fn an_unknown_contact_is_a_400_everywhere() {
    let api = Api::new();
    let tags = json!({ "tags": ["x"] });
    for (method, target, body) in [
        ("GET", "/contacts/nobody", json!(null)),
        ("PUT", "/contacts/nobody", json!({})),
        ("DELETE", "/contacts/nobody", json!(null)),
        ("POST", "/contacts/nobody/tags", tags.clone()),
        ("DELETE", "/contacts/nobody/tags", tags),
    ] {
        let got = api.call(method, target, body).await;
        assert_eq!(got.status, 400, "{method} {target}");
        assert_eq!(got.message(), "Contact with id nobody not found");
        assert_eq!(got.body["statusCode"], 400);
    }
}

#[tokio::test]
async fn a_deletion_misspells_its_success_and_v3_spells_it_twice() {
    let api = Api::new();
    let (a, b) = (api.create(json!({})).await, api.create(json!({})).await);
    let got = api.call("DELETE", &format!("/contacts/{a}"), json!(null)).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.body["succeded"], true);
    assert_eq!(got.body.get("succeeded"), None);
    assert_eq!(api.get(&format!("/contacts/{a}")).await.status, 400);
    let v3 = api.header("version", Some("v3"));
    let got = v3.call("DELETE", &format!("/contacts/{b}"), json!(null)).await;
    assert_eq!(got.body["succeded"], true);
    assert_eq!(got.body["succeeded"], true);
}

#[tokio::test]
async fn wrong_types_are_refused_all_at_once_and_nothing_is_created() {
    let api = Api::new();
    let sent = json!({
        "firstName": 1, "email": "no address", "dnd": "yes", "tags": "one", "postalCode": null,
        "customFields": {}, "unheardOf": true, "createNewIfDuplicateAllowed": true,
    });
    let got = api.here("POST", "/contacts/", sent).await;
    assert_eq!(got.body["error"], "Unprocessable Entity");
    let mut complaints = got.complaints();
    complaints.sort_unstable();
    let expected = [
        "customFields must be an array",
        "dnd must be a boolean value",
        "email must be an email",
        "firstName must be a string",
        "postalCode must be a string",
        "property createNewIfDuplicateAllowed should not exist",
        "property unheardOf should not exist",
        "tags must be an array",
    ];
    assert_eq!(complaints, expected);
    assert!(api.emulator.front_desk().contacts().is_empty());
}

#[tokio::test]
async fn a_creation_without_a_location_is_refused() {
    let got = Api::new().call("POST", "/contacts/", json!({})).await;
    let expected = ["locationId must be a string", "locationId should not be empty"];
    assert_eq!(got.complaints(), expected);
}

#[tokio::test]
async fn the_keys_of_dnd_settings_follow_the_version() {
    let api = Api::new();
    let id = api.create(json!({ "dndSettings": { "SMS": { "status": "active" } } })).await;
    let contact = api.contact(&id).await;
    assert_eq!(contact["dndSettings"], json!({ "SMS": { "status": "active" } }));
    let v3 = api.header("version", Some("v3"));
    let contact = v3.contact(&id).await;
    assert_eq!(contact["dndSettings"], json!({ "sms": { "status": "active" } }));
    let bad = json!({ "dndSettings": { "SMS": { "status": "on" }, "Fax": {} } });
    assert_eq!(v3.put(&id, bad).await.complaints().len(), 2);
}

#[tokio::test]
async fn a_new_contact_starts_workflows_unless_its_source_is_excluded() {
    let api = Api::with(Config { workflow_excluded_sources: vec!["sync".to_owned()], ..Config::default() });
    let id = api.create(json!({ "source": "sync" })).await;
    assert_eq!(api.emulator.counters().workflow_triggers, 0);
    api.create(json!({ "source": "form" })).await;
    api.here("POST", "/contacts/upsert", json!({})).await;
    api.emulator.front_desk().create(json!({ "firstName": "Ada" }));
    api.put(&id, json!({ "firstName": "Ada" })).await;
    assert_eq!(api.emulator.counters().workflow_triggers, 3);
    assert_eq!(api.emulator.counters().notifications, 0);
}

#[tokio::test(start_paused = true)]
async fn ids_follow_from_the_seed_and_refused_requests_do_not_change_them() {
    let (one, two) = (Api::new(), Api::new());
    two.get("/contacts/nobody").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(one.create(json!({})).await, two.create(json!({})).await);
    let other = Api::with(Config { seed: 1, ..Config::default() });
    assert_ne!(one.create(json!({})).await, other.create(json!({})).await);
}
