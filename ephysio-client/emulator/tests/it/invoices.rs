use ephysio_emulator::{Emulator, Ids, InvoiceAnswer, InvoiceQuirks, InvoiceShape, NewPatient, Quirks};
use serde_json::{Value, json};

use crate::support::{Caller, beat, emulator};

fn with(invoices: InvoiceQuirks) -> Quirks {
    Quirks { invoices, ..Quirks::default() }
}

/// A patient with an address.
fn settled(emulator: &Emulator) -> u64 {
    emulator.practice().create(NewPatient { street: "Seestrasse 1".to_owned(), ..beat() })
}

fn body(patient: u64) -> Value {
    json!({
        "user_id": 0,
        "patientId": patient,
        "dateDate": "2027-06-30T22:00:00.000Z",
        "adminInfoId": 5770,
        "attributes": { "date": 1_814_392_800_000_i64, "law": "kvg", "treatmentCause": "disease", "isTiersPayant": true, "vat": false },
        "prescription": { "sessions": 9, "firstSession": 1 },
        "stati": { "status": 0, "statusDetail": 0 },
    })
}

async fn find(caller: &Caller, patient: u64) -> Value {
    let answer = caller.get(&format!("/invoices/patients/{patient}?open=true&date=1814392800000")).await;
    assert_eq!(answer.status, 200);
    answer.json
}

#[tokio::test]
async fn a_patients_invoices_come_open_or_not() {
    for (open_filters, found) in [(false, 2), (true, 1)] {
        let emulator = emulator(with(InvoiceQuirks { open_filters, ..InvoiceQuirks::default() }));
        let (practice, caller) = (emulator.practice(), Caller::new(&emulator).await);
        let (patient, other) = (settled(&emulator), settled(&emulator));
        let (closed, open) = (practice.open_invoice(patient), practice.open_invoice(patient));
        practice.open_invoice(other);
        assert!(practice.close_invoice(closed) && !practice.close_invoice(1));
        let list = find(&caller, patient).await;
        assert_eq!(list.as_array().unwrap().len(), found);
        let last = &list[found - 1];
        assert_eq!((&last["id"], &last["patientId"]), (&json!(open), &json!(patient)));
        assert_eq!((&last["stati"]["status"], &last["stati"]["statusDetail"]), (&json!(0), &json!(0)));
    }
}

#[tokio::test]
async fn one_invoice_may_come_as_an_object_and_none_as_nothing() {
    let invoices = InvoiceQuirks { shape: InvoiceShape::ObjectIfOne, ..InvoiceQuirks::default() };
    let emulator = emulator(Quirks { ids: Ids::Strings, ..with(invoices) });
    let caller = Caller::new(&emulator).await;
    let patient = settled(&emulator);
    assert_eq!(find(&caller, patient).await, Value::Null);
    let invoice = emulator.practice().open_invoice(patient);
    assert_eq!(find(&caller, patient).await["id"], invoice.to_string());
    emulator.practice().open_invoice(patient);
    assert!(find(&caller, patient).await.is_array());
}

#[tokio::test]
async fn a_lookup_needs_a_patient_and_a_date_in_milliseconds() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    let patient = settled(&emulator);
    assert_eq!(caller.get("/invoices/patients/1?open=true").await.status, 404);
    assert_eq!(caller.get("/invoices/patients/anna").await.status, 404);
    assert_eq!(caller.get(&format!("/invoices/patients/{patient}")).await.json, json!([]));
    let odd = format!("/invoices/patients/{patient}?date=2027-07-01");
    assert_eq!(caller.get(&odd).await.refusal(), (400, "/date"));
}

#[tokio::test]
async fn a_created_invoice_is_kept_as_written_and_its_id_answered_under_one_name_or_the_other() {
    for (answer, name) in [(InvoiceAnswer::Id, "id"), (InvoiceAnswer::Invoice, "invoice")] {
        let emulator = emulator(with(InvoiceQuirks { answer, ..InvoiceQuirks::default() }));
        let caller = Caller::new(&emulator).await;
        let patient = settled(&emulator);
        let answer = caller.send("POST", "/invoices", &body(patient)).await;
        let invoice = emulator.practice().invoices().remove(0);
        assert_eq!(answer.json, json!({ name: invoice.id }));
        assert_eq!((invoice.patient_id, invoice.is_open(), &invoice.attributes["law"]), (patient, true, &json!("kvg")));
    }
}

#[tokio::test]
async fn an_incomplete_invoice_is_refused_with_a_pointer_and_not_kept() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    let patient = settled(&emulator);
    for (place, wrong) in [
        ("/patientId", json!(1)),
        ("/adminInfoId", json!("5770")),
        ("/attributes", json!([])),
        ("/attributes/date", json!("2027-07-01")),
        ("/attributes/law", json!(null)),
        ("/attributes/isTiersPayant", json!("true")),
        ("/prescription/sessions", json!("9")),
        ("/stati/status", json!(null)),
    ] {
        let mut body = body(patient);
        *body.pointer_mut(place).unwrap() = wrong;
        assert_eq!(caller.send("POST", "/invoices", &body).await.refusal(), (400, place));
    }
    let homeless = emulator.practice().create(beat());
    assert_eq!(caller.send("POST", "/invoices", &body(homeless)).await.refusal(), (400, "/street"));
    assert!(emulator.practice().invoices().is_empty());
}
