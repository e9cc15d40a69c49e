//! What strangers see of the running service, and what a command prints without being asked for values.

use emulator_kit::{Fault, Reply, Rule};
use ghl_emulator::{Grantor, Receiver, WebhookSettings};
use http::Method;
use reqwest::redirect::Policy;
use serde_json::json;

use super::planted::{Canaries, EMAIL, Evidence, FAMILY, GIVEN, OURS, PHONE, STREET, THEIRS, log};
use super::{admit, patient};
use crate::house::House;
use crate::live::{CLIENT, Live, house, until};

/// What a stranger may ask for, whether it is there or not.
const PATHS: [&str; 10] = [
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/openapi.json",
    "/api/webhooks/",
    "/api/auth/connect",
    "/api/auth/callback",
    "/api/auth/tokens",
    "/api/patients",
];

/// A practice with these people in both systems, and an app in the place of a token.
async fn connected_house() -> House {
    let (mut house, _) = house(0).await;
    admit(&house.clinic, GIVEN, FAMILY, EMAIL, PHONE);
    house.set("ghl.app.client_id", CLIENT);
    house.set("ghl.app.redirect_uri", "http://127.0.0.1/api/auth/callback");
    house.env("GHL_CLIENT_SECRET", &ghl_emulator::App::default().client_secret);
    house.env("GHL_PRIVATE_INTEGRATION_TOKEN", "");
    house
}

