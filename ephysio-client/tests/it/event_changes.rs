//! Events as they are changed, moved and cancelled, in whatever way is described.

use chrono::TimeDelta;
use ephysio_client::{Client, ErrorKind, EventKey, EventPatch, EventStatus, Operations, Performed, Placed, Slot, Verdict, column};
use ephysio_emulator::{CancelEvent, Cancelled, Emulator, EventQuirks, Fault, Ids, NewEvent, Quirks, Reply, Rule, UpdateEvent};
use serde_json::Value;

use crate::events::{quirks, raw, slot, utc};
use crate::{client, client_with, emulator};

const QUERY: &str = "query = { ids = '{id}', isCancelMultiUser = 'false', changeSeries = 'false', changeAllDescriptions = 'false' }";
const START: &str = "2027-07-01T08:00:00Z";
const LATER: &str = "2027-07-02T13:00:00Z";

fn described(emulator: &Emulator, text: &str) -> Client {
    let text = ["update_event", "move_event", "cancel_event"].map(|name| format!("[{name}]\nsupport = 'enabled'\n{text}\n")).concat();
    let operations: Operations = toml::from_str(&text).unwrap();
    client_with(emulator, |config| config.operations = operations)
}

struct Booked {
    event: u64,
    id: String,
    patient_id: String,
}

impl Booked {
    /// As staff book it: a patient, and no invoice.
    fn new(emulator: &Emulator) -> Self {
        let practice = emulator.practice();
        let patient = practice.populate(1)[0];
        let event = practice.book(NewEvent::at(utc(START)).of(patient));
        Self { event, id: event.to_string(), patient_id: patient.to_string() }
    }

    fn key(&self) -> EventKey<'_> {
        EventKey { id: &self.id, patient_id: &self.patient_id }
    }
}

fn by_put(emulator: &Emulator, body: &str) -> Client {
    described(emulator, &format!("method = 'PUT'\npath = '/events/{{id}}'\nbody = '{body}'"))
}

