//! Edits of single fields: what is written for them, who wins, and who is asked.

use ephysio_emulator::{Quirks, UpdatePatient};
use serde_json::json;

use crate::house::{House, body, person};
use crate::staff::in_sync_with;

/// A clinic whose e-Physio can be written to, as somebody has found out and described.
async fn writable(patients: usize, set: impl FnOnce(&mut House)) -> (House, Vec<(u64, String)>) {
    let quirks = Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() };
    in_sync_with(quirks, patients, |house| {
        house.set("ephysio.operations.update_patient.support", "enabled");
        house.set("ephysio.operations.update_patient.method", "PUT");
        house.set("ephysio.operations.update_patient.path", "/patients/{id}");
        set(house);
    })
    .await
}

#[tokio::test]
async fn a_field_edited_on_each_side_survives_on_both() {
    let (house, people) = writable(4, |_| {}).await;
    let (patient, contact) = &people[0];
    house.in_ephysio(*patient, |patient| patient.email = "neu@example.ch".to_owned());
    house.in_ghl(contact, json!({ "phone": "+41791112233" }));
    house.sync().await;
    let [_, _, email, phone] = house.shown(contact);
    let kept = house.clinic.ephysio.practice().patient(*patient).unwrap();
    assert_eq!((email.as_str(), phone.as_str()), ("neu@example.ch", "+41791112233"));
    assert_eq!((kept.email.as_str(), kept.phone.as_str()), ("neu@example.ch", "+41791112233"));
    house.assert_quiet().await;
    assert!(house.reviews().await.is_empty());
}

#[tokio::test]
async fn an_edit_in_ghl_costs_one_read_there_and_one_call_to_ephysio() {
    let (house, people) = writable(4, |house| house.set("ghl.search_lag_seconds", 1)).await;
    let (patient, contact) = &people[0];
    house.in_ghl(contact, json!({ "phone": "+41791112233" }));
    let mark = house.mark();
    // Until the listing is later than the search may lag.
    while house.clinic.ephysio.practice().patient(*patient).unwrap().phone != "+41791112233" {
        house.sync().await;
    }
    let called = |entries: Vec<emulator_kit::Entry>, listings: &[&str]| -> Vec<String> {
        let call = |entry: emulator_kit::Entry| format!("{} {}", entry.method, entry.path);
        entries.into_iter().map(call).filter(|call| !listings.contains(&call.as_str())).collect()
    };
    let ghl = called(house.clinic.ghl.journal().since(mark.ghl), &["POST /contacts/search", "GET /locations/loc-demo/customFields"]);
    let ephysio = called(house.clinic.ephysio.journal().since(mark.ephysio), &["POST /api/1.0/token", "GET /api/1.0/patients"]);
    assert_eq!(ghl, [format!("GET /contacts/{contact}")]);
    assert_eq!(ephysio, [format!("PUT /api/1.0/patients/{patient}")]);
    let (writes, _) = house.writes(mark);
    assert_eq!(body(&writes[0]), json!({ "phone": "+41791112233" }));
}

const OURS: &str = "hier.zuhause@example.ch";
const THEIRS: &str = "dort.verreist@example.ch";

/// The first patient's e-mail address, changed on both sides at once, differently.
async fn contradict(house: &House, people: &[(u64, String)]) {
    house.in_ephysio(people[0].0, |patient| patient.email = OURS.to_owned());
    house.in_ghl(&people[0].1, json!({ "email": THEIRS }));
    house.sync().await;
}

/// The first patient's e-mail address in both systems.
fn emails(house: &House, people: &[(u64, String)]) -> [String; 2] {
    [house.clinic.ephysio.practice().patient(people[0].0).unwrap().email, house.shown(&people[0].1)[2].clone()]
}

