use std::time::Duration;

use chrono::NaiveDate;
use ephysio_client::{Client, NewPatient, Patient, PatientStatus, Sex};
use ephysio_emulator::{Blank, Create, Ids, Quirks};
use futures::TryStreamExt;
use sync_http::Shown;
use tokio::time::Instant;

use crate::{client, emulator};

pub(crate) fn anna() -> NewPatient {
    NewPatient {
        client_id: None,
        first_name: "Anna".to_owned(),
        last_name: "Muster".to_owned(),
        street: "Weg 1".to_owned(),
        zip: "3000".to_owned(),
        city: "Bern".to_owned(),
        birth_date: NaiveDate::from_ymd_opt(1990, 9, 5).unwrap(),
        sex: Sex::Female,
        phone: Some("+41791234567".to_owned()),
        email: Some("anna@example.ch".to_owned()),
        has_email_consent: false,
        comment: Some("ref abc".to_owned()),
    }
}

pub(crate) async fn list(client: &Client) -> Vec<Patient> {
    let elements = client.patients(Some(PatientStatus::ACTIVE)).await.unwrap();
    let raw: Vec<_> = elements.try_collect().await.unwrap();
    raw.iter().map(|raw| Patient::from_json(raw).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_created_is_listed() {
    for ids in [Ids::Numbers, Ids::Strings] {
        let quirks = Quirks { ids, zip_is_number: true, created_status: 201, ..Quirks::default() };
        let client = client(&emulator(quirks));
        let created = client.create_patient(&anna()).await.unwrap();
        let listed = list(&client).await;
        assert_eq!(created.id.as_deref(), Some(listed[0].id.as_str()));
        assert_eq!(listed[0].birth_date, Shown::Value(anna().birth_date));
        assert_eq!((listed[0].zip.text(), listed[0].comment.text()), (Some("3000"), Some("ref abc")));
        assert!(matches!(listed[0].sex, Shown::Value(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_waits_for_approval_answers_an_id_that_is_not_listed() {
    let emulator = emulator(Quirks { create: Create::PendingApproval, ..Quirks::default() });
    let client = client(&emulator);
    let created = client.create_patient(&anna()).await.unwrap();
    assert!(created.id.is_some());
    assert!(list(&client).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn blanks_are_told_apart_from_what_is_not_shown() {
    for (blank, expected) in [(Blank::EmptyString, Shown::Empty), (Blank::Null, Shown::Empty), (Blank::Absent, Shown::Absent)] {
        let emulator = emulator(Quirks { blank, ..Quirks::default() });
        emulator.practice().create(ephysio_emulator::NewPatient::named("Beat", "Muster"));
        let listed = list(&client(&emulator)).await;
        assert_eq!(listed[0].phone, expected, "{blank:?}");
    }
    let emulator = emulator(Quirks { list_shows_email: false, ..Quirks::default() });
    emulator.practice().populate(1);
    assert!(list(&client(&emulator)).await[0].email.is_absent());
}

#[tokio::test(start_paused = true)]
async fn every_invented_patient_can_be_read() {
    let emulator = emulator(Quirks::default());
    emulator.practice().populate(2000);
    assert_eq!(list(&client(&emulator)).await.len(), 2000);
}

#[tokio::test(start_paused = true)]
async fn calls_keep_to_two_per_second() {
    let emulator = emulator(Quirks::default());
    let client = client(&emulator);
    let start = Instant::now();
    futures::future::join_all((0..19).map(|_| list(&client))).await;
    // With the login that is 20 calls in bursts of 4.
    assert_eq!(start.elapsed(), Duration::from_secs(8));
}
