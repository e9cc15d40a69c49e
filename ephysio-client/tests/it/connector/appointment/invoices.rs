//! On which invoice an appointment is billed: an open one of the patient's own, and never one too many.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use ephysio_client::connector::appointment::{Connector, Settings};
use ephysio_emulator::{Emulator, EventQuirks, Fault, InvoiceAnswer, InvoiceCheck, InvoiceQuirks, InvoiceShape, Quirks, Reply, Rule};
use futures::future::join_all;
use http::Method;
use serde_json::json;
use sync_core::vocabulary::appointment::instant;
use sync_core::{ErrorKind, Result, Verdict, Written};

use super::{START_AT, connector, create, patient, physio, quirks, records, requests, settings, template, utc, writes};
use crate::{client_with, emulator};

/// A connector that may create invoices.
fn billing(emulator: &Emulator) -> Connector {
    Connector::new(client_with(emulator, template), Settings { create_invoice: true, ..settings() }).unwrap()
}

fn start(number: i64) -> String {
    instant(utc(START_AT) + TimeDelta::hours(number))
}

async fn ten_at_once(connector: &Connector, patient: u64) -> Vec<Result<Written>> {
    join_all((0..10).map(|number| async move { create(connector, patient, physio(&start(number))).await })).await
}

fn look_ups(emulator: &Emulator) -> usize {
    emulator.journal().entries().iter().filter(|entry| entry.path.contains("/invoices/patients/")).count()
}

