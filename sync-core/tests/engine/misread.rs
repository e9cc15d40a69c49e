//! A side that reads a clock otherwise: one record is at the wrong time, and no second one follows it.

use sync_core::Side;
use sync_core::testing::{CallKind, Fault};
use sync_core::vocabulary::appointment;
use sync_core::vocabulary::person;

use crate::calendar::{Calendar, bookings, events};
use crate::clinic::anna;

/// A calendar whose right side shows every start an hour later, and one booking that is there at the wrong hour.
async fn misread() -> (Calendar, sync_core::RecordId) {
    let shifted = |start: &str| start.replace("T08", "T09");
    let calendar = Calendar::shaped(events(), bookings().with_stored("start", shifted));
    let patient = calendar.left.add(&person::KIND, &anna());
    calendar.sync().await;
    Calendar::book(&calendar.left, &patient, "e1", "2026-03-09T08:00:00Z");
    assert!(calendar.try_sync().await.is_err());
    (calendar, patient)
}

#[tokio::test]
async fn later_runs_make_no_further_record_until_the_question_is_closed() {
    let (calendar, patient) = misread().await;
    Calendar::book(&calendar.left, &patient, "e2", "2026-03-10T08:00:00Z");
    Calendar::book(&calendar.left, &patient, "e3", "2026-03-11T10:00:00Z");
    for _ in 0..3 {
        let error = calendar.try_sync().await.unwrap_err();
        assert!(error.to_string().contains("until that question is closed"), "{error}");
        assert_eq!(Calendar::created(&calendar.right), 1);
    }
    assert_eq!(calendar.reasons().await, ["first_difference"]);
    calendar.left.edit(&"e1".into(), "start", "2026-03-09T09:00:00Z");
    calendar.left.edit(&"e2".into(), "start", "2026-03-10T10:00:00Z");
    calendar.sync().await;
    assert_eq!((Calendar::created(&calendar.right), calendar.reasons().await.len()), (3, 0));
}

#[tokio::test]
async fn other_writes_go_on_meanwhile() {
    let (calendar, patient) = misread().await;
    calendar.left.edit(&patient, "email", "neu@example.ch");
    let booking = Calendar::booked(&calendar.right).remove(0).id;
    calendar.left.edit(&"e1".into(), "practitioner", "beat");
    calendar.sync().await;
    assert_eq!(calendar.right.value(&booking, "practitioner").as_deref(), Some("beat"));
    let contact = calendar.people().desk().find(Side::Left, &patient).await.unwrap().unwrap().ends.right.unwrap().id;
    assert_eq!(calendar.right.value(&contact, "email").as_deref(), Some("neu@example.ch"));
}

#[tokio::test]
async fn a_difference_between_records_that_people_made_holds_nothing_back() {
    let (calendar, patient, contact) = Calendar::with_anna().await;
    Calendar::book(&calendar.left, &patient, "e1", "2026-03-09T08:00:00Z");
    Calendar::book(&calendar.right, &contact, "b1", "2026-03-09T08:00:00Z");
    calendar.right.edit(&"b1".into(), "end", "2026-03-09T09:15:00Z");
    Calendar::book(&calendar.left, &patient, "e2", "2026-03-10T08:00:00Z");
    calendar.sync().await;
    let review = calendar.reviews().await.remove(0);
    assert_eq!((review.reason.name(), review.reason.fields()), ("first_difference", &[appointment::END][..]));
    assert_eq!(Calendar::created(&calendar.right), 1);
    Calendar::book(&calendar.left, &patient, "e3", "2026-03-11T08:00:00Z");
    calendar.sync().await;
    assert_eq!(Calendar::created(&calendar.right), 2);
}

#[tokio::test]
async fn a_record_of_a_lost_answer_that_was_edited_before_it_was_found_holds_nothing_back() {
    let with_token = bookings().describing(|side| side.carries_token = true);
    let calendar = Calendar::shaped(events(), with_token);
    let patient = calendar.left.add(&person::KIND, &anna());
    calendar.sync().await;
    Calendar::book(&calendar.left, &patient, "e1", "2026-03-09T08:00:00Z");
    calendar.right.faults().fail_next(CallKind::Create, Fault::LostAnswer);
    calendar.sync().await;
    calendar.left.edit(&"e1".into(), "start", "2026-03-09T10:00:00Z");
    Calendar::book(&calendar.left, &patient, "e2", "2026-03-10T08:00:00Z");
    calendar.sync().await;
    Calendar::book(&calendar.left, &patient, "e3", "2026-03-11T08:00:00Z");
    calendar.sync().await;
    assert_eq!((Calendar::created(&calendar.right), calendar.reasons().await), (3, vec!["first_difference"]));
}
