use ghl_emulator::{Config, NewCalendar};
use serde_json::{Value, json};

use crate::agenda::{NINE, Practice, TEN, time};

const TAKEN: &str = "The slot you have selected is no longer available.";

#[tokio::test(start_paused = true)]
async fn a_booking_answers_a_bare_appointment_with_the_offset_of_the_location() {
    let practice = Practice::new();
    let got = practice.ask(json!({ "description": "knee", "toNotify": false })).await;
    assert_eq!(got.status, 200);
    let mut shown = got.body.clone();
    let id = shown["id"].as_str().unwrap().to_owned();
    shown.as_object_mut().unwrap().remove("traceId");
    let expected = json!({
        "id": id, "locationId": "loc-demo", "calendarId": practice.calendar, "contactId": practice.contact,
        "title": "Anna Muster", "appointmentStatus": "confirmed", "isRecurring": false,
        "startTime": NINE, "endTime": "2026-12-01T09:30:00+01:00",
    });
    assert_eq!(shown, expected);
}

#[tokio::test(start_paused = true)]
async fn a_read_is_wrapped_and_shows_more() {
    let practice = Practice::new();
    let id = practice.book(json!({ "description": "knee", "startTime": "2026-07-01T09:00:00+02:00" })).await;
    let event = practice.get(&id).await.body["event"].clone();
    assert_eq!(event["description"], "knee");
    assert_eq!(event["startTime"], "2026-07-01T09:00:00+02:00");
    assert_eq!(event["dateUpdated"], "1970-01-01T00:00:00.000Z");
    assert_eq!(event["createdBy"], json!({ "source": "third_party" }));
    assert_eq!(event.get("deleted"), None);
}

#[tokio::test(start_paused = true)]
async fn v3_shows_after_a_write_when_it_changed_and_takes_two_more_statuses() {
    let practice = Practice::new();
    let id = practice.book(json!({})).await;
    let dated = practice.put(&id, json!({ "appointmentStatus": "completed" })).await;
    assert_eq!(
        dated.complaints(),
        ["appointmentStatus must be one of the following values: new, confirmed, cancelled, showed, noshow, invalid"]
    );
    let practice = practice.v3();
    let got = practice.put(&id, json!({ "appointmentStatus": "completed" })).await;
    assert_eq!((&got.body["appointmentStatus"], &got.body["dateUpdated"]), (&json!("completed"), &json!("1970-01-01T00:00:00.000Z")));
    assert_eq!(practice.get(&id).await.body["event"]["deleted"], false);
}

