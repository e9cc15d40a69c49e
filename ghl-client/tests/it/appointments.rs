use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Zurich;
use emulator_kit::{Fault, Reply, Rule};
use ghl_client::{
    Appointment, AppointmentPatch, AppointmentStatus, BlockedFor, BlockedSlot, Booked, Client, Config, ErrorKind, EventWindow, EventsOf,
    ListedEvent, NewAppointment, NewBlockedSlot, ShownStatus, SlotCheck, Verdict, Version,
};
use ghl_emulator::{Counters, Emulator, NewCalendar};
use sync_http::{Change, ServiceTransport, Shown};

use crate::{client, emulator};

struct Practice {
    emulator: Emulator,
    client: Client,
    calendar: String,
    contact: String,
}

fn practice() -> Practice {
    practice_of(emulator(), Version::CALENDARS)
}

fn practice_of(emulator: Emulator, version: Version) -> Practice {
    let mut config = Config { timezone: Some(Zurich), ..Config::new("loc-demo", "pit-demo").unwrap() };
    config.versions.calendars = version;
    let client = Client::with_transport(config, Arc::new(ServiceTransport::new(emulator.stage()))).unwrap();
    let desk = emulator.front_desk();
    let calendar = desk.add_calendar(NewCalendar::default());
    let contact = desk.create(serde_json::json!({ "firstName": "Anna", "lastName": "Muster" }));
    Practice { emulator, client, calendar, contact }
}

