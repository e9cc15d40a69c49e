//! What becomes of an appointment's file.

use sync_core::vocabulary::appointment::{self, KIND, OPEN, status};
use sync_core::vocabulary::person;
use sync_core::{ErrorKind, Field, Presence};

use crate::conformance::fields;
use crate::folder::{Files, clearing};

/// As a calendar exports it: an end told by a duration, an alarm, and a zone of its own making.
const EXPORTED: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Calendar//EN\r\nX-WR-CALNAME:Praxis\r\nBEGIN:VTIMEZONE\r\nTZID:Bern\r\n\
     X-LIC-LOCATION:Europe/Zurich\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n\
     END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Bern:20260302T090000\r\n\
     DURATION:PT45M\r\nSUMMARY:Therapie\r\nX-PERSON:anna\r\nX-UNHEARD-OF;X-P=\"a;b\":1,2;3:4\r\nATTENDEE;CN=\"A; B\":mailto:a@example.test\r\n\
     BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:soon\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn stamped(text: &str) -> String {
    text.replace("DTSTAMP:20260101T000000Z", "DTSTAMP:20260302T080000Z")
}

#[tokio::test]
async fn an_event_says_when_it_is_whom_it_is_about_and_that_it_is_to_be_kept() {
    let record = Files::new(&[("e.ics", EXPORTED)]).record(&KIND, "e").await;
    assert_eq!(record.fields.get(&appointment::START), Field::Value("2026-03-02T08:00:00Z"));
    assert_eq!(record.fields.get(&appointment::END), Field::Value("2026-03-02T08:45:00Z"));
    assert_eq!(record.references.get(&person::KIND).map(|id| id.as_str()), Some("anna"));
    assert!(record.marks.contains(OPEN));
}

#[tokio::test]
async fn an_edit_leaves_every_other_line_as_it_was_to_the_byte() {
    let files = Files::new(&[("e.ics", EXPORTED)]);
    files.update(&KIND, "e", &fields(&[(appointment::TITLE, "Kontrolle")])).await.unwrap();
    assert_eq!(files.text("e.ics"), stamped(&EXPORTED.replace("Therapie", "Kontrolle")));
}

#[tokio::test]
async fn a_new_start_does_not_move_an_end_that_was_told_by_a_duration() {
    let files = Files::new(&[("e.ics", EXPORTED)]);
    let record = files.update(&KIND, "e", &fields(&[(appointment::START, "2026-03-02T08:15:00Z")])).await.unwrap();
    assert_eq!(record.fields.get(&appointment::END), Field::Value("2026-03-02T08:45:00Z"));
    let text = EXPORTED.replace("DTSTART;TZID=Bern:20260302T090000", "DTSTART:20260302T081500Z").replace("DURATION:PT45M\r\n", "");
    let text = text.replace("BEGIN:VALARM", "DTEND:20260302T084500Z\r\nBEGIN:VALARM");
    assert_eq!(files.text("e.ics"), stamped(&text));
}

#[tokio::test]
async fn an_end_can_be_given_instead_of_a_duration_or_taken_away() {
    let files = Files::new(&[("e.ics", EXPORTED)]);
    let record = files.update(&KIND, "e", &fields(&[(appointment::END, "2026-03-02T09:00:00Z")])).await.unwrap();
    assert_eq!(record.fields.get(&appointment::END), Field::Value("2026-03-02T09:00:00Z"));
    let record = files.update(&KIND, "e", &clearing(appointment::END)).await.unwrap();
    assert_eq!(record.fields.get(&appointment::END), Field::Empty);
    assert_eq!(record.fields.get(&appointment::START), Field::Value("2026-03-02T08:00:00Z"));
}

#[tokio::test]
async fn the_hour_that_the_clocks_pass_twice_is_the_first_of_the_two() {
    let files = Files::new(&[("e.ics", &EXPORTED.replace("20260302T090000", "20261025T023000"))]);
    assert_eq!(files.record(&KIND, "e").await.fields.get(&appointment::START), Field::Value("2026-10-25T00:30:00Z"));
}

#[tokio::test]
async fn a_removed_appointment_is_called_off_and_stays_in_the_calendar() {
    let files = Files::new(&[("e.ics", EXPORTED)]);
    files.remove(&KIND, "e").await.unwrap();
    let record = files.record(&KIND, "e").await;
    assert_eq!(record.fields.get(&appointment::STATUS), Field::Value(status::CANCELLED));
    assert_eq!(record.presence, Presence::Live);
    assert!(!record.marks.contains(OPEN));
}

#[tokio::test]
async fn a_status_that_a_calendar_cannot_hold_is_refused_and_not_rounded() {
    let files = Files::new(&[("e.ics", EXPORTED)]);
    for status in [status::ATTENDED, status::NO_SHOW] {
        let refusal = files.update(&KIND, "e", &fields(&[(appointment::STATUS, status)])).await.unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::Refused);
    }
    assert_eq!(files.text("e.ics"), EXPORTED);
}

#[tokio::test]
async fn what_is_not_one_event_at_one_time_does_not_decode() {
    let second = "BEGIN:VEVENT\r\nUID:2\r\nDTSTART:20260302T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR";
    let broken = [
        EXPORTED.replace(";TZID=Bern", ""),
        EXPORTED.replace(";TZID=Bern", ";TZID=Nowhere"),
        EXPORTED.replace(";TZID=Bern:20260302T090000", ";VALUE=DATE:20260302"),
        EXPORTED.replace("DTSTART;TZID=Bern:20260302T090000\r\n", ""),
        EXPORTED.replace("SUMMARY", "RRULE:FREQ=WEEKLY\r\nSUMMARY"),
        EXPORTED.replace("END:VCALENDAR", second),
        EXPORTED.replace("VEVENT", "VTODO"),
        EXPORTED.replace("END:VEVENT\r\n", ""),
        EXPORTED.repeat(2),
    ];
    for text in broken {
        let files = Files::new(&[("e.ics", &text)]);
        let error = files.update(&KIND, "e", &fields(&[(appointment::TITLE, "x")])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{text}");
        assert_eq!(files.text("e.ics"), text);
    }
}
