use serde_json::{Value, json};

use crate::api::Api;

const CONTACT: &str = "/contacts/nobody";

#[tokio::test]
async fn a_missing_version_is_a_401_that_speaks_of_the_version() {
    let got = Api::new().header("version", None).get(CONTACT).await;
    assert_eq!(got.status, 401);
    assert_eq!(got.message(), "version header was not found.");
    assert_eq!(got.body["error"], "Unauthorized");
}

#[tokio::test]
async fn an_unknown_version_is_a_401_too() {
    let api = Api::new().header("version", Some("2020-01-01"));
    let got = api.get(CONTACT).await;
    assert_eq!(got.status, 401);
    assert_eq!(got.message(), "version header is invalid");
}

#[tokio::test]
async fn the_published_versions_reach_the_contacts() {
    for version in ["2021-04-15", "2021-07-28", "2023-02-21", "v3"] {
        let got = Api::new().header("version", Some(version)).get(CONTACT).await;
        assert_eq!(got.message(), "Contact with id nobody not found", "{version}");
    }
}

#[tokio::test]
async fn the_message_of_a_refused_token_tells_its_kind() {
    for (header, message) in
        [(None, "Invalid JWT"), (Some("Bearer eyJhbGciOi"), "Invalid JWT"), (Some("Bearer pit-other"), "Invalid Private Integration token")]
    {
        let got = Api::new().header("authorization", header).get(CONTACT).await;
        assert_eq!(got.status, 401);
        assert_eq!(got.message(), message);
    }
}

#[tokio::test]
async fn a_rotated_token_overlaps_until_the_old_one_is_revoked() {
    let api = Api::new();
    api.emulator.add_token("pit-next");
    assert_eq!(api.get(CONTACT).await.status, 400);
    api.emulator.revoke_token("pit-demo");
    assert_eq!(api.get(CONTACT).await.status, 401);
    api.emulator.set_token("pit-demo");
    assert_eq!(api.get(CONTACT).await.status, 400);
    let next = api.header("authorization", Some("Bearer pit-next"));
    assert_eq!(next.get(CONTACT).await.status, 401);
}

#[tokio::test]
async fn another_location_is_forbidden_in_body_query_and_path() {
    let api = Api::new();
    let body = json!({ "locationId": "loc-other", "pageLimit": 1 });
    for (method, target, body) in [
        ("POST", "/contacts/", body.clone()),
        ("POST", "/contacts/upsert", body.clone()),
        ("POST", "/contacts/search", body),
        ("GET", "/contacts/search/duplicate?locationId=loc-other", Value::Null),
        ("GET", "/locations/loc-other", Value::Null),
        ("GET", "/locations/loc-other/customFields", Value::Null),
    ] {
        let got = api.call(method, target, body).await;
        assert_eq!(got.status, 403, "{method} {target}");
        assert_eq!(got.message(), "The token does not have access to this location.");
    }
    assert!(api.emulator.front_desk().contacts().is_empty());
}

#[tokio::test]
async fn a_wrong_path_is_a_404_that_repeats_method_and_target() {
    let got = Api::new().get("/contact/x?email=a@b.ch").await;
    assert_eq!(got.status, 404);
    assert_eq!(got.message(), "Cannot GET /contact/x?email=a@b.ch");
    let without_slash = Api::new().here("POST", "/contacts", json!({})).await;
    assert_eq!(without_slash.message(), "Cannot POST /contacts");
}

#[tokio::test]
async fn every_answer_carries_another_trace_id() {
    let api = Api::new();
    let id = api.create(json!({})).await;
    let mut seen = std::collections::BTreeSet::new();
    for target in [CONTACT, "/nowhere", &format!("/contacts/{id}"), "/locations/loc-demo"] {
        let got = api.get(target).await;
        assert!(seen.insert(got.body["traceId"].as_str().unwrap().to_owned()));
    }
}

#[tokio::test]
async fn broken_json_is_a_400_and_a_list_is_a_422() {
    let api = Api::new();
    let got = api.call("POST", "/contacts/", json!([1])).await;
    assert_eq!(got.complaints(), ["the body must be an object"]);
    let served = api.emulator.serve().await.unwrap();
    let response = reqwest::Client::new()
        .post(format!("{}/contacts/", served.url()))
        .bearer_auth("pit-demo")
        .header("Version", "2021-07-28")
        .header("Content-Type", "application/json")
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_counts_as_empty() {
    let api = Api::new().header("content-type", Some("text/plain"));
    let got = api.here("POST", "/contacts/", json!({ "firstName": "Ada" })).await;
    assert_eq!(got.complaints()[0], "locationId must be a string");
}

#[tokio::test]
async fn the_same_api_is_served_on_loopback() {
    let api = Api::new();
    let id = api.create(json!({ "firstName": "Ada" })).await;
    let served = api.emulator.serve().await.unwrap();
    let response = reqwest::Client::new()
        .get(format!("{}/contacts/{id}", served.url()))
        .bearer_auth("pit-demo")
        .header("Version", "2021-07-28")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["contact"]["firstName"], "Ada");
    assert_eq!(api.emulator.journal().len(), 2);
}
