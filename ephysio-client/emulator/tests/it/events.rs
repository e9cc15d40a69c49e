use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ephysio_emulator::{
    Blank, Cancelled, ClockFields, Emulator, Event, EventAnswer, EventQuirks, EventWindow, Ids, InvoiceCheck, NewEvent, Quirks,
};
use serde_json::{Value, json};

use crate::support::{Answer, Caller, QUERY, beat, emulator};

const WINDOW: &str = "/events/events?from=1798761600000&to=1830297600000";

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn with(events: EventQuirks) -> Quirks {
    Quirks { events, ..Quirks::default() }
}

/// A patient with an open invoice, and an event of the two in the write format: half an hour from 8:00 in UTC.
fn setting(emulator: &Emulator) -> (u64, u64, Value) {
    let patient = emulator.practice().create(beat());
    let invoice = emulator.practice().open_invoice(patient);
    let body = json!({
        "user_id": 0,
        "patientId": patient,
        "invoiceId": invoice,
        "eventTypeId": 29330,
        "clientId": 5778,
        "adminInfoId": 5770,
        "resourceIds": ["c-5778"],
        "hasPresenceAdminInfo": false,
        "start": 1_814_428_800_000_i64,
        "end": 1_814_430_600_000_i64,
        "startDate": "2027-07-01T08:00:00.000Z",
        "endDate": "2027-07-01T08:30:00.000Z",
        "startDateHours": "10",
        "startDateMinutes": "00",
        "endDateHours": "10",
        "endDateMinutes": "30",
        "sendReminder": false,
        "hasSmsReminder": false,
        "reminderSent": false,
        "isSerialEvent": false,
        "newPatient": false,
        "hasValidationErrors": false,
        "eventMetadata": {},
        "status": 5,
    });
    (patient, invoice, body)
}

async fn create(caller: &Caller, body: &Value) -> Answer {
    caller.send("POST", &format!("/events?ids=&{QUERY}"), body).await
}

fn only(emulator: &Emulator) -> Event {
    let mut events = emulator.practice().events();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_created_event_is_answered_and_listed_in_the_read_format() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    let (patient, invoice, body) = setting(&emulator);
    let answer = create(&caller, &body).await;
    assert_eq!(answer.status, 200);
    let listed = caller.get(WINDOW).await.json;
    assert_eq!(listed, answer.json["events"]);
    let mut event = listed[0].clone();
    let (id, user) = (event["id"].take().as_u64().unwrap(), event["user_id"].take());
    assert!((42_000_000..100_000_000).contains(&id) && user != 0, "the server fills in the user");
    let expected = json!({
        "id": null, "patientId": patient, "start": 1_814_428_800_000_i64, "end": 1_814_430_600_000_i64, "status": 5,
        "eventTypeId": 29330, "user_id": null, "clientId": 5778, "adminInfoId": 5770, "resourceIds": ["c-5778"],
        "invoiceId": invoice, "isSerialEvent": false, "sendReminder": false, "hasSmsReminder": false, "allDay": false,
        "updatedInternally": 1_795_478_400_000_i64,
    });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn every_wrong_type_in_an_event_is_refused_with_a_pointer_and_creates_nothing() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    let (_, _, right) = setting(&emulator);
    for (name, wrong) in [
        ("patientId", json!("7")),
        ("patientId", json!(7)),
        ("eventTypeId", json!("29330")),
        ("clientId", json!(null)),
        ("adminInfoId", json!(1.5)),
        ("resourceIds", json!("c-5778")),
        ("resourceIds", json!([5778])),
        ("start", json!("1814428800000")),
        ("end", json!(1_814_428_800_000_i64)),
        ("startDate", json!("2027-07-01T08:00:00Z")),
        ("endDate", json!(1_814_430_600_000_i64)),
        ("startDateHours", json!(10)),
        ("startDateHours", json!("24")),
        ("startDateMinutes", json!("0")),
        ("endDateMinutes", json!("60")),
        ("sendReminder", json!("false")),
        ("isSerialEvent", json!(true)),
        ("eventMetadata", json!(null)),
        ("status", json!("5")),
    ] {
        let mut body = right.clone();
        body[name] = wrong;
        assert_eq!(create(&caller, &body).await.refusal(), (400, format!("/{name}").as_str()), "{body}");
    }
    for name in Quirks::default().events.required {
        let mut body = right.clone();
        body.as_object_mut().unwrap().remove(*name);
        assert_eq!(create(&caller, &body).await.refusal(), (400, format!("/{name}").as_str()));
    }
    assert!(emulator.practice().events().is_empty());
}

