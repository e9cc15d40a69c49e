use serde_json::json;

use crate::api::Api;

const FIELDS: &str = "/locations/loc-demo/customFields";

#[tokio::test]
async fn the_location_tells_its_name_zone_and_settings() {
    let api = Api::new();
    let got = api.get("/locations/loc-demo").await;
    assert_eq!(got.status, 200);
    let location = &got.body["location"];
    assert_eq!(location["id"], "loc-demo");
    assert_eq!(location["name"], "Demo Practice");
    assert_eq!(location["timezone"], "Europe/Zurich");
    assert_eq!(location["settings"]["allowDuplicateContact"], false);
    api.emulator.set_allow_duplicates(true);
    let got = api.get("/locations/loc-demo").await;
    assert_eq!(got.body["location"]["settings"]["allowDuplicateContact"], true);
}

#[tokio::test]
async fn a_custom_field_gets_its_key_from_its_name() {
    let api = Api::new();
    let sent = json!({ "name": "E-Physio Patient Id", "dataType": "TEXT", "model": "contact" });
    let got = api.call("POST", FIELDS, sent.clone()).await;
    assert_eq!(got.status, 201);
    let field = &got.body["customField"];
    assert_eq!(field["fieldKey"], "contact.ephysio_patient_id");
    assert_eq!(field["dataType"], "TEXT");
    assert_eq!(field["position"], 0);
    let listed = api.get(&format!("{FIELDS}?model=contact")).await;
    assert_eq!(listed.body["customFields"], json!([field]));
    let again = api.call("POST", FIELDS, sent).await;
    assert_eq!(again.status, 400);
    let known = api.emulator.front_desk();
    assert_eq!(json!(known.define_custom_field("ephysio_patient_id", "TEXT")), field["id"]);
    let nameless = api.call("POST", FIELDS, json!({ "dataType": "TEXT" })).await;
    assert_eq!(nameless.complaints(), ["name must be a string"]);
}

#[tokio::test]
async fn custom_fields_are_listed_by_model() {
    let api = Api::new();
    for model in ["contact", "opportunity"] {
        let sent = json!({ "name": "Stage", "dataType": "TEXT", "model": model });
        assert_eq!(api.call("POST", FIELDS, sent).await.status, 201);
    }
    for (query, expected) in [("?model=contact", 1), ("?model=all", 2), ("", 2)] {
        let got = api.get(&format!("{FIELDS}{query}")).await;
        assert_eq!(got.body["customFields"].as_array().unwrap().len(), expected);
    }
    assert_eq!(api.get(&format!("{FIELDS}?model=x")).await.status, 422);
}