#[tokio::test]
async fn of_equal_bookings_exactly_one_wins_unless_the_slot_is_not_checked() {
    let practice = Practice::new();
    let (first, second) = tokio::join!(practice.ask(json!({})), practice.ask(json!({})));
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 400));
    assert_eq!(second.message(), TAKEN);
    let half_way = practice.ask(json!({ "startTime": "2026-12-01T08:30:00+01:00", "endTime": "2026-12-01T09:30:00+01:00" })).await;
    assert_eq!(half_way.message(), TAKEN);
    practice.book(json!({ "ignoreFreeSlotValidation": true })).await;
    assert_eq!(practice.api.emulator.front_desk().appointments().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_offered_in_opening_hours_in_the_future_and_by_its_text() {
    let practice = Practice::new();
    practice.api.emulator.clock().advance((time(NINE) - chrono::DateTime::UNIX_EPOCH).to_std().unwrap());
    for start in ["2026-12-01T09:10:00+01:00", "2026-12-01T19:00:00+01:00", "2026-12-01T09:00:00Z", "2026-11-30T09:00:00+01:00"] {
        let got = practice.ask(json!({ "startTime": start })).await;
        assert_eq!((got.status.as_u16(), got.message()), (400, TAKEN), "{start}");
    }
    practice.book(json!({ "startTime": "2026-11-30T09:00:00+01:00", "ignoreDateRange": true })).await;
    practice.book(json!({ "startTime": "1999-11-30T03:07:00Z", "ignoreFreeSlotValidation": true })).await;
    practice.book(json!({})).await;
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_checks_the_slot_only_of_a_move() {
    let practice = Practice::new();
    let id = practice.book(json!({ "description": "knee", "address": "Room 1" })).await;
    let other = practice.book(json!({ "startTime": TEN })).await;
    let got = practice.put(&id, json!({ "startTime": TEN })).await;
    assert_eq!((got.status.as_u16(), got.message()), (400, TAKEN));
    practice.api.emulator.front_desk().move_appointment(&other, time(NINE));
    let got = practice.put(&id, json!({ "title": "Knee", "description": "" })).await;
    assert_eq!((got.status.as_u16(), &got.body["title"], &got.body["startTime"]), (200, &json!("Knee"), &json!(NINE)));
    let got = practice.put(&id, json!({ "startTime": TEN })).await;
    assert_eq!((&got.body["startTime"], &got.body["endTime"]), (&json!(TEN), &json!("2026-12-01T10:30:00+01:00")));
    let event = practice.get(&id).await.body["event"].clone();
    assert_eq!((event.get("description"), &event["address"]), (None, &json!("Room 1")));
}

#[tokio::test]
async fn a_cancelled_appointment_stays_and_frees_its_slot() {
    let practice = Practice::new();
    let id = practice.book(json!({})).await;
    assert_eq!(practice.put(&id, json!({ "appointmentStatus": "cancelled" })).await.body["appointmentStatus"], "cancelled");
    let next = practice.book(json!({})).await;
    let mut expected = [id.clone(), next];
    expected.sort();
    assert_eq!(practice.on_the_day().await, expected);
    assert_eq!(practice.get(&id).await.body["event"]["appointmentStatus"], "cancelled");
}

#[tokio::test]
async fn a_deleted_appointment_is_gone_and_the_flag_is_spelled_right() {
    let practice = Practice::new();
    let id = practice.book(json!({})).await;
    let got = practice.delete(&id).await;
    assert_eq!((got.status.as_u16(), &got.body["succeeded"], got.body.get("succeded")), (201, &json!(true), None));
    assert!(practice.on_the_day().await.is_empty());
    for got in [practice.get(&id).await, practice.put(&id, json!({})).await, practice.delete(&id).await] {
        assert_eq!((got.status.as_u16(), got.message()), (400, format!("Appointment with id {id} not found").as_str()));
    }
    practice.book(json!({})).await;
}

#[tokio::test]
async fn v3_may_still_show_a_deleted_appointment_and_marks_it() {
    let practice = Practice::with(Config { show_deleted: true, ..Config::default() }, NewCalendar::default());
    let id = practice.book(json!({})).await;
    practice.delete(&id).await;
    assert!(practice.on_the_day().await.is_empty(), "a dated version has no mark");
    let practice = practice.v3();
    assert_eq!(practice.on_the_day().await, [id.as_str()]);
    assert_eq!(practice.get(&id).await.body["event"]["deleted"], true);
    assert_eq!(practice.put(&id, json!({})).await.status, 400);
}

#[tokio::test]
async fn contact_calendar_and_location_have_to_exist() {
    let practice = Practice::new();
    let got = practice.ask(json!({ "contactId": "nobody" })).await;
    assert_eq!((got.status.as_u16(), got.message()), (400, "Contact with id nobody not found"));
    let got = practice.ask(json!({ "calendarId": "none" })).await;
    assert_eq!((got.status.as_u16(), got.message()), (400, "Calendar with id none not found"));
    let elsewhere = json!({ "calendarId": practice.calendar, "contactId": practice.contact, "startTime": NINE, "locationId": "other" });
    assert_eq!(practice.api.call("POST", "/calendars/events/appointments", elsewhere).await.status, 403);
    assert!(practice.api.emulator.front_desk().appointments().is_empty());
}

#[tokio::test]
async fn what_the_schema_does_not_say_is_refused_all_at_once() {
    let practice = Practice::new();
    let got = practice.ask(json!({ "startTime": "2026-12-01 09:00", "title": 7, "toNotify": "no", "notes": "x", "calendarId": "" })).await;
    let mut complaints = got.complaints();
    complaints.sort_unstable();
    let expected = [
        "calendarId should not be empty",
        "property notes should not exist",
        "startTime must be a valid ISO 8601 date string",
        "title must be a string",
        "toNotify must be a boolean value",
    ];
    assert_eq!(complaints, expected);
    let id = practice.book(json!({})).await;
    let got = practice.put(&id, json!({ "contactId": practice.contact, "locationId": "loc-demo" })).await;
    assert_eq!(got.complaints(), ["property contactId should not exist", "property locationId should not exist"]);
}

#[tokio::test]
async fn an_appointment_goes_to_one_of_the_team() {
    let practice = Practice::new();
    let desk = practice.api.emulator.front_desk();
    let (one, two, stranger) = (desk.add_user(), desk.add_user(), desk.add_user());
    let alone = desk.add_calendar(NewCalendar { team: vec![one.clone()], ..NewCalendar::default() });
    let shared = desk.add_calendar(NewCalendar { team: vec![one.clone(), two.clone()], ..NewCalendar::default() });
    let got = practice.ask(json!({ "calendarId": alone })).await;
    assert_eq!(got.body["assignedUserId"], one.as_str());
    let got = practice.ask(json!({ "calendarId": shared })).await;
    assert_eq!(got.complaints(), ["either userId or assignedUserId must be set"]);
    let got = practice.ask(json!({ "calendarId": shared, "assignedUserId": stranger })).await;
    assert_eq!(got.complaints(), ["The user id not part of calendar team."]);
    let busy = practice.ask(json!({ "calendarId": shared, "assignedUserId": one })).await;
    assert_eq!(busy.message(), TAKEN, "a user is in one place at a time, in whatever calendar");
    assert_eq!(practice.ask(json!({ "calendarId": shared, "assignedUserId": two })).await.status, 200);
}

#[tokio::test]
async fn a_wrong_path_below_calendars_is_a_404_and_a_version_is_needed() {
    let practice = Practice::new();
    for (method, target) in [("GET", "/calendars"), ("PATCH", "/calendars/events/x"), ("GET", "/calendars/events/appointments")] {
        let got = practice.api.call(method, target, Value::Null).await;
        assert_eq!((got.status.as_u16(), got.message()), (404, format!("Cannot {method} {target}").as_str()));
    }
    let unversioned = practice.api.header("version", None);
    assert_eq!(unversioned.get("/calendars/?locationId=loc-demo").await.status, 401);
}
