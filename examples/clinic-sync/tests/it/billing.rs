//! On which invoice an appointment from GHL is billed, and what happens where there is none.

use std::collections::BTreeSet;

use ephysio_emulator::EventQuirks;
use http::Method;
use serde_json::json;

use crate::calendar::{EVENT, Practice, slot};
use crate::house::House;

/// Leave to create invoices.
fn with_a_template(house: &mut House) {
    for (name, value) in [("law", "kvg"), ("treatment_cause", "disease")] {
        house.set(&format!("appointments.invoice.{name}"), value);
    }
    for (name, value) in [("tiers_payant", false), ("vat", false)] {
        house.set(&format!("appointments.invoice.{name}"), value);
    }
    for (name, value) in [("admin_info_id", 5_770), ("sessions", 9), ("first_session", 1)] {
        house.set(&format!("appointments.invoice.{name}"), value);
    }
}

#[tokio::test]
async fn without_an_open_invoice_an_appointment_waits_and_follows_by_itself_once_staff_opened_one() {
    let practice = Practice::of(1).await;
    let (patient, contact) = practice.person(0);
    practice.in_ghl(contact, slot(0));
    let mark = practice.house.mark();
    for _ in 0..3 {
        practice.house.sync().await;
        assert_eq!(practice.reasons().await, ["prerequisite"]);
    }
    assert_eq!(practice.house.review().await["what"], json!("an open invoice"));
    assert_eq!((practice.house.written(mark), practice.house.clinic.ephysio.practice().invoices().len()), (0, 0));
    let invoice = practice.house.clinic.ephysio.practice().open_invoice(patient);
    for _ in 0..2 {
        practice.house.sync().await;
    }
    practice.assert_mirrored(1).await;
    assert_eq!(practice.events()[0].invoice_id, Some(invoice));
    assert_eq!(practice.house.reviews().await.len(), 0);
    practice.house.assert_quiet().await;
}

#[tokio::test]
async fn a_closed_invoice_or_another_patients_is_never_used() {
    let practice = Practice::of(2).await;
    let staff = practice.house.clinic.ephysio.practice();
    let closed = staff.open_invoice(practice.person(0).0);
    assert!(staff.close_invoice(closed));
    staff.open_invoice(practice.person(1).0);
    practice.in_ghl(practice.person(0).1, slot(0));
    let mark = practice.house.mark();
    practice.house.sync().await;
    assert_eq!((practice.house.written(mark), practice.events().len()), (0, 0));
    assert_eq!(practice.reasons().await, ["prerequisite"]);
}

#[tokio::test]
async fn ten_appointments_at_once_are_billed_on_one_new_invoice() {
    let practice = Practice::with(EventQuirks::default(), 1, with_a_template).await;
    for number in 0..10 {
        practice.in_ghl(practice.person(0).1, slot(number));
    }
    let mark = practice.house.mark();
    practice.house.sync().await;
    practice.assert_mirrored(10).await;
    let invoices = practice.house.clinic.ephysio.practice().invoices();
    let billed: BTreeSet<_> = practice.events().into_iter().map(|event| event.invoice_id).collect();
    assert_eq!((invoices.len(), billed), (1, BTreeSet::from([Some(invoices[0].id)])));
    assert_eq!((practice.asked(mark, &Method::POST, EVENT).len(), practice.house.written(mark)), (10, 11));
    practice.house.assert_quiet().await;
}

#[tokio::test]
async fn several_appointments_of_a_patient_cost_one_look_up() {
    let practice = Practice::of(2).await;
    practice.open_invoices();
    for number in 0..12 {
        practice.in_ghl(&practice.people[number % 2].1, slot(number as i64));
    }
    let mark = practice.house.mark();
    practice.house.sync().await;
    practice.assert_mirrored(12).await;
    assert_eq!((practice.look_ups(mark), practice.house.clinic.ephysio.practice().invoices().len()), (2, 2));
}

#[tokio::test]
async fn nobody_is_written_to_reminded_or_put_into_a_workflow() {
    let practice = Practice::with(EventQuirks::default(), 4, with_a_template).await;
    let house = &practice.house;
    for (number, (patient, contact)) in (0..).zip(&practice.people) {
        practice.in_ephysio(*patient, slot(number));
        practice.in_ghl(contact, slot(number + 10));
    }
    let told = practice.told();
    house.sync().await;
    practice.assert_mirrored(8).await;
    let staff = house.clinic.ephysio.practice();
    let events = practice.events();
    staff.move_event(events[0].id, slot(20));
    staff.mark_no_show(events[1].id);
    staff.cancel_event(events[2].id);
    for _ in 0..3 {
        house.sync().await;
    }
    assert_eq!(practice.appointments().iter().filter(|booked| booked.start == slot(20)).count(), 1, "it was moved");
    assert_eq!(practice.told(), told, "and nobody heard of it");
}
