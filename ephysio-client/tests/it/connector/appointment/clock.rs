//! A clock that e-Physio reads otherwise than it is written.

use std::time::Duration;

use chrono::TimeDelta;
use ephysio_client::ClockFields;
use ephysio_client::connector::appointment::Connector;
use ephysio_emulator::{Emulator, EventQuirks, Fault, Quirks, Reply, Rule, UpdateEvent};
use futures::future::join_all;
use sync_core::vocabulary::appointment::{END, START, instant};
use sync_core::{ErrorKind, Result, Verdict, Written};

use super::{
    LATER, MOVE, START_AT, SUMMER, booked, change, connector, create, number, patient, physio, quirks, requests, settings, utc, writes,
};
use crate::connector::fields;
use crate::{client_with, emulator};

/// A practice that believes the hours on its own clock, and a client that writes those of UTC.
fn misread() -> (Emulator, Connector) {
    let local = ephysio_emulator::ClockFields::Local;
    let emulator = emulator(quirks(EventQuirks { clock_fields: local, update: UpdateEvent::PutToPath, ..EventQuirks::default() }));
    let client = client_with(&emulator, |config| {
        config.clock_fields = ClockFields::Utc;
        config.operations = toml::from_str(MOVE).unwrap();
    });
    (emulator, Connector::new(client, settings()).unwrap())
}

fn shown(written: Result<Written>) -> String {
    let Written::Done(record) = written.unwrap() else { panic!("it was not looked at") };
    record.fields.get(&START).value().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_first_appointment_in_winter_and_in_summer_is_read_back_and_no_other() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let connector = connector(&emulator);
    assert_eq!(shown(create(&connector, patient, physio(START_AT)).await), START_AT);
    assert!(matches!(create(&connector, patient, physio(LATER)).await.unwrap(), Written::NotShown(_)));
    assert_eq!(shown(create(&connector, patient, physio(SUMMER)).await), SUMMER);
    assert!(matches!(create(&connector, patient, physio("2027-08-01T08:00:00Z")).await.unwrap(), Written::NotShown(_)));
    assert_eq!(requests(&emulator, "GET", "/events/events").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_found_by_reading_back_and_stops_further_writes() {
    for (start, wrong) in [(START_AT, "2027-02-01T07:00:00Z"), (SUMMER, "2027-07-01T06:00:00Z")] {
        let (emulator, connector) = misread();
        let patient = patient(&emulator);
        assert_eq!(shown(create(&connector, patient, physio(start)).await), wrong);
        let error = create(&connector, patient, physio(start)).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Configuration, Verdict::Permanent));
        assert!(error.to_string().contains("clock_fields"), "{error}");
        assert_eq!(emulator.practice().events().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn ten_at_once_with_a_wrong_clock_misplace_one() {
    let (emulator, connector) = misread();
    let patient = patient(&emulator);
    let written = join_all((0..10).map(|_| create(&connector, patient, physio(START_AT)))).await;
    assert_eq!(written.iter().filter(|written| written.is_ok()).count(), 1);
    assert_eq!(emulator.practice().events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_found_by_the_first_move_too() {
    let (emulator, connector) = misread();
    let patient = patient(&emulator);
    let id = booked(&emulator, patient, START_AT);
    let times = |start: &str| {
        let end = instant(utc(start) + TimeDelta::minutes(30));
        fields(&[(START, start), (END, &end)])
    };
    assert_eq!(shown(change(&connector, &id, times(LATER)).await), "2027-02-03T12:00:00Z");
    let error = change(&connector, &id, times(START_AT)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!((writes(&emulator).len(), emulator.practice().event(number(&id)).unwrap().start), (1, utc("2027-02-03T12:00:00Z")));
}

#[tokio::test(start_paused = true)]
async fn what_the_list_does_not_show_yet_is_looked_for_again_with_the_next() {
    let emulator = emulator(Quirks { list_lag: Duration::from_secs(30), ..Quirks::default() });
    let patient = patient(&emulator);
    let connector = connector(&emulator);
    for _ in 0..2 {
        assert!(matches!(create(&connector, patient, physio(START_AT)).await.unwrap(), Written::NotShown(_)));
    }
    assert_eq!(requests(&emulator, "GET", "/events/events").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_appointment_that_was_made_stays_made_when_it_cannot_be_read_back() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    emulator.faults().add(Rule::on("/events/events", Fault::Replace(Reply::new(500, "{}"))).times(9));
    assert!(matches!(create(&connector(&emulator), patient, physio(START_AT)).await.unwrap(), Written::NotShown(_)));
    assert_eq!(emulator.practice().events().len(), 1);
}
