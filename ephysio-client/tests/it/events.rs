//! Events as they are listed and created.

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ephysio_client::{Client, ClockFields, ErrorKind, Event, EventDraft, EventStatus, Office, Placed, Slot, Verdict};
use ephysio_emulator::{Emulator, Entry, EventAnswer, EventQuirks, Fault, Ids, NewEvent, Quirks, Reply, Rule};
use futures::TryStreamExt;
use serde_json::{Value, json};
use sync_http::Shown;

use crate::{client, client_with, emulator, logins};

const OFFICE: Office = Office { event_type_id: 29_330, client_id: 5_778, admin_info_id: 5_770 };

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn slot(start: &str) -> Slot {
    let start = utc(start);
    Slot::new(start, start + TimeDelta::minutes(30)).unwrap()
}

pub(crate) fn year() -> Range<DateTime<Utc>> {
    utc("2027-01-01T00:00:00Z")..utc("2028-01-01T00:00:00Z")
}

pub(crate) fn quirks(events: EventQuirks) -> Quirks {
    Quirks { events, ..Quirks::default() }
}

/// A draft of an event of a patient with an open invoice.
pub(crate) fn draft(emulator: &Emulator, start: &str) -> EventDraft {
    let practice = emulator.practice();
    let patient = practice.populate(1)[0];
    let invoice = practice.open_invoice(patient);
    let new = EventDraft::new(i64::try_from(patient).unwrap(), slot(start), OFFICE);
    EventDraft { invoice_id: i64::try_from(invoice).ok(), ..new }
}

pub(crate) async fn raw(client: &Client) -> Vec<bytes::Bytes> {
    client.events(year()).await.unwrap().try_collect().await.unwrap()
}

async fn list(client: &Client) -> Vec<Event> {
    raw(client).await.iter().map(|raw| Event::from_json(raw).unwrap()).collect()
}

