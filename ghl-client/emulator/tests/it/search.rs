use std::collections::BTreeSet;
use std::time::Duration;

use ghl_emulator::Config;
use serde_json::{Value, json};

use crate::api::Api;

/// Three contacts, created a second apart.
async fn three() -> Api {
    let api = Api::new();
    for contact in [
        json!({ "firstName": "Ada", "email": "ada@b.ch", "tags": ["patient", "vip"], "dateOfBirth": "1990-09-25" }),
        json!({ "firstName": "Bob", "city": "Bern", "tags": ["patient"] }),
        json!({ "firstName": "Cid", "city": "Basel", "phone": "+41791111111" }),
    ] {
        api.create(contact).await;
        api.emulator.clock().advance(Duration::from_secs(1));
    }
    api
}

fn filter(field: &str, operator: &str, value: &Value) -> Value {
    json!({
        "filters": [{ "field": field, "operator": operator, "value": value }],
        "sort": [{ "field": "firstNameLowerCase", "direction": "asc" }],
    })
}

#[tokio::test]
async fn location_and_page_limit_are_required() {
    let api = Api::new();
    let got = api.call("POST", "/contacts/search", json!({ "pageLimit": 1 })).await;
    assert_eq!(got.complaints()[0], "locationId must be a string");
    let got = api.here("POST", "/contacts/search", json!({})).await;
    assert_eq!(got.complaints(), ["pageLimit must be a number"]);
    let got = api.search(json!({ "pageLimit": 501 })).await;
    assert_eq!(got.complaints(), ["pageLimit must not be greater than 500"]);
}

#[tokio::test(start_paused = true)]
async fn the_newest_come_first_and_each_hit_is_a_cursor() {
    let api = three().await;
    let got = api.search(json!({ "pageLimit": 2 })).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.body["total"], 3);
    let hits = got.body["contacts"].as_array().unwrap();
    assert_eq!(hits[0]["firstName"], "Cid");
    assert_eq!(hits[1]["firstName"], "Bob");
    assert_eq!(hits[1]["searchAfter"], json!([1000, hits[1]["id"]]));
    let rest = api.search(json!({ "pageLimit": 2, "searchAfter": hits[1]["searchAfter"] })).await;
    assert_eq!(rest.body["total"], 3);
    let rest = rest.body["contacts"].as_array().unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["firstName"], "Ada");
}

#[tokio::test(start_paused = true)]
async fn a_cursor_walk_sees_every_contact_once_though_contacts_come_and_go() {
    let api = Api::new();
    let desk = api.emulator.front_desk();
    let ids: Vec<String> = (0..25).map(|_| desk.create(json!({ "city": "Bern" }))).collect();
    for sort in [json!([{ "field": "dateAdded", "direction": "desc" }]), json!([{ "field": "lastNameLowerCase", "direction": "asc" }])] {
        let (mut cursor, mut seen) = (json!([]), Vec::new());
        loop {
            let got = api.search(json!({ "pageLimit": 4, "searchAfter": cursor, "sort": sort })).await;
            let hits = got.body["contacts"].as_array().unwrap().clone();
            let Some(last) = hits.last() else { break };
            cursor = last["searchAfter"].clone();
            seen.extend(hits.iter().map(|hit| hit["id"].as_str().unwrap().to_owned()));
            api.emulator.clock().advance(Duration::from_secs(1));
            let passing = desk.create(json!({ "lastName": "Aaa" }));
            desk.delete(&passing);
        }
        assert_eq!(seen.len(), 25);
        assert_eq!(BTreeSet::from_iter(seen), BTreeSet::from_iter(ids.clone()));
    }
}

#[tokio::test(start_paused = true)]
async fn page_numbers_shift_when_a_contact_is_added_and_end_at_ten_thousand() {
    let api = three().await;
    let second = json!({ "pageLimit": 1, "page": 2 });
    assert_eq!(api.found(second.clone()).await, ["Bob"]);
    api.create(json!({ "firstName": "Dee" })).await;
    assert_eq!(api.found(second).await, ["Cid"]);
    let deep = api.search(json!({ "pageLimit": 500, "page": 21 })).await;
    assert_eq!(deep.status, 400);
    let edge = api.search(json!({ "pageLimit": 500, "page": 20 })).await;
    assert_eq!(edge.body["contacts"], json!([]));
}

#[tokio::test]
async fn a_page_number_and_a_cursor_exclude_each_other() {
    let got = Api::new().search(json!({ "page": 1, "searchAfter": [] })).await;
    assert_eq!(got.complaints(), ["page and searchAfter exclude each other"]);
    let got = Api::new().search(json!({ "searchAfter": ["x"] })).await;
    assert_eq!(got.status, 400);
}

