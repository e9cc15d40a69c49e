//! Searches of the wrong shape, and contacts in every shape they come in.

use emulator_kit::{Fault, Reply, Rule};
use futures::StreamExt;
use ghl_client::connector::Settings;
use ghl_emulator::Emulator;
use http::Method;
use serde_json::{Value, json};
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{ErrorKind, Field, FieldName, Item, Kind, Observation, Presence, Probe, Record, Source, Token, Verdict};

use super::{REFERRAL, connector, connector_with, decode, items, mapping, prepared, records};

const SEARCH: &str = "/contacts/search";

/// The listing when the search gives these pages one after the other.
async fn answered(page_size: u32, pages: &[Value]) -> sync_core::Result<Vec<Item>> {
    let emulator = prepared();
    let connector = connector_with(&emulator, Settings { page_size, ..mapping() }).await;
    for page in pages {
        emulator.faults().add(Rule::on(SEARCH, Fault::Replace(Reply::new(200, page.to_string()))));
    }
    items(&connector).await
}

fn told(items: &[Item]) -> Vec<String> {
    let told = |item: &Item| match item {
        Item::Listed(listed) => listed.id.to_string(),
        Item::Broken { why, .. } => format!("{:?}", why.kind()),
        Item::End { complete } => format!("complete {complete}"),
    };
    items.iter().map(told).collect()
}

fn page(total: u64, ids: &[&str]) -> Value {
    let contacts: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "searchAfter": [1, id] })).collect();
    json!({ "contacts": contacts, "total": total })
}

