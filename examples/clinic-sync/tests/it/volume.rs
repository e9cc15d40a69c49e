//! How many calls many appointments cost.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use clinic_sync::{Clients, Service};
use emulator_kit::Entry;
use sync_core::Report;

use crate::calendar::Practice;
use crate::house::{House, Mark};

/// Appointments in all, and how many of them each patient has.
const ALL: usize = 2000;
const EACH: usize = 10;

async fn with_many() -> Practice {
    Practice::with(ephysio_emulator::EventQuirks::default(), ALL / EACH, |house| {
        house.set("ephysio.calls_per_2_seconds", 100_000);
        house.set("ghl.calls_per_10_seconds", 1_000_000);
    })
    .await
}

fn morning(days: u64) -> chrono::DateTime<chrono::Utc> {
    crate::calendar::slot(0) + TimeDelta::days(days as i64)
}

/// When the appointment of this number of a patient is: each on a day of its own.
fn slot(patient: usize, number: usize) -> chrono::DateTime<chrono::Utc> {
    morning(7 * number as u64) + TimeDelta::minutes(5 * (patient % 60) as i64)
}

async fn sync(service: &Service, clients: &Clients) -> Report {
    let [people, appointments] = &service.engines(clients).await.unwrap()[..] else { panic!("two kinds") };
    people.sweep().await.unwrap();
    appointments.sweep().await.unwrap()
}

/// The calls since, by method and path, without the ids.
fn calls(house: &House, since: Mark) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    let (ephysio, ghl) = (house.clinic.ephysio.journal().since(since.ephysio), house.clinic.ghl.journal().since(since.ghl));
    let name = |entry: &Entry| {
        let path = entry.path.trim_start_matches("/api/1.0");
        let path = if path.starts_with("/invoices/patients/") { "/invoices/patients" } else { path };
        format!("{} {path}", entry.method)
    };
    ephysio.iter().chain(&ghl).for_each(|entry| *counted.entry(name(entry)).or_default() += 1);
    counted
}

/// What a sync asks that has nothing to write: who and what there is, once per calendar.
fn listings(calls: &BTreeMap<String, usize>) -> bool {
    let known = |name: &str| {
        ["GET /patients", "GET /events/events", "POST /contacts/search", "GET /calendars/events", "POST /token"].contains(&name)
            || name.ends_with("/customFields")
    };
    calls.keys().all(|name| known(name)) && calls["GET /events/events"] == 1 && calls["GET /calendars/events"] == 2
}

#[tokio::test]
async fn many_events_are_one_create_each_in_ghl_and_listings_and_then_nothing() {
    let practice = with_many().await;
    let (house, people) = (&practice.house, &practice.people);
    for (number, (patient, _)) in people.iter().enumerate() {
        for at in 0..EACH {
            practice.in_ephysio(*patient, slot(number, at));
        }
    }
    let (service, clients) = house.open().await;
    let mark = house.mark();
    let report = sync(&service, &clients).await;
    assert_eq!(report.counts.right.created, ALL);
    let mut made = calls(house, mark);
    assert_eq!(made.remove("POST /calendars/events/appointments"), Some(ALL));
    made.retain(|name, _| !name.contains("/customFields"));
    assert!(made.values().all(|calls| *calls <= 6), "listings only: {made:?}");
    assert!(!made.keys().any(|name| name.contains("invoices")), "nothing of invoices toward GHL: {made:?}");
    for _ in 0..2 {
        let mark = house.mark();
        let report = sync(&service, &clients).await;
        assert_eq!((report.counts.left.unchanged, report.counts.right.unchanged, house.written(mark)), (ALL, ALL, 0));
        let again = calls(house, mark);
        assert!(listings(&again), "{again:?}");
    }
    service.store().close().await;
    practice.assert_mirrored(ALL).await;
}

#[tokio::test]
async fn many_appointments_are_one_create_each_in_ephysio_and_one_look_up_per_patient_and_then_nothing() {
    let practice = with_many().await;
    let (house, people) = (&practice.house, &practice.people);
    for (number, (patient, contact)) in people.iter().enumerate() {
        house.clinic.ephysio.practice().open_invoice(*patient);
        for at in 0..EACH {
            practice.in_ghl(contact, slot(number, at));
        }
    }
    let (service, clients) = house.open().await;
    let mark = house.mark();
    let report = sync(&service, &clients).await;
    assert_eq!(report.counts.left.created, ALL);
    let made = calls(house, mark);
    assert_eq!((made["POST /events"], made["GET /invoices/patients"]), (ALL, ALL / EACH), "{made:?}");
    assert!(made.iter().all(|(name, calls)| *calls <= 6 || name == "POST /events" || name == "GET /invoices/patients"), "{made:?}");
    let mark = house.mark();
    let report = sync(&service, &clients).await;
    assert_eq!((report.counts.left.unchanged, report.counts.right.unchanged, house.written(mark)), (ALL, ALL, 0));
    assert!(listings(&calls(house, mark)));
    service.store().close().await;
    practice.assert_mirrored(ALL).await;
}