#[tokio::test(start_paused = true)]
async fn the_operators_select() {
    let api = three().await;
    for (field, operator, value, expected) in [
        ("email", "eq", json!("ADA@b.ch"), vec!["Ada"]),
        ("city", "not_eq", json!("Bern"), vec!["Ada", "Cid"]),
        ("city", "contains", json!("b"), vec!["Bob", "Cid"]),
        ("city", "not_contains", json!("ern"), vec!["Ada", "Cid"]),
        ("tags", "eq", json!("patient"), vec!["Ada", "Bob"]),
        ("tags", "eq", json!(["vip", "other"]), vec!["Ada"]),
        ("phone", "exists", Value::Null, vec!["Cid"]),
        ("tags", "not_exists", Value::Null, vec!["Cid"]),
        ("dateAdded", "range", json!({ "gte": "1970-01-01T00:00:01Z" }), vec!["Bob", "Cid"]),
        ("dateAdded", "range", json!({ "gt": 0, "lt": 2000 }), vec!["Bob"]),
        ("dateOfBirth", "range", json!({ "lte": "1990-09-25" }), vec!["Ada"]),
        ("dnd", "eq", json!(false), vec!["Ada", "Bob", "Cid"]),
        ("fullNameLowerCase", "eq", json!("bob"), vec!["Bob"]),
    ] {
        let found = api.found(filter(field, operator, &value)).await;
        assert_eq!(found, expected, "{field} {operator} {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn groups_nest_and_the_top_level_is_an_and() {
    let api = three().await;
    let is = |field: &str, value: &str| json!({ "field": field, "operator": "eq", "value": value });
    let either = json!({ "group": "OR", "filters": [
        is("city", "Bern"),
        { "group": "AND", "filters": [is("city", "Basel"), is("phone", "+41791111111")] },
    ] });
    assert_eq!(api.found(json!({ "filters": [either] })).await, ["Cid", "Bob"]);
    let both = json!({ "filters": [either, is("tags", "patient")] });
    assert_eq!(api.found(both).await, ["Bob"]);
}

#[tokio::test]
async fn an_unknown_field_is_invalid_in_filters_and_in_sorting() {
    let api = Api::new();
    let sorted = json!({ "sort": [{ "field": "shoeSize", "direction": "asc" }] });
    for body in [filter("shoeSize", "eq", &json!(1)), sorted] {
        let got = api.search(body).await;
        assert_eq!(got.status, 400);
        assert_eq!(got.message(), "Invalid field shoeSize");
    }
    let got = api.search(filter("city", "like", &json!("x"))).await;
    assert_eq!(got.message(), "Invalid operator like");
}

#[tokio::test]
async fn a_custom_field_is_found_by_its_id_and_not_by_its_name() {
    let api = Api::new();
    let field = api.emulator.front_desk().define_custom_field("visits", "NUMERICAL");
    let values = json!([{ "id": field, "field_value": 3 }]);
    api.create(json!({ "firstName": "Ada", "customFields": values })).await;
    let by_id = filter(&format!("customFields.{field}"), "eq", &json!(3));
    assert_eq!(api.found(by_id).await, ["Ada"]);
    let ranged = filter(&format!("customFields.{field}"), "range", &json!({ "gt": 10 }));
    assert!(api.found(ranged).await.is_empty());
    let by_name = filter("customFields.visits", "eq", &json!(3));
    assert!(api.found(by_name).await.is_empty());
}

#[tokio::test]
async fn a_query_looks_into_name_email_and_phone_and_is_short() {
    let api = three().await;
    assert_eq!(api.found(json!({ "query": "ADA@" })).await, ["Ada"]);
    assert_eq!(api.found(json!({ "query": "4179" })).await, ["Cid"]);
    let got = api.search(json!({ "query": "x".repeat(76) })).await;
    assert_eq!(got.complaints().len(), 1);
    let got = api.search(filter("city", "eq", &json!("x".repeat(76)))).await;
    assert_eq!(got.complaints().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_search_shows_a_change_only_after_the_lag() {
    let api = Api::with(Config { search_lag: Duration::from_secs(3), ..Config::default() });
    let id = api.create(json!({ "firstName": "Ada", "email": "ada@b.ch" })).await;
    assert!(api.found(json!({})).await.is_empty());
    assert_eq!(api.contact(&id).await["firstName"], "Ada");
    let lookup = "/contacts/search/duplicate?locationId=loc-demo&email=ada@b.ch";
    assert_eq!(api.get(lookup).await.body["contact"]["id"], id);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(api.found(json!({})).await, ["Ada"]);
    api.put(&id, json!({ "firstName": "Augusta" })).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(api.found(json!({})).await, ["Ada"]);
    api.call("DELETE", &format!("/contacts/{id}"), Value::Null).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(api.found(json!({})).await, ["Augusta"]);
    api.emulator.set_search_lag(Duration::ZERO);
    assert!(api.found(json!({})).await.is_empty());
}
