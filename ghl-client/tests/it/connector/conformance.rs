//! The suite of `sync-core`, under the settings that a location may have.

use std::sync::Arc;
use std::time::Duration;

use ghl_client::connector::Settings;
use ghl_emulator::Emulator;
use sync_core::testing::{Subject, endpoint_report, endpoint_suite};
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{Fields, Source};

use super::staff::Clinic;
use super::{REFERRAL, anna, connector_with, fields, mapping, prepared};

fn other() -> Fields {
    fields(&[
        (person::GIVEN_NAME, "Urs"),
        (person::FAMILY_NAME, "Hösli"),
        (person::EMAIL, "urs@example.test"),
        (person::PHONE, "+41317654321"),
        (person::BIRTH_DATE, "1975-12-01"),
        (person::SEX, "male"),
        (person::STREET, "Marktgasse 3"),
        (person::POSTAL_CODE, "3011"),
        (person::CITY, "Bern"),
        (person::COUNTRY, "AT"),
        (person::custom(REFERRAL), "Spital"),
    ])
}

fn third() -> Fields {
    fields(&[(person::FAMILY_NAME, "Ohnewort")])
}

async fn subject(emulator: Emulator, settings: Settings) -> Subject {
    let connector = connector_with(&emulator, settings).await;
    let samples = [anna(), other(), third()];
    let subject = Subject::new(Arc::new(connector), Arc::new(Clinic(emulator)), Arc::new(PersonSchema::default()), samples);
    let texts = [person::GIVEN_NAME, person::FAMILY_NAME, person::STREET, person::CITY, person::custom(REFERRAL)];
    texts.into_iter().fold(subject, |subject, name| subject.with_text(name, 500))
}

#[tokio::test(start_paused = true)]
async fn with_the_field_for_tokens_and_small_pages() {
    endpoint_suite(async || subject(prepared(), Settings { page_size: 1, ..mapping() }).await).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_search_that_lags() {
    endpoint_suite(async || {
        let emulator = prepared();
        emulator.set_search_lag(Duration::from_secs(10));
        subject(emulator, mapping()).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn with_required_fields() {
    let required = vec![person::FAMILY_NAME];
    endpoint_suite(async || subject(prepared(), Settings { required: required.clone(), ..mapping() }).await).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_field_for_tokens() {
    let fresh = async || {
        let emulator = crate::emulator();
        emulator.front_desk().define_custom_field(REFERRAL, "TEXT");
        subject(emulator, mapping()).await
    };
    let emulator = crate::emulator();
    let connector = connector_with(&emulator, Settings::default()).await;
    let description = connector.describe(&person::KIND).unwrap();
    assert!(!description.carries_token && description.search.is_empty());
    let report = endpoint_report(fresh).await;
    assert!(report.broken.is_empty(), "{report}");
    assert!(report.not_asked.contains(&"a_created_record_carries_its_token"));
}
