use ephysio_client::{Client, ErrorKind, Operations, PatientPatch, PatientStatus, Performed, Sex, Verdict};
use ephysio_emulator::{Emulator, Fault, NewPatient, Quirks, Reply, Rule, UpdateAnswer, UpdatePatient};
use futures::TryStreamExt;
use sync_http::Change;

use crate::{client, client_with, emulator};

fn patch() -> PatientPatch {
    PatientPatch { city: Change::Set("Thun".to_owned()), email: Change::Clear, ..PatientPatch::default() }
}

fn described(emulator: &Emulator, text: &str) -> Client {
    let operations: Operations = toml::from_str(&format!("[update_patient]\nsupport = 'enabled'\n{text}")).unwrap();
    client_with(emulator, |config| {
        config.operations = operations;
        config.sex_true = Some(Sex::Male);
    })
}

fn patient(emulator: &Emulator) -> u64 {
    let practice = emulator.practice();
    let id = practice.populate(1)[0];
    practice.update(id, |patient| patient.city = "Bern".to_owned());
    id
}

#[tokio::test(start_paused = true)]
async fn an_update_is_disabled_until_it_is_described() {
    let emulator = emulator(Quirks::default());
    let error = client(&emulator).update_patient("1", &patch(), None).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Disabled, Verdict::Permanent));
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_candidate_can_be_described() {
    let candidates = [
        (UpdatePatient::Put, "method = 'PUT'\npath = '/patients/{id}'"),
        (UpdatePatient::PostToPath, "method = 'POST'\npath = '/patients/{id}'"),
        (UpdatePatient::PostWithId, "method = 'POST'\npath = '/patients'\nid_in_body = true"),
    ];
    for (update_patient, text) in candidates {
        for update_answer in [UpdateAnswer::Id, UpdateAnswer::Patient, UpdateAnswer::Empty] {
            let emulator = emulator(Quirks { update_patient, update_answer, ..Quirks::default() });
            let id = patient(&emulator);
            let done = described(&emulator, text).update_patient(&id.to_string(), &patch(), None).await;
            assert_eq!(done.unwrap(), Performed::Done, "{update_patient:?} {update_answer:?}");
            let now = emulator.practice().patient(id).unwrap();
            assert_eq!((now.city.as_str(), now.email.as_str()), ("Thun", ""));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_body_survives_a_system_that_blanks_what_is_left_out() {
    let quirks = Quirks { update_patient: UpdatePatient::Put, update_replaces: true, ..Quirks::default() };
    let emulator = emulator(quirks);
    let id = patient(&emulator);
    let before = emulator.practice().patient(id).unwrap();
    let client = described(&emulator, "method = 'PUT'\npath = '/patients/{id}'\nbody = 'full'");
    assert_eq!(client.update_patient("1", &patch(), None).await.unwrap_err().kind(), ErrorKind::Configuration);

    let listed: Vec<_> = client.patients(Some(PatientStatus::ACTIVE)).await.unwrap().try_collect().await.unwrap();
    client.update_patient(&id.to_string(), &patch(), Some(&listed[0])).await.unwrap();
    let after = emulator.practice().patient(id).unwrap();
    assert_eq!((after.city.as_str(), after.email.as_str()), ("Thun", ""));
    assert_eq!((after.sex, after.birth_date, after.last_name), (before.sex, before.birth_date, before.last_name));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_shows_the_call_and_sends_nothing() {
    let emulator = emulator(Quirks::default());
    let operations = "[update_patient]\nsupport = 'dry_run'\nmethod = 'PUT'\npath = '/patients/{id}'";
    let client = client_with(&emulator, |config| config.operations = toml::from_str(operations).unwrap());
    let shown = client.update_patient("7", &patch(), None).await.unwrap();
    assert_eq!(shown, Performed::DryRun { method: http::Method::PUT, path: "/patients/7".to_owned() });
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_success_that_was_not_described_is_an_unknown_outcome() {
    let emulator = emulator(Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() });
    let id = patient(&emulator).to_string();
    let client = described(&emulator, "method = 'PUT'\npath = '/patients/{id}'\nsuccess = [204]");
    assert_eq!(client.update_patient(&id, &patch(), None).await.unwrap_err().verdict(), Verdict::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_web_page_with_status_200_is_an_unknown_outcome() {
    let emulator = emulator(Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() });
    let id = patient(&emulator).to_string();
    let page = Reply::new(200, "<!doctype html><title>Wartung</title>").header("content-type", "text/html; charset=utf-8");
    emulator.faults().add(Rule::on("/patients/", Fault::Refuse(page)).method(http::Method::PUT));
    let client = described(&emulator, "method = 'PUT'\npath = '/patients/{id}'");
    let error = client.update_patient(&id, &patch(), None).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Decode, Verdict::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_description_is_refused_and_not_repeated() {
    let emulator = emulator(Quirks::default());
    emulator.practice().create(NewPatient::named("Anna", "Muster"));
    let client = described(&emulator, "method = 'PUT'\npath = '/patients/{id}'");
    let error = client.update_patient("7", &patch(), None).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::NotFound, Verdict::Permanent));
    assert_eq!(emulator.journal().len(), 2);
}
