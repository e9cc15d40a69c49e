use std::collections::BTreeSet;

use ephysio_emulator::{Config, Emulator, Quirks};

use crate::support::{Caller, anna, emulator};

async fn trace(seed: u64) -> (String, Vec<u8>) {
    let clock = emulator(Quirks::default()).clock().clone();
    let emulator = Emulator::new(Config { seed, clock, ..Config::default() });
    let login = Caller::stranger(&emulator).login("demo-password").await;
    let caller = Caller::new(&emulator).await;
    emulator.practice().populate(20);
    caller.create(&anna()).await;
    emulator.practice().populate_calendar(emulator.clock().now(), 100);
    let mut bytes = caller.list().await.bytes;
    bytes.extend(caller.get("/events/events?from=0&to=4000000000000").await.bytes);
    (login.json.to_string(), bytes)
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_calls_give_the_same_bytes() {
    assert_eq!(trace(3).await, trace(3).await);
    let (one, other) = (trace(3).await, trace(4).await);
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

#[tokio::test]
async fn fifty_thousand_patients_are_listed_with_distinct_increasing_ids() {
    let emulator = emulator(Quirks::default());
    let ids = emulator.practice().populate(50_000);
    assert!(ids.is_sorted() && ids.last().unwrap() < &100_000_000);
    let list = Caller::new(&emulator).await.list().await;
    let listed: Vec<u64> = list.json.as_array().unwrap().iter().map(|patient| patient["id"].as_u64().unwrap()).collect();
    assert_eq!(listed, ids);
    assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), 50_000);
}

#[tokio::test]
async fn an_invented_calendar_has_its_breaks_and_no_double_booking() {
    let emulator = emulator(Quirks::default());
    let patients = emulator.practice().populate(30);
    emulator.practice().populate_calendar(emulator.clock().now(), 1000);
    let events = emulator.practice().events();
    let places: BTreeSet<_> = events.iter().map(|event| (event.start, event.client_id)).collect();
    assert_eq!(places.len(), 1000);
    let breaks = events.iter().filter(|event| event.patient_id.is_none()).count();
    assert!((50..200).contains(&breaks), "{breaks}");
    assert!(events.iter().filter_map(|event| event.patient_id).all(|patient| patients.contains(&patient)));
}

#[tokio::test]
async fn invented_patients_share_and_lack_what_real_ones_do() {
    let emulator = emulator(Quirks::default());
    emulator.practice().populate(300);
    let patients = emulator.practice().patients();
    let emails: Vec<&str> = patients.iter().map(|patient| patient.email.as_str()).filter(|email| !email.is_empty()).collect();
    let distinct: BTreeSet<&str> = emails.iter().copied().collect();
    assert!(emails.len() < 300, "some lack one");
    assert!(distinct.len() < emails.len(), "some share one");
}
