//! What was not understood, and is once the settings say more.

use clinic_sync::settings::Calendar;
use ephysio_emulator::NewEvent;
use ghl_emulator::NewCalendar;

use crate::calendar::{Practice, calendars, row, slot};

#[tokio::test]
async fn a_practitioner_who_is_mapped_later_brings_the_appointments_along() {
    let mut practice = Practice::of(1).await;
    let event = NewEvent { client_id: 6_000, ..NewEvent::at(slot(0)).of(practice.person(0).0) };
    practice.house.clinic.ephysio.practice().book(event);
    practice.house.sync().await;
    assert_eq!(practice.reasons().await, ["missing_data"]);
    let desk = practice.house.clinic.ghl.front_desk();
    let user = desk.add_user();
    let carla = Calendar {
        calendar_id: desk.add_calendar(NewCalendar { team: vec![user.clone()], ..NewCalendar::default() }),
        user_id: Some(user),
        practitioner: "carla".to_owned(),
        service: Some("physio".to_owned()),
    };
    let rows = calendars(&practice.house).into_iter().chain([carla.clone()]).map(row).collect::<Vec<_>>();
    practice.house.set("appointments.practitioners.carla.client_id", 6_000);
    practice.house.set("appointments.practitioners.carla.admin_info_id", 5_770);
    practice.house.set("appointments.calendars", rows);
    practice.house.sync().await;
    let [booked] = &practice.appointments()[..] else { panic!("one appointment") };
    assert_eq!((&booked.calendar_id, practice.reasons().await.len()), (&carla.calendar_id, 0));
    practice.house.assert_quiet().await;
}
