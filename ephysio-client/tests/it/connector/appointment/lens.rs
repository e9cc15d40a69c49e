//! The law of a connector: get then put changes nothing; put then get gives what was put.

use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use ephysio_emulator::{ClockFields, Emulator, Event, EventQuirks, NewEvent, UpdateEvent};
use proptest::prelude::*;
use sync_core::vocabulary::appointment::{END, PRACTITIONER, SERVICE, START, STATUS, instant};
use sync_core::{Field, Fields, Record, RecordId, Source};

use super::{UPDATE, able, change, connector, create, patient, quirks, records};
use crate::connector::fields;
use crate::emulator;

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(test)
}

fn practice() -> Emulator {
    emulator(quirks(EventQuirks { update: UpdateEvent::PutToPath, clock_fields: ClockFields::Local, ..EventQuirks::default() }))
}

/// Any minute of the window, and often one around a change of the clock.
fn any_start() -> impl Strategy<Value = DateTime<Utc>> {
    let around = |change: &'static str| (-200_i64..200).prop_map(move |minutes| super::utc(change) + TimeDelta::minutes(minutes));
    let anywhere = (0_i64..390 * 24 * 60).prop_map(|minutes| super::utc("2026-12-17T00:00:00Z") + TimeDelta::minutes(minutes));
    prop_oneof![anywhere, around("2027-03-28T01:00:00Z"), around("2027-10-31T01:00:00Z")]
}

/// Hours and minutes cannot say which of two equal hours is meant.
fn is_doubled(instant: DateTime<Utc>) -> bool {
    (super::utc("2027-10-31T00:00:00Z")..super::utc("2027-10-31T02:00:00Z")).contains(&instant)
}

fn any_appointment() -> impl Strategy<Value = Fields> {
    let words = ("planned|confirmed|no_show|attended|cancelled", "anna|beat", "physio|lymph drainage");
    (any_start(), 1_i64..240, words).prop_map(|(start, minutes, (status, practitioner, service))| {
        let (start, end) = (instant(start), instant(start + TimeDelta::minutes(minutes)));
        fields(&[(START, &start), (END, &end), (STATUS, &status), (PRACTITIONER, &practitioner), (SERVICE, &service)])
    })
}

fn times(fields: &Fields) -> [DateTime<Utc>; 2] {
    [START, END].map(|name| super::utc(fields.get(&name).value().unwrap()))
}

async fn created(fields: &Fields) -> Record {
    let emulator = practice();
    let patient = patient(&emulator);
    let connector = connector(&emulator);
    create(&connector, patient, fields.clone()).await.unwrap();
    records(&connector).await.remove(0)
}

/// Whatever staff may have entered.
fn any_event() -> impl Strategy<Value = (NewEvent, Vec<String>)> {
    let numbers = (0_i64..12, 29_329_i64..29_333, 5_777_i64..5_781, 5_769_i64..5_773);
    (any_start(), 1_i64..240, numbers, prop::collection::vec("c-577[7-9]|r-[0-9]", 0..3)).prop_map(|(start, minutes, numbers, columns)| {
        let (status, event_type_id, client_id, admin_info_id) = numbers;
        let end = start + TimeDelta::minutes(minutes);
        (NewEvent { end, status, event_type_id, client_id, admin_info_id, ..NewEvent::at(start) }, columns)
    })
}

/// Writes back all that is shown of an event, and gives it before and after.
async fn written_back(new: NewEvent, columns: Vec<String>, body: &str) -> (Event, Event) {
    let emulator = practice();
    let practice = emulator.practice();
    let id = practice.book(new.of(patient(&emulator)));
    practice.update_event(id, |event| event.resource_ids = columns);
    let before = practice.event(id).unwrap();
    let connector = able(&emulator, &format!("{UPDATE}body = '{body}'"));
    let record = records(&connector).await.remove(0);
    change(&connector, &RecordId::new(id.to_string()), record.fields).await.unwrap();
    (before, practice.event(id).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn put_then_get_gives_what_was_put(fields in any_appointment()) {
        prop_assume!(!times(&fields).into_iter().any(is_doubled));
        prop_assert_eq!(run(created(&fields)).fields, fields);
    }

    #[test]
    fn get_then_put_changes_nothing((event, columns) in any_event(), body in "patch|full") {
        prop_assume!(![event.start, event.end].into_iter().any(is_doubled));
        let (mut before, mut after) = run(written_back(event, columns, &body));
        // The same columns in another order are the same columns.
        before.resource_ids.sort();
        after.resource_ids.sort();
        before.resource_ids.dedup();
        after.resource_ids.dedup();
        after.updated_internally = before.updated_internally;
        prop_assert_eq!(before, after);
    }

    #[test]
    fn any_bytes_decode_or_fail(text in any::<String>(), number in any::<i64>()) {
        let connector = run(async { connector(&practice()) });
        let element = serde_json::json!({ "id": number, "patientId": number, "start": number, "end": number, "status": number,
            "eventTypeId": text, "clientId": number, "adminInfoId": text, "resourceIds": [text] });
        for raw in [element.to_string(), text] {
            let listed = sync_core::Listed { id: "1".into(), raw: raw.into() };
            let _ = connector.decode(&sync_core::vocabulary::appointment::KIND, &listed);
        }
    }
}

#[test]
fn a_doubled_hour_that_landed_elsewhere_is_seen() {
    let second = fields(&[(START, "2027-10-31T01:15:00Z"), (END, "2027-10-31T01:45:00Z"), (PRACTITIONER, "anna"), (SERVICE, "physio")]);
    assert_eq!(run(created(&second)).fields.get(&START), Field::Value("2027-10-31T00:15:00Z"));
}
