//! Clocks, slots and names that do not fit.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use ephysio_emulator::{ClockFields, EventQuirks, NewEvent};
use http::Method;
use serde_json::json;

use crate::calendar::{EVENT, Practice, slot};

#[tokio::test]
async fn a_clock_that_is_read_otherwise_than_the_settings_say_stops_the_sync_after_one_event_and_shifts_nothing() {
    let quirks = EventQuirks { clock_fields: ClockFields::Utc, ..EventQuirks::default() };
    let practice = Practice::with(quirks, 2, |house| house.set("appointments.clock_fields", "zone")).await;
    practice.open_invoices();
    let booked: Vec<_> = (0..8).map(|number| practice.in_ghl(&practice.people[number % 2].1, slot(number as i64))).collect();
    let before: Vec<_> = booked.iter().map(|id| practice.appointment(id)).collect();
    for misplaced in [1, 0, 0] {
        let mark = practice.house.mark();
        let ran = practice.house.run(&["sync", "--first-sync", "--json"]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        // Either of the two who look may be first to say so.
        assert!(ran.says(&["clinic-sync: ", "another", "than was"]), "{ran:?}");
        assert_eq!(practice.asked(mark, &Method::POST, EVENT).len(), misplaced, "the next process knows of the open question");
    }
    assert_eq!(booked.iter().map(|id| practice.appointment(id)).collect::<Vec<_>>(), before, "nothing is shifted in GHL");
}

/// The next last Sunday of a month: when summer begins or ends.
fn last_sunday(month: u32) -> NaiveDate {
    let today = Utc::now().date_naive();
    let of = |year| {
        let mut day = NaiveDate::from_ymd_opt(year, month, 31).unwrap();
        while day.weekday() != chrono::Weekday::Sun {
            day = day - Days::new(1);
        }
        day
    };
    [of(today.year()), of(today.year() + 1)].into_iter().find(|day| *day > today + Days::new(1)).unwrap()
}

#[tokio::test]
async fn appointments_around_both_changes_of_the_clock_are_created_and_stay_put() {
    let practice = Practice::with(EventQuirks::default(), 2, |house| house.set("appointments.future_days", 400)).await;
    practice.open_invoices();
    // Before and after the gap; in the doubled hour, both times.
    let at = |day: NaiveDate, minutes| day.and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::minutes(minutes);
    let starts: Vec<DateTime<Utc>> =
        [3, 10].into_iter().flat_map(|month| [0, 30, 60, 90].map(|minutes| at(last_sunday(month), minutes))).collect();
    for start in &starts {
        practice.in_ephysio(practice.person(0).0, *start);
        practice.in_ghl(practice.person(1).1, *start);
    }
    practice.house.sync().await;
    practice.assert_mirrored(16).await;
    let mark = practice.house.mark();
    for _ in 0..3 {
        practice.house.sync().await;
    }
    assert_eq!((practice.house.written(mark), practice.house.reviews().await.len()), (0, 0));
    let shown: Vec<_> =
        practice.events().into_iter().filter(|event| event.patient_id == Some(practice.person(1).0)).map(|event| event.start).collect();
    assert!(shown.len() == 8 && starts.iter().all(|start| shown.contains(start)), "{shown:?}");
}

#[tokio::test]
async fn a_slot_that_is_taken_in_ghl_is_a_question_that_names_both() {
    let practice = Practice::with(EventQuirks::default(), 2, |house| house.set("appointments.slot_check", "enforce")).await;
    let occupying = practice.in_ghl(practice.person(1).1, slot(0));
    let event = practice.in_ephysio(practice.person(0).0, slot(0));
    practice.house.sync().await;
    let reviews = practice.house.reviews().await;
    let taken = reviews.iter().find(|review| review["reason"] == "shared_identifier").unwrap_or_else(|| panic!("{reviews:?}"));
    assert_eq!((&taken["event"], &taken["other"]), (&json!(event.to_string()), &json!(occupying)));
    assert_eq!(practice.appointments().len(), 1, "nobody is booked over somebody");
    let listed = practice.house.run(&["review", "list"]).await;
    assert!(listed.says(&[&event.to_string(), &format!("{occupying} is booked at that time already")]), "{listed:?}");
}

#[tokio::test]
async fn an_unmapped_practitioner_or_event_type_is_a_question_that_names_it_and_nothing_is_written() {
    for (field, client_id, event_type_id) in [("practitioner", 4_444, 29_330), ("service", 5_778, 4_444)] {
        let practice = Practice::of(1).await;
        let new = NewEvent { client_id, event_type_id, ..NewEvent::at(slot(0)) }.of(practice.person(0).0);
        let event = practice.house.clinic.ephysio.practice().book(new);
        let mark = practice.house.mark();
        for _ in 0..2 {
            practice.house.sync().await;
        }
        let review = practice.house.review().await;
        assert_eq!((&review["kind"], &review["event"]), (&json!("appointment"), &json!(event.to_string())), "{review}");
        assert!(review["fields"].as_array().unwrap().contains(&json!(field)), "{review}");
        assert_eq!(practice.house.written(mark), 0);
    }
}
