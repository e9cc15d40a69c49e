//! Times that GHL does not give.

use emulator_kit::{Fault, Rule};
use ghl_client::SlotCheck;
use ghl_client::connector::appointment::{Connector, Settings};
use ghl_emulator::AppointmentStatus;
use serde_json::json;
use sync_core::testing::permit;
use sync_core::vocabulary::appointment::{END, PRACTITIONER, START, STATUS};
use sync_core::{Field, Sink, Written};

use super::{HALF_PAST, NINE, Practice, TEN, fields, patch, planned, time};

const ELEVEN: &str = "2026-12-01T10:00:00Z";

fn checking(practice: &Practice) -> Connector {
    practice.connector_with(Settings { slot_check: SlotCheck::Full, ..practice.settings() })
}

async fn create(practice: &Practice, start: &str, end: &str) -> Written {
    checking(practice).create(&permit(), &practice.draft(planned(start, end))).await.unwrap()
}

fn holder(written: &Written) -> &str {
    match written {
        Written::Exists { id, fields } if *fields == [START] => id.as_str(),
        other => panic!("{other:?}"),
    }
}

fn is_blocked(written: &Written) -> bool {
    matches!(written, Written::Blocked(what) if what == "a free slot at that time, or slot_check = \"ignore\"")
}

#[tokio::test(start_paused = true)]
async fn whoever_has_the_time_is_named() {
    let practice = Practice::new();
    let id = practice.booked(HALF_PAST);
    let calls = practice.calls();
    assert_eq!(holder(&create(&practice, NINE, TEN).await), id);
    assert_eq!(practice.calls() - calls, 2, "one call asks who has it");
    assert_eq!(practice.emulator.front_desk().appointments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_check_the_other_system_is_believed() {
    let practice = Practice::new();
    practice.booked(NINE);
    let written = practice.connector().create(&permit(), &practice.draft(planned(NINE, HALF_PAST))).await.unwrap();
    assert!(matches!(written, Written::Done(_)));
    assert_eq!(practice.emulator.front_desk().appointments().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_same_start_and_the_same_contact_come_first() {
    let practice = Practice::new();
    let other = practice.emulator.front_desk().create(json!({ "firstName": "Urs" }));
    let ids = [practice.booked("2026-12-01T07:30:00Z"), practice.booked(NINE), practice.booked(NINE), practice.booked(NINE)];
    let desk = practice.emulator.front_desk();
    desk.change_appointment(&ids[0], |appointment| appointment.end = time(TEN));
    desk.change_appointment(&ids[1], |appointment| appointment.contact_id.clone_from(&other));
    desk.set_status(&ids[3], AppointmentStatus::Cancelled);
    assert_eq!(holder(&create(&practice, NINE, HALF_PAST).await), ids[2]);
    desk.cancel(&ids[2]);
    assert_eq!(holder(&create(&practice, NINE, HALF_PAST).await), ids[1]);
    desk.delete_appointment(&ids[1]);
    assert_eq!(holder(&create(&practice, NINE, HALF_PAST).await), ids[0]);
    desk.set_status(&ids[0], AppointmentStatus::Invalid);
    assert!(matches!(create(&practice, NINE, HALF_PAST).await, Written::Done(_)));
}

#[tokio::test(start_paused = true)]
async fn a_booking_whose_answer_was_lost_meets_itself() {
    let practice = Practice::new();
    let connector = checking(&practice);
    practice.emulator.faults().add(Rule::on("/calendars/", Fault::CutAfter));
    let draft = practice.draft(planned(NINE, HALF_PAST));
    assert!(connector.create(&permit(), &draft).await.unwrap_err().is_unknown());
    let id = practice.emulator.front_desk().appointments().remove(0).id;
    assert_eq!(holder(&connector.create(&permit(), &draft).await.unwrap()), id);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_nobody_has_is_for_people_to_free() {
    let practice = Practice::new();
    // Before the calendar opens, and in the past.
    assert!(is_blocked(&create(&practice, "2026-12-01T05:00:00Z", "2026-12-01T05:30:00Z").await));
    assert!(is_blocked(&create(&practice, "2026-11-27T08:00:00Z", "2026-11-27T08:30:00Z").await));
    // Anja is in another calendar at that time, which may not even be mapped.
    let id = practice.booked_in(1, NINE);
    let anja = practice.rows[0].user_id.clone();
    practice.emulator.front_desk().change_appointment(&id, |appointment| appointment.assigned_user_id = anja);
    assert!(is_blocked(&create(&practice, NINE, HALF_PAST).await));
    assert_eq!(practice.emulator.front_desk().appointments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_move_is_refused_by_others_and_never_by_itself() {
    let practice = Practice::new();
    let connector = checking(&practice);
    let (moving, other) = (practice.booked(NINE), practice.booked(TEN));
    let written = connector.update(&permit(), &patch(&moving, fields(&[(START, TEN), (END, ELEVEN)]))).await.unwrap();
    assert_eq!(holder(&written), other);
    let written = connector.update(&permit(), &patch(&moving, fields(&[(END, ELEVEN)]))).await.unwrap();
    assert_eq!(holder(&written), other, "it begins before the other");
    let written = connector.update(&permit(), &patch(&moving, fields(&[(START, "2026-12-01T07:00:00Z")]))).await.unwrap();
    assert!(matches!(written, Written::Done(_)), "its own time is free for itself: {written:?}");
    let early = patch(&moving, fields(&[(START, "2026-12-01T06:00:00Z")]));
    assert!(is_blocked(&connector.update(&permit(), &early).await.unwrap()));
    assert_eq!(practice.appointment(&moving).start, time("2026-12-01T07:00:00Z"));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_practitioner_needs_a_free_slot_with_the_new_one() {
    let practice = Practice::new();
    let connector = checking(&practice);
    let (moving, other) = (practice.booked(NINE), practice.booked_in(1, NINE));
    let to_beat = patch(&moving, fields(&[(PRACTITIONER, "beat meier")]));
    assert_eq!(holder(&connector.update(&permit(), &to_beat).await.unwrap()), other);
    practice.emulator.front_desk().cancel(&other);
    assert!(matches!(connector.update(&permit(), &to_beat).await.unwrap(), Written::Done(_)));
    assert_eq!(practice.appointment(&moving).assigned_user_id, practice.rows[1].user_id);
}

#[tokio::test(start_paused = true)]
async fn what_became_of_an_appointment_needs_no_free_slot() {
    let practice = Practice::new();
    let id = practice.booked("2026-11-27T08:10:00Z");
    let written = checking(&practice).update(&permit(), &patch(&id, fields(&[(STATUS, "attended")]))).await.unwrap();
    let Written::Done(record) = written else { panic!("{written:?}") };
    assert_eq!(record.fields.get(&STATUS), Field::Value("attended"));
    assert_eq!(
        (practice.sent()["ignoreFreeSlotValidation"].clone(), practice.sent()["ignoreDateRange"].clone()),
        (json!(true), json!(true))
    );
}