/// A Tuesday in winter at nine in Zurich.
fn nine() -> DateTime<Utc> {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

impl Practice {
    fn wish(&self) -> NewAppointment {
        NewAppointment::new(self.calendar.as_str(), self.contact.as_str(), nine())
    }

    async fn book(&self, wish: &NewAppointment) -> Appointment {
        done(self.client.create_appointment(wish).await.unwrap())
    }

    fn day(&self) -> EventWindow {
        let from = nine() - TimeDelta::hours(9);
        EventWindow { of: EventsOf::Calendar(self.calendar.clone()), from, until: from + TimeDelta::days(1) }
    }

    async fn listed(&self) -> Vec<Appointment> {
        let events = self.client.events(&self.day()).await.unwrap();
        events.iter().map(|event| Appointment::from_json(raw(event), self.client.timezone()).unwrap()).collect()
    }

    /// What the emulator counted since the contact was created.
    fn told(&self) -> Counters {
        let Counters { notifications, workflow_triggers } = self.emulator.counters();
        Counters { notifications, workflow_triggers: workflow_triggers - 1 }
    }
}

fn done(booked: Booked) -> Appointment {
    match booked {
        Booked::Done(appointment) => *appointment,
        Booked::SlotTaken => panic!("the slot is taken"),
    }
}

fn raw(event: &ListedEvent) -> &[u8] {
    match event {
        ListedEvent::Event { raw, .. } | ListedEvent::Broken { raw } => raw,
    }
}

fn known(status: AppointmentStatus) -> Shown<ShownStatus> {
    Shown::Value(ShownStatus::Known(status))
}

#[tokio::test(start_paused = true)]
async fn what_is_booked_can_be_read_and_listed_and_nobody_is_told() {
    let practice = practice();
    let wish = NewAppointment {
        end_time: Some(nine() + TimeDelta::minutes(45)),
        status: Some(AppointmentStatus::New),
        description: Some("knee".to_owned()),
        ..practice.wish()
    };
    let booked = practice.book(&wish).await;
    assert_eq!((booked.start_time, booked.end_time), (Shown::Value(nine()), Shown::Value(nine() + TimeDelta::minutes(45))));
    assert_eq!((booked.description.clone(), booked.date_updated), (Shown::Absent, Shown::Absent), "a write does not show them");
    let read = practice.client.appointment(&booked.id).await.unwrap();
    assert_eq!((read.description.text(), read.title.text()), (Some("knee"), Some("Anna Muster")));
    assert_eq!((read.contact_id.text(), read.status.clone()), (Some(practice.contact.as_str()), known(AppointmentStatus::New)));
    assert!(read.date_updated.value().is_some());
    assert_eq!(practice.listed().await, [read]);
    assert_eq!(practice.told(), Counters::default());
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_it_has_people_told() {
    let practice = practice();
    let booked = practice.book(&NewAppointment { notify: true, ..practice.wish() }).await;
    assert_eq!(practice.told(), Counters { notifications: 1, workflow_triggers: 1 });
    let patch = AppointmentPatch { status: Some(AppointmentStatus::Cancelled), notify: true, ..AppointmentPatch::default() };
    practice.client.update_appointment(&booked.id, &patch).await.unwrap();
    assert_eq!(practice.told(), Counters { notifications: 2, workflow_triggers: 2 });
}

#[tokio::test(start_paused = true)]
async fn a_taken_slot_is_an_answer_and_an_unchecked_one_is_booked_twice() {
    let practice = practice();
    practice.book(&practice.wish()).await;
    assert_eq!(practice.client.create_appointment(&practice.wish()).await.unwrap(), Booked::SlotTaken);
    let later = NewAppointment { start_time: nine() + TimeDelta::hours(1), ..practice.wish() };
    let later = practice.book(&later).await;
    let patch = AppointmentPatch { start_time: Some(nine()), ..AppointmentPatch::default() };
    assert_eq!(practice.client.update_appointment(&later.id, &patch).await.unwrap(), Booked::SlotTaken);
    assert_eq!(practice.emulator.front_desk().appointments().len(), 2);
    practice.book(&NewAppointment { slot_check: SlotCheck::None, ..practice.wish() }).await;
    assert_eq!(practice.emulator.front_desk().appointments().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_asked_for_with_the_offset_of_the_location() {
    let practice = practice();
    let in_utc = client(&practice.emulator);
    assert_eq!(in_utc.create_appointment(&practice.wish()).await.unwrap(), Booked::SlotTaken);
    practice.book(&practice.wish()).await;
}

#[tokio::test(start_paused = true)]
async fn a_past_slot_needs_a_looser_check() {
    let practice = practice();
    practice.emulator.clock().advance((nine() - DateTime::UNIX_EPOCH).to_std().unwrap() + Duration::from_secs(1));
    assert_eq!(practice.client.create_appointment(&practice.wish()).await.unwrap(), Booked::SlotTaken);
    practice.book(&NewAppointment { slot_check: SlotCheck::AnyDate, ..practice.wish() }).await;
}

#[tokio::test(start_paused = true)]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let practice = practice();
    let wish = NewAppointment { description: Some("knee".to_owned()), address: Some("Room 1".to_owned()), ..practice.wish() };
    let id = practice.book(&wish).await.id;
    let patch = AppointmentPatch { title: Change::Set("Knee".to_owned()), description: Change::Clear, ..AppointmentPatch::default() };
    let answered = done(practice.client.update_appointment(&id, &patch).await.unwrap());
    assert_eq!((answered.title.text(), answered.address.text()), (Some("Knee"), Some("Room 1")));
    let read = practice.client.appointment(&id).await.unwrap();
    assert_eq!((read.description, read.start_time), (Shown::Absent, Shown::Value(nine())));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_appointment_is_listed_and_a_deleted_one_is_not() {
    let practice = practice();
    let cancelled = practice.book(&practice.wish()).await.id;
    let later = NewAppointment { start_time: nine() + TimeDelta::hours(1), ..practice.wish() };
    let deleted = practice.book(&later).await.id;
    practice.emulator.front_desk().cancel(&cancelled);
    practice.client.delete_event(&deleted).await.unwrap();
    let listed = practice.listed().await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id.as_str(), listed[0].status.clone()), (cancelled.as_str(), known(AppointmentStatus::Cancelled)));
    let gone = [
        practice.client.appointment(&deleted).await.unwrap_err(),
        practice.client.delete_event(&deleted).await.unwrap_err(),
        practice.client.update_appointment(&deleted, &AppointmentPatch::default()).await.unwrap_err(),
    ];
    for error in gone {
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::NotFound, Verdict::Permanent), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn v3_dates_its_writes_and_marks_what_is_deleted() {
    let clock = emulator_kit::Clock::starting_at(DateTime::UNIX_EPOCH);
    let emulator = Emulator::new(ghl_emulator::Config { clock, show_deleted: true, ..ghl_emulator::Config::default() });
    let practice = practice_of(emulator, Version::V3);
    let booked = practice.book(&practice.wish()).await;
    assert_eq!(booked.date_updated, Shown::Value(DateTime::UNIX_EPOCH));
    practice.emulator.front_desk().set_status(&booked.id, ghl_emulator::AppointmentStatus::Completed);
    let listed = practice.listed().await;
    assert_eq!(listed[0].status, Shown::Value(ShownStatus::Other("completed".to_owned())));
    assert_eq!(listed[0].deleted, Shown::Value(false));
    practice.client.delete_event(&booked.id).await.unwrap();
    assert_eq!(practice.listed().await[0].deleted, Shown::Value(true));
}

#[tokio::test(start_paused = true)]
async fn a_booking_for_an_unknown_contact_or_a_stranger_to_the_team_is_refused() {
    let practice = practice();
    let nobody = NewAppointment { contact_id: "nobody".to_owned(), ..practice.wish() };
    assert_eq!(practice.client.create_appointment(&nobody).await.unwrap_err().kind(), ErrorKind::NotFound);
    let stranger = NewAppointment { assigned_user_id: Some("stranger".to_owned()), ..practice.wish() };
    let error = practice.client.create_appointment(&stranger).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Refused, Some("The user id not part of calendar team.")));
    let nowhere = NewAppointment { calendar_id: "none".to_owned(), ..practice.wish() };
    assert_eq!(practice.client.create_appointment(&nowhere).await.unwrap_err().kind(), ErrorKind::Refused);
}

#[tokio::test(start_paused = true)]
async fn a_booking_whose_answer_is_lost_is_unknown_and_never_sent_again() {
    let unreadable = r#"{"id":"a1","startTime":"soon"}"#;
    for fault in [Fault::CutAfter, Fault::Replace(Reply::new(502, "<html>")), Fault::Replace(Reply::new(200, unreadable))] {
        let practice = practice();
        let name = fault.name();
        practice.emulator.faults().add(Rule::on("/calendars/", fault));
        let error = practice.client.create_appointment(&practice.wish()).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Unknown, "{name}: {error}");
        assert_eq!(practice.emulator.journal().len(), 1, "{name}");
        assert_eq!(practice.emulator.front_desk().appointments().len(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_was_cut_is_asked_for_again_and_a_deletion_too() {
    let practice = practice();
    let id = practice.book(&practice.wish()).await.id;
    practice.emulator.faults().add(Rule::on("/calendars/events", Fault::Truncate(20)));
    assert_eq!(practice.listed().await.len(), 1);
    practice.emulator.faults().add(Rule::on("/calendars/events", Fault::CutBefore));
    practice.client.delete_event(&id).await.unwrap();
    assert!(practice.emulator.front_desk().appointments().is_empty());
}

#[tokio::test(start_paused = true)]
async fn calendars_show_their_team_and_the_pattern_of_their_titles() {
    let practice = practice();
    let desk = practice.emulator.front_desk();
    let user = desk.add_user();
    let id =
        desk.add_calendar(NewCalendar { name: "Room 2".to_owned(), team: vec![user.clone()], is_active: false, ..NewCalendar::default() });
    let calendars = practice.client.calendars().await.unwrap();
    assert_eq!(calendars.len(), 2);
    let calendar = calendars.iter().find(|calendar| calendar.id == id).unwrap();
    assert_eq!((calendar.name.text(), calendar.event_title.text()), (Some("Room 2"), Some("{{contact.name}}")));
    assert_eq!(calendar.is_active, Shown::Value(false));
    assert!(calendar.has_member(&user) && !calendar.has_member("stranger"));
    assert!(!format!("{calendar:?}").contains("Room"));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_time_cannot_be_booked_until_it_is_freed() {
    let practice = practice();
    let slot = NewBlockedSlot {
        blocked: BlockedFor::Calendar(practice.calendar.clone()),
        start_time: nine(),
        end_time: nine() + TimeDelta::hours(1),
        title: Some("Team".to_owned()),
    };
    let blocked = practice.client.block_slot(&slot).await.unwrap();
    assert_eq!((blocked.start_time, blocked.title.text()), (Shown::Value(nine()), Some("Team")));
    let listed = practice.client.blocked_slots(&practice.day()).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|event| BlockedSlot::from_json(raw(event), None).unwrap()).collect();
    assert_eq!(listed, std::slice::from_ref(&blocked));
    assert!(practice.listed().await.is_empty());
    assert_eq!(practice.client.create_appointment(&practice.wish()).await.unwrap(), Booked::SlotTaken);
    practice.client.delete_event(&blocked.id).await.unwrap();
    practice.book(&practice.wish()).await;
}