async fn read(emulator: &Emulator, id: &str) -> Observation {
    connector(emulator).await.read(&KIND, &id.into()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_total_that_shifts_or_is_not_reached_is_not_complete() {
    let table = [
        (vec![page(3, &["a", "b"]), page(3, &["c"])], "complete true"),
        (vec![page(3, &["a", "b"]), page(4, &["c"])], "complete false"),
        (vec![page(4, &["a", "b"]), page(4, &["c"])], "complete false"),
        (vec![page(2, &["a", "b"]), page(2, &["c"])], "complete false"),
        (vec![json!({ "contacts": [] })], "complete false"),
        (vec![page(0, &[])], "complete true"),
    ];
    for (pages, end) in table {
        let items = answered(2, &pages).await.unwrap();
        assert_eq!(told(&items).last().unwrap(), end, "{pages:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_on_two_pages_is_listed_once_and_another_may_be_missing() {
    let items = answered(2, &[page(4, &["a", "b"]), page(4, &["b", "c"]), page(4, &[])]).await.unwrap();
    assert_eq!(told(&items), ["a", "b", "c", "complete false"]);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_is_entered_while_pages_are_read_makes_the_listing_incomplete() {
    let emulator = prepared();
    let enter = || emulator.front_desk().create(json!({ "firstName": "N" }));
    for _ in 0..4 {
        enter();
    }
    let connector = connector_with(&emulator, Settings { page_size: 2, ..mapping() }).await;
    let kind = KIND;
    let mut listing = connector.list(&kind);
    listing.next().await.unwrap().unwrap();
    enter();
    let rest: Vec<Item> = listing.map(Result::unwrap).collect().await;
    assert_eq!(told(&rest).last().unwrap(), "complete false");
    assert_eq!(told(&items(&connector).await.unwrap()).last().unwrap(), "complete true");
}

#[tokio::test(start_paused = true)]
async fn an_element_without_id_is_broken_and_the_listing_proves_no_absence() {
    let contacts = json!([{ "id": "a" }, { "firstName": "Anna" }, 5, { "id": "b" }]);
    let items = answered(500, &[json!({ "contacts": contacts, "total": 4 })]).await.unwrap();
    assert_eq!(told(&items), ["a", "Decode", "Decode", "b", "complete false"]);
    assert!(!format!("{items:?}").contains("Anna"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_page_is_an_error_and_nothing_follows() {
    for body in [json!({}), json!([]), json!({ "contacts": {} })] {
        let error = answered(500, std::slice::from_ref(&body)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
    }
    let emulator = prepared();
    for _ in 0..3 {
        emulator.front_desk().create(json!({ "firstName": "N" }));
    }
    let connector = connector_with(&emulator, Settings { page_size: 2, ..mapping() }).await;
    emulator.faults().add(Rule::on(SEARCH, Fault::Refuse(Reply::new(400, r#"{"message":"Invalid searchAfter"}"#))).after(1));
    let items: Vec<_> = connector.list(&KIND).collect().await;
    assert_eq!(items.len(), 3);
    let error = items[2].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    assert!(error.to_string().contains("contacts.search"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_search_is_posted_and_no_write_is() {
    let emulator = prepared();
    emulator.front_desk().create(json!({ "firstName": "N" }));
    let connector = connector(&emulator).await;
    let record = records(&connector).await.remove(0);
    connector.read(&KIND, &record.id).await.unwrap();
    let writes = |entry: &&emulator_kit::Entry| entry.method != Method::GET && entry.path != SEARCH;
    assert_eq!(emulator.journal().entries().iter().filter(writes).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn values_are_canonical_and_marks_are_those_that_rules_look_at() {
    let connector = connector(&prepared()).await;
    let raw = r#"{"id":"c1","firstName":" Anna  Maria","lastName":"Mu\u0308ller","postalCode":8001,"dateOfBirth":"1980-05-04T00:00:00.000Z",
        "phone":"079 123 45 67","email":"Anna@Example.Test ","address1":"Weg 1\nHinterhaus","country":"","tags":["Patient"," VIP "],
        "type":"lead","source":"clinic-sync","dnd":true,"dateUpdated":"2026-11-24T05:18:26.704Z","searchAfter":[1,"c1"],"ssn":"x"}"#;
    let record = decode(&connector, raw).unwrap();
    let value = |name: FieldName| record.fields.get(&name).value().unwrap_or_default();
    assert_eq!((value(person::GIVEN_NAME), value(person::FAMILY_NAME)), ("Anna Maria", "Müller"));
    assert_eq!((value(person::POSTAL_CODE), value(person::BIRTH_DATE)), ("8001", "1980-05-04"));
    assert_eq!((value(person::PHONE), value(person::EMAIL)), ("+41791234567", "anna@example.test"));
    assert_eq!(value(person::STREET), "Weg 1 Hinterhaus");
    // GHL leaves out what is empty, but it never shows a gender.
    assert_eq!([record.fields.get(&person::CITY), record.fields.get(&person::COUNTRY)], [Field::Empty; 2]);
    assert_eq!(record.fields.get(&person::SEX), Field::Unknown);
    assert_eq!(
        record.marks.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        ["dnd", "source:clinic-sync", "tag:patient", "tag:vip", "type:lead"]
    );
    assert_eq!(record.modified.unwrap().timestamp_millis() % 1000, 704);
    assert_eq!(record.presence, Presence::Live);
}

#[tokio::test(start_paused = true)]
async fn a_full_name_is_not_taken_apart() {
    let record = decode(&connector(&prepared()).await, r#"{"id":"c1","name":"Anna Muster","fullNameLowerCase":"anna muster"}"#).unwrap();
    assert_eq!([record.fields.get(&person::GIVEN_NAME), record.fields.get(&person::FAMILY_NAME)], [Field::Empty; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_birth_date_is_a_civil_date_or_unknown() {
    let connector = connector(&prepared()).await;
    let table = [
        (json!("1980-05-04"), Field::Value("1980-05-04")),
        (json!("1980-05-04T00:00:00.000Z"), Field::Value("1980-05-04")),
        (json!(""), Field::Empty),
        (json!(null), Field::Empty),
        // The fourth of May or the fifth of April; midnight of a place to the east.
        (json!("04.05.1980"), Field::Unknown),
        (json!("1980-05-03T22:00:00.000Z"), Field::Unknown),
        (json!("Date format YYYY-MM-DD"), Field::Unknown),
    ];
    for (shown, expected) in table {
        let record = decode(&connector, &json!({ "id": "c1", "dateOfBirth": shown }).to_string()).unwrap();
        assert_eq!(record.fields.get(&person::BIRTH_DATE), expected, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn custom_fields_are_texts_numbers_booleans_and_lists_of_them() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    let id = emulator.front_desk().define_custom_field(REFERRAL, "TEXT");
    let name = person::custom(REFERRAL);
    let table = [
        (json!(" A  B "), Field::Value("A B")),
        (json!(12), Field::Value("12")),
        (json!(false), Field::Value("false")),
        (json!(["a", 2]), Field::Value("a, 2")),
        (json!([]), Field::Empty),
        (json!(""), Field::Empty),
        (json!(null), Field::Empty),
        (json!({ "url": "x" }), Field::Unknown),
        (json!([{ "url": "x" }]), Field::Unknown),
    ];
    for (shown, expected) in table {
        let record = decode(&connector, &json!({ "id": "c1", "customFields": [{ "id": id, "value": shown }] }).to_string()).unwrap();
        assert_eq!(record.fields.get(&name), expected, "{shown}");
    }
    assert_eq!(decode(&connector, r#"{"id":"c1"}"#).unwrap().fields.get(&name), Field::Empty);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_no_token_is_none() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    let id = emulator.front_desk().define_custom_field("sync token", "TEXT");
    let token = Token::from_bytes([7; 16]);
    for (shown, expected) in [(json!(format!(" {token} ")), Some(token)), (json!("ask Anna"), None), (json!(7), None), (json!(null), None)]
    {
        let raw = json!({ "id": "c1", "customFields": [{ "id": id, "value": shown }] }).to_string();
        assert_eq!(decode(&connector, &raw).unwrap().token, expected, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_contact_is_missing_and_so_is_the_loser_of_a_merge() {
    let emulator = prepared();
    let desk = emulator.front_desk();
    let (winner, loser) = (desk.create(json!({ "firstName": "Anna" })), desk.create(json!({ "lastName": "Muster" })));
    desk.merge(&winner, &loser);
    assert!(matches!(read(&emulator, &loser).await, Observation::Missing));
    assert!(matches!(read(&emulator, "nobody").await, Observation::Missing));
    let Observation::Found(record) = read(&emulator, &winner).await else { panic!("the winner is there") };
    assert_eq!(record.fields.get(&person::FAMILY_NAME), Field::Value("Muster"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_ask_is_no_absence() {
    let emulator = prepared();
    let id = emulator.front_desk().create(json!({ "firstName": "Anna" }));
    let connector = connector(&emulator).await;
    emulator.set_token("pit-other");
    let error = connector.read(&KIND, &id.as_str().into()).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Unauthorized, Verdict::Permanent));
    assert!(items(&connector).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_address_or_number_finds_who_has_it_without_lag() {
    let emulator = prepared();
    emulator.set_search_lag(std::time::Duration::from_secs(60));
    let connector = connector(&emulator).await;
    let id = emulator.front_desk().create(json!({ "email": "anna+x@example.test", "phone": "079 123 45 67" }));
    let find = async |scheme: &'static str, text: &str| -> Vec<Record> {
        connector.find(&KIND, &Probe::Identifier { scheme, text: text.to_owned() }).await.unwrap()
    };
    for (scheme, text) in [(person::scheme::EMAIL, "anna+x@example.test"), (person::scheme::PHONE, "+41791234567")] {
        assert_eq!(find(scheme, text).await[0].id.as_str(), id);
    }
    assert!(find(person::scheme::EMAIL, "urs@example.test").await.is_empty());
    assert!(find(person::scheme::NAME_AND_BIRTH_DATE, "anna\nmuster\n1980-05-04").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_search_that_ignores_the_condition_finds_nobody() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    emulator.faults().add(Rule::on(SEARCH, Fault::Replace(Reply::new(200, page(2, &["a", "b"]).to_string()))));
    assert!(connector.find(&KIND, &Probe::Token(Token::from_bytes([7; 16]))).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_kind_is_not_known() {
    let connector = connector(&prepared()).await;
    let appointment = Kind::from_static("appointment");
    assert!(connector.describe(&appointment).is_none());
    let errors = [
        connector.read(&appointment, &"a1".into()).await.unwrap_err(),
        connector.list(&appointment).next().await.unwrap().unwrap_err(),
        connector.find(&appointment, &Probe::Token(Token::from_bytes([1; 16]))).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Configuration));
}
