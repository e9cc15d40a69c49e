use std::time::Duration;

use serde_json::json;

use crate::api::Api;

#[tokio::test(start_paused = true)]
async fn an_update_changes_what_it_names_and_null_clears() {
    let api = Api::new();
    let id = api.create(json!({ "firstName": "Ada", "email": "a@b.ch", "city": "Bern", "dateOfBirth": "1990-09-25" })).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let got = api.put(&id, json!({ "city": "Basel", "email": null, "dateOfBirth": null })).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.body["succeded"], true);
    let contact = api.contact(&id).await;
    assert_eq!(got.body["contact"], contact);
    assert_eq!(contact["firstName"], "Ada");
    assert_eq!(contact["city"], "Basel");
    for gone in ["email", "emailLowerCase", "dateOfBirth"] {
        assert_eq!(contact.get(gone), None, "{gone}");
    }
    assert_eq!(contact["dateAdded"], "1970-01-01T00:00:00.000Z");
    assert_eq!(contact["dateUpdated"], "1970-01-01T00:00:05.000Z");
}

#[tokio::test]
async fn an_update_refuses_what_its_schema_does_not_name() {
    let api = Api::new();
    let id = api.create(json!({ "gender": "female" })).await;
    for property in ["gender", "locationId", "companyName", "id", "unheardOf"] {
        let got = api.put(&id, json!({ property: "male", "city": "Bern" })).await;
        assert_eq!(got.complaints(), [format!("property {property} should not exist")]);
    }
    let contact = api.emulator.front_desk().contact(&id).unwrap();
    assert_eq!(contact.gender.as_deref(), Some("female"));
    assert_eq!(contact.city, None);
}

#[tokio::test]
async fn only_an_update_may_clear_the_source_and_nothing_clears_a_country_with_null() {
    let api = Api::new();
    let id = api.create(json!({ "source": "form", "country": "CH" })).await;
    assert_eq!(api.put(&id, json!({ "source": null })).await.status, 200);
    let refused = api.put(&id, json!({ "country": null })).await;
    assert_eq!(refused.complaints(), ["country must be a string"]);
    let refused = api.here("POST", "/contacts/", json!({ "source": null })).await;
    assert_eq!(refused.complaints(), ["source must be a string"]);
    assert_eq!(api.put(&id, json!({ "country": "" })).await.status, 200);
    assert_eq!(api.contact(&id).await.get("country"), None);
}

#[tokio::test]
async fn an_update_overwrites_all_tags_where_the_tag_endpoints_do_not() {
    let api = Api::new();
    let id = api.create(json!({ "tags": ["a", "b"] })).await;
    let tags = format!("/contacts/{id}/tags");
    let added = api.call("POST", &tags, json!({ "tags": ["b", "c"] })).await;
    assert_eq!(added.status, 201);
    assert_eq!(added.body["tags"], json!(["a", "b", "c"]));
    let removed = api.call("DELETE", &tags, json!({ "tags": ["a"] })).await;
    assert_eq!(removed.status, 200);
    assert_eq!(removed.body["tags"], json!(["b", "c"]));
    api.put(&id, json!({ "tags": ["d"] })).await;
    assert_eq!(api.contact(&id).await["tags"], json!(["d"]));
    let refused = api.call("POST", &tags, json!({ "tags": [1] })).await;
    assert_eq!(refused.complaints(), ["each value in tags must be a string"]);
    assert_eq!(api.call("POST", &tags, json!({})).await.complaints(), ["tags must be an array"]);
}

#[tokio::test]
async fn custom_fields_are_written_by_id_or_key_and_read_by_id_under_another_name() {
    let api = Api::new();
    let desk = api.emulator.front_desk();
    let (patient, visits) = (desk.define_custom_field("Patient Id", "TEXT"), desk.define_custom_field("visits", "NUMERICAL"));
    let id = api
        .create(json!({ "customFields": [
            { "id": patient, "field_value": "p-1" },
            { "key": "visits", "field_value": 3 },
            { "id": "nowhere", "field_value": "dropped" },
        ] }))
        .await;
    let mut expected = vec![json!({ "id": patient, "value": "p-1" }), json!({ "id": visits, "value": 3 })];
    expected.sort_by_key(|field| field["id"].as_str().unwrap().to_owned());
    assert_eq!(api.contact(&id).await["customFields"], json!(expected));
    let cleared = json!({ "customFields": [{ "key": "contact.patient_id", "field_value": null }] });
    assert_eq!(api.put(&id, cleared).await.status, 200);
    let left = json!([{ "id": visits, "value": 3 }]);
    assert_eq!(api.contact(&id).await["customFields"], left);
}

#[tokio::test]
async fn v3_writes_custom_fields_in_camel_case_and_older_versions_refuse_that() {
    let api = Api::new();
    let field = api.emulator.front_desk().define_custom_field("visits", "NUMERICAL");
    let id = api.create(json!({})).await;
    let sent = json!({ "customFields": [{ "id": field, "fieldValue": 3 }] });
    let refused = api.put(&id, sent.clone()).await;
    let expected = ["customFields.0.property fieldValue should not exist"];
    assert_eq!(refused.complaints(), expected);
    let v3 = api.header("version", Some("v3"));
    assert_eq!(v3.put(&id, sent).await.status, 200);
    assert_eq!(v3.contact(&id).await["customFields"][0]["value"], 3);
    let nameless = json!({ "customFields": [{ "field_value": 3 }] });
    let refused = v3.put(&id, nameless).await;
    assert_eq!(refused.complaints(), ["customFields.0.id must be a string"]);
}