#[tokio::test]
async fn an_event_of_a_patient_needs_an_open_invoice_of_that_patient() {
    for (invoice, free_types, expected) in [
        (InvoiceCheck::Open, [].as_slice(), [200, 400, 400, 400]),
        (InvoiceCheck::Any, &[], [200, 200, 400, 400]),
        (InvoiceCheck::None, &[], [200, 200, 200, 200]),
        (InvoiceCheck::Open, &[29_330], [200, 200, 200, 200]),
    ] {
        let emulator = emulator(with(EventQuirks { invoice, free_types, ..EventQuirks::default() }));
        let practice = emulator.practice();
        let caller = Caller::new(&emulator).await;
        let (patient, open, body) = setting(&emulator);
        let closed = practice.open_invoice(patient);
        assert!(practice.close_invoice(closed));
        let foreign = practice.open_invoice(practice.create(beat()));
        let mut statuses = Vec::new();
        for invoice in [json!(open), json!(closed), json!(foreign), json!(null)] {
            let mut body = body.clone();
            body["invoiceId"] = invoice;
            statuses.push(create(&caller, &body).await.status.as_u16());
        }
        assert_eq!(statuses, expected, "{invoice:?} {free_types:?}");
    }
}

#[tokio::test]
async fn a_break_needs_neither_patient_nor_invoice() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    let (_, _, mut body) = setting(&emulator);
    body["patientId"] = Value::Null;
    body["invoiceId"] = Value::Null;
    assert_eq!(create(&caller, &body).await.status, 200);
    assert_eq!(only(&emulator).patient_id, None);
}

#[tokio::test]
async fn without_its_query_a_create_is_refused_or_not() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    let (_, _, body) = setting(&emulator);
    assert_eq!(caller.send("POST", "/events", &body).await.refusal(), (400, "/isCancelMultiUser"));
    assert_eq!(caller.send("POST", &format!("/events?{QUERY}"), &body).await.refusal(), (400, "/ids"));
    let odd = QUERY.replace("changeSeries=false", "changeSeries=no");
    assert_eq!(caller.send("POST", &format!("/events?ids=&{odd}"), &body).await.refusal(), (400, "/changeSeries"));
    assert!(emulator.practice().events().is_empty());

    let lenient = crate::support::emulator(with(EventQuirks { requires_query: false, ..EventQuirks::default() }));
    let (_, _, body) = setting(&lenient);
    assert_eq!(Caller::new(&lenient).await.send("POST", "/events", &body).await.status, 200);
}

#[tokio::test]
async fn hours_and_minutes_count_or_do_not() {
    for (clock_fields, hours, start) in [
        (ClockFields::Ignored, "23", "2027-07-01T08:00:00Z"),
        (ClockFields::Local, "10", "2027-07-01T08:00:00Z"),
        (ClockFields::Local, "08", "2027-07-01T06:00:00Z"),
        (ClockFields::Utc, "08", "2027-07-01T08:00:00Z"),
        (ClockFields::Utc, "10", "2027-07-01T10:00:00Z"),
    ] {
        let emulator = emulator(with(EventQuirks { clock_fields, ..EventQuirks::default() }));
        let caller = Caller::new(&emulator).await;
        let (_, _, mut body) = setting(&emulator);
        body["startDateHours"] = hours.into();
        body["endDateHours"] = hours.into();
        create(&caller, &body).await;
        assert_eq!(only(&emulator).start, utc(start), "{clock_fields:?} {hours}");
    }
}

