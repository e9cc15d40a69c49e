//! The law of a connector, for any text: get then put changes nothing; put then get gives what was put.

use std::collections::BTreeMap;
use std::future::Future;

use proptest::prelude::*;
use sync_core::testing::{Staff, permit};
use sync_core::vocabulary::person::{self, KIND, PersonSchema};
use sync_core::vocabulary::{email, phone, text};
use sync_core::{Field, FieldName, Fields, Patch, Record, Schema, Sink, Source};

use super::staff::Clinic;
use super::{REFERRAL, connector, decode, draft, prepared, records};

const DAY: &str = "19[0-9]{2}-0[1-9]-[12][0-8]";

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(test)
}

fn texts() -> [FieldName; 7] {
    [person::GIVEN_NAME, person::FAMILY_NAME, person::STREET, person::POSTAL_CODE, person::CITY, person::COUNTRY, person::custom(REFERRAL)]
}

/// What people type into a field for text.
fn typed() -> impl Strategy<Value = String> {
    r"[\PC\n\t]{0,20}|[0-9 +().@a-zé-]{0,20}"
}

/// An address that GHL takes; it refuses other text.
fn typed_email() -> impl Strategy<Value = String> {
    r"[A-Za-zäöüÄÖÜß0-9.+_-]{1,12}@[A-Za-zà-öø-ü0-9]{1,10}\.(ch|example|zürich)"
}

/// A number in the ways people write it, or a word about it. How GHL reads anything between is not documented.
fn typed_phone() -> impl Strategy<Value = String> {
    r"07[6-9] [1-9][0-9]{2} [0-9]{2} [0-9]{2}|\+41 \(0\)44 [2-9][0-9]{2}-[0-9]{2}-[0-9]{2}|00491701[0-9]{6}|[a-zäöü ]{0,20}"
}

fn fields(texts_typed: &[String], email: &str, phone: &str, born: Option<&str>) -> Fields {
    let mut fields = Fields::default();
    for (name, text) in texts().into_iter().zip(texts_typed) {
        fields.set(name, Field::Value(text));
    }
    fields.set(person::EMAIL, Field::Value(email));
    fields.set(person::PHONE, Field::Value(phone));
    fields.set_or_empty(person::BIRTH_DATE, born);
    fields
}

fn any_typed() -> impl Strategy<Value = Fields> {
    let texts = prop::collection::vec(typed(), texts().len());
    let optional = (prop::option::of(typed_email()), prop::option::of(typed_phone()), prop::option::of(DAY));
    (texts, optional).prop_map(|(texts, (email, phone, born))| {
        fields(&texts, email.as_deref().unwrap_or_default(), phone.as_deref().unwrap_or_default(), born.as_deref())
    })
}

fn any_canonical() -> impl Strategy<Value = Fields> {
    let texts = prop::collection::vec(typed().prop_map(|typed| text(&typed)), texts().len());
    (texts, typed_email(), typed_phone(), prop::option::of(DAY)).prop_map(|(texts, email, phone, born)| {
        fields(&texts, &email::canonical(&email), &phone::canonical(&phone, phone::Region::CH), born.as_deref())
    })
}

/// A record without what a write has to change.
fn timeless(record: Record) -> Record {
    Record { modified: None, ..record }
}

/// Reads the only contact, writes it back, and reads it again.
async fn written_back(fields: &Fields) -> (Record, Record) {
    let emulator = prepared();
    let id = Clinic(emulator.clone()).create(&KIND, fields, &BTreeMap::new()).await;
    let connector = connector(&emulator).await;
    let before = records(&connector).await.remove(0);
    let description = connector.describe(&KIND).unwrap();
    let mut same = Fields::default();
    for (name, field) in before.fields.iter().filter(|(name, field)| description.can_write(name, *field == Field::Empty)) {
        same.set(name.clone(), field);
    }
    assert_eq!(same.len(), before.fields.len());
    connector.update(&permit(), &Patch { kind: KIND, id, fields: same }).await.unwrap();
    (timeless(before), timeless(records(&connector).await.remove(0)))
}

async fn created(fields: &Fields) -> Record {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    connector.create(&permit(), &draft(fields.clone())).await.unwrap();
    records(&connector).await.remove(0)
}

/// Changes a contact whose fields are all different from those put.
async fn updated(fields: &Fields) -> Record {
    let emulator = prepared();
    let id = Clinic(emulator.clone()).create(&KIND, &super::anna(), &BTreeMap::new()).await;
    let connector = connector(&emulator).await;
    connector.update(&permit(), &Patch { kind: KIND, id, fields: fields.clone() }).await.unwrap();
    records(&connector).await.remove(0)
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
        prop_assert!(run(created(&fields)).fields == fields);
        prop_assert!(run(updated(&fields)).fields == fields);
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
        let connector = run(async { connector(&prepared()).await });
        let element = serde_json::json!({
            "id": id, "firstName": text, "phone": text, "email": text, "dateOfBirth": text, "dateUpdated": text, "tags": [text], "type": text,
            "customFields": [{ "id": "f1", "value": text }],
        });
        prop_assert!(decode(&connector, &element.to_string()).is_ok());
        let _ = decode(&connector, &text);
    }
}
