use std::time::Duration;

use ephysio_emulator::{Blank, Ids, NewPatient, Quirks, Sex, WithoutStatus};
use serde_json::{Value, json};

use crate::support::{Caller, anna, beat, emulator};

async fn shown(quirks: Quirks) -> Value {
    let emulator = emulator(quirks);
    emulator.practice().create(beat());
    Caller::new(&emulator).await.list().await.json[0].clone()
}

#[tokio::test]
async fn an_empty_practice_lists_an_empty_array() {
    let caller = Caller::new(&emulator(Quirks::default())).await;
    assert_eq!(caller.list().await.json, json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_patient_is_shown_in_the_read_format() {
    let mut patient = shown(Quirks::default()).await;
    let id = patient["id"].take();
    assert!((100_000..100_000_000).contains(&id.as_u64().unwrap()));
    assert_eq!(
        patient,
        json!({
            "id": null, "firstName": "Beat", "lastName": "Keller", "salutation": "", "street": "",
            "zip": "3011", "city": "", "birthDate": "01.12.1975", "sex": true, "phone": "",
            "email": "beat@example.ch", "status": 1, "hasEmailConsent": false, "comment": "Knie",
            "language": "de", "insurer": { "name": "" }, "updatedInternally": 1_795_478_400_000_i64,
        })
    );
}

#[tokio::test]
async fn blanks_may_be_absent_or_null() {
    let absent = shown(Quirks { blank: Blank::Absent, ..Quirks::default() }).await;
    assert!(absent.get("phone").is_none());
    assert_eq!(absent["firstName"], "Beat");
    let null = shown(Quirks { blank: Blank::Null, ..Quirks::default() }).await;
    assert_eq!(null.get("phone"), Some(&Value::Null));
}

#[tokio::test]
async fn an_unknown_birth_date_or_sex_is_not_invented() {
    let emulator = emulator(Quirks::default());
    emulator.practice().create(NewPatient::named("Noé", "Favre"));
    let list = Caller::new(&emulator).await.list().await;
    assert_eq!(list.json[0]["birthDate"], "");
    assert_eq!(list.json[0]["sex"], Value::Null);
}

#[tokio::test]
async fn true_may_mean_female() {
    let patient = shown(Quirks { sex_true: Sex::Female, ..Quirks::default() }).await;
    assert_eq!(patient["sex"], false);
}

#[tokio::test]
async fn ids_may_be_strings_and_zips_numbers() {
    let patient = shown(Quirks { ids: Ids::Strings, zip_is_number: true, ..Quirks::default() }).await;
    assert!(patient["id"].as_str().unwrap().parse::<u64>().is_ok());
    assert_eq!(patient["zip"], 3011);
}

#[tokio::test]
async fn members_may_be_missing_from_the_list() {
    let quirks = Quirks { list_shows_email: false, list_shows_comment: false, list_shows_consent: false, ..Quirks::default() };
    let patient = shown(quirks).await;
    for name in ["email", "comment", "hasEmailConsent", "clientId"] {
        assert!(patient.get(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn the_client_id_may_be_shown() {
    let caller = Caller::new(&emulator(Quirks { list_shows_client_id: true, ..Quirks::default() })).await;
    caller.create(&anna()).await;
    assert_eq!(caller.list().await.json[0]["clientId"], "crm-anna");
}

#[tokio::test]
async fn status_filters_and_without_it_all_are_listed() {
    let emulator = emulator(Quirks { inactive_status: 2, ..Quirks::default() });
    let practice = emulator.practice();
    practice.create(NewPatient::named("Anna", "Aktiv"));
    let gone = practice.create(NewPatient::named("Beat", "Inaktiv"));
    assert!(practice.deactivate(gone));
    let caller = Caller::new(&emulator).await;
    assert_eq!(caller.list().await.first_names(), ["Anna"]);
    assert_eq!(caller.get("/patients?status=2").await.first_names(), ["Beat"]);
    assert_eq!(caller.get("/patients").await.first_names(), ["Anna", "Beat"]);
    assert_eq!(caller.get("/patients?status=aktiv").await.refusal(), (400, "/status"));
    assert!(practice.reactivate(gone));
    assert_eq!(caller.list().await.first_names(), ["Anna", "Beat"]);
}

#[tokio::test]
async fn the_filter_may_be_ignored_and_may_be_the_default() {
    for (quirks, path, listed) in [
        (Quirks { list_filters_status: false, ..Quirks::default() }, "/patients?status=1", 2),
        (Quirks { list_without_status: WithoutStatus::ActiveOnly, ..Quirks::default() }, "/patients", 1),
    ] {
        let emulator = emulator(quirks);
        emulator.practice().create(beat());
        let gone = emulator.practice().create(beat());
        emulator.practice().deactivate(gone);
        let list = Caller::new(&emulator).await.get(path).await;
        assert_eq!(list.first_names().len(), listed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_created_patient_may_be_listed_late() {
    let emulator = emulator(Quirks { list_lag: Duration::from_secs(30), ..Quirks::default() });
    let caller = Caller::new(&emulator).await;
    caller.create(&anna()).await;
    assert_eq!(caller.list().await.json, json!([]));
    assert_eq!(emulator.practice().patients().len(), 1);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(caller.list().await.first_names(), ["Anna"]);
}

#[tokio::test]
async fn what_staff_do_is_what_the_list_shows() {
    let emulator = emulator(Quirks::default());
    let (practice, caller) = (emulator.practice(), Caller::new(&emulator).await);
    let id = practice.create(beat());
    assert!(practice.update(id, |patient| {
        patient.id = 1;
        patient.city = "Thun".to_owned();
        patient.extra.insert("ahv".to_owned(), json!("756.9217.0769.85"));
    }));
    let list = caller.list().await;
    assert_eq!(list.json[0]["id"], id);
    assert_eq!(list.json[0]["city"], "Thun");
    assert_eq!(list.json[0]["ahv"], "756.9217.0769.85");
    assert!(practice.delete(id));
    assert!(!practice.delete(id) && !practice.update(id, |_| {}) && practice.patient(id).is_none());
    assert_eq!(caller.list().await.json, json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_touch_moves_a_member_that_means_nothing() {
    let emulator = emulator(Quirks::default());
    let (practice, caller) = (emulator.practice(), Caller::new(&emulator).await);
    let id = practice.create(beat());
    let mut before = caller.list().await;
    emulator.clock().advance(Duration::from_secs(1));
    practice.touch(id);
    let mut after = caller.list().await;
    assert_ne!(before.bytes, after.bytes);
    before.json[0]["updatedInternally"].take();
    after.json[0]["updatedInternally"].take();
    assert_eq!(before.json, after.json);
}
