//! How appointments change: by the calls that are enabled, one event at a time, and no field too many.

use chrono::TimeDelta;
use ephysio_client::connector::appointment::{Connector, Settings};
use ephysio_emulator::{CancelEvent, Cancelled, Emulator, EventQuirks, Fault, Ids, NewEvent, Quirks, Reply, Rule, UpdateEvent};
use http::Method;
use serde_json::json;
use sync_core::testing::permit;
use sync_core::vocabulary::appointment::{END, KIND, PRACTITIONER, SERVICE, START, STATUS, TITLE};
use sync_core::{ErrorKind, Field, Fields, RecordId, Sink, Verdict, Written};

use super::{CANCEL, LATER, MOVE, START_AT, UPDATE, able, booked, change, described, number, patient, quirks, sent, settings, utc, writes};
use crate::connector::fields;
use crate::emulator;

const LATER_END: &str = "2027-02-03T13:30:00Z";

fn practice() -> Emulator {
    emulator(quirks(EventQuirks { update: UpdateEvent::PutToPath, cancel: CancelEvent::DeleteAtPath, ..EventQuirks::default() }))
}

fn moved() -> Fields {
    fields(&[(START, LATER), (END, LATER_END)])
}

fn cancelled() -> Fields {
    fields(&[(STATUS, "cancelled")])
}

fn methods(emulator: &Emulator) -> Vec<String> {
    writes(emulator).iter().map(|entry| entry.method.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_move_sends_times_and_nothing_else() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    let by_move = "query = { by = 'move' }\n";
    let connector = able(&emulator, &[UPDATE, MOVE, by_move].concat());
    change(&connector, &id, moved()).await.unwrap();
    let write = writes(&emulator).remove(0);
    let body = sent(&write);
    let mut names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let times = ["end", "endDate", "endDateHours", "endDateMinutes", "start", "startDate", "startDateHours", "startDateMinutes"];
    assert_eq!((names.as_slice(), write.query.as_str()), (times.as_slice(), "by=move"));
    let event = emulator.practice().event(number(&id)).unwrap();
    assert_eq!((event.start, event.end), (utc(LATER), utc(LATER_END)));
}

#[tokio::test(start_paused = true)]
async fn a_new_end_leaves_the_start() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    change(&able(&emulator, MOVE), &id, fields(&[(END, "2027-02-01T09:15:00Z")])).await.unwrap();
    let event = emulator.practice().event(number(&id)).unwrap();
    assert_eq!((event.start, event.end), (utc(START_AT), utc("2027-02-01T09:15:00Z")));
}

#[tokio::test(start_paused = true)]
async fn statuses_are_written_by_the_table_they_are_read_by() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    let connector = able(&emulator, UPDATE);
    for (name, code) in [("confirmed", 6), ("attended", 8), ("no_show", 7), ("cancelled", 9), ("planned", 5)] {
        change(&connector, &id, fields(&[(STATUS, name)])).await.unwrap();
        assert_eq!(sent(writes(&emulator).last().unwrap()), json!({ "status": code }));
        let record = super::records(&connector).await.remove(0);
        assert_eq!(record.fields.get(&STATUS), Field::Value(name));
    }
}

#[tokio::test(start_paused = true)]
async fn another_practitioner_takes_calendar_and_billing_along_and_leaves_the_room() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    emulator.practice().update_event(number(&id), |event| event.resource_ids.push("r-2".to_owned()));
    let connector = able(&emulator, UPDATE);
    change(&connector, &id, fields(&[(PRACTITIONER, "beat"), (SERVICE, "lymph drainage")])).await.unwrap();
    let expected = json!({ "clientId": 5_779, "adminInfoId": 5_771, "resourceIds": ["c-5779", "r-2"], "eventTypeId": 29_331 });
    assert_eq!(sent(&writes(&emulator)[0]), expected);
    let record = super::records(&connector).await.remove(0);
    assert_eq!(record.fields.get(&PRACTITIONER), Field::Value("beat"));
}

