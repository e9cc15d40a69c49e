//! The law of a connector, for any text: get then put changes nothing; put then get gives what was put.

use std::collections::BTreeMap;
use std::future::Future;

use ephysio_emulator::{Quirks, Sex, UpdatePatient};
use proptest::prelude::*;
use sync_core::testing::{Staff, permit};
use sync_core::vocabulary::person::{self, KIND, PersonSchema};
use sync_core::vocabulary::{email, phone, text};
use sync_core::{Field, FieldName, Fields, Patch, Record, Schema, Sink, Source};

use super::staff::Practice;
use super::{able, decode, draft, records};
use crate::emulator;

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(test)
}

/// What people type: anything but what looks like a wrong key.
fn typed() -> impl Strategy<Value = String> {
    r"[\PC\n\t]{0,20}|[0-9 +().@a-zé-]{0,20}".prop_map(|text| text.replace('\u{fffd}', ""))
}

fn given() -> impl Strategy<Value = String> {
    typed().prop_map(|typed| text(&typed)).prop_filter("blank", |text| !text.is_empty())
}

const TEXTS: [FieldName; 8] = [
    person::GIVEN_NAME,
    person::FAMILY_NAME,
    person::STREET,
    person::POSTAL_CODE,
    person::CITY,
    person::PHONE,
    person::EMAIL,
    person::SALUTATION,
];

fn any_typed() -> impl Strategy<Value = Fields> {
    let texts = prop::collection::vec(typed(), TEXTS.len());
    (texts, prop::option::of("19[0-9]{2}-0[1-9]-[12][0-8]"), prop::option::of("male|female")).prop_map(|(texts, born, sex)| {
        let mut fields = Fields::default();
        for (name, text) in TEXTS.into_iter().zip(&texts) {
            fields.set(name, Field::Value(text));
        }
        fields.set_or_empty(person::BIRTH_DATE, born.as_deref());
        fields.set_or_empty(person::SEX, sex.as_deref());
        fields
    })
}

fn any_canonical() -> impl Strategy<Value = Fields> {
    let texts = prop::collection::vec(given(), 7);
    (texts, "19[0-9]{2}-0[1-9]-[12][0-8]", "male|female").prop_map(|(texts, born, sex)| {
        let mut fields = Fields::default();
        for (name, text) in TEXTS.into_iter().zip(&texts).take(5) {
            fields.set(name, Field::Value(text));
        }
        fields.set(person::PHONE, Field::Value(&phone::canonical(&texts[5], phone::Region::CH)));
        fields.set(person::EMAIL, Field::Value(&email::canonical(&texts[6])));
        fields.set(person::BIRTH_DATE, Field::Value(&born));
        fields.set(person::SEX, Field::Value(&sex));
        fields
    })
}

fn updating() -> Quirks {
    Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() }
}

/// Reads the only patient, writes it back, and reads it again.
async fn written_back(fields: &Fields) -> (Record, Record) {
    let emulator = emulator(updating());
    let id = Practice(emulator.clone()).create(&KIND, fields, &BTreeMap::new()).await;
    let connector = able(&emulator);
    let before = records(&connector).await.remove(0);
    let description = connector.describe(&KIND).unwrap();
    let mut same = Fields::default();
    for (name, field) in before.fields.iter().filter(|(name, field)| description.can_write(name, *field == Field::Empty)) {
        same.set(name.clone(), field);
    }
    connector.update(&permit(), &Patch { kind: KIND, id, fields: same }).await.unwrap();
    (before, records(&connector).await.remove(0))
}

async fn created(fields: &Fields) -> Record {
    let connector = able(&emulator(updating()));
    connector.create(&permit(), &draft(fields.clone())).await.unwrap();
    records(&connector).await.remove(0)
}

/// What is shown of those fields that were put.
fn shown(record: &Record, put: &Fields) -> Fields {
    let mut shown = Fields::default();
    for name in put.names() {
        shown.set(name.clone(), record.fields.get(name));
    }
    shown
}

fn opposite(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "female",
        Sex::Female => "male",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn get_then_put_changes_nothing(fields in any_typed()) {
        let (before, after) = run(written_back(&fields));
        prop_assert!(before == after);
    }

    #[test]
    fn put_then_get_gives_what_was_put(fields in any_canonical()) {
        let record = run(created(&fields));
        prop_assert!(shown(&record, &fields) == fields);
    }

    #[test]
    fn what_is_read_is_canonical(fields in any_typed()) {
        let (record, _) = run(written_back(&fields));
        let schema = PersonSchema::default();
        for (name, field) in record.fields.iter() {
            if let (Field::Value(value), false) = (field, *name == person::PHONE) {
                prop_assert_eq!(schema.comparable(name, value), value);
            }
        }
    }

    #[test]
    fn any_bytes_decode_or_fail(text in any::<String>(), id in any::<u32>()) {
        let connector = run(async { able(&emulator(updating())) });
        let element = serde_json::json!({ "id": id, "firstName": text, "phone": text, "email": text, "comment": text, "language": text });
        let _ = decode(&connector, &element.to_string());
        let _ = decode(&connector, &text);
    }
}

#[test]
fn the_boolean_means_what_is_configured() {
    run(async {
        // The practice's true is female, the client's is male: the client believes its settings.
        let emulator = emulator(Quirks { sex_true: Sex::Female, ..updating() });
        emulator.practice().populate(4);
        for record in records(&able(&emulator)).await {
            let patient = emulator.practice().patient(record.id.as_str().parse().unwrap()).unwrap();
            assert_eq!(record.fields.get(&person::SEX).value(), patient.sex.map(opposite));
        }
    });
}
