//! What is shown of the calendar, and what stays unknown.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use ephysio_client::connector::appointment::{Connector, Settings};
use ephysio_emulator::{Blank, Cancelled, EventQuirks, Fault, Ids, NewEvent, Quirks, Reply, Rule};
use futures::StreamExt;
use serde_json::json;
use sync_core::vocabulary::appointment::{END, KIND, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::vocabulary::person;
use sync_core::{ErrorKind, Field, Item, Listed, Presence, Probe, Record, Source, Token, Verdict};

use super::{START_AT, booked, connector, items, number, patient, quirks, records, requests, settings, utc};
use crate::{client, client_with, emulator, logins};

const DAY: Duration = Duration::from_secs(86_400);

fn decode(connector: &Connector, event: &serde_json::Value) -> sync_core::Result<Record> {
    connector.decode(&KIND, &Listed { id: "1".into(), raw: event.to_string().into() })
}

fn listed(event: &serde_json::Value) -> Record {
    let mut whole = json!({ "id": 1, "patientId": 7, "start": 1_801_468_800_000_i64, "end": 1_801_470_600_000_i64, "status": 5,
        "eventTypeId": 29_330, "clientId": 5_778, "adminInfoId": 5_770, "resourceIds": ["c-5778"] });
    let members = whole.as_object_mut().unwrap();
    members.extend(event.as_object().unwrap().clone());
    // What a table sets to "absent" is not shown.
    members.retain(|_, value| value != "absent");
    decode(&connector(&emulator(Quirks::default())), &whole).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_event_shows_when_it_is_with_whom_for_what_and_whose() {
    for ids in [Ids::Numbers, Ids::Strings] {
        let emulator = emulator(Quirks { ids, ..Quirks::default() });
        let patient = patient(&emulator);
        let id = booked(&emulator, patient, START_AT);
        let record = records(&connector(&emulator)).await.remove(0);
        let value = |name| record.fields.get(&name).value().unwrap();
        assert_eq!((value(START), value(END)), (START_AT, "2027-02-01T08:30:00Z"));
        assert_eq!((value(STATUS), value(PRACTITIONER), value(SERVICE)), ("planned", "anna", "physio"));
        assert_eq!((&record.id, record.presence, record.token), (&id, Presence::Live, None));
        assert_eq!(record.references, BTreeMap::from([(person::KIND, patient.to_string().as_str().into())]));
        assert_eq!(record.marks.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["open", "status:5"]);
        assert_eq!(record.expires.unwrap().to_string(), "2027-03-04", "the 31st day after the 1st of February");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_with_no_patient_is_not_shown_at_all() {
    for blank in [Blank::Absent, Blank::Null] {
        let emulator = emulator(Quirks { blank, ..Quirks::default() });
        emulator.practice().book(NewEvent::at(utc(START_AT)));
        let items = items(&connector(&emulator)).await.unwrap();
        assert!(matches!(items[..], [Item::End { complete: true }]), "{blank:?}: {items:?}");
    }
    let error = decode(&connector(&emulator(Quirks::default())), &json!({ "id": 1, "start": 0, "end": 60_000 })).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn an_element_without_id_is_broken_and_the_list_proves_no_absence() {
    let emulator = emulator(Quirks::default());
    let list = r#"[{"id":1,"patientId":7},{"patientId":7},{"id":2},5]"#;
    emulator.faults().add(Rule::on("/events/events", Fault::Replace(Reply::new(200, list))));
    let items = items(&connector(&emulator)).await.unwrap();
    let told: Vec<_> = items
        .iter()
        .map(|item| match item {
            Item::Listed(listed) => listed.id.to_string(),
            Item::Broken { why, .. } => format!("{:?}", why.kind()),
            Item::End { complete } => format!("complete {complete}"),
        })
        .collect();
    assert_eq!(told, ["1", "Decode", "Decode", "complete false"]);
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_appointment_is_shown_and_is_neither_moved_nor_gone() {
    let emulator = emulator(Quirks::default());
    let id = booked(&emulator, patient(&emulator), START_AT);
    emulator.practice().update_event(number(&id), |event| drop(event.extra.insert("start".to_owned(), "soon".into())));
    let connector = connector(&emulator);
    let items = items(&connector).await.unwrap();
    let [Item::Listed(listed), Item::End { complete: true }] = &items[..] else { panic!("{items:?}") };
    let error = connector.decode(&KIND, listed).unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Decode, Verdict::Permanent));
    assert!(error.to_string().contains(id.as_str()), "{error}");
}

#[tokio::test(start_paused = true)]
async fn nothing_follows_an_error() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    for minutes in 0..50 {
        emulator.practice().book(NewEvent::at(utc(START_AT) + TimeDelta::minutes(minutes)).of(patient));
    }
    emulator.faults().add(Rule::on("/events/events", Fault::Truncate(2000)));
    let connector = connector(&emulator);
    let items: Vec<_> = connector.list(&KIND).collect().await;
    let (last, others) = items.split_last().unwrap();
    assert_eq!(last.as_ref().unwrap_err().verdict(), Verdict::Temporary { retry_after: None });
    assert!(!others.is_empty() && others.iter().all(|item| matches!(item, Ok(Item::Listed(_)))));
}

#[tokio::test(start_paused = true)]
async fn the_window_slides_with_the_clock() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let soon = booked(&emulator, patient, "2027-01-10T08:00:00Z");
    let far = booked(&emulator, patient, "2028-02-20T08:00:00Z");
    let connector = connector(&emulator);
    let ids = async || records(&connector).await.into_iter().map(|record| record.id).collect::<Vec<_>>();
    assert_eq!(ids().await, [soon]);
    emulator.clock().advance(DAY * 40);
    assert_eq!(ids().await, [far]);
    let queries: Vec<String> = requests(&emulator, "GET", "/events/events").into_iter().map(|entry| entry.query).collect();
    let query = |from: &str, to: &str| format!("from={}&to={}", utc(from).timestamp_millis(), utc(to).timestamp_millis());
    // From the practice's midnight 30 days before today to the one 366 days after it, and a day more on both sides.
    assert_eq!(queries[0], query("2026-12-14T23:00:00Z", "2028-01-16T23:00:00Z"));
    assert_eq!(queries[1], query("2027-01-23T23:00:00Z", "2028-02-25T23:00:00Z"));
}

#[tokio::test(start_paused = true)]
async fn an_appointment_is_listed_until_it_expires_and_beyond_in_every_zone() {
    for zone in [chrono_tz::Europe::Zurich, chrono_tz::Pacific::Auckland, chrono_tz::America::Los_Angeles] {
        let emulator = emulator(Quirks::default());
        booked(&emulator, patient(&emulator), "2027-01-14T23:15:00Z");
        let connector = Connector::new(client_with(&emulator, |config| config.zone = zone), settings()).unwrap();
        let expires = records(&connector).await[0].expires.unwrap();
        while emulator.clock().now().date_naive() < expires {
            assert_eq!(records(&connector).await.len(), 1, "{zone}: {}", emulator.clock().now());
            emulator.clock().advance(Duration::from_secs(6 * 3600));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unmapped_practitioner_service_or_status_is_unknown() {
    let known = listed(&json!({}));
    assert_eq!((known.fields.len(), known.marks.contains("open")), (5, true));
    for (name, event) in [
        (PRACTITIONER, json!({ "clientId": 1 })),
        (PRACTITIONER, json!({ "clientId": null })),
        (PRACTITIONER, json!({ "clientId": "absent" })),
        (SERVICE, json!({ "eventTypeId": 1 })),
        (SERVICE, json!({ "eventTypeId": "absent" })),
    ] {
        let record = listed(&event);
        assert_eq!((record.fields.get(&name), record.fields.len()), (Field::Unknown, 4), "{event}");
        assert!(record.marks.contains("open"), "{event}");
    }
    for (status, marks) in [(json!(3), vec!["status:3"]), (json!(9_000_000_000_i64), vec!["status:9000000000"]), (json!(null), vec![])] {
        let record = listed(&json!({ "status": status }));
        assert_eq!(record.fields.get(&STATUS), Field::Unknown);
        assert_eq!(record.marks.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), marks, "what nobody understands is not passed on");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_billed_or_placed_otherwise_is_not_taken_for_the_practitioners() {
    for (event, expected) in [
        (json!({ "adminInfoId": 5_771 }), Field::Unknown),
        (json!({ "resourceIds": ["c-5779"] }), Field::Unknown),
        (json!({ "adminInfoId": null, "resourceIds": "absent" }), Field::Value("anna")),
        (json!({ "resourceIds": ["r-2", "c-5778"] }), Field::Value("anna")),
        (json!({ "clientId": "5779", "adminInfoId": "5771", "resourceIds": ["c-5779"] }), Field::Value("beat")),
    ] {
        assert_eq!(listed(&event).fields.get(&PRACTITIONER), expected, "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_event_is_there_and_open_no_more() {
    let emulator = emulator(quirks(EventQuirks { cancelled: Cancelled::Status(9), ..EventQuirks::default() }));
    let id = booked(&emulator, patient(&emulator), START_AT);
    emulator.practice().cancel_event(number(&id));
    let record = records(&connector(&emulator)).await.remove(0);
    assert_eq!((record.fields.get(&STATUS), record.presence), (Field::Value("cancelled"), Presence::Live));
    assert!(!record.marks.contains("open") && record.marks.contains("status:9"));
}

#[tokio::test(start_paused = true)]
async fn only_the_known_status_is_understood_without_a_table() {
    let emulator = emulator(Quirks::default());
    let usual = Connector::new(client(&emulator), Settings { statuses: Settings::default().statuses, ..settings() }).unwrap();
    let patient = patient(&emulator);
    let (planned, missed) = (booked(&emulator, patient, START_AT), booked(&emulator, patient, "2027-02-02T08:00:00Z"));
    emulator.practice().mark_no_show(number(&missed));
    let shown: BTreeMap<_, _> = records(&usual).await.into_iter().map(|record| (record.id.clone(), record)).collect();
    assert_eq!(shown[&planned].fields.get(&STATUS), Field::Value("planned"));
    assert_eq!(shown[&missed].fields.get(&STATUS), Field::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_new_login_in_the_middle_keeps_the_window() {
    let emulator = emulator(Quirks::default());
    booked(&emulator, patient(&emulator), START_AT);
    let connector = connector(&emulator);
    records(&connector).await;
    emulator.expire_tokens();
    assert_eq!(records(&connector).await.len(), 1);
    let queries: Vec<String> = requests(&emulator, "GET", "/events/events").into_iter().map(|entry| entry.query).collect();
    assert_eq!((queries.len(), logins(&emulator)), (3, 2), "the list, a 401, the list");
    assert!(queries.iter().all(|query| *query == queries[0] && query.contains("from=")));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_declared_is_refused() {
    let emulator = emulator(Quirks::default());
    let connector = connector(&emulator);
    let errors = [
        connector.read(&KIND, &"1".into()).await.unwrap_err(),
        connector.find(&KIND, &Probe::Token(Token::from_bytes([1; 16]))).await.unwrap_err(),
        connector.list(&person::KIND).next().await.unwrap().unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Configuration, Verdict::Permanent));
    }
    assert!(connector.describe(&person::KIND).is_none() && emulator.journal().is_empty());
}
