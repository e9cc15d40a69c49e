//! Settings that cannot be meant, and what a connector says of itself.

use std::num::NonZeroU8;

use ephysio_client::connector::appointment::{Connector, Practitioner, Settings};
use ephysio_client::{Client, InvoiceTemplate, Law};
use ephysio_emulator::Quirks;
use sync_core::vocabulary::appointment::{END, KIND, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::{Absence, ErrorKind, FieldName, Source, Support, Verdict};

use super::{CANCEL, MOVE, UPDATE, able, described, settings, template};
use crate::{client, client_with, emulator};

fn refusal(client: Client, settings: Settings) -> String {
    let error = Connector::new(client, settings).unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Configuration, Verdict::Permanent));
    error.to_string()
}

#[test]
fn settings_that_contradict_themselves_are_refused_in_words() {
    let emulator = emulator(Quirks::default());
    let with = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        refusal(client(&emulator), settings)
    };
    let twin = with(|settings| {
        settings.practitioners.insert("carla".into(), Practitioner { client_id: 5_778, admin_info_id: 1 });
    });
    assert!(twin.contains("carla has the calendar of another one"), "{twin}");
    let twin = with(|settings| {
        settings.services.insert("taping".into(), 29_330);
    });
    assert!(twin.contains("taping has the event type of another one"), "{twin}");
    let status = with(|settings| {
        settings.statuses.insert(4, "late".into());
    });
    assert!(status.contains("late is none of planned, confirmed"), "{status}");
    assert!(
        with(|settings| {
            settings.statuses.remove(&5);
        })
        .contains("no single status code means planned")
    );
    assert!(with(|settings| settings.default_service = Some("taping".into())).contains("default_service taping"));
    assert!(
        with(|settings| {
            settings.services.insert(" taping".into(), 1);
        })
        .contains("is no name")
    );
    assert!(with(|settings| settings.future_days = u32::MAX).contains("days"));
    assert!(with(|settings| settings.create_invoice = true).contains("create_invoice"));
}

#[test]
fn invoices_that_the_law_does_not_allow_are_refused_before_the_first_one() {
    let emulator = emulator(Quirks::default());
    let client = client_with(&emulator, |config| {
        template(config);
        let lenient = config.invoice.take().unwrap();
        config.invoice = Some(InvoiceTemplate { law: Law::Kvg, sessions: NonZeroU8::new(12).unwrap(), ..lenient });
    });
    let told = refusal(client.clone(), Settings { create_invoice: true, ..settings() });
    assert!(told.contains("at most 9"), "{told}");
    assert!(Connector::new(client, settings()).is_ok());
}

#[test]
fn a_change_without_a_body_says_nothing_and_is_refused() {
    let emulator = emulator(Quirks::default());
    for operation in [UPDATE, MOVE] {
        let told = refusal(described(&emulator, &format!("{operation}body = 'none'")), settings());
        assert!(told.contains("no body"), "{told}");
    }
}

#[test]
fn a_connector_declares_what_the_calls_that_are_enabled_can_do() {
    let emulator = emulator(Quirks::default());
    let dry_run = UPDATE.replace("enabled", "dry_run");
    for (operations, update, remove, by_hand) in [
        ("", Support::Manual, Support::Manual, vec![END, PRACTITIONER, SERVICE, START, STATUS]),
        (dry_run.as_str(), Support::Manual, Support::Manual, vec![END, PRACTITIONER, SERVICE, START, STATUS]),
        (MOVE, Support::Enabled, Support::Manual, vec![PRACTITIONER, SERVICE, STATUS]),
        (CANCEL, Support::Enabled, Support::Enabled, vec![END, PRACTITIONER, SERVICE, START]),
        (UPDATE, Support::Enabled, Support::Manual, vec![]),
    ] {
        let connector = able(&emulator, operations);
        let description = connector.describe(&KIND).unwrap();
        assert_eq!((description.update, description.remove), (update, remove), "{operations}");
        assert_eq!(description.by_hand.iter().cloned().collect::<Vec<FieldName>>(), by_hand, "{operations}");
        assert_eq!((description.create, description.absence, description.system), (Support::Enabled, Absence::Gone, "e-Physio"));
        assert!(!description.single_read && !description.carries_token && description.search.is_empty());
    }
}

#[test]
fn a_service_is_required_unless_there_is_a_usual_one() {
    let emulator = emulator(Quirks::default());
    let required = |settings| Connector::new(client(&emulator), settings).unwrap().describe(&KIND).unwrap().required.clone();
    assert_eq!(required(settings()), [START, END, PRACTITIONER, SERVICE]);
    assert_eq!(required(Settings { default_service: Some("physio".into()), ..settings() }), [START, END, PRACTITIONER]);
}