#[tokio::test(start_paused = true)]
async fn a_full_body_keeps_what_staff_set_and_repeats_no_reminder() {
    for ids in [Ids::Numbers, Ids::Strings] {
        let events = EventQuirks { update: UpdateEvent::PutToPath, ..EventQuirks::default() };
        let emulator = emulator(Quirks { ids, ..quirks(events) });
        let patient = patient(&emulator);
        let invoice = emulator.practice().open_invoice(patient);
        let connector = able(&emulator, &format!("{UPDATE}body = 'full'"));
        for (was_sent, reminders) in [(false, true), (true, false)] {
            let id = booked(&emulator, patient, START_AT);
            emulator.practice().update_event(number(&id), |event| {
                event.invoice_id = Some(invoice);
                event.send_reminder = true;
                event.extra.insert("room".to_owned(), "2".into());
                event.extra.insert("reminderSent".to_owned(), was_sent.into());
            });
            change(&connector, &id, fields(&[(STATUS, "confirmed")])).await.unwrap();
            let body = sent(writes(&emulator).last().unwrap());
            assert_eq!((&body["room"], &body["status"], &body["invoiceId"]), (&json!("2"), &json!(6), &json!(invoice)));
            assert_eq!((&body["sendReminder"], &body["hasSmsReminder"]), (&json!(reminders), &json!(false)));
            let event = emulator.practice().event(number(&id)).unwrap();
            assert_eq!((event.start, event.status), (utc(START_AT), 6));
        }
        assert_eq!(emulator.counters().reminders, 1, "that of staff, which was not sent yet");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_is_made_by_its_own_call() {
    for status in [Cancelled::Absent, Cancelled::Status(9)] {
        let events = EventQuirks { cancel: CancelEvent::DeleteAtPath, cancelled: status, ..EventQuirks::default() };
        let emulator = emulator(quirks(events));
        let connector = able(&emulator, CANCEL);
        let patient = patient(&emulator);
        let (changed, removed) = (booked(&emulator, patient, START_AT), booked(&emulator, patient, LATER));
        change(&connector, &changed, cancelled()).await.unwrap();
        connector.remove(&permit(), &KIND, &removed).await.unwrap();
        assert_eq!(methods(&emulator), ["DELETE", "DELETE"]);
        for id in [changed, removed] {
            let left = emulator.practice().event(number(&id)).map(|event| event.status);
            assert_eq!(left, (status == Cancelled::Status(9)).then_some(9));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_already_is_not_cancelled_again() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    emulator.practice().update_event(number(&id), |event| event.status = 9);
    able(&emulator, CANCEL).remove(&permit(), &KIND, &id).await.unwrap();
    assert!(writes(&emulator).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_without_effect_does_not_pass_for_one() {
    let events = EventQuirks { cancel: CancelEvent::DeleteAtPath, change_does_nothing: true, ..EventQuirks::default() };
    let emulator = emulator(quirks(events));
    let id = booked(&emulator, patient(&emulator), START_AT);
    let error = able(&emulator, CANCEL).remove(&permit(), &KIND, &id).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Unknown, "{error}");
    able(&emulator, &format!("{CANCEL}verify = 'none'")).remove(&permit(), &KIND, &id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_event_of_a_series_is_moved_or_cancelled_and_the_series_stays() {
    let events = EventQuirks { update: UpdateEvent::PostWithIds, cancel: CancelEvent::DeleteWithIds, ..EventQuirks::default() };
    let emulator = emulator(quirks(events));
    let practice = emulator.practice();
    let patient = patient(&emulator);
    let series = practice.book_series(&NewEvent::at(utc(START_AT)).of(patient), 4, TimeDelta::weeks(1));
    let before = practice.events();
    let query = "path = '/events'\nquery = { ids = '{id}', isCancelMultiUser = 'false', changeSeries = 'false', changeAllDescriptions = 'false' }\n";
    let operations = format!(
        "[move_event]\nsupport = 'enabled'\nmethod = 'POST'\n{query}[cancel_event]\nsupport = 'enabled'\nmethod = 'DELETE'\nbody = 'none'\n{query}"
    );
    let connector = able(&emulator, &operations);
    change(&connector, &series[0].to_string().as_str().into(), moved()).await.unwrap();
    connector.remove(&permit(), &KIND, &series[1].to_string().as_str().into()).await.unwrap();
    let after = practice.events();
    assert_eq!((after.len(), after[0].start), (3, utc(LATER)));
    assert_eq!(after[1..], before[2..]);
}

#[tokio::test(start_paused = true)]
async fn a_move_and_a_cancellation_at_once_are_two_calls_the_cancellation_last() {
    let emulator = emulator(quirks(EventQuirks {
        update: UpdateEvent::PutToPath,
        cancel: CancelEvent::DeleteAtPath,
        cancelled: Cancelled::Status(9),
        ..EventQuirks::default()
    }));
    let id = booked(&emulator, patient(&emulator), START_AT);
    let mut both = moved();
    both.set(STATUS, Field::Value("cancelled"));
    change(&able(&emulator, &[MOVE, CANCEL].concat()), &id, both).await.unwrap();
    assert_eq!(methods(&emulator), ["PUT", "DELETE"]);
    let event = emulator.practice().event(number(&id)).unwrap();
    assert_eq!((event.start, event.status), (utc(LATER), 9));
}

#[tokio::test(start_paused = true)]
async fn half_a_change_does_not_pass_for_none() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    let connector = able(&emulator, &[MOVE, CANCEL].concat());
    let mut both = moved();
    both.set(STATUS, Field::Value("cancelled"));
    emulator.faults().add(Rule::on("/events", Fault::Refuse(Reply::new(400, "{}"))).method(Method::DELETE));
    let error = change(&connector, &id, both).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Unknown, "{error}");
    assert_eq!(emulator.practice().event(number(&id)).unwrap().start, utc(LATER));
    // The next run sees what is left.
    change(&connector, &id, cancelled()).await.unwrap();
    assert_eq!(methods(&emulator), ["PUT", "DELETE", "DELETE"]);
}

#[tokio::test(start_paused = true)]
async fn what_no_enabled_call_can_do_is_refused_and_nothing_is_asked() {
    let emulator = practice();
    let with = |status: &str| fields(&[(START, LATER), (END, LATER_END), (STATUS, status)]);
    for (operations, change, told) in [
        ([MOVE, CANCEL].concat(), fields(&[(STATUS, "confirmed")]), "status"),
        ([MOVE, CANCEL].concat(), with("confirmed"), "together"),
        (MOVE.to_owned(), cancelled(), "status"),
        (CANCEL.to_owned(), moved(), "end"),
        (MOVE.to_owned(), fields(&[(PRACTITIONER, "beat")]), "practitioner"),
        (UPDATE.to_owned(), fields(&[(STATUS, "late")]), "status"),
        (UPDATE.to_owned(), fields(&[(TITLE, "Knee")]), "title"),
    ] {
        let connector = able(&emulator, &operations);
        let error = super::change(&connector, &"7".into(), change).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent), "{error}");
        assert!(error.to_string().contains(told) && !error.to_string().contains("Knee"), "{error}");
    }
    let mut emptied = Fields::default();
    emptied.set(SERVICE, Field::Empty);
    assert_eq!(change(&able(&emulator, UPDATE), &"7".into(), emptied).await.unwrap_err().kind(), ErrorKind::Refused);
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_status_of_two_codes_is_read_and_not_written() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    let mut settings = settings();
    settings.statuses.insert(10, "cancelled".to_owned());
    let connector = Connector::new(described(&emulator, UPDATE), settings).unwrap();
    let error = change(&connector, &id, cancelled()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    emulator.practice().update_event(number(&id), |event| event.status = 10);
    assert_eq!(super::records(&connector).await[0].fields.get(&STATUS), Field::Value("cancelled"));
}

#[tokio::test(start_paused = true)]
async fn what_is_switched_off_is_a_task_for_a_person() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    let dry_run = [UPDATE, MOVE, CANCEL].concat().replace("'enabled'", "'dry_run'");
    for operations in ["", dry_run.as_str()] {
        let connector = able(&emulator, operations);
        let errors = [change(&connector, &id, moved()).await.unwrap_err(), connector.remove(&permit(), &KIND, &id).await.unwrap_err()];
        assert!(errors.iter().all(|error| error.verdict() == Verdict::Permanent));
    }
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_listed_or_nobodys_is_not_there_and_is_left_alone() {
    let emulator = practice();
    let nobodys = RecordId::new(emulator.practice().book(NewEvent::at(utc(START_AT))).to_string());
    let connector = able(&emulator, &[UPDATE, MOVE, CANCEL].concat());
    for id in [nobodys, "77".into()] {
        let errors = [change(&connector, &id, moved()).await.unwrap_err(), connector.remove(&permit(), &KIND, &id).await.unwrap_err()];
        assert!(errors.iter().all(|error| (error.kind(), error.verdict()) == (ErrorKind::NotFound, Verdict::Permanent)));
    }
    assert!(writes(&emulator).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_appointment_is_not_moved_to_where_the_list_does_not_show_it() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    let connector = able(&emulator, MOVE);
    let far = fields(&[(START, "2028-03-01T08:00:00Z"), (END, "2028-03-01T08:30:00Z")]);
    assert!(matches!(change(&connector, &id, far).await.unwrap(), Written::Blocked(_)));
    let past = fields(&[(START, "2026-03-01T08:00:00Z"), (END, "2026-03-01T08:30:00Z")]);
    assert_eq!(change(&connector, &id, past).await.unwrap_err().kind(), ErrorKind::Refused);
    assert!(writes(&emulator).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_change_of_unknown_outcome_is_unknown_and_sent_once() {
    let emulator = practice();
    let id = booked(&emulator, patient(&emulator), START_AT);
    emulator.faults().add(Rule::on("/events/", Fault::Replace(Reply::new(502, "<html>"))).method(Method::PUT));
    let error = change(&able(&emulator, MOVE), &id, moved()).await.unwrap_err();
    assert_eq!((error.verdict(), writes(&emulator).len()), (Verdict::Unknown, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_described_wrong_is_a_question_and_not_a_missing_event() {
    let emulator = emulator(Quirks::default());
    let id = booked(&emulator, patient(&emulator), START_AT);
    let connector = able(&emulator, &[MOVE, CANCEL].concat());
    let errors = [change(&connector, &id, moved()).await.unwrap_err(), connector.remove(&permit(), &KIND, &id).await.unwrap_err()];
    assert!(errors.iter().all(|error| (error.kind(), error.verdict()) == (ErrorKind::Refused, Verdict::Permanent)), "{errors:?}");
}

#[tokio::test(start_paused = true)]
async fn at_least_one_write_may_be_under_way() {
    use sync_core::Source;
    let emulator = practice();
    let connector = Connector::new(described(&emulator, ""), Settings { parallel: 0, ..settings() }).unwrap();
    assert_eq!(connector.describe(&KIND).unwrap().parallel, 1);
}
