use std::time::Duration;

use ephysio_client::{ErrorKind, PatientStatus, Verdict};
use ephysio_emulator::{Fault, Quirks, Reply, Rule};
use futures::TryStreamExt;
use http::Method;

use crate::patients::{anna, list};
use crate::{client, emulator, logins};

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_unknown_and_never_sent_again() {
    let faults = [
        Fault::CutAfter,
        Fault::Truncate(5),
        Fault::Replace(Reply::new(502, "<html>")),
        Fault::Replace(Reply::new(200, "<html>")),
        Fault::DelayAfter(Duration::from_secs(300)),
    ];
    for fault in faults {
        let emulator = emulator(Quirks::default());
        let name = fault.name();
        emulator.faults().add(Rule::on("/patients/request", fault));
        let error = client(&emulator).create_patient(&anna()).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Unknown, "{name}: {error}");
        let sent = emulator.journal().entries().iter().filter(|entry| entry.path.ends_with("/request")).count();
        assert_eq!(sent, 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_body_or_id_leaves_the_id_open() {
    for body in ["", " \n", "{}", r#"{"id":null}"#] {
        let emulator = emulator(Quirks::default());
        emulator.faults().add(Rule::on("/patients/request", Fault::Replace(Reply::new(200, body))));
        assert_eq!(client(&emulator).create_patient(&anna()).await.unwrap().id, None, "{body:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_creation_names_the_member_and_not_its_value() {
    let emulator = emulator(Quirks::default());
    let mut patient = anna();
    patient.street = String::new();
    let error = client(&emulator).create_patient(&patient).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    assert_eq!(error.message(), Some("at /street"));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_does_not_look_complete() {
    let emulator = emulator(Quirks::default());
    emulator.practice().populate(50);
    emulator.faults().add(Rule::on("/patients", Fault::Truncate(2000)));
    let list = client(&emulator).patients(Some(PatientStatus::ACTIVE)).await.unwrap();
    let error = list.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Temporary { retry_after: None });
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_beginning_fails_is_asked_for_again() {
    let emulator = emulator(Quirks::default());
    emulator.practice().populate(5);
    emulator.faults().add(Rule::on("/patients", Fault::Replace(Reply::new(502, "<html>"))).method(Method::GET).times(2));
    assert_eq!(list(&client(&emulator)).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_failing_login_is_temporary_even_for_a_creation() {
    let emulator = emulator(Quirks::default());
    emulator.faults().add(Rule::on("/token", Fault::CutAfter).times(9));
    let error = client(&emulator).create_patient(&anna()).await.unwrap_err();
    assert_eq!((error.endpoint(), error.verdict()), ("login", Verdict::Temporary { retry_after: None }));
    assert_eq!(logins(&emulator), 4);
}
