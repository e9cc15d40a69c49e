use std::sync::{Arc, Mutex};

use emulator_kit::{Fault, Reply, Rule};
use ghl_emulator::{AppointmentChangeKind, AppointmentStatus, Counters, NewAppointment, Origin};
use serde_json::json;

use crate::agenda::{NINE, Practice, TEN, time};

#[tokio::test]
async fn the_front_desk_books_moves_and_settles_without_requests() {
    let practice = Practice::new();
    let desk = practice.api.emulator.front_desk();
    let id = desk.book(NewAppointment { minutes: Some(45), ..practice.wish(NINE) }).unwrap();
    assert!(desk.move_appointment(&id, time(TEN)));
    let appointment = desk.appointment(&id).unwrap();
    assert_eq!((appointment.start, (appointment.end - appointment.start).num_minutes()), (time(TEN), 45));
    assert_eq!((appointment.title.as_deref(), appointment.source.as_str()), (Some("Anna Muster"), "calendar_page"));
    for (act, expected) in [
        (desk.no_show(&id), AppointmentStatus::NoShow),
        (desk.confirm(&id), AppointmentStatus::Confirmed),
        (desk.set_status(&id, AppointmentStatus::Showed), AppointmentStatus::Showed),
        (desk.cancel(&id), AppointmentStatus::Cancelled),
    ] {
        assert!(act);
        assert!(desk.appointments().iter().any(|appointment| appointment.id == id), "{expected:?}");
    }
    assert_eq!(practice.get(&id).await.body["event"]["appointmentStatus"], "cancelled");
    assert!(desk.delete_appointment(&id));
    assert!(!desk.delete_appointment(&id) && !desk.confirm(&id) && desk.appointments().is_empty());
    assert_eq!(desk.book(NewAppointment { contact_id: "nobody".to_owned(), ..practice.wish(NINE) }), None);
    assert_eq!(desk.book(NewAppointment { calendar_id: "none".to_owned(), ..practice.wish(NINE) }), None);
    assert_eq!(practice.api.emulator.journal().len(), 1, "only the read above was a request");
}

#[tokio::test]
async fn people_are_told_unless_the_request_says_otherwise() {
    let practice = Practice::new();
    let before = practice.api.emulator.counters();
    let told = |times| Counters { notifications: before.notifications + times, workflow_triggers: before.workflow_triggers + times };
    let id = practice.book(json!({ "toNotify": false })).await;
    practice.put(&id, json!({ "startTime": TEN, "toNotify": false })).await;
    assert_eq!(practice.api.emulator.counters(), told(0));
    practice.book(json!({})).await;
    practice.put(&id, json!({ "appointmentStatus": "cancelled", "toNotify": true })).await;
    practice.ask(json!({ "calendarId": "none" })).await;
    assert_eq!(practice.api.emulator.counters(), told(2));
    practice.api.emulator.front_desk().confirm(&id);
    assert_eq!(practice.api.emulator.counters(), told(3));
    practice.delete(&id).await;
    assert_eq!(practice.api.emulator.counters(), told(3), "of a deletion nobody hears");
}

#[tokio::test]
async fn hooks_hear_of_every_change_to_an_appointment() {
    let practice = Practice::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (list, emulator) = (Arc::clone(&heard), practice.api.emulator.clone());
    practice.api.emulator.on_appointment_change(move |change| {
        let present = emulator.front_desk().appointment(&change.appointment.id).is_some();
        list.lock().unwrap().push((change.kind, change.origin, present));
    });
    let id = practice.book(json!({ "toNotify": false })).await;
    practice.put(&id, json!({ "appointmentStatus": "noshow", "toNotify": false })).await;
    practice.api.emulator.front_desk().move_appointment(&id, time(TEN));
    practice.delete(&id).await;
    let expected = [
        (AppointmentChangeKind::Created, Origin::Api, true),
        (AppointmentChangeKind::Updated, Origin::Api, true),
        (AppointmentChangeKind::Updated, Origin::FrontDesk, true),
        (AppointmentChangeKind::Deleted, Origin::Api, false),
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[tokio::test]
async fn the_appointments_of_a_deleted_contact_go_with_it() {
    let practice = Practice::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&heard);
    practice.api.emulator.on_appointment_change(move |change| list.lock().unwrap().push(change.kind));
    let id = practice.book(json!({})).await;
    practice.api.call("DELETE", &format!("/contacts/{}", practice.contact), json!(null)).await;
    assert!(practice.on_the_day().await.is_empty());
    assert_eq!(practice.get(&id).await.status, 400);
    assert_eq!(*heard.lock().unwrap(), [AppointmentChangeKind::Created, AppointmentChangeKind::Deleted]);
}

#[tokio::test]
async fn the_appointments_of_a_merged_contact_become_the_winners() {
    let practice = Practice::new();
    let desk = practice.api.emulator.front_desk();
    let id = practice.book(json!({})).await;
    let winner = desk.create(json!({ "firstName": "Anna" }));
    assert!(desk.merge(&winner, &practice.contact));
    assert_eq!(practice.get(&id).await.body["event"]["contactId"], winner.as_str());
}

#[tokio::test]
async fn a_fault_after_the_effect_leaves_the_appointment_behind() {
    let practice = Practice::new();
    practice.api.emulator.faults().add(Rule::on("/calendars/", Fault::Replace(Reply::new(502, "{}"))));
    assert_eq!(practice.ask(json!({})).await.status, 502);
    assert_eq!(practice.api.emulator.front_desk().appointments().len(), 1);
    assert!(practice.api.emulator.journal().entries()[0].succeeded());
}
