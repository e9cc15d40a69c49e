//! What the calendars stand for, and what the connector says if that cannot work.

use ghl_client::connector::appointment::{CalendarRow, Connector, Settings};
use ghl_client::{AppointmentStatus, SlotCheck, Version};
use ghl_emulator::NewCalendar;
use sync_core::vocabulary::appointment::{END, KIND, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::{Absence, ErrorKind, Source, Support, Verdict};

use super::{Practice, row};

fn refused(settings: Settings) -> String {
    let error = Connector::new(Practice::new().client(Version::CALENDARS), settings).unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Configuration, Verdict::Permanent));
    error.to_string()
}

fn mapped(calendars: Vec<CalendarRow>) -> Settings {
    Settings { calendars, ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_cannot_work_says_so() {
    let twice = mapped(vec![row("k1", None, "anja", None), row("k1", None, "beat", None)]);
    assert!(refused(twice).contains("k1 is mapped twice"));
    for service in [None, Some("physio")] {
        let both = refused(mapped(vec![row("k1", None, "anja", service), row("k2", None, " anja ", service)]));
        assert!(both.contains("k1 and k2"), "{both}");
    }
    assert!(refused(mapped(vec![row("k1", None, " ", None)])).contains("mapped to nobody"));
    let mut settings = Settings::default();
    settings.statuses.insert("active".to_owned(), "going_on".to_owned());
    assert!(refused(settings).contains("going_on is no status; there are planned, confirmed"));
    let mut settings = Settings::default();
    settings.written_statuses.insert("open".to_owned(), AppointmentStatus::New);
    assert!(refused(settings).contains("open is no status"));
}

#[tokio::test(start_paused = true)]
async fn setting_up_costs_no_call_and_prints_no_name() {
    let practice = Practice::new();
    let connector = practice.connector();
    assert_eq!(practice.calls(), 0);
    let printed = format!("{connector:?} {:?}", practice.settings());
    assert!(printed.contains(&practice.rows[0].calendar_id), "{printed}");
    assert!(!printed.contains("anja") && !printed.contains("pit-demo"), "{printed}");
}

#[tokio::test(start_paused = true)]
async fn what_an_appointment_needs_follows_from_the_settings() {
    let plain = Practice::new().connector();
    let description = plain.describe(&KIND).unwrap();
    assert_eq!(description.required, [END, PRACTITIONER, START, STATUS]);
    assert!(description.unique.is_empty() && description.search.is_empty() && !description.carries_token);
    assert_eq!((description.absence, description.remove), (Absence::Gone, Support::Enabled));
    assert!(description.can_write(&START, false) && !description.can_write(&START, true) && !description.can_write(&SERVICE, false));

    let practice = Practice::with_services(&["physio"]);
    let served = practice.connector_with(Settings { slot_check: SlotCheck::AnyDate, ..practice.settings() });
    let description = served.describe(&KIND).unwrap();
    assert_eq!(description.required, [END, PRACTITIONER, SERVICE, START, STATUS]);
    assert!(description.unique.contains(&START) && description.can_write(&SERVICE, false));
}

#[tokio::test(start_paused = true)]
async fn the_doctor_hears_what_ghl_does_not_have() {
    let practice = Practice::new();
    assert_eq!(practice.connector().problems().await.unwrap(), [""; 0]);
    let desk = practice.emulator.front_desk();
    let users = [desk.add_user(), desk.add_user()];
    let add = |team: &[String], is_active| desk.add_calendar(NewCalendar { team: team.to_vec(), is_active, ..NewCalendar::default() });
    let (draft, several, alone) = (add(&[], false), add(&users, true), add(&[], true));
    let calendars = vec![
        row("nowhere", None, "anja", None),
        row(&draft, None, "beat", None),
        row(&several, None, "carla", None),
        row(&practice.rows[0].calendar_id, Some("stranger"), "dora", None),
        row(&alone, None, "emil", None),
    ];
    let problems = practice.connector_with(mapped(calendars)).problems().await.unwrap();
    let expected = [
        "calendar nowhere for anja: GHL has no such calendar".to_owned(),
        format!("calendar {draft} for beat: it is not active"),
        format!("calendar {several} for carla: it has a team; name the user whom appointments are assigned to"),
        format!("calendar {} for dora: its user is not in the calendar's team", practice.rows[0].calendar_id),
    ];
    assert_eq!(problems, expected);
}

#[tokio::test(start_paused = true)]
async fn a_doctor_who_cannot_ask_finds_no_problem_and_says_so() {
    let practice = Practice::new();
    practice.emulator.set_token("pit-other");
    let error = practice.connector().problems().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
}
