//! What becomes of records that were hinted at.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use clinic_sync::TENANT;
use emulator_kit::{Fault, Reply, Rule};
use ghl_emulator::{Contact, Grantor, Receiver, WebhookSettings};
use http::Method;
use serde_json::json;
use sync_core::testing::SeededEnv;
use sync_core::vocabulary::person;
use sync_core::{Changes, Env, Handled, HintKey, RecordId, Run, RunId, RunState, Side, Sides, Urgency};

use crate::house::{House, Mark};
use crate::live::{CLIENT, Live, house, house_that_updates, until};

/// So often a record is looked at.
const ATTEMPTS: usize = 8;

/// The hint that a webhook about a contact makes.
fn hint(contact: &str) -> (HintKey, Urgency) {
    let key = HintKey { tenant: TENANT, kind: person::KIND, side: Side::Right, id: RecordId::new(contact) };
    (key, Urgency::Live)
}

/// Has the service look at these, once it runs.
async fn push(house: &House, contacts: &[Contact]) {
    let hints: Vec<_> = contacts.iter().map(|contact| hint(&contact.id)).collect();
    let (service, _) = house.open().await;
    service.store().push(&hints, Utc::now()).await.unwrap();
    service.store().close().await;
}

/// The phone that a contact is given.
fn phone(number: usize) -> String {
    format!("+4176{number:07}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_looked_at_is_given_up_in_the_end_whatever_comes_in_and_replayed_on_request() {
    let (house, _) = house(1).await;
    let env = Arc::new(SeededEnv::new(1));
    env.advance((Utc::now() - SeededEnv::START).to_std().unwrap());
    let live = Live::start_at(&house, env.clone()).await;
    let receiver = Receiver::url(&format!("{}/api/webhooks/", live.url)).unwrap();
    let deliveries = house.clinic.ghl.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location);
    live.idle().await;
    let contact = house.clinic.ghl.front_desk().contacts().remove(0).id;
    let mark = house.mark();
    let looks = |succeeded: bool| {
        let entries = house.clinic.ghl.journal().since(mark.ghl);
        let own = entries.iter().filter(|entry| entry.method == Method::GET && entry.path.ends_with(&contact));
        own.filter(|entry| entry.succeeded() == succeeded).count()
    };
    let edit = async |round: usize| {
        house.in_ghl(&contact, json!({ "phone": format!("+4179555{round:04}") }));
        deliveries.deliver_all().await;
    };

    house.clinic.ghl.faults().add(Rule::on("/contacts/", Fault::Refuse(Reply::new(403, "{}"))).times(10_000));
    let is_dead = async || live.figure("clinic_sync_inbox{state=\"dead\"}").await == 1;
    for round in 1..=5 * ATTEMPTS {
        if is_dead().await {
            break;
        }
        let before = looks(false);
        env.advance(Duration::from_secs(3600));
        // Neither the pause nor the number of attempts begins anew because something comes in.
        edit(round).await;
        until(async || looks(false) > before || is_dead().await).await;
    }
    until(is_dead).await;
    assert!((ATTEMPTS..=2 * ATTEMPTS).contains(&looks(false)), "{} looks", looks(false));
    house.clinic.ghl.faults().clear();
    assert_eq!(looks(true), 0);
    let replayed = house.run(&["replay"]).await;
    assert!(replayed.says(&["1 records are due again"]), "{replayed:?}");
    edit(9999).await;
    until(async || looks(true) > 0).await;
    until(async || live.figure("clinic_sync_inbox{state=\"dead\"}").await == 0).await;
    live.end().await;
    house.sync().await;
    house.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_ends_the_process_each_time_is_given_up_and_takes_no_other_with_it() {
    let (house, _) = house(2).await;
    house.sync().await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    let (service, _) = house.open().await;
    let store = service.store();
    let now = Utc::now();
    store.push(&[hint(&contacts[0].id)], now).await.unwrap();
    // Taken, and never handled: so it is for a process that ended.
    for _ in 0..8 {
        assert_eq!(store.take(&TENANT, 1, now, now).await.unwrap().len(), 1);
    }
    store.push(&[hint(&contacts[1].id)], now).await.unwrap();
    store.close().await;
    let mark = house.mark();
    let live = Live::start(&house).await;
    live.idle().await;
    until(async || live.figure("clinic_sync_inbox{state=\"dead\"}").await == 1).await;
    live.end().await;
    let looked = |contact: &str| {
        let journal = house.clinic.ghl.journal().since(mark.ghl);
        journal.iter().filter(|entry| entry.path == format!("/contacts/{contact}")).count()
    };
    assert_eq!((looked(&contacts[0].id), looked(&contacts[1].id)), (0, 1), "the one is not touched again, the other is looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_that_end_the_process_each_time_wait_and_webhooks_do_not() {
    let (house, patients) = house(1).await;
    house.sync().await;
    let env = Arc::new(SeededEnv::new(1));
    env.advance((Utc::now() - SeededEnv::START).to_std().unwrap() + Duration::from_secs(86_400));
    let (service, _) = house.open().await;
    for number in 1..=9 {
        let run = Run {
            id: RunId::from_bytes([number; 16]),
            kind: person::KIND,
            started_at: env.now(),
            ended_at: None,
            state: RunState::Running,
            counts: Sides::default(),
        };
        service.store().commit(&TENANT, Changes { run: Some(run), ..Changes::default() }).await.unwrap();
    }
    let ended = async || {
        let runs = service.store().runs(&TENANT, &person::KIND, 20).await.unwrap();
        runs.iter().filter(|run| run.state == RunState::Completed).count()
    };
    let begun = async || service.store().runs(&TENANT, &person::KIND, 20).await.unwrap().len();
    let before = (begun().await, ended().await);
    let live = Live::start_at(&house, env.clone()).await;
    let receiver = Receiver::url(&format!("{}/api/webhooks/", live.url)).unwrap();
    let deliveries = house.clinic.ghl.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location);
    let contact = house.contact_of(patients[0]).await;
    house.in_ghl(&contact, json!({ "phone": "+41795550001" }));
    deliveries.deliver_all().await;
    until(async || live.figure("clinic_sync_inbox{state=\"waiting\"}").await == 0).await;
    live.end().await;
    assert_eq!(begun().await, before.0, "a day has passed, and no sync was tried");
    env.advance(Duration::from_secs(180));
    let live = Live::start_at(&house, env.clone()).await;
    until(async || ended().await > before.1).await;
    live.end().await;
    service.store().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_shared_the_end_of_many_processes_are_looked_at_and_none_is_given_up() {
    let (house, _) = house(3).await;
    house.sync().await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    let (service, _) = house.open().await;
    let store = service.store();
    let hints: Vec<_> = contacts.iter().map(|contact| hint(&contact.id)).collect();
    let now = Utc::now();
    store.push(&hints, now).await.unwrap();
    for _ in 0..3 * ATTEMPTS {
        // A process takes them, and is killed; its successor takes them over.
        assert_eq!(store.take(&TENANT, 32, now, now).await.unwrap().len(), contacts.len());
        store.reclaim(&TENANT).await.unwrap();
    }
    store.close().await;
    let mark = house.mark();
    let live = Live::start(&house).await;
    live.idle().await;
    assert_eq!(live.figure("clinic_sync_inbox{state=\"dead\"}").await, 0);
    live.end().await;
    let journal = house.clinic.ghl.journal().since(mark.ghl);
    let looked = contacts.iter().filter(|contact| journal.iter().any(|entry| entry.path == format!("/contacts/{}", contact.id)));
    assert_eq!(looked.count(), contacts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_e_physio_cannot_be_reached_records_that_failed_before_make_one_failure_of_it() {
    let (mut house, _) = house(3).await;
    house.sync().await;
    house.set("patients.freshness_seconds", 300);
    let (service, _) = house.open().await;
    let (store, now) = (service.store(), Utc::now());
    for (number, contact) in house.clinic.ghl.front_desk().contacts().iter().enumerate() {
        house.in_ghl(&contact.id, json!({ "phone": format!("+4179555{number:04}") }));
        store.push(&[hint(&contact.id)], now).await.unwrap();
    }
    for _ in 0..6 {
        for hint in store.take(&TENANT, 3, now, now).await.unwrap() {
            store.handled(&hint, Handled::Retry { due: now }).await.unwrap();
        }
    }
    store.close().await;
    house.clinic.ephysio.faults().add(Rule::on("/patients", Fault::Refuse(Reply::new(403, "{}"))).times(10_000));
    let live = Live::start(&house).await;
    until(async || live.figure("clinic_sync_failures_in_a_row").await > 0).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(live.figure("clinic_sync_failures_in_a_row").await, 1, "they would be alone by now, and one listing was enough to know");
    live.end().await;
}

/// Waits until so many slow looks at GHL have begun; says how many were under way at once.
async fn most_at_once(house: &House, since: Mark, looks: usize) -> usize {
    let most = Cell::new(0);
    until(async || {
        let entries = house.clinic.ghl.journal().since(since.ghl);
        let slow: Vec<_> = entries.iter().filter(|entry| entry.fault.is_some()).collect();
        most.set(most.get().max(slow.iter().filter(|entry| entry.status.is_none()).count()));
        slow.len() >= looks
    })
    .await;
    most.get()
}

/// The next so many looks at contacts take a while.
fn slow_down(house: &House, looks: usize) {
    let slow = Fault::DelayBefore(Duration::from_millis(300));
    house.clinic.ghl.faults().add(Rule::on("/contacts/", slow).method(Method::GET).times(looks));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_handful_are_looked_at_several_at_a_time_and_each_once() {
    const EDITED: usize = 12;
    let (mut house, _) = house_that_updates(EDITED).await;
    // Everybody changes at once, which is no accident here.
    house.set("patients.update_brake.percent", 100);
    house.set("ghl.parallel", 4);
    house.sync().await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    for (number, contact) in contacts.iter().enumerate() {
        house.in_ghl(&contact.id, json!({ "phone": phone(number) }));
    }
    push(&house, &contacts).await;
    slow_down(&house, EDITED);
    let mark = house.mark();
    let live = Live::start(&house).await;
    assert_eq!(most_at_once(&house, mark, EDITED).await, 4, "as many as the settings allow");
    live.idle().await;
    live.end().await;
    let entries = house.clinic.ghl.journal().since(mark.ghl).into_iter();
    let looked: BTreeSet<String> = entries.filter(|entry| entry.fault.is_some()).map(|entry| entry.path).collect();
    assert_eq!(looked.len(), EDITED, "each once");
    assert_eq!(house.writes(mark).0.len(), EDITED);
    let phones: BTreeSet<String> = house.clinic.ephysio.practice().patients().into_iter().map(|patient| patient.phone).collect();
    assert_eq!(phones, (0..EDITED).map(phone).collect());
    house.assert_whole().await;
    house.assert_quiet().await;
}