fn billed_on(emulator: &Emulator) -> BTreeSet<Option<u64>> {
    emulator.practice().events().iter().map(|event| event.invoice_id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_missing_invoice_is_a_task_for_staff_and_done_is_done() {
    let emulator = emulator(Quirks::default());
    let patient = emulator.practice().populate(1)[0];
    let connector = connector(&emulator);
    for _ in 0..2 {
        let Written::Blocked(what) = create(&connector, patient, physio(START_AT)).await.unwrap() else { panic!("no invoice") };
        assert_eq!(what, "an open invoice");
    }
    assert!(writes(&emulator).is_empty());
    let invoice = emulator.practice().open_invoice(patient);
    records(&connector).await;
    create(&connector, patient, physio(START_AT)).await.unwrap();
    assert_eq!(billed_on(&emulator), [Some(invoice)].into());
}

#[tokio::test(start_paused = true)]
async fn a_closed_invoice_or_another_patients_is_never_used() {
    for shape in [InvoiceShape::Array, InvoiceShape::ObjectIfOne] {
        // Even a system that would take them is not given them.
        let events = EventQuirks { invoice: InvoiceCheck::None, ..EventQuirks::default() };
        let invoices = InvoiceQuirks { shape, ..InvoiceQuirks::default() };
        let emulator = emulator(Quirks { invoices, ..quirks(events) });
        let practice = emulator.practice();
        let (anna, beat) = (practice.populate(1)[0], patient(&emulator));
        practice.close_invoice(practice.open_invoice(anna));
        assert!(matches!(create(&connector(&emulator), anna, physio(START_AT)).await.unwrap(), Written::Blocked(_)), "{shape:?}");
        let of_beat = json!([{ "id": 1, "patientId": beat, "stati": { "status": 0, "statusDetail": 0 } }]).to_string();
        emulator.faults().add(Rule::on("/invoices", Fault::Replace(Reply::new(200, of_beat))));
        assert!(matches!(create(&connector(&emulator), anna, physio(START_AT)).await.unwrap(), Written::Blocked(_)), "{shape:?}");
        assert!(writes(&emulator).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn ten_at_once_look_once() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let connector = connector(&emulator);
    assert!(ten_at_once(&connector, patient).await.iter().all(Result::is_ok));
    assert_eq!((emulator.practice().events().len(), look_ups(&emulator)), (10, 1));
    let nobody = emulator.practice().populate(1)[0];
    assert!(ten_at_once(&connector, nobody).await.into_iter().all(|written| matches!(written, Ok(Written::Blocked(_)))));
    assert_eq!(look_ups(&emulator), 2);
}

#[tokio::test(start_paused = true)]
async fn ten_at_once_are_billed_on_one_new_invoice() {
    for answer in [InvoiceAnswer::Id, InvoiceAnswer::Invoice] {
        let emulator = emulator(Quirks { invoices: InvoiceQuirks { answer, ..InvoiceQuirks::default() }, ..Quirks::default() });
        let patient = emulator.practice().populate(1)[0];
        let connector = billing(&emulator);
        assert!(ten_at_once(&connector, patient).await.iter().all(Result::is_ok));
        // A second run, by another process.
        create(&billing(&emulator), patient, physio(&start(20))).await.unwrap();
        let invoices = emulator.practice().invoices();
        assert_eq!(invoices.iter().map(|invoice| invoice.patient_id).collect::<Vec<_>>(), [patient]);
        assert_eq!((billed_on(&emulator), emulator.practice().events().len()), ([Some(invoices[0].id)].into(), 11));
        assert_eq!(invoices[0].attributes["law"], "uvg");
    }
}

#[tokio::test(start_paused = true)]
async fn without_leave_no_invoice_is_created_even_from_a_template() {
    let emulator = emulator(Quirks::default());
    let patient = emulator.practice().populate(1)[0];
    let connector = Connector::new(client_with(&emulator, template), settings()).unwrap();
    assert!(matches!(create(&connector, patient, physio(START_AT)).await.unwrap(), Written::Blocked(_)));
    assert!(writes(&emulator).is_empty() && emulator.practice().invoices().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_open_invoice_is_used_before_another_one_is_created() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    create(&billing(&emulator), patient, physio(START_AT)).await.unwrap();
    assert_eq!(emulator.practice().invoices().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_invoice_that_staff_closed_since_it_was_looked_up_is_looked_up_again() {
    let emulator = emulator(Quirks::default());
    let (practice, connector) = (emulator.practice(), connector(&emulator));
    let patient = practice.populate(1)[0];
    let first = practice.open_invoice(patient);
    create(&connector, patient, physio(&start(0))).await.unwrap();
    practice.close_invoice(first);
    assert!(matches!(create(&connector, patient, physio(&start(1))).await.unwrap(), Written::Blocked(_)));
    assert_eq!(practice.events().len(), 1);
    let second = practice.open_invoice(patient);
    records(&connector).await;
    create(&connector, patient, physio(&start(1))).await.unwrap();
    practice.close_invoice(second);
    let third = practice.open_invoice(patient);
    create(&connector, patient, physio(&start(2))).await.unwrap();
    assert_eq!(billed_on(&emulator), [Some(first), Some(second), Some(third)].into());
}

#[tokio::test(start_paused = true)]
async fn a_look_up_is_believed_for_minutes_only() {
    let emulator = emulator(quirks(EventQuirks { invoice: InvoiceCheck::Any, ..EventQuirks::default() }));
    let (practice, connector) = (emulator.practice(), connector(&emulator));
    let patient = practice.populate(1)[0];
    let first = practice.open_invoice(patient);
    create(&connector, patient, physio(&start(0))).await.unwrap();
    practice.close_invoice(first);
    emulator.clock().advance(Duration::from_secs(120));
    // This system would take the closed one as well.
    assert!(matches!(create(&connector, patient, physio(&start(1))).await.unwrap(), Written::Blocked(_)));
    let second = practice.open_invoice(patient);
    records(&connector).await;
    create(&connector, patient, physio(&start(1))).await.unwrap();
    assert_eq!(billed_on(&emulator), [Some(first), Some(second)].into());
}

#[tokio::test(start_paused = true)]
async fn an_invoice_of_which_nobody_knows_whether_it_is_there_holds_the_appointment_back_and_is_found() {
    for fault in [Fault::CutAfter, Fault::Replace(Reply::new(502, "<html>")), Fault::Replace(Reply::new(200, "<html>"))] {
        let emulator = emulator(Quirks::default());
        let patient = emulator.practice().populate(1)[0];
        emulator.faults().add(Rule::on("/invoices", fault).method(Method::POST));
        let connector = billing(&emulator);
        let error = create(&connector, patient, physio(START_AT)).await.unwrap_err();
        assert!(matches!(error.verdict(), Verdict::Temporary { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Remote, "it does not end the run for others");
        assert!(emulator.practice().events().is_empty());
        create(&connector, patient, physio(START_AT)).await.unwrap();
        assert_eq!((emulator.practice().invoices().len(), emulator.practice().events().len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_invoice_is_not_asked_for_while_the_first_may_still_appear() {
    let emulator = emulator(Quirks::default());
    let patient = emulator.practice().populate(1)[0];
    let connector = billing(&emulator);
    let lost = Fault::Refuse(Reply::new(502, "<html>"));
    emulator.faults().add(Rule::on("/invoices", lost).method(Method::POST));
    for _ in 0..3 {
        records(&connector).await;
        let error = create(&connector, patient, physio(START_AT)).await.unwrap_err();
        assert!(matches!(error.verdict(), Verdict::Temporary { .. }), "{error}");
        assert_eq!(requests(&emulator, "POST", "/invoices").len(), 1);
    }
    emulator.clock().advance(Duration::from_secs(600));
    create(&connector, patient, physio(START_AT)).await.unwrap();
    assert_eq!((emulator.practice().invoices().len(), emulator.practice().events().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_create_that_is_dropped_on_the_way_leaves_no_second_invoice() {
    let emulator = emulator(Quirks::default());
    let patient = emulator.practice().populate(1)[0];
    let connector = Arc::new(billing(&emulator));
    emulator.faults().add(Rule::on("/invoices", Fault::SlowWork(Duration::from_secs(20))).method(Method::POST));
    let dropped = tokio::time::timeout(Duration::from_secs(5), create(&connector, patient, physio(START_AT))).await;
    assert!(dropped.is_err());
    assert!(create(&connector, patient, physio(START_AT)).await.is_err());
    tokio::time::sleep(Duration::from_secs(30)).await;
    create(&connector, patient, physio(START_AT)).await.unwrap();
    assert_eq!((emulator.practice().invoices().len(), emulator.practice().events().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_invoice_is_a_task_and_is_tried_again() {
    let emulator = emulator(Quirks::default());
    let patient = emulator.practice().populate(1)[0];
    emulator.practice().update(patient, |patient| patient.street.clear());
    let connector = billing(&emulator);
    let Written::Blocked(what) = create(&connector, patient, physio(START_AT)).await.unwrap() else { panic!("no address") };
    assert!(what.contains("address"), "{what}");
    emulator.practice().update(patient, |patient| patient.street.push_str("Weg 1"));
    records(&connector).await;
    create(&connector, patient, physio(START_AT)).await.unwrap();
    assert_eq!(emulator.practice().events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_failed_creates_no_invoice() {
    for (reply, is_blocked) in [
        (Reply::new(500, "{}"), false),
        (Reply::new(403, "{}"), false),
        (Reply::new(404, "{}"), true),
        (Reply::new(200, r#"[{"stati":{}}]"#), true),
    ] {
        let emulator = emulator(Quirks::default());
        let patient = emulator.practice().populate(1)[0];
        emulator.faults().add(Rule::on("/invoices", Fault::Replace(reply.clone())).times(9));
        let outcome = create(&billing(&emulator), patient, physio(START_AT)).await;
        assert_eq!(matches!(outcome, Ok(Written::Blocked(_))), is_blocked, "{reply:?}: {outcome:?}");
        assert!(is_blocked || outcome.is_err());
        assert!(writes(&emulator).is_empty(), "{reply:?}");
    }
}
