use ghl_emulator::{Config, NewCalendar};
use serde_json::json;

use crate::agenda::{NINE, Practice, TEN, time};

#[tokio::test]
async fn the_calendars_of_a_location_are_listed_with_their_teams() {
    let practice = Practice::new();
    let desk = practice.api.emulator.front_desk();
    let user = desk.add_user();
    let plan =
        NewCalendar { name: "Room 2".to_owned(), team: vec![user.clone()], group_id: Some("g".to_owned()), ..NewCalendar::default() };
    let draft = desk.add_calendar(NewCalendar { is_active: false, ..plan });
    let got = practice.api.get("/calendars/?locationId=loc-demo").await;
    let calendars = got.body["calendars"].as_array().unwrap();
    assert_eq!(calendars.len(), 2);
    let shown = calendars.iter().find(|calendar| calendar["id"] == draft.as_str()).unwrap();
    assert_eq!((&shown["name"], &shown["isActive"], &shown["eventTitle"]), (&json!("Room 2"), &json!(false), &json!("{{contact.name}}")));
    assert_eq!(shown["teamMembers"][0]["userId"], user.as_str());
    for (query, expected) in [("showDrafted=false", &practice.calendar), ("groupId=g", &draft)] {
        let got = practice.api.get(&format!("/calendars/?locationId=loc-demo&{query}")).await;
        assert_eq!(got.body["calendars"].as_array().unwrap().len(), 1);
        assert_eq!(got.body["calendars"][0]["id"], expected.as_str());
    }
    assert_eq!(practice.api.get("/calendars/?locationId=other").await.status, 403);
    assert_eq!(practice.api.get("/calendars/").await.status, 422);
}

#[tokio::test]
async fn an_event_belongs_to_the_window_in_which_it_begins() {
    let practice = Practice::new();
    let ten = practice.book(json!({ "startTime": TEN })).await;
    let nine = practice.book(json!({ "endTime": TEN })).await;
    let owner = format!("calendarId={}", practice.calendar);
    let table = [
        (NINE, TEN, vec![nine.clone(), ten.clone()]),
        ("2026-12-01T09:00:01+01:00", "2026-12-01T09:59:59+01:00", vec![]),
        ("2026-12-01T09:30:00+01:00", TEN, vec![ten]),
        ("2026-12-01T00:00:00+01:00", "2026-12-01T09:59:59+01:00", vec![nine]),
    ];
    for (from, until, expected) in table {
        assert_eq!(practice.listed("events", &owner, from, until).await, expected, "{from} {until}");
    }
}

#[tokio::test]
async fn events_are_listed_by_calendar_user_or_group() {
    let practice = Practice::with(Config::default(), NewCalendar { group_id: Some("g".to_owned()), ..NewCalendar::default() });
    let user = practice.api.emulator.front_desk().add_user();
    let id = practice.book(json!({ "assignedUserId": user })).await;
    let calendar = format!("calendarId={}", practice.calendar);
    for (owner, expected) in [
        (calendar.clone(), vec![id.clone()]),
        (format!("userId={user}"), vec![id.clone()]),
        ("groupId=g".to_owned(), vec![id]),
        (format!("{calendar}&userId=nobody"), vec![]),
        ("calendarId=none".to_owned(), vec![]),
    ] {
        assert_eq!(practice.listed("events", &owner, NINE, TEN).await, expected, "{owner}");
    }
}

#[tokio::test]
async fn a_listing_needs_its_window_and_an_owner() {
    let practice = Practice::new();
    for query in ["startTime=0&endTime=1", "calendarId=k&startTime=0", "calendarId=k&startTime=2026-12-01&endTime=1"] {
        let got = practice.api.get(&format!("/calendars/events?locationId=loc-demo&{query}")).await;
        assert_eq!(got.status, 422, "{query}");
    }
    assert_eq!(practice.api.get("/calendars/events?locationId=other&calendarId=k&startTime=0&endTime=1").await.status, 403);
}

#[tokio::test]
async fn a_blocked_slot_keeps_bookings_out_until_it_is_deleted() {
    let practice = Practice::new();
    let block = json!({ "calendarId": practice.calendar, "title": "Team", "startTime": NINE, "endTime": TEN });
    let got = practice.api.here("POST", "/calendars/events/block-slots", block).await;
    assert_eq!((got.status.as_u16(), &got.body["startTime"], &got.body["title"]), (201, &json!(NINE), &json!("Team")));
    let id = got.body["id"].as_str().unwrap().to_owned();
    let owner = format!("calendarId={}", practice.calendar);
    assert_eq!(practice.listed("blocked-slots", &owner, NINE, TEN).await, [id.as_str()]);
    assert!(practice.on_the_day().await.is_empty(), "it is no appointment");
    assert_eq!(practice.ask(json!({ "startTime": "2026-12-01T09:30:00+01:00" })).await.status, 400);
    assert_eq!(practice.delete(&id).await.status, 201);
    practice.book(json!({ "startTime": "2026-12-01T09:30:00+01:00" })).await;
}

#[tokio::test]
async fn a_calendar_or_a_user_is_blocked_and_never_both() {
    let practice = Practice::new();
    let user = practice.api.emulator.front_desk().add_user();
    let times = |mut body: serde_json::Value| {
        body["startTime"] = json!(NINE);
        body["endTime"] = json!(TEN);
        body
    };
    for body in [json!({}), json!({ "calendarId": practice.calendar, "assignedUserId": user })] {
        let got = practice.api.here("POST", "/calendars/events/block-slots", times(body)).await;
        assert_eq!(got.complaints(), ["Either calendarId or assignedUserId can be set, not both."]);
    }
    let got = practice.api.here("POST", "/calendars/events/block-slots", times(json!({ "assignedUserId": user }))).await;
    assert_eq!(got.status, 201);
    assert_eq!(practice.ask(json!({ "assignedUserId": user })).await.status, 400);
    practice.book(json!({})).await;
    assert_eq!(time(NINE), practice.api.emulator.front_desk().appointments()[0].start);
}
