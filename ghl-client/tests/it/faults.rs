use std::time::Duration;

use emulator_kit::{Fault, Reply, Rule};
use ghl_client::{ErrorKind, Verdict};
use tokio::time::Instant;

use crate::{anna, client, emulator};

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_unknown_and_never_sent_again() {
    let faults = [
        Fault::CutAfter,
        Fault::CutBefore,
        Fault::Truncate(10),
        Fault::Replace(Reply::new(502, "<html>")),
        Fault::Replace(Reply::new(200, "<html>")),
        Fault::DelayAfter(Duration::from_secs(300)),
        Fault::Drip(Duration::from_secs(3)),
    ];
    for fault in faults {
        let emulator = emulator();
        let name = fault.name();
        emulator.faults().add(Rule::on("/contacts/", fault));
        let error = client(&emulator).create_contact(&anna()).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Unknown, "{name}: {error}");
        assert_eq!(emulator.journal().len(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_survives_what_a_creation_must_not() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = emulator.front_desk().create(serde_json::json!({ "firstName": "Anna" }));
    for fault in [Fault::CutAfter, Fault::Truncate(10), Fault::Replace(Reply::new(502, "<html>"))] {
        emulator.faults().add(Rule::on("/contacts/", fault));
        assert_eq!(client.contact(&id).await.unwrap().id, id);
    }
    assert_eq!(client.meter().snapshot().endpoint("contacts.get").retries, 3);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_path_does_not_pass_for_a_missing_contact() {
    let emulator = emulator();
    let body = r#"{"statusCode":404,"message":"Cannot GET /contacts/c1"}"#;
    emulator.faults().add(Rule::on("/contacts/", Fault::Refuse(Reply::new(404, body))));
    assert_eq!(client(&emulator).contact("c1").await.unwrap_err().kind(), ErrorKind::Configuration);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_a_deadline() {
    let emulator = emulator();
    let client = client(&emulator).until(Instant::now() + Duration::from_secs(2));
    emulator.faults().add(Rule::on("/contacts/", Fault::SlowWork(Duration::from_secs(5))));
    let error = client.create_contact(&anna()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Timeout, Verdict::Unknown));
    let error = client.create_contact(&anna()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(emulator.journal().len(), 1);
}
