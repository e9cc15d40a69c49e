use chrono::TimeDelta;
use ephysio_emulator::{CancelEvent, Cancelled, Emulator, EventQuirks, NewEvent, UpdateEvent};
use serde_json::{Value, json};

use crate::events::{utc, with};
use crate::support::{Caller, QUERY, beat, emulator};

const START: &str = "2027-07-01T08:00:00Z";

async fn booked(events: EventQuirks) -> (Emulator, Caller, u64) {
    let emulator = emulator(with(events));
    let patient = emulator.practice().create(beat());
    let id = emulator.practice().book(NewEvent::at(utc(START)).of(patient));
    let caller = Caller::new(&emulator).await;
    (emulator, caller, id)
}

fn an_hour_later() -> Value {
    let start = utc(START) + TimeDelta::hours(1);
    json!({ "start": start.timestamp_millis(), "end": (start + TimeDelta::minutes(30)).timestamp_millis() })
}

#[tokio::test]
async fn each_way_to_change_works_only_where_it_is_the_one() {
    use UpdateEvent::{MethodNotAllowed405, NotFound404, PostWithIds, PutToPath};
    for (update, expected) in
        [(NotFound404, [404, 404]), (MethodNotAllowed405, [405, 405]), (PostWithIds, [200, 404]), (PutToPath, [404, 200])]
    {
        let (emulator, caller, id) =
            booked(EventQuirks { update, cancel: CancelEvent::MethodNotAllowed405, ..EventQuirks::default() }).await;
        let statuses = [
            caller.send("POST", &format!("/events?ids={id}&{QUERY}"), &an_hour_later()).await.status.as_u16(),
            caller.send("PUT", &format!("/events/{id}"), &an_hour_later()).await.status.as_u16(),
        ];
        assert_eq!(statuses, expected, "{update:?}");
        let moved = emulator.practice().event(id).unwrap().start == utc(START) + TimeDelta::hours(1);
        assert_eq!((moved, emulator.practice().events().len()), (expected.contains(&200), 1), "{update:?}");
    }
}

#[tokio::test]
async fn each_way_to_cancel_works_only_where_it_is_the_one() {
    use CancelEvent::{DeleteAtPath, DeleteWithIds, MethodNotAllowed405, NotFound404};
    for (cancel, expected) in
        [(NotFound404, [404, 404]), (MethodNotAllowed405, [405, 405]), (DeleteWithIds, [204, 404]), (DeleteAtPath, [405, 204])]
    {
        let mut statuses = Vec::new();
        for path in ["/events?ids={id}&{query}", "/events/{id}"] {
            let (emulator, caller, id) =
                booked(EventQuirks { cancel, update: UpdateEvent::MethodNotAllowed405, ..EventQuirks::default() }).await;
            let path = path.replace("{id}", &id.to_string()).replace("{query}", QUERY);
            let status = caller.send("DELETE", &path, &json!({})).await.status.as_u16();
            assert_eq!(emulator.practice().event(id).is_none(), status == 204, "{cancel:?} {path}");
            statuses.push(status);
        }
        assert_eq!(statuses, expected, "{cancel:?}");
    }
}

#[tokio::test]
async fn a_change_of_a_series_moves_and_cancels_all_of_it() {
    let quirks = EventQuirks { update: UpdateEvent::PostWithIds, cancel: CancelEvent::DeleteWithIds, ..EventQuirks::default() };
    let (emulator, caller, alone) = booked(quirks).await;
    let ids = emulator.practice().book_series(&NewEvent::at(utc("2027-08-01T08:00:00Z")), 3, TimeDelta::weeks(1));
    let series = QUERY.replace("changeSeries=false", "changeSeries=true");
    let start = utc("2027-08-08T10:00:00Z").timestamp_millis();
    let body = json!({ "start": start, "end": start + 60_000 });
    assert_eq!(caller.send("POST", &format!("/events?ids={}&{series}", ids[1]), &body).await.status, 200);
    for (id, moved) in ids.iter().zip(["2027-08-01T10:00:00Z", "2027-08-08T10:00:00Z", "2027-08-15T10:00:00Z"]) {
        assert_eq!(emulator.practice().event(*id).unwrap().start, utc(moved));
    }
    caller.send("DELETE", &format!("/events?ids={}&{series}", ids[2]), &json!({})).await;
    let left: Vec<u64> = emulator.practice().events().iter().map(|event| event.id).collect();
    assert_eq!(left, [alone]);
}

#[tokio::test]
async fn a_change_may_succeed_and_do_nothing() {
    let quirks = EventQuirks {
        update: UpdateEvent::PutToPath,
        cancel: CancelEvent::DeleteAtPath,
        change_does_nothing: true,
        ..EventQuirks::default()
    };
    let (emulator, caller, id) = booked(quirks).await;
    let before = emulator.practice().event(id);
    assert_eq!(caller.send("PUT", &format!("/events/{id}"), &an_hour_later()).await.status, 200);
    assert_eq!(caller.send("DELETE", &format!("/events/{id}"), &json!({})).await.status, 204);
    assert_eq!(emulator.practice().event(id), before);
}

#[tokio::test]
async fn a_change_is_checked_as_strictly_as_a_create() {
    let quirks = EventQuirks { update: UpdateEvent::PostWithIds, cancel: CancelEvent::DeleteWithIds, ..EventQuirks::default() };
    let (emulator, caller, id) = booked(quirks).await;
    let before = emulator.practice().event(id);
    let path = format!("/events?ids={id}&{QUERY}");
    for (body, member) in [
        (json!({ "end": 0 }), "/end"),
        (json!({ "status": 9, "start": "9:00" }), "/start"),
        (json!({ "invoiceId": 7 }), "/invoiceId"),
        (json!({ "patientId": 7 }), "/patientId"),
    ] {
        assert_eq!(caller.send("POST", &path, &body).await.refusal(), (400, member));
    }
    assert_eq!(caller.send("POST", &format!("/events?ids={id},{id}&{QUERY}"), &json!({})).await.refusal(), (400, "/ids"));
    assert_eq!(caller.send("POST", &format!("/events?ids=1&{QUERY}"), &json!({})).await.status, 404);
    assert_eq!(caller.send("DELETE", &format!("/events?ids=1&{QUERY}"), &json!({})).await.status, 404);
    assert_eq!(caller.send("DELETE", &format!("/events?ids=&{QUERY}"), &json!({})).await.refusal(), (400, "/ids"));
    assert_eq!(emulator.practice().event(id), before);
}

#[tokio::test]
async fn a_cancelled_event_may_stay_with_another_status() {
    let quirks = EventQuirks { cancel: CancelEvent::DeleteAtPath, cancelled: Cancelled::Status(9), ..EventQuirks::default() };
    let (emulator, caller, id) = booked(quirks).await;
    caller.send("DELETE", &format!("/events/{id}"), &json!({})).await;
    assert_eq!(emulator.practice().event(id).unwrap().status, 9);
}