#[tokio::test]
async fn the_answer_may_lack_the_id_or_the_event() {
    for (answer, has_id, count) in
        [(EventAnswer::IdAndEvents, true, 1), (EventAnswer::IdAlone, true, 0), (EventAnswer::EventsAlone, false, 1)]
    {
        let quirks = Quirks { created_status: 201, ids: Ids::Strings, ..with(EventQuirks { answer, ..EventQuirks::default() }) };
        let emulator = emulator(quirks);
        let caller = Caller::new(&emulator).await;
        let (_, _, body) = setting(&emulator);
        let answer = create(&caller, &body).await;
        assert_eq!((answer.status.as_u16(), answer.json["id"].is_string()), (201, has_id));
        assert_eq!(answer.json["events"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn reminders_that_a_call_asks_for_are_counted() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    let (_, _, mut body) = setting(&emulator);
    create(&caller, &body).await;
    assert_eq!(emulator.counters().reminders, 0);
    body["sendReminder"] = true.into();
    body["hasSmsReminder"] = true.into();
    create(&caller, &body).await;
    assert_eq!((emulator.counters().reminders, emulator.counters().sms_reminders), (2, 1));
    body["end"] = 0.into();
    create(&caller, &body).await;
    assert_eq!(emulator.counters().reminders, 2, "a refused event reminds nobody");
}

#[tokio::test]
async fn a_taken_column_may_be_a_conflict() {
    let emulator = emulator(with(EventQuirks { double_booking: false, ..EventQuirks::default() }));
    let caller = Caller::new(&emulator).await;
    let (_, _, mut body) = setting(&emulator);
    assert_eq!(create(&caller, &body).await.status, 200);
    assert_eq!(create(&caller, &body).await.status, 409);
    body["resourceIds"] = json!(["c-5779"]);
    assert_eq!(create(&caller, &body).await.status, 200);
}

#[tokio::test]
async fn a_window_shows_what_overlaps_it_or_what_starts_in_it() {
    for (window, found) in [(EventWindow::Overlaps, 3), (EventWindow::StartsInside, 2)] {
        let emulator = emulator(with(EventQuirks { window, ..EventQuirks::default() }));
        for start in ["07:30", "07:45", "08:00", "08:59", "09:00"] {
            emulator.practice().book(NewEvent::at(utc(&format!("2027-07-01T{start}:00Z"))));
        }
        let (from, to) = (utc("2027-07-01T08:00:00Z").timestamp_millis(), utc("2027-07-01T09:00:00Z").timestamp_millis());
        let list = Caller::new(&emulator).await.get(&format!("/events/events?from={from}&to={to}")).await;
        assert_eq!(list.json.as_array().unwrap().len(), found, "{window:?}");
    }
}

#[tokio::test]
async fn a_window_needs_both_its_ends_and_a_login() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    assert_eq!(caller.get(WINDOW).await.json, json!([]));
    assert_eq!(caller.get("/events/events?from=0").await.refusal(), (400, "/to"));
    assert_eq!(caller.get("/events/events?from=2027-01-01&to=1").await.refusal(), (400, "/from"));
    let stranger = Caller::stranger(&emulator);
    for (method, path) in [("GET", WINDOW), ("POST", "/events"), ("GET", "/invoices/patients/1"), ("POST", "/invoices")] {
        assert_eq!(stranger.send(method, path, &json!({})).await.status, 401, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_created_event_may_be_listed_late() {
    let emulator = emulator(Quirks { list_lag: Duration::from_secs(30), ..Quirks::default() });
    let caller = Caller::new(&emulator).await;
    let (_, _, body) = setting(&emulator);
    create(&caller, &body).await;
    assert_eq!(caller.get(WINDOW).await.json, json!([]));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(caller.get(WINDOW).await.json.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_staff_do_with_the_calendar_is_what_the_list_shows() {
    let emulator = emulator(with(EventQuirks { no_show_status: 6, ..EventQuirks::default() }));
    let (practice, caller) = (emulator.practice(), Caller::new(&emulator).await);
    let patient = practice.create(beat());
    let id = practice.book(NewEvent::at(utc("2027-07-01T08:00:00Z")).of(patient));
    assert!(practice.move_event(id, utc("2027-07-02T09:00:00Z")));
    assert!(practice.mark_no_show(id));
    let list = caller.get(WINDOW).await.json;
    assert_eq!(list[0]["start"], utc("2027-07-02T09:00:00Z").timestamp_millis());
    assert_eq!(list[0]["end"], utc("2027-07-02T09:30:00Z").timestamp_millis());
    assert_eq!((&list[0]["status"], &list[0]["patientId"]), (&json!(6), &json!(patient)));
    assert!(practice.delete_event(id) && practice.event(id).is_none());
    assert!(!practice.delete_event(id) && !practice.move_event(id, utc("2027-07-02T09:00:00Z")) && !practice.cancel_event(id));
    assert_eq!(caller.get(WINDOW).await.json, json!([]));
}

#[tokio::test]
async fn an_event_that_staff_cancel_disappears_or_changes_its_status() {
    for (cancelled, left) in [(Cancelled::Absent, None), (Cancelled::Status(9), Some(9))] {
        let emulator = emulator(with(EventQuirks { cancelled, ..EventQuirks::default() }));
        let id = emulator.practice().book(NewEvent::at(utc("2027-07-01T08:00:00Z")));
        assert!(emulator.practice().cancel_event(id));
        let list = Caller::new(&emulator).await.get(WINDOW).await.json;
        assert_eq!(list.get(0).and_then(|event| event["status"].as_i64()), left);
    }
}

#[tokio::test]
async fn a_series_is_several_events_with_a_mark() {
    let emulator = emulator(Quirks { blank: Blank::Null, ..Quirks::default() });
    let first = NewEvent::at(utc("2027-07-01T08:00:00Z"));
    let ids = emulator.practice().book_series(&first, 3, TimeDelta::weeks(1));
    emulator.practice().book(first);
    let list = Caller::new(&emulator).await.get(WINDOW).await.json;
    let marks: Vec<bool> = list.as_array().unwrap().iter().map(|event| event["isSerialEvent"].as_bool().unwrap()).collect();
    assert_eq!((ids.len(), marks), (3, vec![true, true, true, false]));
    assert_eq!(list[2]["start"], utc("2027-07-15T08:00:00Z").timestamp_millis());
    assert_eq!(list[0].get("patientId"), Some(&Value::Null));
}
