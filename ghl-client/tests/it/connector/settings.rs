//! What the location has to have, and what the connector says if it does not.

use std::collections::BTreeMap;

use ghl_client::connector::{Connector, Settings};
use sync_core::testing::permit;
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{ErrorKind, FieldSupport, Probe, Sink, Source, Token, Verdict, Written};

use super::{TOKEN, anna, connector_with, draft, fields, prepared, records};
use crate::{client, emulator};

fn mapped(pairs: &[(&str, &str)]) -> Settings {
    let custom_fields = pairs.iter().map(|(name, key)| ((*name).to_owned(), (*key).to_owned())).collect();
    Settings { custom_fields, ..Settings::default() }
}

async fn refused(settings: Settings) -> String {
    let error = Connector::connect(client(&prepared()), settings).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Configuration, Verdict::Permanent));
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn connecting_costs_one_call() {
    let emulator = prepared();
    let connector = connector_with(&emulator, Settings::default()).await;
    assert_eq!(emulator.journal().len(), 1);
    assert!(connector.missing_fields().is_empty());
    assert!(!format!("{connector:?}").contains("pit-demo"));
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_cannot_work_says_so() {
    assert!(refused(mapped(&[("doctor", "contact.doctor")])).await.contains("contact.doctor"));
    assert!(refused(mapped(&[("doctor", TOKEN)])).await.contains("doctor"));
    assert!(refused(mapped(&[("doctor", "contact.referral"), ("from", "contact.referral")])).await.contains("from"));
    let required = Settings { required: vec![person::SALUTATION], ..Settings::default() };
    assert!(refused(required).await.contains("salutation"));
}

#[tokio::test(start_paused = true)]
async fn without_the_field_a_created_contact_carries_no_token() {
    let emulator = emulator();
    let connector = connector_with(&emulator, Settings::default()).await;
    assert_eq!(connector.missing_fields(), [TOKEN]);
    connector.create(&permit(), &draft(fields(&[(person::FAMILY_NAME, "Muster")]))).await.unwrap();
    assert_eq!(records(&connector).await[0].token, None);
    let calls = emulator.journal().len();
    assert!(connector.find(&KIND, &Probe::Token(Token::from_bytes([7; 16]))).await.unwrap().is_empty());
    assert_eq!(emulator.journal().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_created_once() {
    let emulator = emulator();
    let client = client(&emulator);
    let settings = Settings::default();
    assert_eq!(Connector::create_missing_fields(&client, &settings).await.unwrap(), [TOKEN]);
    assert!(Connector::create_missing_fields(&client, &settings).await.unwrap().is_empty());
    assert!(connector_with(&emulator, settings).await.missing_fields().is_empty());
    let odd = Settings { token_field: Some("contact.Sync-Token!".to_owned()), ..Settings::default() };
    let error = Connector::create_missing_fields(&client, &odd).await.unwrap_err();
    assert!(error.to_string().contains("contact.synctoken"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_written_listed_and_found() {
    let emulator = prepared();
    let connector = super::connector(&emulator).await;
    let draft = draft(anna());
    let Written::Done(made) = connector.create(&permit(), &draft).await.unwrap() else { panic!("not created") };
    assert_eq!(made.token, Some(draft.token));
    assert_eq!(records(&connector).await[0].token, Some(draft.token));
    let found = connector.find(&KIND, &Probe::Token(draft.token)).await.unwrap();
    assert_eq!((found.len(), &found[0].id), (1, &made.id));
}

#[tokio::test(start_paused = true)]
async fn lists_and_files_are_read_only() {
    let emulator = prepared();
    let ids = BTreeMap::from(["CHECKBOX", "FILE_UPLOAD", "LARGE_TEXT"].map(|data_type| {
        let id = emulator.front_desk().define_custom_field(data_type, data_type);
        (data_type.to_lowercase(), id)
    }));
    let connector = connector_with(&emulator, Settings { custom_fields: ids, ..Settings::default() }).await;
    let support = |name| connector.describe(&KIND).unwrap().field(&person::custom(name)).unwrap();
    assert_eq!([support("checkbox"), support("file_upload")], [FieldSupport::READ_ONLY; 2]);
    assert_eq!(support("large_text"), FieldSupport::FULL);
    let id = emulator.front_desk().create(serde_json::json!({}));
    let patch = sync_core::Patch { kind: KIND, id: id.as_str().into(), fields: fields(&[(person::custom("checkbox"), "a")]) };
    let error = connector.update(&permit(), &patch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
}
