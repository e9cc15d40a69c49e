//! How appointments reach the calendar.

use ephysio_client::connector::appointment::{Connector, Settings};
use ephysio_emulator::{EventQuirks, Fault, Quirks, Reply, Rule};
use http::Method;
use serde_json::json;
use sync_core::testing::permit;
use sync_core::vocabulary::appointment::{END, PRACTITIONER, SERVICE, START, STATUS, TITLE};
use sync_core::vocabulary::person;
use sync_core::{ErrorKind, Field, RecordId, Sink, Verdict, Written};

use super::{START_AT, connector, create, draft, patient, physio, quirks, records, requests, sent, settings, writes};
use crate::{client, emulator, logins};

#[tokio::test(start_paused = true)]
async fn an_appointment_is_booked_as_drafted_on_the_patients_invoice_and_nobody_is_reminded() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let mut fields = physio(START_AT);
    fields.set(PRACTITIONER, Field::Value("beat"));
    fields.set(STATUS, Field::Value("confirmed"));
    create(&connector(&emulator), patient, fields.clone()).await.unwrap();
    let invoice = emulator.practice().invoices()[0].id;
    let event = emulator.practice().events().remove(0);
    assert_eq!((event.patient_id, event.invoice_id, event.status), (Some(patient), Some(invoice), 6));
    assert_eq!((event.client_id, event.admin_info_id, event.event_type_id), (5_779, 5_771, 29_330));
    assert_eq!(event.resource_ids, ["c-5779"]);
    assert_eq!((emulator.counters().reminders, event.send_reminder, event.has_sms_reminder), (0, false, false));
    let record = records(&connector(&emulator)).await.remove(0);
    assert!(fields.iter().all(|(name, field)| record.fields.get(name) == field), "{record:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_status_an_appointment_is_planned_and_without_a_service_it_is_the_usual_one() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let settings = Settings { default_service: Some("lymph drainage".into()), ..settings() };
    let mut fields = physio(START_AT);
    fields.set(SERVICE, Field::Unknown);
    create(&Connector::new(client(&emulator), settings).unwrap(), patient, fields).await.unwrap();
    let event = emulator.practice().events().remove(0);
    assert_eq!((event.status, event.event_type_id), (5, 29_331));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_refused_by_name_before_anything_is_sent() {
    let emulator = emulator(Quirks::default());
    let connector = connector(&emulator);
    for (name, field) in [
        (START, Field::Unknown),
        (START, Field::Value("tomorrow at eight")),
        (START, Field::Value("2027-02-01T08:00:30Z")),
        (START, Field::Value("2027-02-01T08:30:00Z")),
        (START, Field::Value("1969-02-01T08:00:00Z")),
        (END, Field::Unknown),
        (END, Field::Empty),
        (PRACTITIONER, Field::Unknown),
        (PRACTITIONER, Field::Value("carla")),
        (SERVICE, Field::Unknown),
        (SERVICE, Field::Value("taping")),
        (STATUS, Field::Value("late")),
        (TITLE, Field::Value("Knee")),
    ] {
        let mut fields = physio(START_AT);
        fields.set(name.clone(), field);
        let error = create(&connector, 7, fields).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent), "{name}");
        let told = error.to_string();
        assert!(told.contains(name.as_str()), "{told}");
        assert!(!["tomorrow", "carla", "taping", "Knee"].iter().any(|value| told.contains(value)), "{told}");
    }
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_person_who_is_no_patient_yet_gets_no_appointment() {
    let emulator = emulator(Quirks::default());
    let connector = connector(&emulator);
    for id in [None, Some("request-7")] {
        let mut draft = draft(7, physio(START_AT));
        draft.references.clear();
        draft.references.extend(id.map(|id| (person::KIND, RecordId::from_static(id))));
        let error = connector.create(&permit(), &draft).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    }
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_day_that_is_not_listed_waits_or_is_refused() {
    let emulator = emulator(Quirks::default());
    let connector = connector(&emulator);
    let patient = patient(&emulator);
    // The last and the first day of the window in Zurich.
    for start in ["2028-01-15T22:59:00Z", "2026-12-15T23:00:00Z"] {
        create(&connector, patient, physio(start)).await.unwrap();
    }
    let before = writes(&emulator).len();
    let Written::Blocked(what) = create(&connector, patient, physio("2028-01-15T23:00:00Z")).await.unwrap() else { panic!("too far") };
    assert!(what.contains("future_days"), "{what}");
    let error = create(&connector, patient, physio("2026-12-15T22:59:00Z")).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    assert_eq!(writes(&emulator).len(), before, "it would look as if it were gone at once");
}

#[tokio::test(start_paused = true)]
async fn a_refused_create_is_not_lost() {
    let emulator = emulator(Quirks::default());
    let connector = connector(&emulator);
    let patient = patient(&emulator);
    let refusal = Reply::new(400, json!({ "message": "/eventTypeId is unknown" }).to_string()).header("content-type", "application/json");
    emulator.faults().add(Rule::on("/events", Fault::Refuse(refusal)).method(Method::POST));
    let error = create(&connector, patient, physio(START_AT)).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    assert!(error.to_string().contains("/eventTypeId"), "{error}");
    assert!(emulator.practice().events().is_empty());
    create(&connector, patient, physio(START_AT)).await.unwrap();
    assert_eq!(emulator.practice().events().len(), 1, "the next attempt is an attempt");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_call_is_a_question_and_not_a_missing_record() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    emulator.faults().add(Rule::on("/events", Fault::Refuse(Reply::new(404, "{}"))).method(Method::POST));
    let error = create(&connector(&emulator), patient, physio(START_AT)).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
}

#[tokio::test(start_paused = true)]
async fn a_taken_place_in_the_calendar_waits_for_staff() {
    let emulator = emulator(quirks(EventQuirks { double_booking: false, ..EventQuirks::default() }));
    let connector = connector(&emulator);
    let (one, two) = (patient(&emulator), patient(&emulator));
    create(&connector, one, physio(START_AT)).await.unwrap();
    let Written::Blocked(what) = create(&connector, two, physio(START_AT)).await.unwrap() else { panic!("it is taken") };
    assert!(what.contains("free place"), "{what}");
    emulator.practice().delete_event(emulator.practice().events()[0].id);
    create(&connector, two, physio(START_AT)).await.unwrap();
    assert_eq!(emulator.practice().events()[0].patient_id, Some(two));
}

#[tokio::test(start_paused = true)]
async fn a_create_that_may_have_happened_has_an_unknown_outcome_and_is_sent_once() {
    for fault in [
        Fault::CutAfter,
        Fault::Replace(Reply::new(502, "<html>")),
        Fault::Replace(Reply::new(200, "")),
        Fault::Replace(Reply::new(200, "{}")),
        Fault::Replace(Reply::new(200, r#"{"events":[{"id":1},{"id":2}]}"#)),
    ] {
        let emulator = emulator(Quirks::default());
        let patient = patient(&emulator);
        emulator.faults().add(Rule::on("/events", fault).method(Method::POST));
        let error = create(&connector(&emulator), patient, physio(START_AT)).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Unknown, "{error}");
        assert_eq!((writes(&emulator).len(), emulator.practice().events().len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_login_in_the_middle_of_a_create_keeps_query_and_body() {
    let emulator = emulator(Quirks::default());
    let patient = patient(&emulator);
    let connector = connector(&emulator);
    let expired = Reply::new(401, "{}");
    emulator.faults().add(Rule::on("/invoices", Fault::Refuse(expired.clone())));
    emulator.faults().add(Rule::on("/events", Fault::Refuse(expired)).method(Method::POST));
    create(&connector, patient, physio(START_AT)).await.unwrap();
    let (asked, booked) = (requests(&emulator, "GET", &format!("/patients/{patient}")), requests(&emulator, "POST", "/events"));
    assert_eq!((asked.len(), booked.len(), logins(&emulator)), (2, 2, 3));
    assert_eq!(asked[0].query, asked[1].query);
    assert_eq!((&booked[0].query, sent(&booked[0])), (&booked[1].query, sent(&booked[1])));
    assert_eq!(booked[1].query, "ids=&isCancelMultiUser=false&changeSeries=false&changeAllDescriptions=false");
    assert_eq!(emulator.practice().events().len(), 1);
}
