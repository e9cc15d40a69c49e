//! The window of the listing, and events in every shape they come in.

use std::time::Duration;

use chrono::Days;
use emulator_kit::{Fault, Reply, Rule};
use futures::StreamExt;
use ghl_client::Version;
use ghl_client::connector::appointment::Settings;
use serde_json::{Value, json};
use sync_core::vocabulary::appointment::{self, END, KIND, OPEN, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::vocabulary::person;
use sync_core::{ErrorKind, Field, Item, Observation, Presence, Probe, RecordId, Source, Token};

use super::{NINE, Practice, decode, items, records, time};

const EVENTS: &str = "/calendars/events";
const DAY: Duration = Duration::from_secs(86_400);

fn told(items: &[Item]) -> Vec<String> {
    let told = |item: &Item| match item {
        Item::Listed(listed) => listed.id.to_string(),
        Item::Broken { why, .. } => format!("{:?}", why.kind()),
        Item::End { complete } => format!("complete {complete}"),
    };
    items.iter().map(told).collect()
}

/// The listing when the two calendars answer with these events.
async fn answered(calendars: [Value; 2]) -> Vec<Item> {
    let practice = Practice::new();
    for events in calendars {
        let reply = Reply::new(200, json!({ "events": events, "traceId": "t" }).to_string());
        practice.emulator.faults().add(Rule::on(EVENTS, Fault::Replace(reply)));
    }
    items(&practice.connector()).await.unwrap()
}

fn event(id: &str) -> Value {
    json!({ "id": id, "contactId": "c1", "title": "Anna" })
}

#[tokio::test(start_paused = true)]
async fn each_calendar_costs_one_call_and_others_are_not_asked() {
    let practice = Practice::new();
    let other = practice.emulator.front_desk().add_calendar(ghl_emulator::NewCalendar::default());
    let ids = [practice.booked_in(0, NINE), practice.booked_in(1, NINE)];
    let stray = practice.booked(NINE);
    practice.emulator.front_desk().change_appointment(&stray, |appointment| appointment.calendar_id = other);
    let items = items(&practice.connector()).await.unwrap();
    assert_eq!(told(&items), [ids[0].as_str(), &ids[1], "complete true"]);
    assert_eq!(practice.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_window_slides_with_the_clock() {
    let practice = Practice::new();
    let connector = practice.connector_with(Settings { past_days: 3, future_days: 10, ..practice.settings() });
    let soon = practice.booked(NINE);
    let far = practice.booked("2026-12-14T08:00:00Z");
    let shown = async || told(&items(&connector).await.unwrap());
    assert_eq!(shown().await, [soon.as_str(), "complete true"]);
    practice.emulator.clock().advance(4 * DAY);
    // It is the fourth: three days back is the day of the first, and ten ahead that of the other.
    assert_eq!(shown().await, [soon.as_str(), far.as_str(), "complete true"]);
    practice.emulator.clock().advance(4 * DAY);
    assert_eq!(shown().await, [far.as_str(), "complete true"]);
}

#[tokio::test(start_paused = true)]
async fn until_it_expires_an_appointment_is_listed() {
    let practice = Practice::new();
    let connector = practice.connector_with(Settings { past_days: 3, ..practice.settings() });
    for start in ["2026-11-30T00:00:00Z", "2026-11-30T23:59:59Z"] {
        let id = practice.booked(start);
        let record = records(&connector).await.into_iter().find(|record| record.id.as_str() == id).unwrap();
        assert_eq!(record.expires, time(start).date_naive().checked_add_days(Days::new(4)), "{start}");
    }
    // Until the last minute of the day before.
    practice.emulator.clock().advance(4 * DAY - Duration::from_secs(6 * 3600 + 1));
    assert_eq!(practice.emulator.clock().now(), time("2026-12-03T23:59:59Z"));
    assert_eq!(records(&connector).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_window_beyond_all_calendars_is_an_error() {
    let practice = Practice::new();
    let connector = practice.connector_with(Settings { past_days: u32::MAX, ..practice.settings() });
    let items: Vec<_> = connector.list(&KIND).collect().await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].as_ref().unwrap_err().kind(), ErrorKind::Configuration);
}

#[tokio::test(start_paused = true)]
async fn an_event_in_two_answers_is_listed_once() {
    let items = answered([json!([event("a"), event("b")]), json!([event("b"), event("c")])]).await;
    assert_eq!(told(&items), ["a", "b", "c", "complete true"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_comes_to_is_no_appointment() {
    let blocked = json!([{ "id": "b1", "title": "Team" }, { "id": "b2", "contactId": null }, { "id": "b3", "contactId": "" }, event("a")]);
    assert_eq!(told(&answered([blocked, json!([])]).await), ["a", "complete true"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_event_spoils_no_other_and_proves_no_absence() {
    let odd = json!([event("a"), { "contactId": "c1", "title": "Anna" }, { "id": "b", "contactId": { "name": "Anna" } }, 5]);
    let items = answered([odd, json!([event("c")])]).await;
    assert_eq!(told(&items), ["a", "Decode", "Decode", "Decode", "c", "complete false"]);
    assert!(!format!("{items:?}").contains("Anna"));
}

#[tokio::test(start_paused = true)]
async fn a_calendar_that_cannot_be_read_ends_the_listing() {
    let practice = Practice::new();
    practice.booked(NINE);
    practice
        .emulator
        .faults()
        .add(Rule::on(EVENTS, Fault::Refuse(Reply::new(422, r#"{"message":"startTime must be a string"}"#))).after(1));
    let items: Vec<_> = practice.connector().list(&KIND).collect().await;
    assert_eq!(items.len(), 2);
    assert_eq!(items[1].as_ref().unwrap_err().kind(), ErrorKind::Refused);
}

#[tokio::test(start_paused = true)]
async fn without_a_calendar_nothing_is_proven() {
    let practice = Practice::new();
    let connector = practice.connector_with(Settings::default());
    assert_eq!(told(&items(&connector).await.unwrap()), ["complete false"]);
}

#[tokio::test(start_paused = true)]
async fn values_are_canonical_and_notes_stay_where_they_are() {
    let practice = Practice::with_services(&["physio", "massage"]);
    let calendar = &practice.rows[1].calendar_id;
    let raw = json!({
        "id": "a1", "calendarId": calendar, "contactId": "c1", "appointmentStatus": "Confirmed", "title": "Anna Muster", "notes": "knee",
        "description": "knee", "startTime": "2026-12-01T09:00:00+01:00", "endTime": "2026-12-01 09:30:00",
        "dateUpdated": "2026-11-24T05:18:26.704Z", "new": {},
    });
    let record = decode(&practice.connector(), &raw.to_string()).unwrap();
    let value = |name| record.fields.get(&name).value().unwrap_or_default();
    assert_eq!((value(START), value(END)), (NINE, "2026-12-01T08:30:00Z"));
    assert_eq!((value(PRACTITIONER), value(SERVICE), value(STATUS)), ("anja keller", "massage", "planned"));
    assert_eq!([record.fields.get(&appointment::TITLE), record.fields.get(&appointment::NOTE)], [Field::Unknown; 2]);
    assert_eq!(record.references[&person::KIND].as_str(), "c1");
    assert_eq!(record.marks.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), [OPEN, "status:confirmed"]);
    assert_eq!((record.presence, record.token), (Presence::Live, None));
    assert_eq!(record.modified.unwrap().timestamp_millis() % 1000, 704);
}

#[tokio::test(start_paused = true)]
async fn a_status_means_what_the_settings_say() {
    let practice = Practice::new();
    let mut settings = practice.settings();
    settings.statuses.remove("new");
    settings.statuses.insert("Completed".to_owned(), "attended".to_owned());
    let connector = practice.connector_with(settings);
    let table = [
        ("booked", Field::Value("planned"), true),
        ("CONFIRMED", Field::Value("planned"), true),
        ("showed", Field::Value("attended"), true),
        ("noshow", Field::Value("no_show"), true),
        ("completed", Field::Value("attended"), true),
        ("cancelled", Field::Value("cancelled"), false),
        ("invalid", Field::Value("cancelled"), false),
        ("new", Field::Unknown, false),
        ("active", Field::Unknown, false),
        ("", Field::Unknown, false),
    ];
    for (shown, expected, open) in table {
        let raw = json!({ "id": "a1", "contactId": "c1", "appointmentStatus": shown });
        let record = decode(&connector, &raw.to_string()).unwrap();
        assert_eq!((record.fields.get(&STATUS), record.marks.contains(OPEN)), (expected, open), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_without_a_zone_is_a_question_and_not_a_guess() {
    let practice = Practice::new();
    let client = crate::client(&practice.emulator);
    let connector = ghl_client::connector::appointment::Connector::new(client, practice.settings()).unwrap();
    let error = decode(&connector, r#"{"id":"a1","title":"Anna","startTime":"2026-12-01T09:00:00"}"#).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("a1") && !format!("{error:?}").contains("Anna"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_appointment_that_left_the_mapped_calendars_is_there_with_nobody() {
    let practice = Practice::new();
    let id = practice.booked(NINE);
    let other = practice.emulator.front_desk().add_calendar(ghl_emulator::NewCalendar::default());
    practice.emulator.front_desk().change_appointment(&id, |appointment| appointment.calendar_id = other);
    let connector = practice.connector();
    assert_eq!(told(&items(&connector).await.unwrap()), ["complete true"]);
    let Observation::Found(record) = connector.read(&KIND, &id.as_str().into()).await.unwrap() else { panic!("it is there") };
    assert_eq!((record.fields.get(&PRACTITIONER), record.fields.get(&START)), (Field::Unknown, Field::Value(NINE)));
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_is_missing_or_said_to_be_deleted() {
    let practice = Practice::new();
    let id = practice.booked(NINE);
    practice.emulator.front_desk().delete_appointment(&id);
    let id = RecordId::new(id);
    assert!(matches!(practice.connector().read(&KIND, &id).await.unwrap(), Observation::Missing));
    let v3 = practice.connector_of(Version::V3, practice.settings());
    let Observation::Found(record) = v3.read(&KIND, &id).await.unwrap() else { panic!("v3 shows it") };
    assert_eq!(record.presence, Presence::Deleted);
}

#[tokio::test(start_paused = true)]
async fn an_instance_of_a_series_keeps_its_own_id() {
    let practice = Practice::new();
    let series =
        json!({ "event": { "id": "series", "masterEventId": "series", "contactId": "c1", "startTime": NINE, "isRecurring": true } });
    practice.emulator.faults().add(Rule::on(EVENTS, Fault::Replace(Reply::new(200, series.to_string()))));
    let id = RecordId::from_static("series_1796112000000_1800");
    let Observation::Found(record) = practice.connector().read(&KIND, &id).await.unwrap() else { panic!("it is there") };
    assert_eq!(record.id, id);
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_ask_is_no_absence() {
    let practice = Practice::new();
    let id = practice.booked(NINE);
    let connector = practice.connector();
    practice.emulator.set_token("pit-other");
    assert_eq!(connector.read(&KIND, &id.as_str().into()).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    assert!(items(&connector).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_searched_for_and_another_kind_is_not_known() {
    let practice = Practice::new();
    let connector = practice.connector();
    let probe = Probe::Token(Token::from_bytes([7; 16]));
    assert!(connector.find(&KIND, &probe).await.unwrap().is_empty());
    assert!(connector.describe(&person::KIND).is_none());
    let errors = [
        connector.read(&person::KIND, &"c1".into()).await.unwrap_err(),
        connector.list(&person::KIND).next().await.unwrap().unwrap_err(),
        connector.find(&person::KIND, &probe).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Configuration));
    assert_eq!(practice.calls(), 0);
}
