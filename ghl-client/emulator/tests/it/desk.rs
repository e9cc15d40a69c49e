use std::sync::{Arc, Mutex};

use emulator_kit::{Fault, Rule};
use ghl_emulator::{ChangeKind, NewContact, Origin};
use serde_json::json;

use crate::api::Api;

#[tokio::test]
async fn the_front_desk_works_without_requests() {
    let api = Api::new();
    let desk = api.emulator.front_desk();
    let id = desk.create(NewContact {
        first_name: Some("Ada".to_owned()),
        email: Some("Ada@b.ch".to_owned()),
        date_of_birth: Some("1990-09-25".to_owned()),
        ..NewContact::default()
    });
    assert!(desk.update(&id, json!({ "city": "Bern", "gender": "female", "firstName": null })));
    assert!(desk.add_tag(&id, "vip"));
    assert!(api.emulator.journal().is_empty());
    let contact = desk.contact(&id).unwrap();
    assert_eq!(contact.first_name, None);
    assert_eq!(contact.email.as_deref(), Some("ada@b.ch"));
    assert_eq!(contact.gender.as_deref(), Some("female"));
    assert_eq!(contact.tags, ["vip"]);
    assert_eq!(api.contact(&id).await["dateOfBirth"], "1990-09-25");
    assert!(desk.remove_tag(&id, "vip"));
    assert!(desk.delete(&id));
    assert!(!desk.delete(&id));
    assert!(!desk.update(&id, json!({})));
    assert!(desk.contacts().is_empty());
}

#[tokio::test]
async fn a_merge_fills_the_winner_and_the_loser_becomes_unknown() {
    let api = Api::new();
    let desk = api.emulator.front_desk();
    let field = desk.define_custom_field("visits", "NUMERICAL");
    let values = json!([{ "id": field, "field_value": 3 }]);
    let winner = desk.create(json!({ "firstName": "Ada", "tags": ["a"] }));
    let loser = desk.create(json!({
        "firstName": "Augusta", "email": "ada@b.ch", "tags": ["a", "b"], "customFields": values,
    }));
    assert!(desk.merge(&winner, &loser));
    let contact = api.contact(&winner).await;
    assert_eq!(contact["firstName"], "Ada");
    assert_eq!(contact["email"], "ada@b.ch");
    assert_eq!(contact["tags"], json!(["a", "b"]));
    assert_eq!(contact["customFields"][0]["value"], 3);
    let got = api.get(&format!("/contacts/{loser}")).await;
    assert_eq!(got.message(), format!("Contact with id {loser} not found"));
    let got = api.here("POST", "/contacts/", json!({ "email": "ada@b.ch" })).await;
    assert_eq!(got.body["meta"]["contactId"], winner);
    assert!(!desk.merge(&winner, &winner));
    assert!(!desk.merge(&winner, &loser));
}

#[tokio::test]
async fn hooks_hear_of_every_change_and_may_look_at_the_emulator() {
    let api = Api::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (list, emulator) = (Arc::clone(&heard), api.emulator.clone());
    api.emulator.on_change(move |change| {
        let present = emulator.front_desk().contact(&change.contact.id).is_some();
        list.lock().unwrap().push((change.kind, change.origin, present));
    });
    let id = api.create(json!({})).await;
    api.emulator.front_desk().add_tag(&id, "vip");
    api.put(&id, json!({ "city": "Bern" })).await;
    api.call("DELETE", &format!("/contacts/{id}"), json!(null)).await;
    let expected = [
        (ChangeKind::Created, Origin::Api, true),
        (ChangeKind::Tagged, Origin::FrontDesk, true),
        (ChangeKind::Updated, Origin::Api, true),
        (ChangeKind::Deleted, Origin::Api, false),
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_fault_after_the_effect_leaves_the_contact_behind() {
    let api = Api::new();
    let reply = emulator_kit::Reply::new(422, r#"{"statusCode":422}"#);
    api.emulator.faults().add(Rule::on("/contacts/", Fault::Replace(reply)));
    let got = api.here("POST", "/contacts/", json!({ "firstName": "Ada" })).await;
    assert_eq!(got.status, 422);
    assert_eq!(api.emulator.front_desk().contacts().len(), 1);
    assert!(api.emulator.journal().entries()[0].succeeded());
}
