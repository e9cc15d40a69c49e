//! What reaches GHL's calendars.

use emulator_kit::{Fault, Reply, Rule};
use ghl_client::SlotCheck;
use ghl_client::connector::appointment::Settings;
use ghl_emulator::{AppointmentStatus, Counters};
use http::Method;
use serde_json::json;
use sync_core::testing::permit;
use sync_core::vocabulary::appointment::{END, KIND, OPEN, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::{ErrorKind, Field, Fields, RecordId, Sink, Verdict, Written};

use super::{HALF_PAST, NINE, Practice, TEN, fields, patch, planned, records, row, time};

const ELEVEN: &str = "2026-12-01T10:00:00Z";

fn done(written: Written) -> sync_core::Record {
    match written {
        Written::Done(record) => *record,
        other => panic!("{other:?}"),
    }
}

fn served(practitioner: &str, service: &str) -> Fields {
    let mut served = planned(NINE, HALF_PAST);
    served.set(PRACTITIONER, Field::Value(practitioner));
    served.set(SERVICE, Field::Value(service));
    served
}

#[tokio::test(start_paused = true)]
async fn a_create_sends_what_was_drafted_and_a_title_for_everybody() {
    let practice = Practice::new();
    let made = done(practice.connector().create(&permit(), &practice.draft(planned(NINE, HALF_PAST))).await.unwrap());
    let expected = json!({
        "locationId": "loc-demo", "calendarId": practice.rows[0].calendar_id, "assignedUserId": practice.rows[0].user_id,
        "contactId": practice.contact, "startTime": "2026-12-01T09:00:00+01:00", "endTime": "2026-12-01T09:30:00+01:00", "title": "Termin",
        "appointmentStatus": "confirmed", "toNotify": false, "ignoreFreeSlotValidation": true, "ignoreDateRange": true,
    });
    assert_eq!(practice.sent(), expected);
    assert_eq!(made.fields, planned(NINE, HALF_PAST));
    assert!(made.marks.contains(OPEN) && made.expires.is_some());
    assert_eq!(practice.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_anything() {
    let practice = Practice::new();
    let before = practice.emulator.counters();
    let connector = practice.connector();
    let made = done(connector.create(&permit(), &practice.draft(planned(NINE, HALF_PAST))).await.unwrap());
    connector.update(&permit(), &patch(made.id.as_str(), planned(TEN, ELEVEN))).await.unwrap();
    connector.update(&permit(), &patch(made.id.as_str(), fields(&[(STATUS, "no_show")]))).await.unwrap();
    connector.remove(&permit(), &KIND, &made.id).await.unwrap();
    let Counters { notifications, workflow_triggers } = practice.emulator.counters();
    assert_eq!((notifications, workflow_triggers), (before.notifications, before.workflow_triggers));
}

#[tokio::test(start_paused = true)]
async fn a_booking_goes_to_the_calendar_of_its_practitioner_and_service() {
    let mut practice = Practice::with_services(&["physio", "massage"]);
    practice.rows[3].service = None;
    let connector = practice.connector();
    for (practitioner, service, expected) in [
        ("anja keller", "physio", 0),
        ("anja keller", "massage", 1),
        (" beat  meier", "physio", 2),
        ("beat meier", "massage", 3),
        ("beat meier", "anything else", 3),
    ] {
        let draft = practice.draft(served(practitioner, service));
        let id = done(connector.create(&permit(), &draft).await.unwrap()).id;
        let appointment = practice.appointment(id.as_str());
        assert_eq!(appointment.calendar_id, practice.rows[expected].calendar_id, "{practitioner} {service}");
        assert_eq!(appointment.assigned_user_id, practice.rows[expected].user_id);
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_sends_its_fields_and_nothing_else() {
    let practice = Practice::new();
    let connector = practice.connector();
    let id = practice.booked(NINE);
    let flags = json!({ "toNotify": false, "ignoreFreeSlotValidation": true, "ignoreDateRange": true });
    for (changes, expected, calls) in [
        (fields(&[(STATUS, "attended")]), json!({ "appointmentStatus": "showed" }), 1),
        (fields(&[(END, TEN)]), json!({ "endTime": "2026-12-01T10:00:00+01:00" }), 1),
        (
            fields(&[(START, HALF_PAST), (END, TEN)]),
            json!({ "startTime": "2026-12-01T09:30:00+01:00", "endTime": "2026-12-01T10:00:00+01:00" }),
            1,
        ),
        (
            fields(&[(PRACTITIONER, "beat meier")]),
            json!({ "calendarId": practice.rows[1].calendar_id, "assignedUserId": practice.rows[1].user_id }),
            1,
        ),
        // A start alone would take the end along.
        (fields(&[(START, NINE)]), json!({ "startTime": "2026-12-01T09:00:00+01:00", "endTime": "2026-12-01T10:00:00+01:00" }), 2),
    ] {
        let before = practice.calls();
        let now = done(connector.update(&permit(), &patch(&id, changes.clone())).await.unwrap());
        let mut expected = expected;
        expected.as_object_mut().unwrap().extend(flags.as_object().unwrap().clone());
        assert_eq!((practice.sent(), practice.calls() - before), (expected, calls));
        assert!(changes.iter().all(|(name, field)| now.fields.get(name) == field), "{changes:?}");
    }
    let now = practice.appointment(&id);
    assert_eq!((now.start, now.end, now.status), (time(NINE), time(TEN), AppointmentStatus::Showed));
    assert_eq!(now.title.as_deref(), Some("Anna Muster"), "what staff wrote stays");
}

#[tokio::test(start_paused = true)]
async fn another_practitioner_keeps_the_service_and_another_service_the_practitioner() {
    let practice = Practice::with_services(&["physio", "massage"]);
    let connector = practice.connector();
    let id = practice.booked_in(1, NINE);
    for (changes, expected) in [
        (fields(&[(PRACTITIONER, "beat meier")]), 3),
        (fields(&[(SERVICE, "physio")]), 2),
        (fields(&[(PRACTITIONER, "anja keller"), (SERVICE, "massage")]), 1),
    ] {
        done(connector.update(&permit(), &patch(&id, changes)).await.unwrap());
        assert_eq!(practice.appointment(&id).calendar_id, practice.rows[expected].calendar_id);
    }
    // Only the last of them said all.
    assert_eq!(practice.emulator.journal().entries().iter().filter(|entry| entry.method == Method::GET).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_removal_cancels_and_deletes_nothing() {
    let practice = Practice::new();
    let connector = practice.connector_with(Settings { slot_check: SlotCheck::Full, ..practice.settings() });
    let id = practice.booked("2026-11-29T08:00:00Z");
    connector.remove(&permit(), &KIND, &RecordId::new(id.clone())).await.unwrap();
    assert_eq!(practice.appointment(&id).status, AppointmentStatus::Cancelled);
    let record = records(&connector).await.remove(0);
    assert_eq!((record.fields.get(&STATUS), record.marks.contains(OPEN)), (Field::Value("cancelled"), false));
    let deletions = practice.emulator.journal().entries().iter().filter(|entry| entry.method == Method::DELETE).count();
    assert_eq!(deletions, 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_refused_before_it_is_sent() {
    let practice = Practice::with_services(&["physio"]);
    let mut settings = practice.settings();
    settings.written_statuses.remove("no_show");
    settings.calendars.push(row("k9", None, "carla", Some("massage")));
    let connector = practice.connector_with(settings);
    let with = |name, value: &str| {
        let mut changed = served("anja keller", "physio");
        changed.set(name, Field::Value(value));
        changed
    };
    let drafts = [
        with(PRACTITIONER, "somebody else"),
        with(SERVICE, "massage"),
        with(STATUS, "no_show"),
        with(STATUS, "something new"),
        with(START, "tomorrow"),
        with(END, NINE),
        with(sync_core::vocabulary::appointment::NOTE, "knee"),
        planned(NINE, HALF_PAST),
        Fields::default(),
    ];
    for drafted in drafts {
        let error = connector.create(&permit(), &practice.draft(drafted)).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent), "{error}");
        assert!(!error.to_string().contains("somebody") && !error.to_string().contains("knee"), "{error}");
    }
    let mut orphan = practice.draft(served("anja keller", "physio"));
    orphan.references.clear();
    assert_eq!(connector.create(&permit(), &orphan).await.unwrap_err().kind(), ErrorKind::Refused);

    let mut emptied = Fields::default();
    emptied.set(STATUS, Field::Empty);
    for changes in [
        emptied,
        fields(&[(PRACTITIONER, "anja keller"), (SERVICE, "massage")]),
        fields(&[(START, TEN), (END, NINE)]),
        fields(&[(STATUS, "no_show")]),
        Fields::default(),
    ] {
        let error = connector.update(&permit(), &patch("a1", changes)).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent), "{error}");
    }
    assert_eq!(practice.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_appointment_does_not_end_before_it_begins() {
    let practice = Practice::new();
    let id = practice.booked(NINE);
    let error = practice.connector().update(&permit(), &patch(&id, fields(&[(START, TEN)]))).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    assert_eq!(practice.appointment(&id).start, time(NINE));
}

#[tokio::test(start_paused = true)]
async fn an_appointment_or_contact_that_is_not_there_is_not_found() {
    let practice = Practice::new();
    let connector = practice.connector();
    let mut draft = practice.draft(planned(NINE, HALF_PAST));
    draft.references.insert(sync_core::vocabulary::person::KIND, "nobody".into());
    let errors = [
        connector.create(&permit(), &draft).await.unwrap_err(),
        connector.update(&permit(), &patch("nothing", fields(&[(STATUS, "attended")]))).await.unwrap_err(),
        connector.update(&permit(), &patch("nothing", fields(&[(START, NINE)]))).await.unwrap_err(),
        connector.remove(&permit(), &KIND, &RecordId::from_static("nothing")).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::NotFound, Verdict::Permanent), "{error}");
    }
    assert!(practice.emulator.front_desk().appointments().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_may_have_happened_has_an_unknown_outcome_and_is_sent_once() {
    for fault in [Fault::CutAfter, Fault::Truncate(10), Fault::Replace(Reply::new(502, "<html>")), Fault::Replace(Reply::new(200, "{}"))] {
        let practice = Practice::new();
        let (connector, name) = (practice.connector(), fault.name());
        practice.emulator.faults().add(Rule::on("/calendars/", fault.clone()));
        let error = connector.create(&permit(), &practice.draft(planned(NINE, HALF_PAST))).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Unknown, "{name}: {error}");
        assert_eq!((practice.calls(), practice.emulator.front_desk().appointments().len()), (1, 1), "{name}");
        practice.emulator.faults().add(Rule::on("/calendars/", fault));
        let id = practice.emulator.front_desk().appointments().remove(0).id;
        let error = connector.update(&permit(), &patch(&id, fields(&[(STATUS, "attended")]))).await.unwrap_err();
        assert_eq!((error.verdict(), practice.calls()), (Verdict::Unknown, 2), "{name}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_moved_instance_of_a_series_keeps_its_own_id() {
    let practice = Practice::new();
    let answer = Reply::new(200, json!({ "id": "series", "startTime": NINE }).to_string());
    practice.emulator.faults().add(Rule::on("/calendars/events", Fault::Refuse(answer)));
    let now = done(practice.connector().update(&permit(), &patch("series_1", planned(NINE, TEN))).await.unwrap());
    assert_eq!((now.id.as_str(), now.fields.get(&START), now.fields.get(&END)), ("series_1", Field::Value(NINE), Field::Unknown));
}