fn creates(emulator: &Emulator) -> Vec<Entry> {
    emulator.journal().entries().into_iter().filter(|entry| entry.method == "POST" && entry.path.ends_with("/events")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_created_is_listed_where_it_was_put() {
    for (ids, answer) in [
        (Ids::Numbers, EventAnswer::IdAndEvents),
        (Ids::Strings, EventAnswer::IdAlone),
        (Ids::Strings, EventAnswer::EventsAlone),
        (Ids::Numbers, EventAnswer::EventsAlone),
    ] {
        let emulator = emulator(Quirks { ids, ..quirks(EventQuirks { answer, ..EventQuirks::default() }) });
        let client = client(&emulator);
        let draft = draft(&emulator, "2027-07-01T08:00:00Z");
        let created = client.create_event(&draft).await.unwrap();
        let listed = list(&client).await;
        assert_eq!(created.id.as_deref(), Some(listed[0].id.as_str()), "{ids:?} {answer:?}");
        assert!(draft.describes(&listed[0]));
        assert_eq!(client.placed(&listed[0].id, draft.slot).await.unwrap(), Placed::AsAsked(listed[0].clone()));
        assert_eq!(emulator.counters().reminders, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_sends_what_the_user_interface_sends() {
    let emulator = emulator(Quirks::default());
    let draft = draft(&emulator, "2027-12-01T08:05:00Z");
    client(&emulator).create_event(&draft).await.unwrap();
    let sent = creates(&emulator).remove(0);
    assert_eq!(sent.query, "ids=&isCancelMultiUser=false&changeSeries=false&changeAllDescriptions=false");
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    let expected = json!({
        "user_id": 0, "patientId": draft.patient_id, "invoiceId": draft.invoice_id, "eventTypeId": 29330, "clientId": 5778,
        "adminInfoId": 5770, "resourceIds": ["c-5778"], "hasPresenceAdminInfo": false,
        "start": 1_827_648_300_000_i64, "end": 1_827_650_100_000_i64,
        "startDate": "2027-12-01T08:05:00.000Z", "endDate": "2027-12-01T08:35:00.000Z",
        "startDateHours": "09", "startDateMinutes": "05", "endDateHours": "09", "endDateMinutes": "35",
        "sendReminder": false, "hasSmsReminder": false, "reminderSent": false, "isSerialEvent": false, "newPatient": false,
        "hasValidationErrors": false, "eventMetadata": {}, "status": 5,
    });
    assert_eq!(body, expected);
}

#[tokio::test(start_paused = true)]
async fn the_query_of_a_create_survives_a_new_login_and_a_wait() {
    let emulator = emulator(quirks(EventQuirks { requires_query: true, ..EventQuirks::default() }));
    let client = client(&emulator);
    let draft = draft(&emulator, "2027-07-01T08:00:00Z");
    list(&client).await;
    emulator.expire_tokens();
    emulator
        .faults()
        .add(Rule::on("/events", Fault::Refuse(Reply::new(429, "").header("retry-after", "2"))).method(http::Method::POST).after(1));
    client.create_event(&draft).await.unwrap();
    let sent = creates(&emulator);
    assert_eq!((sent.len(), logins(&emulator)), (3, 2), "401, 429, success");
    assert!(sent.iter().all(|entry| entry.query == sent[0].query && entry.body == sent[0].body));
    assert!(sent[0].query.contains("changeSeries=false"));
    assert_eq!(emulator.practice().events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_is_lost_is_unknown_never_sent_again_and_found_by_its_draft() {
    let faults = [
        Fault::CutAfter,
        Fault::Truncate(5),
        Fault::Replace(Reply::new(502, "<html>")),
        Fault::Replace(Reply::new(200, "<html>")),
        Fault::DelayAfter(Duration::from_secs(300)),
    ];
    for fault in faults {
        let emulator = emulator(Quirks::default());
        let client = client(&emulator);
        let draft = draft(&emulator, "2027-07-01T08:00:00Z");
        let name = fault.name();
        emulator.faults().add(Rule::on("/events", fault).method(http::Method::POST));
        let error = client.create_event(&draft).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Unknown, "{name}: {error}");
        assert_eq!(creates(&emulator).len(), 1, "{name}");
        let found = list(&client).await.into_iter().filter(|event| draft.describes(event)).count();
        assert_eq!(found, 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_create_is_an_error_that_names_the_member_and_nothing_is_booked() {
    let emulator = emulator(Quirks::default());
    let without_invoice = EventDraft { invoice_id: None, ..draft(&emulator, "2027-07-01T08:00:00Z") };
    let error = client(&emulator).create_event(&without_invoice).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    assert_eq!(error.message(), Some("at /invoiceId"));
    assert!(emulator.practice().events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_conflict_in_the_calendar_is_told_apart_from_a_mistake() {
    let emulator = emulator(quirks(EventQuirks { double_booking: false, ..EventQuirks::default() }));
    let client = client(&emulator);
    client.create_event(&draft(&emulator, "2027-07-01T08:00:00Z")).await.unwrap();
    let error = client.create_event(&draft(&emulator, "2027-07-01T08:15:00Z")).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Conflict, Verdict::Permanent));
}

#[tokio::test(start_paused = true)]
async fn a_created_status_of_201_is_a_success_too() {
    let emulator = emulator(Quirks { created_status: 201, ..Quirks::default() });
    let client = client(&emulator);
    assert!(client.create_event(&draft(&emulator, "2027-07-01T08:00:00Z")).await.unwrap().id.is_some());
    assert_eq!(creates(&emulator).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_status_is_written_and_read_as_it_is_given() {
    let emulator = emulator(Quirks::default());
    let client = client(&emulator);
    let draft = EventDraft { status: EventStatus(3), ..draft(&emulator, "2027-07-01T08:00:00Z") };
    client.create_event(&draft).await.unwrap();
    assert_eq!(list(&client).await[0].status, Shown::Value(EventStatus(3)));
}

#[tokio::test(start_paused = true)]
async fn a_break_has_no_patient_in_any_form() {
    for blank in [ephysio_emulator::Blank::Absent, ephysio_emulator::Blank::Null] {
        let emulator = emulator(Quirks { blank, ..Quirks::default() });
        emulator.practice().book(NewEvent::at(utc("2027-07-01T10:00:00Z")));
        let listed = list(&client(&emulator)).await.remove(0);
        assert_eq!((listed.patient_id.text(), listed.patient_id.is_absent()), (None, blank == ephysio_emulator::Blank::Absent));
    }
}

#[tokio::test(start_paused = true)]
async fn one_unreadable_event_is_one_unreadable_event() {
    let emulator = emulator(Quirks::default());
    let practice = emulator.practice();
    practice.book(NewEvent::at(utc("2027-07-01T10:00:00Z")));
    let broken = practice.book(NewEvent::at(utc("2027-07-01T11:00:00Z")));
    practice.book(NewEvent::at(utc("2027-07-01T12:00:00Z")));
    practice.update_event(broken, |event| {
        event.extra.insert("start".to_owned(), json!("soon"));
    });
    let read: Vec<_> = raw(&client(&emulator)).await.iter().map(|raw| Event::from_json(raw)).collect();
    assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn every_invented_event_can_be_read() {
    let emulator = emulator(Quirks::default());
    emulator.practice().populate(20);
    emulator.practice().populate_calendar(utc("2027-03-01T00:00:00Z"), 3000);
    let listed = list(&client(&emulator)).await;
    assert_eq!(listed.len(), 3000);
    assert!(listed.iter().any(|event| event.patient_id.is_absent()) && listed.iter().any(|event| !event.patient_id.is_absent()));
}

#[tokio::test(start_paused = true)]
async fn a_window_may_lie_anywhere_in_time() {
    let emulator = emulator(Quirks::default());
    let practice = emulator.practice();
    for year in [2019, 2026, 2031] {
        practice.book(NewEvent::at(utc(&format!("{year}-06-01T10:00:00Z"))));
    }
    let client = client(&emulator);
    for (from, to, found) in [("2019-01-01", "2020-01-01", 1), ("2026-11-26", "2040-01-01", 1), ("2000-01-01", "2100-01-01", 3)] {
        let bound = |day: &str| utc(&format!("{day}T00:00:00Z"));
        let listed: Vec<_> = client.events(bound(from)..bound(to)).await.unwrap().try_collect().await.unwrap();
        assert_eq!(listed.len(), found, "{from}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_events_that_breaks_off_does_not_look_complete() {
    let emulator = emulator(Quirks::default());
    emulator.practice().populate_calendar(utc("2027-03-01T00:00:00Z"), 50);
    emulator.faults().add(Rule::on("/events/events", Fault::Truncate(2000)));
    let elements = client(&emulator).events(year()).await.unwrap();
    let error = elements.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Temporary { retry_after: None });
}

#[tokio::test(start_paused = true)]
async fn listed_times_do_not_depend_on_any_time_zone() {
    let emulator = emulator(Quirks::default());
    emulator.practice().book(NewEvent::at(utc("2027-07-01T02:40:00Z")));
    for zone in [chrono_tz::Europe::Zurich, chrono_tz::Asia::Kolkata, chrono_tz::UTC] {
        let client = client_with(&emulator, |config| config.zone = zone);
        assert_eq!(list(&client).await[0].start, utc("2027-07-01T02:40:00Z"), "{zone}");
    }
}

#[tokio::test(start_paused = true)]
async fn hours_and_minutes_that_count_are_the_practices_summer_and_winter() {
    let starts = [
        "2027-01-15T07:00:00Z",
        "2027-07-15T06:00:00Z",
        // At night: the day in Zurich is not the day in UTC.
        "2027-07-15T22:30:00Z",
        // Around the changes of the clock.
        "2027-03-28T00:45:00Z",
        "2027-03-28T01:00:00Z",
        "2027-10-31T00:00:00Z",
        "2027-10-31T02:00:00Z",
    ];
    for (theirs, ours) in [
        (ephysio_emulator::ClockFields::Local, ClockFields::Zone),
        (ephysio_emulator::ClockFields::Utc, ClockFields::Utc),
        (ephysio_emulator::ClockFields::Ignored, ClockFields::Zone),
        (ephysio_emulator::ClockFields::Ignored, ClockFields::Utc),
    ] {
        let emulator = emulator(quirks(EventQuirks { clock_fields: theirs, ..EventQuirks::default() }));
        let client = client_with(&emulator, |config| config.clock_fields = ours);
        for start in starts {
            let draft = draft(&emulator, start);
            let id = client.create_event(&draft).await.unwrap().id.unwrap();
            let placed = client.placed(&id, draft.slot).await.unwrap();
            assert!(matches!(placed, Placed::AsAsked(_)), "{start} {theirs:?} {ours:?}: {placed:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_read_otherwise_is_found_out() {
    for (theirs, ours, shift) in
        [(ephysio_emulator::ClockFields::Local, ClockFields::Utc, -2), (ephysio_emulator::ClockFields::Utc, ClockFields::Zone, 2)]
    {
        let emulator = emulator(quirks(EventQuirks { clock_fields: theirs, ..EventQuirks::default() }));
        let client = client_with(&emulator, |config| config.clock_fields = ours);
        let draft = draft(&emulator, "2027-07-15T08:00:00Z");
        let id = client.create_event(&draft).await.unwrap().id.unwrap();
        match client.placed(&id, draft.slot).await.unwrap() {
            Placed::Elsewhere(event) => assert_eq!((event.start - draft.slot.start()).num_hours(), shift, "{theirs:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_of_two_equal_hours_is_found_out_too() {
    let local = ephysio_emulator::ClockFields::Local;
    let emulator = emulator(quirks(EventQuirks { clock_fields: local, ..EventQuirks::default() }));
    let client = client(&emulator);
    let second = EventDraft { slot: slot("2027-10-31T01:15:00Z"), ..draft(&emulator, "2027-10-31T00:15:00Z") };
    let id = client.create_event(&second).await.unwrap().id.unwrap();
    assert!(matches!(client.placed(&id, second.slot).await.unwrap(), Placed::Elsewhere(_)));
    assert_eq!(client.placed("1", second.slot).await.unwrap(), Placed::NotListed);
}

#[tokio::test(start_paused = true)]
async fn an_event_says_nothing_of_itself_in_debug_output() {
    let emulator = emulator(Quirks::default());
    let draft = draft(&emulator, "2027-07-01T08:00:00Z");
    assert!(!format!("{draft:?}").contains(&draft.patient_id.to_string()));
}
