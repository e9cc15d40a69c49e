//! Appointments of both systems, from their booking to their end.

use chrono::TimeDelta;
use ephysio_emulator::{CancelEvent, Event, EventQuirks, NewEvent, UpdateEvent};
use ghl_emulator::{Appointment, AppointmentStatus};
use http::Method;
use serde_json::json;
use sync_core::vocabulary::appointment::instant;

use crate::calendar::{APPOINTMENTS, EVENT, Practice, counted, slot};
use crate::house::body;

#[tokio::test]
async fn an_appointment_booked_in_either_system_is_in_the_other_once_and_then_nothing_is_written() {
    let practice = Practice::of(2).await;
    practice.open_invoices();
    practice.in_ephysio(practice.person(0).0, slot(0));
    practice.in_ghl(practice.person(1).1, slot(1));
    let report = practice.house.sync().await;
    assert_eq!((&counted(&report, "ephysio")["created"], &counted(&report, "ghl")["created"]), (&json!(1), &json!(1)));
    practice.assert_mirrored(2).await;
    practice.house.assert_quiet().await;
    assert_eq!(practice.house.reviews().await.len(), 0);
}

#[tokio::test]
async fn plan_sync_and_reviews_are_about_both_kinds() {
    let practice = Practice::of(2).await;
    practice.house.admit(2);
    practice.in_ephysio(practice.person(0).0, slot(0));
    let booked = practice.in_ghl(practice.person(1).1, slot(1));
    let house = &practice.house;
    let mark = house.mark();
    let plan = house.run(&["plan", "--json"]).await;
    let kinds: Vec<_> = plan.json()["kinds"].as_array().unwrap().iter().map(|plan| plan["kind"].clone()).collect();
    let planned: Vec<usize> =
        plan.json()["kinds"].as_array().unwrap().iter().map(|plan| plan["operations"].as_array().unwrap().len()).collect();
    assert_eq!((plan.code, kinds, planned), (Some(2), vec![json!("person"), json!("appointment")], vec![1, 2]));
    assert_eq!(house.written(mark), 0);

    let ran = house.run(&["sync", "patients", "--json"]).await;
    assert_eq!((ran.code, practice.appointments().len(), house.contacts()), (Some(0), 1, 3), "people only");
    let ran = house.run(&["sync", "all"]).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.says(&["person", "appointment", "1 item waits for a person"]), "{ran:?}");
    assert_eq!((practice.appointments().len(), practice.events().len()), (2, 1));

    let review = house.review().await;
    assert_eq!(
        (&review["kind"], &review["reason"], &review["appointment"]),
        (&json!("appointment"), &json!("prerequisite"), &json!(booked))
    );
    let listed = house.run(&["review", "list"]).await;
    assert!(listed.says(&["please prepare an open invoice in e-Physio", &booked, " event "]), "{listed:?}");
    assert!(!listed.out.contains(" contact "), "nothing here is about a contact: {listed:?}");
    let id = review["id"].as_str().unwrap();
    let shown = house.run(&["review", "show", id]).await;
    assert!(shown.says(&["please prepare an open invoice in e-Physio"]), "{shown:?}");
}

