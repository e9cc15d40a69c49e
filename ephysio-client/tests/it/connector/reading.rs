//! Lists of the wrong shape, and elements in every shape they come in.

use std::collections::BTreeMap;

use ephysio_client::connector::{Connector, Settings};
use ephysio_emulator::{Fault, NewPatient, Quirks, Reply, Rule};
use futures::StreamExt;
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{ErrorKind, Field, Item, Kind, Presence, Probe, Source, Token, Verdict};

use super::{able, able_client, decode, items, records};
use crate::{client, emulator};

async fn answered(body: &'static str) -> sync_core::Result<Vec<Item>> {
    let emulator = emulator(Quirks::default());
    emulator.faults().add(Rule::on("/patients", Fault::Replace(Reply::new(200, body))).times(99));
    items(&able(&emulator)).await
}

#[tokio::test(start_paused = true)]
async fn what_is_no_whole_list_is_an_error() {
    for body in ["{}", "<html>", "", r#"{"patients":[]}"#, r#"[{"id":1},"#, r#"[{"id":1}"#, r#"[{"id":1}{"id":2}]"#] {
        let error = answered(body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_element_without_id_is_broken_and_the_list_proves_no_absence() {
    let items = answered(r#"[{"id":1},{"firstName":"Anna"},5,{"id":"2"}]"#).await.unwrap();
    let told: Vec<_> = items
        .iter()
        .map(|item| match item {
            Item::Listed(listed) => listed.id.to_string(),
            Item::Broken { why, .. } => format!("{:?}", why.kind()),
            Item::End { complete } => format!("complete {complete}"),
        })
        .collect();
    assert_eq!(told, ["1", "Decode", "Decode", "2", "complete false"]);
    assert!(matches!(answered("[]").await.unwrap()[..], [Item::End { complete: true }]));
}

#[tokio::test(start_paused = true)]
async fn nothing_follows_an_error() {
    let emulator = emulator(Quirks::default());
    emulator.practice().populate(50);
    emulator.faults().add(Rule::on("/patients", Fault::Truncate(2000)));
    let connector = able(&emulator);
    let items: Vec<_> = connector.list(&KIND).collect().await;
    assert!(items.len() > 1);
    let (last, others) = items.split_last().unwrap();
    assert_eq!(last.as_ref().unwrap_err().verdict(), Verdict::Temporary { retry_after: None });
    assert!(others.iter().all(|item| matches!(item, Ok(Item::Listed(_)))));
}

#[tokio::test(start_paused = true)]
async fn only_what_is_shown_is_known() {
    let emulator = emulator(Quirks::default());
    let bare = r#"{"id":1,"sex":true}"#;
    let record = decode(&able(&emulator), bare).unwrap();
    assert_eq!(record.fields.iter().collect::<Vec<_>>(), [(&person::SEX, Field::Value("male"))]);
    assert!(record.marks.is_empty() && record.token.is_none() && record.presence == Presence::Live);

    let unsure = Connector::new(client(&emulator), Settings::default());
    assert!(decode(&unsure, bare).unwrap().fields.is_empty());
    // What staff make of it would be overwritten unseen.
    assert!(!unsure.describe(&KIND).unwrap().field(&person::SEX).unwrap().update);

    let proven = Settings { absent_is_empty: [person::PHONE].into(), ..Settings::default() };
    let proven = Connector::new(client(&emulator), proven);
    assert_eq!(decode(&proven, bare).unwrap().fields.iter().collect::<Vec<_>>(), [(&person::PHONE, Field::Empty)]);
}

#[tokio::test(start_paused = true)]
async fn values_are_canonical_and_marks_are_not_personal() {
    let raw = r#"{"id":1,"firstName":" Anna  Maria","lastName":"Mu\u0308ller","zip":8001,"birthDate":"4.5.1980","phone":"079 123 45 67",
        "email":"Anna@Example.Test ","street":"Weg 1\nHinterhaus","status":"1","hasEmailConsent":true,"language":"de",
        "comment":"Knie sync:07070707070707070707070707070707, sync:08080808080808080808080808080808"}"#;
    let record = decode(&able(&emulator(Quirks::default())), raw).unwrap();
    let value = |name| record.fields.get(&name).value().unwrap_or_default();
    assert_eq!((value(person::GIVEN_NAME), value(person::FAMILY_NAME)), ("Anna Maria", "Müller"));
    assert_eq!((value(person::POSTAL_CODE), value(person::BIRTH_DATE)), ("8001", "1980-05-04"));
    assert_eq!((value(person::PHONE), value(person::EMAIL)), ("+41791234567", "anna@example.test"));
    assert_eq!(value(person::STREET), "Weg 1 Hinterhaus");
    assert_eq!(record.marks.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["consent:email", "language:de", "status:1"]);
    assert_eq!(record.token, Some(Token::from_bytes([7; 16])));
}

#[tokio::test(start_paused = true)]
async fn a_comment_carries_a_token_only_in_full() {
    let connector = able(&emulator(Quirks::default()));
    for comment in ["sync:", "sync:0707", "sync:070707070707070707070707070707070", "sync:+7070707070707070707070707070707", "async: ä"] {
        let raw = format!(r#"{{"id":1,"comment":"{comment}"}}"#);
        assert_eq!(decode(&connector, &raw).unwrap().token, None, "{comment}");
    }
}

#[tokio::test(start_paused = true)]
async fn custom_fields_are_texts_numbers_and_booleans() {
    let custom_fields = BTreeMap::from([("insurer".to_owned(), "ins".to_owned())]);
    let emulator = emulator(Quirks::default());
    let connector = Connector::new(able_client(&emulator, super::PUT), Settings { custom_fields, ..Settings::default() });
    let name = person::custom("insurer");
    let table = [
        ("\" A  B \"", Field::Value("A B")),
        ("12", Field::Value("12")),
        ("false", Field::Value("false")),
        ("\"\"", Field::Empty),
        ("null", Field::Empty),
        ("{\"name\":\"x\"}", Field::Unknown),
    ];
    for (shown, expected) in table {
        let record = decode(&connector, &format!(r#"{{"id":1,"ins":{shown}}}"#)).unwrap();
        assert_eq!(record.fields.get(&name), expected, "{shown}");
    }
    assert!(decode(&connector, r#"{"id":1,"ins":"\ufffd\u0001"}"#).is_err());
}

#[tokio::test(start_paused = true)]
async fn inactive_patients_are_absent_or_shown_as_inactive() {
    let emulator = emulator(Quirks { inactive_status: 2, ..Quirks::default() });
    let id = emulator.practice().create(NewPatient::named("Anna", "Muster"));
    emulator.practice().deactivate(id);
    assert!(records(&able(&emulator)).await.is_empty());
    let all = Connector::new(client(&emulator), Settings { list_all: true, ..Settings::default() });
    let records = records(&all).await;
    assert_eq!(records[0].presence, Presence::Inactive);
    assert!(records[0].marks.contains("status:2"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_declared_is_refused() {
    let emulator = emulator(Quirks::default());
    let connector = able(&emulator);
    let appointment = Kind::from_static("appointment");
    let errors = [
        connector.read(&KIND, &"1".into()).await.unwrap_err(),
        connector.find(&KIND, &Probe::Token(Token::from_bytes([1; 16]))).await.unwrap_err(),
        connector.list(&appointment).next().await.unwrap().unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Configuration, Verdict::Permanent));
    }
    assert!(emulator.journal().is_empty());
}
