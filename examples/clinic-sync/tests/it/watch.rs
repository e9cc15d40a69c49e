//! What the running service shows of itself, and when it tells a person.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use emulator_kit::{Fault, Reply, Rule};
use ghl_emulator::Webhook;
use http::StatusCode;
use serde_json::json;

use crate::live::{Live, house, signed, until};

/// A command that notes what it is told.
fn notebook(command: &Path, notes: &Path) {
    std::fs::write(command, format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", notes.display())).unwrap();
    std::fs::set_permissions(command, std::fs::Permissions::from_mode(0o700)).unwrap();
}

async fn status(live: &Live, path: &str) -> StatusCode {
    reqwest::get(format!("{}{path}", live.url)).await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_that_keep_failing_are_shown_and_told_and_so_is_the_first_that_succeeds() {
    let (mut house, _) = house(4).await;
    let (command, notes) = (house.path("tell"), house.path("told"));
    notebook(&command, &notes);
    house.set("serve.notify", command.display().to_string());
    let (live, _deliveries, _sending) = Live::hearing(&house).await;
    assert_eq!((status(&live, "/healthz").await, status(&live, "/readyz").await), (StatusCode::OK, StatusCode::OK));
    assert_eq!(live.figure("clinic_sync_failures_in_a_row").await, 0);

    let contacts = house.clinic.ghl.front_desk().contacts();
    let faults = house.clinic.ephysio.faults();
    faults.add(Rule::on("/patients", Fault::Refuse(Reply::new(403, "no"))).times(usize::MAX));
    for (failures, contact) in (1..=3).zip(&contacts) {
        house.in_ghl(&contact.id, json!({ "phone": format!("+4179111223{failures}") }));
        until(async || live.figure("clinic_sync_failures_in_a_row").await == failures).await;
    }
    assert_eq!((status(&live, "/healthz").await, status(&live, "/readyz").await), (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE));
    until(async || std::fs::read_to_string(&notes).is_ok_and(|told| told.contains("syncs keep failing"))).await;

    faults.clear();
    house.in_ghl(&contacts[3].id, json!({ "phone": "+41791112239" }));
    until(async || status(&live, "/readyz").await == StatusCode::OK).await;
    assert_eq!(live.figure("clinic_sync_failures_in_a_row").await, 0);
    until(async || std::fs::read_to_string(&notes).is_ok_and(|told| told.contains("new questions for a person"))).await;
    live.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_answered_though_neither_system_answers_us() {
    let (mut house, _) = house(1).await;
    house.set("timeouts.idle_ms", 3_600_000);
    house.set("timeouts.total_ms", 119_000);
    house.set("timeouts.listing_ms", 3_600_000);
    let Webhook { headers, body } = signed(&house).await;
    for faults in [house.clinic.ephysio.faults(), house.clinic.ghl.faults()] {
        faults.add(Rule::on("", Fault::DelayBefore(Duration::from_secs(3600))).times(usize::MAX));
    }
    let live = Live::start(&house).await;
    // Nothing but this bounds the wait for a service that asks before it answers.
    let answered = tokio::time::timeout(Duration::from_secs(60), live.post(headers, body)).await;
    assert_eq!(answered, Ok(StatusCode::OK));
    assert_eq!(live.figure("clinic_sync_inbox{state=\"waiting\"}").await, 1, "the work is kept for later");
}
