//! How a clinic gives the service access to GHL, and takes it away.

use ghl_emulator::{Grantor, Receiver, WebhookSettings};
use http::StatusCode;

use crate::house::House;
use crate::live::{CLIENT, Live, house, until};

/// A house with an app that nobody has connected yet.
async fn with_app(patients: usize) -> House {
    let (mut house, _) = house(patients).await;
    house.set("ghl.app.client_id", CLIENT);
    house.set("ghl.app.redirect_uri", "http://127.0.0.1/api/auth/callback");
    house.env("GHL_CLIENT_SECRET", &ghl_emulator::App::default().client_secret);
    house.env("GHL_PRIVATE_INTEGRATION_TOKEN", "");
    house
}

fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// An admin follows a new link, and agrees.
async fn connect(house: &House, live: &Live) {
    let browser = browser();
    let link = house.run(&["auth", "link"]).await.out;
    let to_ghl = browser.get(link.trim().replace("http://127.0.0.1", &live.url)).send().await.unwrap();
    let state = to_ghl.headers()["location"].to_str().unwrap().split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let code = house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let back = format!("{}/api/auth/callback?code={code}&state={state}", live.url);
    let page = browser.get(back).header("cookie", format!("clinic_sync_state={state}")).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_app_is_removed_the_sync_pauses_and_forgets_the_tokens_until_it_is_connected_again() {
    let house = with_app(2).await;
    let live = Live::start(&house).await;
    let receiver = Receiver::url(&format!("{}/api/webhooks/", live.url)).unwrap();
    let deliveries = house.clinic.ghl.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    let _sending = deliveries.start();
    connect(&house, &live).await;
    live.idle().await;
    assert_eq!(house.contacts(), 2);
    assert!(house.clinic.ghl.front_desk().uninstall(CLIENT, Grantor::Location));
    until(async || house.run(&["auth", "status"]).await.code == Some(1)).await;
    let mark = house.mark();
    let added = house.admit(7);
    connect(&house, &live).await;
    until(async || house.contacts() == 3).await;
    let lost = house.clinic.ghl.journal().since(mark.ghl).iter().filter(|entry| entry.status == Some(StatusCode::UNAUTHORIZED)).count();
    assert_eq!(lost, 0, "nothing was asked with the old tokens");
    live.idle().await;
    live.end().await;
    assert!(house.clinic.ephysio.practice().patient(added).is_some());
    house.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_message_of_a_removal_does_not_pause_a_connection_that_works() {
    let house = with_app(1).await;
    let live = Live::start(&house).await;
    connect(&house, &live).await;
    let receiver = Receiver::url(&format!("{}/api/webhooks/", live.url)).unwrap();
    let deliveries = house.clinic.ghl.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    house.clinic.ghl.front_desk().uninstall(CLIENT, Grantor::Location);
    connect(&house, &live).await;
    deliveries.deliver_all().await;
    live.idle().await;
    assert_eq!(house.run(&["auth", "status"]).await.code, Some(0));
    live.end().await;
    house.sync().await;
    house.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_connects_ghl_with_a_link_that_is_good_once_and_in_one_browser() {
    let house = with_app(1).await;
    let client = browser();
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
    let mut house = with_app(1).await;
    house.set("ghl.location_id", "loc-other");
    let client = browser();
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