#[tokio::test(start_paused = true)]
async fn changes_are_disabled_until_they_are_described() {
    let emulator = emulator(Quirks::default());
    let booked = Booked::new(&emulator);
    let client = client(&emulator);
    let errors = [
        client.update_event(booked.key(), &EventPatch::moving(slot(LATER)), None).await,
        client.move_event(booked.key(), slot(LATER), None).await,
        client.cancel_event(booked.key(), None).await,
    ];
    for error in errors.map(Result::unwrap_err) {
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Disabled, Verdict::Permanent));
    }
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_documented_example_changes_moves_and_cancels() {
    let events = EventQuirks { update: UpdateEvent::PostWithIds, cancel: CancelEvent::DeleteWithIds, ..EventQuirks::default() };
    let emulator = emulator(quirks(events));
    let booked = Booked::new(&emulator);
    let example = include_str!("../../src/operation/example.toml").replace("support = \"disabled\"", "support = \"enabled\"");
    let client = client_with(&emulator, |config| config.operations = toml::from_str(&example).unwrap());
    let listed = raw(&client).await.remove(0);
    let patch = EventPatch { status: Some(EventStatus(3)), ..EventPatch::default() };
    client.update_event(booked.key(), &patch, Some(&listed)).await.unwrap();
    assert_eq!(emulator.practice().event(booked.event).unwrap().status, 3);
    client.move_event(booked.key(), slot(LATER), Some(&listed)).await.unwrap();
    assert_eq!(emulator.practice().event(booked.event).unwrap().start, utc(LATER));
    client.cancel_event(booked.key(), None).await.unwrap();
    assert!(emulator.practice().events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_is_moved_by_each_candidate() {
    let candidates = [
        (UpdateEvent::PutToPath, "method = 'PUT'\npath = '/events/{id}'".to_owned()),
        (UpdateEvent::PostWithIds, format!("method = 'POST'\npath = '/events'\nid_in_body = true\n{QUERY}")),
    ];
    for (update, text) in candidates {
        for (body, ids) in [("patch", Ids::Numbers), ("full", Ids::Numbers), ("full", Ids::Strings)] {
            let events = EventQuirks { update, ..EventQuirks::default() };
            let emulator = emulator(Quirks { ids, ..quirks(events) });
            let booked = Booked::new(&emulator);
            let before = emulator.practice().event(booked.event).unwrap();
            let client = described(&emulator, &format!("{text}\nbody = '{body}'"));
            let listed = raw(&client).await;
            let done = client.move_event(booked.key(), slot(LATER), Some(&listed[0])).await;
            assert_eq!(done.unwrap(), Performed::Done, "{update:?} {body}");
            let after = emulator.practice().event(booked.event).unwrap();
            assert_eq!((after.start, after.end), (slot(LATER).start(), slot(LATER).end()), "{update:?} {body}");
            assert_eq!((after.patient_id, after.client_id, after.status), (before.patient_id, before.client_id, before.status));
            assert_eq!(emulator.practice().events().len(), 1);
            assert_eq!(emulator.counters().reminders, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_moved_event_is_confirmed_by_the_list_and_not_by_the_answer() {
    let events = EventQuirks { update: UpdateEvent::PutToPath, change_does_nothing: true, ..EventQuirks::default() };
    let emulator = emulator(quirks(events));
    let booked = Booked::new(&emulator);
    let client = by_put(&emulator, "patch");
    let near = Slot::new(utc(START) + TimeDelta::hours(1), utc(START) + TimeDelta::hours(2)).unwrap();
    assert_eq!(client.move_event(booked.key(), near, None).await.unwrap(), Performed::Done);
    assert!(matches!(client.placed(&booked.id, near).await.unwrap(), Placed::Elsewhere(_)));
}

#[tokio::test(start_paused = true)]
async fn a_full_body_needs_the_event_as_listed_and_keeps_what_it_does_not_change() {
    let emulator = emulator(quirks(EventQuirks { update: UpdateEvent::PutToPath, ..EventQuirks::default() }));
    let booked = Booked::new(&emulator);
    emulator.practice().update_event(booked.event, |event| {
        event.extra.insert("room".to_owned(), "2".into());
    });
    let client = by_put(&emulator, "full");
    let patch = EventPatch { status: Some(EventStatus(3)), ..EventPatch::default() };
    assert_eq!(client.update_event(booked.key(), &patch, None).await.unwrap_err().kind(), ErrorKind::Configuration);
    client.update_event(booked.key(), &patch, Some(&raw(&client).await[0])).await.unwrap();
    let sent: Value = serde_json::from_slice(&emulator.journal().entries().last().unwrap().body).unwrap();
    assert_eq!((&sent["room"], &sent["status"]), (&"2".into(), &3.into()));
    assert_eq!((&sent["startDate"], &sent["startDateHours"]), (&"2027-07-01T08:00:00.000Z".into(), &"10".into()));
    let after = emulator.practice().event(booked.event).unwrap();
    assert_eq!((after.status, after.start), (3, utc(START)));
}

#[tokio::test(start_paused = true)]
async fn an_event_goes_to_another_therapist_with_its_column() {
    let emulator = emulator(quirks(EventQuirks { update: UpdateEvent::PutToPath, ..EventQuirks::default() }));
    let booked = Booked::new(&emulator);
    let patch = EventPatch { client_id: Some(5_779), resource_ids: Some(vec![column(5_779)]), ..EventPatch::default() };
    by_put(&emulator, "patch").update_event(booked.key(), &patch, None).await.unwrap();
    let sent: Value = serde_json::from_slice(&emulator.journal().entries().last().unwrap().body).unwrap();
    assert_eq!(sent, serde_json::json!({ "clientId": 5779, "resourceIds": ["c-5779"] }));
    assert_eq!(emulator.practice().event(booked.event).unwrap().client_id, 5_779);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_cancelled_by_each_candidate() {
    let candidates = [
        (CancelEvent::DeleteAtPath, UpdateEvent::NotFound404, "method = 'DELETE'\npath = '/events/{id}'\nbody = 'none'".to_owned()),
        (CancelEvent::DeleteWithIds, UpdateEvent::NotFound404, format!("method = 'DELETE'\npath = '/events'\nbody = 'none'\n{QUERY}")),
        (CancelEvent::NotFound404, UpdateEvent::PostWithIds, format!("method = 'POST'\npath = '/events'\nset = {{ status = 9 }}\n{QUERY}")),
    ];
    for (cancel, update, text) in candidates {
        for cancelled in [Cancelled::Absent, Cancelled::Status(9)] {
            let emulator = emulator(quirks(EventQuirks { cancel, update, cancelled, ..EventQuirks::default() }));
            let booked = Booked::new(&emulator);
            let client = described(&emulator, &text);
            assert_eq!(client.cancel_event(booked.key(), None).await.unwrap(), Performed::Done, "{text}");
            let left = emulator.practice().event(booked.event).map(|event| event.status);
            let is_deleted = cancelled == Cancelled::Absent && cancel != CancelEvent::NotFound404;
            assert_eq!(left, (!is_deleted).then_some(9), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_one_event_leaves_its_series_alone() {
    let events = EventQuirks { update: UpdateEvent::PostWithIds, cancel: CancelEvent::DeleteWithIds, ..EventQuirks::default() };
    let emulator = emulator(quirks(events));
    let practice = emulator.practice();
    let patient = practice.populate(1)[0];
    let series = practice.book_series(&NewEvent::at(utc(START)).of(patient), 4, TimeDelta::weeks(1));
    let before = practice.events();
    let (first, second, patient_id) = (series[0].to_string(), series[1].to_string(), patient.to_string());

    let client = described(&emulator, &format!("method = 'POST'\npath = '/events'\n{QUERY}"));
    client.move_event(EventKey { id: &first, patient_id: &patient_id }, slot(LATER), None).await.unwrap();
    let client = described(&emulator, &format!("method = 'DELETE'\npath = '/events'\nbody = 'none'\n{QUERY}"));
    client.cancel_event(EventKey { id: &second, patient_id: &patient_id }, None).await.unwrap();

    let after = practice.events();
    assert_eq!(after.len(), 3);
    assert_eq!(after[0].start, utc(LATER));
    assert_eq!(after[1..], before[2..]);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_unknown_outcome_is_not_sent_again() {
    let emulator = emulator(quirks(EventQuirks { update: UpdateEvent::PutToPath, ..EventQuirks::default() }));
    let booked = Booked::new(&emulator);
    let client = by_put(&emulator, "patch");
    emulator.faults().add(Rule::on("/events/", Fault::Replace(Reply::new(502, "<html>"))));
    assert_eq!(client.move_event(booked.key(), slot(LATER), None).await.unwrap_err().verdict(), Verdict::Unknown);
    let sent = emulator.journal().entries().iter().filter(|entry| entry.method == "PUT").count();
    assert_eq!(sent, 1);
    assert_eq!(emulator.practice().event(booked.event).unwrap().start, utc(LATER));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_of_a_cancellation_cancels_nothing() {
    let emulator = emulator(quirks(EventQuirks { cancel: CancelEvent::DeleteAtPath, ..EventQuirks::default() }));
    let booked = Booked::new(&emulator);
    let text = "[cancel_event]\nsupport = 'dry_run'\nmethod = 'DELETE'\npath = '/events/{id}'\nbody = 'none'";
    let client = client_with(&emulator, |config| config.operations = toml::from_str(text).unwrap());
    let shown = client.cancel_event(booked.key(), None).await.unwrap();
    assert_eq!(shown, Performed::DryRun { method: http::Method::DELETE, path: format!("/events/{}", booked.id) });
    assert!(emulator.journal().is_empty() && emulator.practice().event(booked.event).is_some());
}

#[tokio::test(start_paused = true)]
async fn an_event_of_nobody_is_not_changed() {
    let emulator = emulator(quirks(EventQuirks { update: UpdateEvent::PutToPath, ..EventQuirks::default() }));
    let error = by_put(&emulator, "patch").move_event(EventKey { id: "7", patient_id: "" }, slot(LATER), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(emulator.journal().is_empty());
}
