//! The running service: webhooks, connection, stop.

use std::time::Duration;

use ghl_emulator::{Grantor, Webhook, WebhookSettings};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::house::person;
use crate::live::{CLIENT, Live, house, house_that_updates, signed, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_ghl_reaches_the_practice_by_its_webhook() {
    let (house, patients) = house_that_updates(3).await;
    let (live, _deliveries, _sending) = Live::hearing(&house).await;
    let contact = house.clinic.ghl.front_desk().contacts().into_iter().find(|contact| contact.email == Some(person(1).email)).unwrap();
    house.in_ghl(&contact.id, json!({ "phone": "+41791112233" }));
    let practice = house.clinic.ephysio.practice();
    until(async || practice.patient(patients[1]).unwrap().phone == "+41791112233").await;
    live.end().await;
    house.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_writes_come_back_and_cost_nothing_worth_speaking_of() {
    let calls = async |with_webhooks: bool| {
        let (house, _) = house(120).await;
        let mark = house.mark();
        if with_webhooks {
            let (live, deliveries, _sending) = Live::hearing(&house).await;
            until(async || deliveries.waiting() == 0).await;
            live.idle().await;
            assert!(live.webhooks("taken").await + live.webhooks("echo").await >= 120, "each create came back");
            live.end().await;
        } else {
            let live = Live::start(&house).await;
            live.idle().await;
            live.end().await;
        }
        house.assert_whole().await;
        house.clinic.ghl.journal().since(mark.ghl).len()
    };
    let (without, with) = (calls(false).await, calls(true).await);
    assert!(with <= without + without / 20 + 1, "{with} calls with webhooks, {without} without");
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

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_connects_ghl_with_a_link_that_is_good_once_and_in_one_browser() {
    let (mut house, _) = house(1).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    house.set("ghl.app.client_id", CLIENT);
    house.set("ghl.app.redirect_uri", "http://127.0.0.1/api/auth/callback");
    house.env("GHL_CLIENT_SECRET", &ghl_emulator::App::default().client_secret);
    house.env("GHL_PRIVATE_INTEGRATION_TOKEN", "");
    let link = house.run(&["auth", "link"]).await;
    assert_eq!(link.code, Some(0), "{link:?}");
    let path = link.out.trim().strip_prefix("http://127.0.0.1").unwrap().to_owned();
    assert_eq!(house.run(&["auth", "status"]).await.code, Some(1), "nobody has connected");

    let live = Live::start(&house).await;
    let get = async |path: &str, cookie: Option<&str>| {
        let request = client.get(format!("{}{path}", live.url));
        let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
        request.send().await.unwrap()
    };
    assert_eq!(get("/api/auth/connect?link=guessed", None).await.status(), StatusCode::FORBIDDEN);
    let to_ghl = get(&path, None).await;
    assert_eq!(to_ghl.status(), StatusCode::FOUND);
    let location = to_ghl.headers()["location"].to_str().unwrap().to_owned();
    let cookie = to_ghl.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(get(&path, None).await.status(), StatusCode::FORBIDDEN, "the link was used");
    let state = location.split("state=").nth(1).unwrap().split('&').next().unwrap();

    let code = house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let back = format!("/api/auth/callback?code={code}&state={state}");
    assert_eq!(get(&back, None).await.status(), StatusCode::FORBIDDEN, "another browser");
    assert_eq!(get(&back.replace(state, "guessed"), Some("clinic_sync_state=guessed")).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(house.clinic.ghl.token_counters().exchanges, 0, "nothing was asked of GHL so far");
    let page = get(&back, Some(&cookie)).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("loc-demo is connected"));
    assert_eq!(get(&back, Some(&cookie)).await.status(), StatusCode::FORBIDDEN, "the way back was used");
    live.idle().await;
    live.end().await;
    assert_eq!(house.contacts(), 1, "the service works with the tokens");
    let status = house.run(&["auth", "status"]).await;
    assert!(status.code == Some(0) && status.says(&["loc-demo"]), "{status:?}");
    assert_eq!(house.run(&["auth", "refresh"]).await.code, Some(0));
    house.sync().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_another_location_stores_nothing() {
    let (mut house, _) = house(1).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    house.set("ghl.app.client_id", CLIENT);
    house.set("ghl.app.redirect_uri", "http://127.0.0.1/api/auth/callback");
    house.set("ghl.location_id", "loc-other");
    house.env("GHL_CLIENT_SECRET", &ghl_emulator::App::default().client_secret);
    house.env("GHL_PRIVATE_INTEGRATION_TOKEN", "");
    let link = house.run(&["auth", "link"]).await.out;
    let live = Live::start(&house).await;
    let connect = link.trim().replace("http://127.0.0.1", &live.url);
    let to_ghl = client.get(connect).send().await.unwrap();
    let state = to_ghl.headers()["location"].to_str().unwrap().split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let code = house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let back = format!("{}/api/auth/tokens?code={code}&state={state}", live.url);
    let page = client.get(back).header("cookie", format!("clinic_sync_state={state}")).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    assert!(page.text().await.unwrap().contains("another location"));
    live.end().await;
    assert_eq!(house.run(&["auth", "status"]).await.code, Some(1));
}
