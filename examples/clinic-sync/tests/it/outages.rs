//! Calls that fail in the middle, lists that show nothing, a process that is killed: no second appointment, and none lost.

use std::time::Duration;

use emulator_kit::{Fault, Reply, Rule};
use ephysio_emulator::EventQuirks;
use http::Method;
use serde_json::json;

use crate::calendar::{APPOINTMENTS, EVENT, EVENTS, Practice, counted, slot};

const SYNC: [&str; 3] = ["sync", "--first-sync", "--json"];

fn faults() -> [Fault; 4] {
    let html = |status| Fault::Replace(Reply::new(status, "<html>bad gateway</html>").header("content-type", "text/html"));
    [Fault::CutAfter, Fault::CutBefore, html(502), Fault::Truncate(20)]
}

#[tokio::test]
async fn an_answer_of_ghls_that_is_lost_books_nothing_twice() {
    for fault in faults() {
        let practice = Practice::of(2).await;
        for number in 0..6 {
            practice.in_ephysio(practice.people[number % 2].0, slot(number as i64));
        }
        let scripted = practice.house.clinic.ghl.faults();
        scripted.add(Rule::on(APPOINTMENTS, fault.clone()).method(Method::POST).after(1).times(2));
        for _ in 0..4 {
            practice.house.run(&SYNC).await;
        }
        assert_eq!(scripted.waiting(), 0, "{} struck", fault.name());
        practice.house.sync().await;
        practice.assert_mirrored(6).await;
        practice.house.assert_quiet().await;
    }
}

#[tokio::test]
async fn an_answer_of_ephysios_that_is_lost_books_nothing_twice() {
    for fault in faults() {
        let practice = Practice::of(2).await;
        practice.open_invoices();
        for number in 0..6 {
            practice.in_ghl(&practice.people[number % 2].1, slot(number as i64));
        }
        let scripted = practice.house.clinic.ephysio.faults();
        scripted.add(Rule::on(EVENT, fault.clone()).method(Method::POST).after(1).times(2));
        for _ in 0..4 {
            practice.house.run(&SYNC).await;
        }
        assert_eq!(scripted.waiting(), 0, "{} struck", fault.name());
        practice.house.sync().await;
        practice.assert_mirrored(6).await;
        practice.house.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_calendar_that_is_empty_all_at_once_stops_the_run_and_cancels_nothing() {
    let practice = Practice::of(4).await;
    for number in 0..20 {
        practice.in_ephysio(practice.people[number % 4].0, slot(number as i64));
    }
    practice.house.sync().await;
    let empty = || Reply::new(200, "[]").header("content-type", "application/json");
    let mark = practice.house.mark();
    for _ in 0..3 {
        practice.house.clinic.ephysio.faults().add(Rule::on(EVENTS, Fault::Replace(empty())));
        let report = practice.house.sync().await;
        let kind = report["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "appointment").unwrap();
        assert_eq!(kind["brakes"].as_array().unwrap().len(), 1, "{report}");
    }
    assert_eq!(practice.reasons().await, ["brake"]);
    let report = practice.house.sync().await;
    assert_eq!((practice.house.written(mark), &counted(&report, "ghl")["removed"]), (0, &json!(0)));
    practice.assert_mirrored(20).await;
    practice.house.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_in_the_middle_of_the_first_sync_of_calendars_doubles_and_loses_nothing() {
    let practice = Practice::with(EventQuirks::default(), 10, |_| {}).await;
    practice.open_invoices();
    for number in 0..60 {
        practice.in_ephysio(practice.people[number % 10].0, slot(number as i64));
        practice.in_ghl(&practice.people[number % 10].1, slot(100 + number as i64));
    }
    for wanted in [5, 40, 80] {
        let mut child = practice.house.command(&SYNC).spawn().unwrap();
        let created = || practice.events().len() + practice.appointments().len() - 120;
        while created() < wanted && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(created() < 120, "it was killed before it was done");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for _ in 0..2 {
        practice.house.sync().await;
    }
    practice.assert_mirrored(120).await;
    practice.house.assert_quiet().await;
}
