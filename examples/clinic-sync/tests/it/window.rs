//! Which days are synced: what leaves them is not gone, and what cannot be read to its end proves nothing.

use chrono::TimeDelta;
use emulator_kit::{Fault, Reply, Rule};
use ephysio_emulator::EventQuirks;
use ghl_emulator::AppointmentStatus;

use crate::calendar::{Practice, slot};
use crate::then::{Then, utc};

#[tokio::test]
async fn an_event_that_leaves_the_past_end_is_neither_cancelled_nor_asked_about() {
    let then = Then::on("2026-03-02", EventQuirks::default(), |_| {}).await;
    let (patient, _) = then.admit(0).await;
    then.practice.in_ephysio(patient, utc("2026-03-04T09:00:00Z"));
    then.sync().await;
    then.days_without_a_write(40).await;
    let listed =
        then.practice.house.clinic.ephysio.journal().entries().into_iter().rfind(|entry| entry.path.ends_with("/events/events")).unwrap();
    let from: i64 = listed.query.split('&').find_map(|pair| pair.strip_prefix("from=")).unwrap().parse().unwrap();
    assert!(from > utc("2026-03-04T10:00:00Z").timestamp_millis(), "it is not listed any more");
    assert_eq!(then.practice.appointments()[0].status, AppointmentStatus::Confirmed);
    assert!(then.practice.house.reviews().await.is_empty());
}

#[tokio::test]
async fn an_event_that_is_cancelled_before_it_leaves_the_window_is_cancelled() {
    let then = Then::on("2026-03-02", EventQuirks::default(), |_| {}).await;
    let (patient, _) = then.admit(0).await;
    let event = then.practice.in_ephysio(patient, utc("2026-03-04T09:00:00Z"));
    then.sync().await;
    then.pass(20);
    then.practice.house.clinic.ephysio.practice().delete_event(event);
    then.sync().await;
    then.sync().await;
    assert_eq!(then.practice.appointments()[0].status, AppointmentStatus::Cancelled);
    then.days_without_a_write(20).await;
}

#[tokio::test]
async fn an_event_beyond_the_last_day_is_synced_once_its_day_comes_near() {
    let then = Then::on("2026-03-02", EventQuirks::default(), |house| house.set("appointments.future_days", 30)).await;
    let (patient, contact) = then.admit(0).await;
    then.practice.house.clinic.ephysio.practice().open_invoice(patient);
    then.practice.in_ephysio(patient, utc("2026-04-20T09:00:00Z"));
    then.practice.in_ghl(&contact, utc("2026-04-21T09:00:00Z"));
    then.days_without_a_write(3).await;
    assert!(then.practice.bookings().await.is_empty());
    then.pass(18);
    then.sync().await;
    assert_eq!((then.practice.events().len(), then.practice.appointments().len()), (2, 2));
    then.days_without_a_write(3).await;
    assert_eq!(then.practice.bookings().await.len(), 2);
}

#[tokio::test]
async fn a_calendar_that_cannot_be_read_to_its_end_proves_nothing() {
    let practice = Practice::of(2).await;
    for number in 0..2 {
        practice.in_ephysio(practice.person(number).0, slot(0));
    }
    let house = &practice.house;
    house.sync().await;
    let mark = house.mark();
    for fault in [Fault::Truncate(40), Fault::Replace(Reply::new(200, "<html></html>")), Fault::Replace(Reply::new(403, "{}"))] {
        for _ in 0..2 {
            house.clinic.ephysio.faults().add(Rule::on("/events/events", fault.clone()).times(10));
            let ran = house.run(&["sync"]).await;
            assert_eq!(ran.code, Some(1), "{ran:?}");
            house.clinic.ephysio.faults().clear();
        }
    }
    house.sync().await;
    assert_eq!((house.written(mark), practice.appointments().len()), (0, 2));
    house.assert_quiet().await;
}

#[tokio::test]
async fn fewer_days_in_the_settings_cancel_nothing_and_more_bring_all_back() {
    for (key, fewer, usual, start) in
        [("appointments.future_days", 7, 365, slot(14 * 20)), ("appointments.past_days", 1, 30, slot(0) - TimeDelta::days(10))]
    {
        let mut practice = Practice::of(1).await;
        let event = practice.in_ephysio(practice.person(0).0, start);
        practice.house.sync().await;
        let mark = practice.house.mark();
        practice.house.set(key, fewer);
        for _ in 0..3 {
            practice.house.sync().await;
        }
        assert_eq!((practice.house.written(mark), practice.reasons().await.len()), (0, 0), "{key}");
        practice.house.set(key, usual);
        practice.house.clinic.ephysio.practice().move_event(event, start + TimeDelta::hours(1));
        practice.house.sync().await;
        let [appointment] = &practice.appointments()[..] else { panic!("one appointment") };
        assert_eq!((appointment.start, appointment.status), (start + TimeDelta::hours(1), AppointmentStatus::Confirmed));
    }
}