#[tokio::test]
async fn a_conflict_about_an_appointment_is_decided_like_any_other() {
    let practice = Practice::of(1).await;
    let (event, appointment) = practice.booked(slot(0)).await;
    let house = &practice.house;
    house.clinic.ephysio.practice().move_event(event, slot(4));
    house.clinic.ghl.front_desk().move_appointment(&appointment, slot(9));
    let mark = house.mark();
    house.sync().await;
    let reviews = house.reviews().await;
    assert!(!reviews.is_empty() && house.written(mark) == 0, "{reviews:?}");
    for review in &reviews {
        assert_eq!((&review["kind"], &review["reason"]), (&json!("appointment"), &json!("conflict")), "{review}");
        let ran = house.run(&["review", "resolve", review["id"].as_str().unwrap(), "ephysio"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    house.sync().await;
    house.sync().await;
    assert_eq!((practice.appointment(&appointment).start, practice.event(event).start), (slot(4), slot(4)));
    assert_eq!(house.reviews().await.len(), 0);
    house.assert_quiet().await;
}

#[tokio::test]
async fn a_move_and_a_cancellation_in_ephysio_change_exactly_that_in_ghl() {
    let practice = Practice::of(1).await;
    let (event, appointment) = practice.booked(slot(0)).await;
    let house = &practice.house;
    house.clinic.ephysio.practice().move_event(event, slot(5));
    let mark = house.mark();
    house.sync().await;
    let (ephysio, ghl) = house.writes(mark);
    let [moved] = &ghl[..] else { panic!("one write: {ghl:?}") };
    assert_eq!((ephysio.len(), moved.method.as_str(), moved.path.clone()), (0, "PUT", format!("{APPOINTMENTS}/{appointment}")));
    assert_eq!(practice.appointment(&appointment).start, slot(5));
    assert!(body(moved).get("appointmentStatus").is_none(), "{:?}", body(moved));
    house.assert_quiet().await;

    house.clinic.ephysio.practice().cancel_event(event);
    let mark = house.mark();
    house.sync().await;
    assert_eq!((house.written(mark), practice.appointment(&appointment).status), (0, AppointmentStatus::Confirmed), "looked for once more");
    house.sync().await;
    assert_eq!((house.written(mark), practice.appointment(&appointment).status), (1, AppointmentStatus::Cancelled), "kept, not deleted");
    house.assert_quiet().await;
}

#[tokio::test]
async fn who_did_not_come_is_noted_on_the_other_side() {
    let practice = Practice::of(1).await;
    let (event, appointment) = practice.booked(slot(0)).await;
    practice.house.clinic.ephysio.practice().mark_no_show(event);
    practice.house.sync().await;
    assert_eq!(practice.appointment(&appointment).status, AppointmentStatus::NoShow);
    practice.house.assert_quiet().await;
}

/// A field, and what e-Physio shows there.
type Shown = (&'static str, fn(&Event) -> String);

/// A change that the front desk makes, and the same as staff make it in e-Physio.
struct Edit {
    in_ghl: fn(&mut Appointment),
    in_ephysio: fn(&mut Event),
    fields: &'static [Shown],
}

const START: Shown = ("start", |event| instant(event.start));
const END: Shown = ("end", |event| instant(event.end));
const STATUS: Shown = ("status", |event| if event.status == 7 { "no_show" } else { "planned" }.to_owned());

#[tokio::test]
async fn a_change_in_ghl_is_a_task_with_its_values_that_closes_itself_once_done() {
    let moved = Edit {
        in_ghl: |booked| (booked.start, booked.end) = (slot(6), slot(7)),
        in_ephysio: |event| (event.start, event.end) = (slot(6), slot(7)),
        fields: &[END, START],
    };
    let missed =
        Edit { in_ghl: |booked| booked.status = AppointmentStatus::NoShow, in_ephysio: |event| event.status = 7, fields: &[STATUS] };
    let longer = Edit { in_ghl: |booked| booked.end = slot(2), in_ephysio: |event| event.end = slot(2), fields: &[END] };
    for Edit { in_ghl, in_ephysio, fields } in [moved, missed, longer] {
        let practice = Practice::of(1).await;
        let (event, appointment) = practice.booked(slot(0)).await;
        let house = &practice.house;
        assert!(house.clinic.ghl.front_desk().change_appointment(&appointment, in_ghl));
        let (before, mark) = (practice.event(event), house.mark());
        for _ in 0..2 {
            house.sync().await;
        }
        assert_eq!((practice.event(event), house.written(mark)), (before.clone(), 0), "nobody changes it but staff");
        let review = house.review().await;
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        assert_eq!((&review["reason"], &review["side"], &review["fields"]), (&json!("manual"), &json!("left"), &json!(names)));
        let shown = house.run(&["review", "show", review["id"].as_str().unwrap(), "--json"]).await.json();
        let mut wanted = before.clone();
        in_ephysio(&mut wanted);
        for (name, value) in fields {
            assert_eq!(shown["values"][*name], json!({ "left": value(&before), "right": value(&wanted) }), "{shown}");
        }
        house.clinic.ephysio.practice().update_event(event, in_ephysio);
        house.sync().await;
        assert_eq!((house.reviews().await.len(), house.written(mark)), (0, 0), "{names:?}");
    }
}

#[tokio::test]
async fn a_cancellation_or_a_deletion_in_ghl_is_a_task_that_closes_itself_once_the_event_is_gone() {
    for deleted in [false, true] {
        let practice = Practice::of(1).await;
        let (event, appointment) = practice.booked(slot(0)).await;
        let house = &practice.house;
        let desk = house.clinic.ghl.front_desk();
        assert!(if deleted { desk.delete_appointment(&appointment) } else { desk.cancel(&appointment) });
        let mark = house.mark();
        for _ in 0..2 {
            house.sync().await;
        }
        let review = house.review().await;
        let expected = if deleted { "manual_removal" } else { "manual" };
        assert_eq!((&review["reason"], &review["kind"]), (&json!(expected), &json!("appointment")), "{review}");
        assert_eq!(practice.events().len(), 1, "nobody cancels but staff");
        assert!(house.clinic.ephysio.practice().cancel_event(event));
        for _ in 0..2 {
            house.sync().await;
        }
        assert_eq!((house.reviews().await.len(), house.written(mark)), (0, 0), "deleted: {deleted}");
    }
}

/// e-Physio with calls that change and cancel events, and settings that switch them on.
pub(crate) async fn able(patients: usize) -> Practice {
    let quirks = EventQuirks { update: UpdateEvent::PostWithIds, cancel: CancelEvent::DeleteWithIds, ..EventQuirks::default() };
    Practice::with(quirks, patients, |house| {
        for (name, method, form) in [("update_event", "POST", "full"), ("move_event", "POST", "full"), ("cancel_event", "DELETE", "none")] {
            let mut set = |key: &str, value: &str| house.set(&format!("ephysio.operations.{name}.{key}"), value);
            set("support", "enabled");
            set("method", method);
            set("path", "/events");
            set("body", form);
            set("query.ids", "{id}");
            for flag in ["isCancelMultiUser", "changeSeries", "changeAllDescriptions"] {
                set(&format!("query.{flag}"), "false");
            }
        }
    })
    .await
}

#[tokio::test]
async fn with_calls_that_are_enabled_each_change_in_ghl_is_one_call_to_ephysio() {
    let practice = able(1).await;
    practice.open_invoices();
    let (event, appointment) = practice.booked(slot(0)).await;
    let house = &practice.house;
    let desk = house.clinic.ghl.front_desk();
    for (change, method) in [("move", Method::POST), ("no show", Method::POST), ("cancel", Method::DELETE)] {
        assert!(match change {
            "move" => desk.move_appointment(&appointment, slot(7)),
            "no show" => desk.no_show(&appointment),
            _ => desk.cancel(&appointment),
        });
        let mark = house.mark();
        house.sync().await;
        let (ephysio, ghl) = house.writes(mark);
        let [call] = &ephysio[..] else { panic!("{change}: one call: {ephysio:?}") };
        assert_eq!((ghl.len(), &call.method, call.path.as_str()), (0, &method, EVENT), "{change}");
        assert!(call.query.contains(&format!("ids={event}")) && call.query.contains("changeSeries=false"), "{}", call.query);
        match change {
            "move" => assert_eq!((practice.event(event).start, practice.event(event).end), (slot(7), slot(7) + TimeDelta::minutes(30))),
            "no show" => assert_eq!(practice.event(event).status, 7),
            _ => assert_eq!(practice.events().len(), 0),
        }
        house.assert_quiet().await;
        assert_eq!(house.reviews().await.len(), 0, "{change}");
    }
}

#[tokio::test]
async fn one_event_of_a_series_moves_its_counterpart_alone_and_no_call_changes_the_series() {
    let practice = able(1).await;
    let house = &practice.house;
    let series = house.clinic.ephysio.practice().book_series(&NewEvent::at(slot(0)).of(practice.person(0).0), 5, TimeDelta::days(7));
    house.sync().await;
    practice.assert_mirrored(5).await;
    let starts = || practice.events().into_iter().map(|event| event.start).collect::<Vec<_>>();
    let mut expected = starts();
    expected[2] += TimeDelta::hours(1);
    house.clinic.ephysio.practice().move_event(series[2], expected[2]);
    let mark = house.mark();
    house.sync().await;
    assert_eq!(house.written(mark), 1);
    practice.assert_mirrored(5).await;
    let booking = practice.bookings().await.into_iter().find(|booking| booking.event == series[3]).unwrap();
    expected[3] += TimeDelta::hours(2);
    house.clinic.ghl.front_desk().move_appointment(&booking.appointment, expected[3]);
    house.sync().await;
    assert_eq!(starts(), expected);
    practice.assert_mirrored(5).await;
    let calls = house.clinic.ephysio.journal().entries();
    let changing: Vec<_> = calls.iter().filter(|entry| entry.path == EVENT).collect();
    assert!(!changing.is_empty() && changing.iter().all(|entry| entry.query.contains("changeSeries=false")), "{changing:?}");
    house.assert_quiet().await;
}
