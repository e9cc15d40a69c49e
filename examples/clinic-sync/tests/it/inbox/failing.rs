//! Records that cannot be looked at just now, or never.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use clinic_sync::TENANT;
use emulator_kit::{Fault, Reply, Rule};
use http::Method;
use serde_json::json;
use sync_core::testing::SeededEnv;
use sync_core::{Env, Handled};

use super::{ATTEMPTS, Database, clock, hint, looks, on_both_databases, push, webhooks};
use crate::live::{Live, house, until};

on_both_databases![
    a_record_that_cannot_be_looked_at_is_given_up_in_the_end_whatever_comes_in_and_replayed_on_request,
    a_record_whose_look_takes_too_long_is_tried_again_after_a_pause_and_keeps_no_other_waiting,
    while_e_physio_cannot_be_reached_records_that_failed_before_make_one_failure_of_it,
];

async fn a_record_that_cannot_be_looked_at_is_given_up_in_the_end_whatever_comes_in_and_replayed_on_request(database: Database) {
    let (mut house, _) = house(1).await;
    database.of(&mut house).await;
    let env = Arc::new(clock());
    let live = Live::start_at(&house, env.clone()).await;
    let deliveries = webhooks(&house, &live);
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

async fn a_record_whose_look_takes_too_long_is_tried_again_after_a_pause_and_keeps_no_other_waiting(database: Database) {
    let mut house = database.house(2).await;
    house.set("timeouts.total_ms", 1_000);
    let contacts = house.clinic.ghl.front_desk().contacts();
    push(&house, &contacts).await;
    let stuck = Rule::on(&contacts[0].id, Fault::DelayBefore(Duration::from_secs(60)));
    house.clinic.ghl.faults().add(stuck.method(Method::GET).times(10_000));
    let env = Arc::new(SeededEnv::frozen(1));
    env.advance((Utc::now() - SeededEnv::START).to_std().unwrap());
    let mark = house.mark();
    let looked = |mark, number: usize| looks(&house, mark, &contacts[number].id);
    let (service, _) = house.open().await;
    let live = Live::start_at(&house, env.clone()).await;
    let pause = async || service.store().depth(&TENANT).await.unwrap().oldest.map(|due| (due - env.now()).num_seconds());
    until(async || matches!(pause().await, Some(4 | 5))).await;
    assert_eq!(looked(mark, 1), 1, "the other one is done");

    live.end().await;
    house.clinic.ghl.faults().clear();
    service.store().push(&[hint(&contacts[1].id)], env.now()).await.unwrap();
    let mark = house.mark();
    let live = Live::start_at(&house, env.clone()).await;
    until(async || looked(mark, 1) == 1).await;
    live.end().await;
    assert_eq!(looked(mark, 0), 0, "its time has not come");
    env.advance(Duration::from_secs(6));
    let live = Live::start_at(&house, env.clone()).await;
    until(async || looked(mark, 0) > 0).await;
    live.idle().await;
    live.end().await;
    service.store().close().await;
}

async fn while_e_physio_cannot_be_reached_records_that_failed_before_make_one_failure_of_it(database: Database) {
    let mut house = database.house(3).await;
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
