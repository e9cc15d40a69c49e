//! What becomes of a webhook whose record cannot be looked at.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use emulator_kit::{Fault, Reply, Rule};
use ghl_emulator::{Grantor, Receiver, WebhookSettings};
use http::Method;
use serde_json::json;
use sync_core::testing::SeededEnv;

use crate::live::{CLIENT, Live, house, until};

/// So often a record is looked at.
const ATTEMPTS: usize = 8;

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
