//! Listings that look at other days than before.

use sync_core::vocabulary::appointment;

use crate::calendar::Calendar;

/// A booking on both sides, which both sides show.
async fn booked() -> (Calendar, sync_core::Record, sync_core::Record) {
    let (calendar, patient, _) = Calendar::with_anna().await;
    let event = Calendar::book(&calendar.left, &patient, "e1", "2026-03-09T08:00:00Z");
    calendar.sync().await;
    let booking = Calendar::booked(&calendar.right).remove(0);
    calendar.right.change(&booking.id, |record| {
        record.marks.insert(appointment::OPEN.into());
    });
    calendar.sync().await;
    let event = Calendar::booked(&calendar.left).into_iter().find(|record| record.id == event).unwrap();
    let booking = Calendar::booked(&calendar.right).remove(0);
    (calendar, event, booking)
}

#[tokio::test]
async fn what_both_sides_leave_out_at_once_is_not_gone() {
    let (calendar, event, booking) = booked().await;
    calendar.left.remove_by_hand(&event.id);
    calendar.right.remove_by_hand(&booking.id);
    for _ in 0..3 {
        calendar.sync_without_a_write().await;
    }
    calendar.left.put(event.clone());
    calendar.right.put(booking.clone());
    calendar.sync_without_a_write().await;
    assert_eq!(calendar.reasons().await, [""; 0]);
    calendar.left.edit(&event.id, "start", "2026-03-10T08:00:00Z");
    calendar.sync().await;
    assert_eq!(calendar.right.value(&booking.id, "start").as_deref(), Some("2026-03-10T08:00:00Z"), "it goes on");
}

#[tokio::test]
async fn what_one_side_left_out_before_the_other_is_gone() {
    let (calendar, event, booking) = booked().await;
    calendar.left.remove_by_hand(&event.id);
    calendar.sync_without_a_write().await;
    calendar.right.remove_by_hand(&booking.id);
    for _ in 0..3 {
        calendar.sync_without_a_write().await;
    }
    assert_eq!(calendar.reasons().await, [""; 0]);
}