/// Asks as an anonymous browser does, and keeps the whole answer.
async fn ask(live: &Live, method: Method, target: &str, cookie: &str, evidence: &mut Evidence) -> String {
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let request = client.request(method.clone(), format!("{}{target}", live.url)).header("cookie", cookie);
    let answer = request.body(format!(r#"{{"firstName":"{GIVEN}","email":"{EMAIL}"}}"#)).send().await.unwrap();
    let head = format!("{} {:?}", answer.status(), answer.headers());
    let body = answer.text().await.unwrap();
    evidence.add(&format!("the answer to {method} {}", target.split('?').next().unwrap()), format!("{head}\n{body}"));
    head
}

/// The tokens that GHL gave out, as far as they were used.
fn tokens(house: &House) -> Vec<String> {
    let entries = house.clinic.ghl.journal().entries();
    let used = entries.iter().filter_map(|entry| entry.headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer "));
    used.map(str::to_owned).collect()
}

/// From the link to the callback, whose code is exchanged with an endpoint that misbehaves or not. Answers the code.
async fn connect(house: &House, live: &Live, link: &str, evidence: &mut Evidence) -> String {
    let path = link.trim().strip_prefix("http://127.0.0.1").unwrap();
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let to_ghl = client.get(format!("{}{path}", live.url)).send().await.unwrap();
    let state = to_ghl.headers()["location"].to_str().unwrap().split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let code = house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let back = format!("/api/auth/callback?code={code}&state={state}");
    ask(live, Method::GET, &back, &format!("clinic_sync_state={state}"), evidence).await;
    code
}

/// Answers of the token endpoint that quote what they were asked and whom they know.
fn indiscreet() -> Vec<Fault> {
    let people = format!("{GIVEN} {FAMILY} {EMAIL} {}", ghl_emulator::App::default().client_secret);
    let json = |status| Reply::new(status, json!({ "error": "x", "error_description": people, "access_token": people }).to_string());
    let json = |status| json(status).header("content-type", "application/json");
    vec![Fault::Replace(json(200)), Fault::Refuse(json(400)), Fault::Refuse(json(401)), Fault::Refuse(Reply::new(403, people.clone()))]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_service_tells_strangers_nothing_and_its_figures_name_nobody() {
    let log = log();
    let house = connected_house().await;
    let mut evidence = Evidence::default();
    let mut canaries = Canaries::planted();
    canaries.plant(&ghl_emulator::App::default().client_secret);
    for fault in indiscreet() {
        let link = house.run(&["auth", "link"]).await.out;
        let live = Live::start(&house).await;
        house.clinic.ghl.faults().add(Rule::on("/oauth/token", fault));
        canaries.plant(&connect(&house, &live, &link, &mut evidence).await);
        house.clinic.ghl.faults().clear();
        live.end().await;
    }
    let link = house.run(&["auth", "link"]).await.out;
    let live = Live::start(&house).await;
    canaries.plant(&connect(&house, &live, &link, &mut evidence).await);
    let receiver = Receiver::url(&format!("{}/api/webhooks/", live.url)).unwrap();
    let deliveries = house.clinic.ghl.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    let _sending = deliveries.start();
    live.idle().await;
    house.clinic.ghl.front_desk().create(json!({ "firstName": GIVEN, "email": OURS, "address1": STREET }));
    until(async || live.webhooks("taken").await > 0).await;
    live.idle().await;

    for path in PATHS {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            ask(&live, method.clone(), path, "", &mut evidence).await;
            let target = format!("{path}?code={EMAIL}&state={FAMILY}&link={FAMILY}").replace('+', "%2B");
            ask(&live, method, &target, "clinic_sync_state=guessed", &mut evidence).await;
        }
    }
    let figures = reqwest::get(&live.metrics).await.unwrap().text().await.unwrap();
    assert!(figures.contains("clinic_sync_token_expires_timestamp_seconds"), "{figures}");
    evidence.add("the figures", figures);
    live.end().await;
    evidence.files(house.path("clinic.db").parent().unwrap());
    evidence.add("the log", log.0.lock().unwrap().clone());

    let tokens = tokens(&house);
    assert!(!tokens.is_empty(), "no token was used");
    tokens.iter().for_each(|token| canaries.plant(token));
    assert_eq!(evidence.leaks(&canaries), [""; 0]);
}

#[tokio::test]
async fn no_command_prints_a_value_unless_it_is_asked_for_one() {
    let mut house = House::new().await;
    house.env("RUST_LOG", "trace");
    let pair = admit(&house.clinic, GIVEN, FAMILY, EMAIL, PHONE);
    house.clinic.ephysio.practice().create(patient("Wilhelmine", FAMILY, "", ""));
    let mut evidence = Evidence::default();
    let run = async |arguments: &[&str], evidence: &mut Evidence| {
        let ran = house.run(arguments).await;
        evidence.add(&format!("`{}`", arguments.join(" ")), format!("{} {}", ran.out, ran.err));
        ran.code
    };
    run(&["sync"], &mut evidence).await;
    run(&["plan", "--json"], &mut evidence).await;
    assert!(matches!(run(&["sync", "--first-sync"], &mut evidence).await, Some(0 | 3)));
    house.in_ephysio(pair.patient, |patient| patient.email = OURS.to_owned());
    house.in_ghl(&pair.contact, json!({ "email": THEIRS }));
    let patient = pair.patient.to_string();
    let commands: [&[&str]; 18] = [
        &["plan"],
        &["plan", "--json"],
        &["sync", "--json"],
        &["sync"],
        &["review", "list"],
        &["review", "list", "--json"],
        &["review", "resolve", "f", "ghl"],
        &["doctor"],
        &["doctor", "--json"],
        &["auth", "status"],
        &["auth", "link"],
        &["schedule"],
        &["schedule", "--json"],
        &["config", "check"],
        &["replay"],
        &["pause", "--patient", &patient],
        &["resume", "--contact", &pair.contact],
        &["link", &patient, "nobody"],
    ];
    for arguments in commands {
        run(arguments, &mut evidence).await;
    }
    let mut canaries = Canaries::planted();
    ["demo-password", "pit-demo"].iter().for_each(|secret| canaries.plant(secret));
    assert_eq!(evidence.leaks(&canaries), [""; 0]);
    let reviews = house.reviews().await;
    let review = reviews.iter().find(|review| review["reason"] == "conflict").unwrap();
    let shown = house.run(&["review", "show", review["id"].as_str().unwrap()]).await;
    assert!(shown.says(&[OURS, THEIRS]), "values are shown to who asks for them: {shown:?}");
}
