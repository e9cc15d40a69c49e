//! Invoices, as far as booking needs them.

use std::num::NonZeroU8;

use ephysio_client::{Client, Config, ErrorKind, InvoiceTemplate, Law, Verdict};
use ephysio_emulator::{Emulator, Fault, Ids, InvoiceAnswer, InvoiceQuirks, InvoiceShape, Quirks, Reply, Rule};
use serde_json::{Value, json};

use crate::events::utc;
use crate::{client, client_with, emulator, logins};

const SUMMER: &str = "2027-07-01T08:00:00Z";

fn template(config: &mut Config) {
    let text = "admin_info_id = 5771\nlaw = 'uvg'\ntreatment_cause = 'accident'\ntiers_payant = false\nvat = false\nsessions = 6\nfirst_session = 2";
    let template: InvoiceTemplate = toml::from_str(text).unwrap();
    config.invoice = Some(template);
}

async fn open(client: &Client, patient: u64) -> Vec<String> {
    let invoices = client.open_invoices(&patient.to_string(), utc(SUMMER)).await.unwrap();
    invoices.into_iter().map(|invoice| invoice.id).collect()
}

fn patient(emulator: &Emulator) -> u64 {
    emulator.practice().populate(1)[0]
}

#[tokio::test(start_paused = true)]
async fn a_closed_invoice_is_never_taken_for_an_open_one() {
    for shape in [InvoiceShape::Array, InvoiceShape::ObjectIfOne] {
        for open_filters in [false, true] {
            let invoices = InvoiceQuirks { shape, open_filters, ..InvoiceQuirks::default() };
            let emulator = emulator(Quirks { invoices, ids: Ids::Strings, ..Quirks::default() });
            let (practice, client) = (emulator.practice(), client(&emulator));
            let patient = patient(&emulator);
            assert!(open(&client, patient).await.is_empty(), "{shape:?}");
            let closed = practice.open_invoice(patient);
            practice.close_invoice(closed);
            assert!(open(&client, patient).await.is_empty(), "{shape:?}");
            let opened = practice.open_invoice(patient);
            assert_eq!(open(&client, patient).await, [opened.to_string()], "{shape:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_invoice_of_another_patient_does_not_count() {
    let emulator = emulator(Quirks::default());
    let (anna, beat) = (patient(&emulator), patient(&emulator));
    emulator.practice().open_invoice(beat);
    let client = client(&emulator);
    assert!(open(&client, anna).await.is_empty());
    let of_beat = json!([{ "id": 1, "patientId": beat, "stati": { "status": 0, "statusDetail": 0 } }]).to_string();
    emulator.faults().add(Rule::on("/invoices", Fault::Replace(Reply::new(200, of_beat))));
    assert!(open(&client, anna).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn open_invoices_are_asked_for_by_the_midnight_of_the_practice() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let client = client(&emulator);
    for (at, midnight) in [
        (SUMMER, "2027-06-30T22:00:00Z"),
        ("2027-12-01T08:00:00Z", "2027-11-30T23:00:00Z"),
        ("2027-12-01T23:30:00Z", "2027-12-01T23:00:00Z"),
    ] {
        client.open_invoices(&patient.to_string(), utc(at)).await.unwrap();
        let entry = emulator.journal().entries().pop().unwrap();
        assert_eq!(entry.query, format!("open=true&date={}", utc(midnight).timestamp_millis()));
    }
}

#[tokio::test(start_paused = true)]
async fn every_lookup_survives_an_expired_login() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let invoice = emulator.practice().open_invoice(patient);
    let client = client(&emulator);
    for round in 1..=3 {
        assert_eq!(open(&client, patient).await, [invoice.to_string()]);
        assert_eq!(logins(&emulator), round);
        emulator.expire_tokens();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_lookup_is_an_error_and_not_an_empty_answer() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let client = client(&emulator);
    for (reply, kind) in [
        (Reply::new(403, "{}"), ErrorKind::Forbidden),
        (Reply::new(500, "{}"), ErrorKind::Server),
        (Reply::new(200, "<html>"), ErrorKind::Decode),
        (Reply::new(200, r#"[{"stati":{}}]"#), ErrorKind::Decode),
    ] {
        emulator.faults().add(Rule::on("/invoices", Fault::Replace(reply)).times(4));
        let error = client.open_invoices(&patient.to_string(), utc(SUMMER)).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        emulator.faults().clear();
    }
    assert_eq!(client.open_invoices("1", utc(SUMMER)).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn without_a_template_no_invoice_is_created() {
    let emulator = emulator(Quirks::default());
    let error = client(&emulator).create_invoice(7, utc(SUMMER)).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Disabled, Verdict::Permanent));
    assert!(emulator.journal().is_empty() && emulator.practice().invoices().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_template_that_allows_more_than_the_law_creates_nothing() {
    let emulator = emulator(Quirks::default());
    let client = client_with(&emulator, |config| {
        template(config);
        let lenient = config.invoice.take().unwrap();
        config.invoice = Some(InvoiceTemplate { law: Law::Kvg, sessions: NonZeroU8::new(12).unwrap(), ..lenient });
    });
    assert_eq!(client.create_invoice(7, utc(SUMMER)).await.unwrap_err().kind(), ErrorKind::Configuration);
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_created_invoice_says_what_the_template_says_and_is_found_open() {
    for (answer, created_status) in [(InvoiceAnswer::Id, 200), (InvoiceAnswer::Invoice, 201)] {
        let invoices = InvoiceQuirks { answer, ..InvoiceQuirks::default() };
        let emulator = emulator(Quirks { invoices, created_status, ..Quirks::default() });
        let patient = patient(&emulator);
        let client = client_with(&emulator, template);
        let created = client.create_invoice(i64::try_from(patient).unwrap(), utc(SUMMER)).await.unwrap();
        assert_eq!(open(&client, patient).await, [created.id.unwrap()]);
        let entries = emulator.journal().entries();
        let sent: Vec<_> = entries.iter().filter(|entry| entry.path.ends_with("/invoices")).collect();
        let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
        let midnight = utc("2027-06-30T22:00:00Z").timestamp_millis();
        let expected = json!({
            "user_id": 0, "patientId": patient, "dateDate": "2027-06-30T22:00:00.000Z", "adminInfoId": 5771,
            "attributes": { "date": midnight, "law": "uvg", "treatmentCause": "accident", "isTiersPayant": false, "vat": false },
            "prescription": { "sessions": 6, "firstSession": 2 },
            "stati": { "status": 0, "statusDetail": 0 },
        });
        assert_eq!((sent.len(), body), (1, expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_created_invoice_whose_answer_is_lost_is_not_created_twice() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let client = client_with(&emulator, template);
    emulator.faults().add(Rule::on("/invoices", Fault::CutAfter).method(http::Method::POST));
    let error = client.create_invoice(i64::try_from(patient).unwrap(), utc(SUMMER)).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Unknown);
    assert_eq!(open(&client, patient).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_invoice_without_an_address_is_refused_by_name_of_the_member() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    emulator.practice().update(patient, |patient| patient.street.clear());
    let client = client_with(&emulator, template);
    let error = client.create_invoice(i64::try_from(patient).unwrap(), utc(SUMMER)).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Refused, Some("at /street")));
    assert!(emulator.practice().invoices().is_empty());
}
