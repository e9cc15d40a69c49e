//! The running service, and GHL's webhooks.

use std::time::Duration;

use emulator_kit::{Fault, Rule};
use ghl_emulator::{Webhook, WebhookSettings};
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::house::person;
use crate::live::{Live, house, house_that_updates, signed, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_ghl_reaches_the_practice_by_its_webhook() {
    let (house, patients) = house_that_updates(3).await;
    let (live, _deliveries, _sending) = Live::hearing(&house).await;
    let contact = house.clinic.ghl.front_desk().contacts().into_iter().find(|contact| contact.email == Some(person(1).email)).unwrap();
    house.in_ghl(&contact.id, json!({ "phone": "+41791112233" }));
    let practice = house.clinic.ephysio.practice();
    until(async || practice.patient(patients[1]).unwrap().phone == "+41791112233").await;
    assert!(live.figure("clinic_sync_webhook_lag_seconds").await < 60);
    live.end().await;
    house.assert_whole().await;
}

/// The GHL calls of a first sync of so many, and how many of its own writes the service was told of.
async fn first_sync(patients: usize, with_webhooks: bool, late: bool) -> (usize, u64) {
    let (mut house, _) = house(patients).await;
    house.set("ghl.calls_per_10_seconds", 1_000_000);
    if late {
        // The answer comes later than the webhook about what it says.
        let late = Rule::on("/contacts/", Fault::DelayAfter(Duration::from_millis(40))).method(Method::POST);
        house.clinic.ghl.faults().add(late.times(patients));
    }
    let mark = house.mark();
    let live = if with_webhooks {
        let (live, deliveries, _sending) = Live::hearing(&house).await;
        until(async || deliveries.waiting() == 0).await;
        live
    } else {
        Live::start(&house).await
    };
    live.idle().await;
    let told = live.webhooks("taken").await + live.webhooks("echo").await;
    live.end().await;
    house.assert_whole().await;
    (house.clinic.ghl.journal().since(mark.ghl).len(), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_writes_come_back_and_cost_nothing_worth_speaking_of_even_if_they_overtake_the_answer() {
    let (without, _) = first_sync(300, false, false).await;
    for late in [false, true] {
        let (with, told) = first_sync(300, true, late).await;
        assert!(told >= 300, "each create came back: {told}");
        assert!(with <= without + without / 20, "{with} calls with webhooks, {without} without");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ghls_or_not_for_us_is_refused_or_ignored_and_writes_nothing() {
    let (house, _) = house(1).await;
    let Webhook { headers, body } = signed(&house).await;
    let live = Live::start(&house).await;
    live.idle().await;
    let mark = house.mark();
    assert_eq!(live.post(HeaderMap::new(), body.clone()).await, StatusCode::UNAUTHORIZED, "unsigned");
    let altered = String::from_utf8(body.to_vec()).unwrap().replace("lea@", "eva@");
    assert_eq!(live.post(headers.clone(), altered).await, StatusCode::UNAUTHORIZED, "altered");
    let mut forged = headers.clone();
    forged.insert("x-ghl-signature", "AAAA".parse().unwrap());
    assert_eq!(live.post(forged, body.clone()).await, StatusCode::UNAUTHORIZED, "forged");
    assert_eq!(live.post(headers.clone(), vec![b' '; 2 << 20]).await, StatusCode::PAYLOAD_TOO_LARGE, "too large");
    assert_eq!(live.post(headers.clone(), "no JSON").await, StatusCode::UNAUTHORIZED, "not JSON, and so not signed");
    assert_eq!((live.webhooks("refused").await, live.webhooks("taken").await), (4, 0));
    assert_eq!(live.post(headers.clone(), body.clone()).await, StatusCode::OK);
    assert_eq!(live.post(headers, body).await, StatusCode::OK, "once more");
    assert_eq!((live.webhooks("taken").await, live.webhooks("duplicate").await), (1, 1));
    live.idle().await;
    assert_eq!(house.written(mark), 0, "a lead is looked at and left alone");
    live.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_another_location_is_answered_and_left_alone() {
    let (mut house, _) = house(1).await;
    let Webhook { headers, body } = signed(&house).await;
    house.set("ghl.location_id", "loc-other");
    let live = Live::start(&house).await;
    assert_eq!(live.post(headers, body).await, StatusCode::OK);
    assert_eq!((live.webhooks("unroutable").await, live.webhooks("taken").await), (1, 0));
    live.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_doubled_and_reordered_stream_of_webhooks_ends_in_the_same_state() {
    let (house, _) = house(20).await;
    let (live, deliveries, _sending) = Live::hearing(&house).await;
    let storm = WebhookSettings { duplicated: 40, lost: 20, jitter: Duration::from_millis(50), ..WebhookSettings::default() };
    deliveries.configure(storm);
    for contact in house.clinic.ghl.front_desk().contacts() {
        for round in 0..3 {
            house.in_ghl(&contact.id, json!({ "city": format!("Ort {round}") }));
        }
    }
    until(async || deliveries.waiting() == 0).await;
    live.idle().await;
    live.end().await;
    house.sync().await;
    house.assert_whole().await;
    house.assert_quiet().await;
}