#[tokio::test]
async fn a_rule_names_who_wins_a_contradiction() {
    for (rule, winner) in [("prefer_left", OURS), ("prefer_right", THEIRS)] {
        let (house, people) = writable(3, |house| house.set("patients.fields.email.conflict", rule)).await;
        contradict(&house, &people).await;
        assert_eq!(emails(&house, &people), [winner, winner], "{rule}");
        assert!(house.reviews().await.is_empty());
        house.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_contradiction_is_one_question_whose_values_are_sealed() {
    let (house, people) = writable(3, |_| {}).await;
    contradict(&house, &people).await;
    house.assert_quiet().await;
    assert_eq!(emails(&house, &people), [OURS, THEIRS], "nobody's edit is lost while it is open");
    let review = house.review().await;
    assert_eq!((&review["reason"], &review["field"]), (&json!("conflict"), &json!("email")));
    for file in std::fs::read_dir(house.path("")).unwrap() {
        let path = file.unwrap().path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).to_lowercase();
        assert!(!text.contains("zuhause") && !text.contains("verreist"), "{} can be read", path.display());
    }
    let id = &review["id"].as_str().unwrap()[..8];
    assert!(!house.run(&["review", "list"]).await.says(&["example.ch"]));
    assert!(house.run(&["review", "show", id]).await.says(&[OURS, THEIRS, "email"]));
    let shown = house.run(&["review", "show", id, "--json"]).await.json();
    assert_eq!(shown["values"]["email"], json!({ "left": OURS, "right": THEIRS }));
}

#[tokio::test]
async fn each_decision_is_carried_out_by_the_next_sync() {
    for (decision, [ephysio, ghl]) in [("ephysio", [OURS, OURS]), ("ghl", [THEIRS, THEIRS]), ("keep-both", [OURS, THEIRS])] {
        let (house, people) = writable(3, |_| {}).await;
        contradict(&house, &people).await;
        let mark = house.mark();
        let id = house.review().await["id"].as_str().unwrap().to_owned();
        let resolved = house.run(&["review", "resolve", &id, decision]).await;
        assert_eq!((resolved.code, house.written(mark)), (Some(0), 0), "{resolved:?}");
        assert_eq!(house.sync().await["open_reviews"], 0, "{decision}");
        assert_eq!(emails(&house, &people), [ephysio, ghl], "{decision}");
        assert_eq!(house.written(mark), usize::from(decision != "keep-both"));
        house.assert_quiet().await;
        // And it does not come back with the next edit of something else.
        house.in_ephysio(people[0].0, |patient| patient.phone = "+41791112233".to_owned());
        assert_eq!(house.sync().await["open_reviews"], 0, "{decision}");
        assert_eq!(house.shown(&people[0].1)[3], "+41791112233", "{decision}");
    }
}

#[tokio::test]
async fn a_decision_about_values_that_changed_meanwhile_is_not_carried_out() {
    let (house, people) = writable(3, |_| {}).await;
    contradict(&house, &people).await;
    let id = house.review().await["id"].as_str().unwrap().to_owned();
    assert_eq!(house.run(&["review", "resolve", &id, "ephysio"]).await.code, Some(0));
    house.in_ghl(&people[0].1, json!({ "email": "wieder.anders@example.ch" }));
    house.sync().await;
    assert_eq!(emails(&house, &people), [OURS, "wieder.anders@example.ch"]);
    assert_eq!(house.review().await["reason"], "conflict");
}

#[tokio::test]
async fn a_field_that_is_emptied_follows_its_rule() {
    let before = person(0).email;
    for (rule, left, right) in
        [("propagate", "", ""), ("keep", before.as_str(), before.as_str()), ("review", before.as_str(), before.as_str())]
    {
        let (house, people) = writable(3, |house| house.set("patients.fields.email.clearing", rule)).await;
        house.in_ephysio(people[0].0, |patient| patient.email.clear());
        house.sync().await;
        assert_eq!(emails(&house, &people), ["", right], "{rule} in e-Physio");
        house.in_ghl(&people[1].1, json!({ "email": null }));
        house.sync().await;
        let [other] = [house.clinic.ephysio.practice().patient(people[1].0).unwrap().email];
        assert_eq!(other.is_empty(), left.is_empty(), "{rule} in GHL");
        let reviews = house.reviews().await;
        assert_eq!(reviews.len(), if rule == "review" { 2 } else { 0 }, "{rule}: {reviews:?}");
        house.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_cleared_field_that_was_asked_about_is_emptied_on_the_word_of_a_person() {
    let (house, people) = writable(3, |house| house.set("patients.fields.email.clearing", "review")).await;
    house.in_ephysio(people[0].0, |patient| patient.email.clear());
    house.sync().await;
    let id = house.review().await["id"].as_str().unwrap().to_owned();
    house.run(&["review", "resolve", &id, "ephysio"]).await;
    house.sync().await;
    assert_eq!(emails(&house, &people), ["", ""]);
    house.assert_quiet().await;
}

#[tokio::test]
async fn what_ghl_writes_in_its_own_way_is_not_written_again() {
    let house = House::new().await;
    for (number, (given, family, email, phone)) in [
        ("ANNA", "von ARX", "Anna.VonArx@Example.CH", "079 123 45 67"),
        ("  Beat ", "Müller-Aebi", "beat@example.ch ", "0041 (0)79/222 33 44"),
        ("élodie", "D'Arcy", "", "+39 06 6982 1234"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut patient = person(number);
        (patient.first_name, patient.last_name) = (given.to_owned(), family.to_owned());
        (patient.email, patient.phone) = (email.to_owned(), phone.to_owned());
        house.clinic.ephysio.practice().create(patient);
    }
    house.sync().await;
    house.assert_quiet().await;
    assert!(house.reviews().await.is_empty());
    house.assert_whole().await;
}
