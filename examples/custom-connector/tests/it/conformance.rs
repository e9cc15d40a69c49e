//! The suite of `sync-core`, for both kinds and the programs of two offices. With this the connector is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use custom_connector::Folder;
use sync_core::testing::{EndpointReport, SeededEnv, Subject, endpoint_report};
use sync_core::vocabulary::appointment::{self, AppointmentSchema};
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{Field, FieldName, Fields};

use crate::staff::{Desk, Habit};

pub(crate) fn fields(values: &[(FieldName, &str)]) -> Fields {
    let mut fields = Fields::default();
    values.iter().for_each(|(name, value)| fields.set(name.clone(), Field::Value(value)));
    fields
}

fn person(values: [&str; 10]) -> Fields {
    use person::{BIRTH_DATE, CITY, COUNTRY, EMAIL, FAMILY_NAME, GIVEN_NAME, PHONE, POSTAL_CODE, SALUTATION, STREET};
    let names = [GIVEN_NAME, FAMILY_NAME, SALUTATION, EMAIL, PHONE, BIRTH_DATE, STREET, POSTAL_CODE, CITY, COUNTRY];
    fields(&names.into_iter().zip(values).collect::<Vec<_>>())
}

pub(crate) fn anna() -> Fields {
    person(["Anna Maria", "Muster", "Frau", "anna@example.test", "+41791234567", "1980-05-04", "Bahnhofstrasse 1", "8001", "Zürich", "CH"])
}

fn urs() -> Fields {
    person([
        "Urs",
        "Hösli",
        "Herr",
        "urs@example.test",
        "+41317654321",
        "1975-12-01",
        "Marktgasse 3, Hinterhaus; 2. Stock",
        "3011",
        "Bern",
        "AT",
    ])
}

fn booking(values: [&str; 6]) -> Fields {
    use appointment::{END, NOTE, PRACTITIONER, START, STATUS, TITLE};
    fields(&[START, END, STATUS, TITLE, NOTE, PRACTITIONER].into_iter().zip(values).collect::<Vec<_>>())
}

fn people(habit: Habit) -> Subject {
    let desk = Desk::new(habit);
    let folder = Folder::new(desk.folder.path(), Arc::new(SeededEnv::frozen(1)));
    let samples = [anna(), urs(), fields(&[(person::FAMILY_NAME, "Huber")])];
    let subject = Subject::new(Arc::new(folder), Arc::new(desk), Arc::new(PersonSchema::default()), samples);
    let texts = [person::GIVEN_NAME, person::FAMILY_NAME, person::SALUTATION, person::STREET, person::CITY, person::EMAIL];
    texts.into_iter().fold(subject, |subject, name| subject.with_text(name, 300))
}

fn appointments(habit: Habit) -> Subject {
    let desk = Desk::new(habit);
    let folder = Folder::new(desk.folder.path(), Arc::new(SeededEnv::frozen(1)));
    let person = desk.enter(&person::KIND, &anna(), &BTreeMap::new());
    let samples = [
        // In winter time, and in summer time.
        booking(["2026-03-02T08:00:00Z", "2026-03-02T08:45:00Z", "confirmed", "Therapie", "Bitte Rezept mitbringen", "anna"]),
        booking(["2026-07-09T12:30:00Z", "2026-07-09T13:00:00Z", "planned", "Kontrolle", "Zimmer 2, hinten; links", "beat"]),
        booking(["2026-09-01T06:00:00Z", "", "", "", "", ""]),
    ];
    let subject = Subject::new(Arc::new(folder), Arc::new(desk), Arc::new(AppointmentSchema), samples);
    let texts = [appointment::TITLE, appointment::NOTE, appointment::PRACTITIONER];
    texts.into_iter().fold(subject, |subject, name| subject.with_text(name, 300)).with_reference(person::KIND, person)
}

fn check(report: &EndpointReport, kept: usize, not_asked: &[&str]) {
    assert!(report.broken.is_empty(), "{report}");
    assert_eq!(report.not_asked, not_asked);
    assert_eq!(report.kept.len(), kept);
}

/// Two people may share everything, so nothing is ever taken.
const ABOUT_TAKEN_VALUES: [&str; 2] =
    ["a_create_of_a_taken_value_names_the_other_record", "an_update_to_a_taken_value_names_the_other_record"];
/// An appointment is recognised by its person's link, which no file tells.
const ABOUT_IDENTITY: [&str; 2] = ["every_proof_of_a_record_finds_it_and_no_other", "what_nobody_can_be_recognised_by_finds_nothing"];

#[tokio::test]
async fn people_keep_every_promise() {
    for habit in [Habit::Plain, Habit::Rich] {
        check(&endpoint_report(async || people(habit)).await, 32, &ABOUT_TAKEN_VALUES);
    }
}

#[tokio::test]
async fn appointments_keep_every_promise() {
    for habit in [Habit::Plain, Habit::Rich] {
        let not_asked = [&ABOUT_IDENTITY[..], &ABOUT_TAKEN_VALUES].concat();
        check(&endpoint_report(async || appointments(habit)).await, 30, &not_asked);
    }
}
