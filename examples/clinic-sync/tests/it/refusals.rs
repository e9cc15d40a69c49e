//! What is refused, how it is said, and that nothing comes of it on either side.

use std::time::{Duration, Instant};

use clinic_sync::demo::Pair;
use emulator_kit::{Fault, Reply, Rule};
use ephysio_emulator::Patient;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sync_http::budget::Limit;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Ran, contact, person};

const SYNC: [&str; 3] = ["sync", "--first-sync", "--json"];

/// One error that says all of this, an exit code that says the same, and no write anywhere.
async fn assert_refused(house: &House, words: &[&str]) -> Ran {
    let mark = house.mark();
    let ran = house.run(&SYNC).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.err.matches("clinic-sync: ").count(), 1, "{ran:?}");
    assert!(ran.out.is_empty() && words.iter().all(|word| ran.err.contains(word)), "{words:?} in {ran:?}");
    for secret in ["demo-password", "pit-demo", "geheim"] {
        assert!(!ran.err.contains(secret), "{ran:?}");
    }
    assert_eq!(house.written(mark), 0);
    ran
}

/// After whatever it was, a good run finds everybody.
async fn assert_recovers(house: &House, patients: &[u64]) {
    house.sync().await;
    house.assert_whole().await;
    let mut synced: Vec<u64> = house.pairs().await.into_iter().map(|Pair { patient, .. }| patient).collect();
    synced.sort_unstable();
    let mut patients = patients.to_vec();
    patients.sort_unstable();
    assert_eq!(synced, patients);
    let mark = house.mark();
    house.sync().await;
    assert_eq!(house.written(mark), 0, "the sync after it has nothing to do");
}

#[tokio::test]
async fn a_wrong_password_names_the_login_and_costs_nothing() {
    let (mut house, patients) = House::of(5).await;
    house.env("EPHYSIO_PASSWORD", "geheim");
    assert_refused(&house, &["e-Physio refuses the login", "check", "password"]).await;
    house.env("EPHYSIO_PASSWORD", "demo-password");
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn a_token_that_is_refused_and_a_foreign_location_name_ghl() {
    let (mut house, patients) = House::of(5).await;
    house.env("GHL_PRIVATE_INTEGRATION_TOKEN", "pit-geheim");
    assert_refused(&house, &["GHL refuses the token", "check", "401"]).await;
    house.env("GHL_PRIVATE_INTEGRATION_TOKEN", "pit-demo");
    house.set("ghl.location_id", "loc-of-others");
    assert_refused(&house, &["GHL denies access", "location", "403"]).await;
    house.set("ghl.location_id", "loc-demo");
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_named() {
    let (mut house, patients) = House::of(5).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (ephysio, ghl) = house.urls();
    house.set("ephysio.base_url", format!("http://{nobody}/api/1.0"));
    assert_refused(&house, &["e-Physio cannot be reached", "check the network", "base_url"]).await;
    house.set("ephysio.base_url", format!("{ephysio}/api/1.0"));
    house.set("ghl.base_url", format!("http://{nobody}"));
    assert_refused(&house, &["GHL cannot be reached", "check the network", "base_url"]).await;
    house.set("ghl.base_url", ghl);
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn plain_http_is_for_loopback_only() {
    let (mut house, _) = House::of(1).await;
    let (ephysio, _) = house.urls();
    house.set("ephysio.base_url", "http://ehealth.example/api/1.0");
    assert_refused(&house, &["[ephysio]", "only https is allowed"]).await;
    house.set("ephysio.base_url", format!("{ephysio}/api/1.0"));
    house.set("ghl.base_url", "http://crm.example");
    assert_refused(&house, &["[ghl]", "only https is allowed"]).await;
    assert!(house.clinic.ephysio.journal().is_empty() && house.clinic.ghl.journal().is_empty());
}

#[tokio::test]
async fn a_second_process_is_told_who_works_on_the_practice() {
    let (house, patients) = House::of(5).await;
    let (service, _) = house.open().await;
    let lease = service.lease(&CancellationToken::new()).await.unwrap();
    let holder = format!("process {}", std::process::id());
    assert_refused(&house, &[&holder, "works on this practice until"]).await;
    lease.release().await.unwrap();
    service.store().close().await;
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_as_it_is() {
    let (house, patients) = House::of(5).await;
    house.sync().await;
    let (service, _) = house.open().await;
    service.store().close().await;
    let file = house.path("clinic.db");
    let ours = std::fs::read(&file).unwrap();
    // The header of a database has its user_version here: https://sqlite.org/fileformat.html#user_version_number
    let mut newer = ours.clone();
    newer[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    std::fs::write(&file, &newer).unwrap();
    assert_refused(&house, &["version 9999", "newer program", "clinic.db"]).await;
    assert_eq!(std::fs::read(&file).unwrap(), newer, "it was changed");
    std::fs::write(&file, ours).unwrap();
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn another_vault_key_is_refused() {
    let (mut house, patients) = House::of(5).await;
    let [ours, other] = ["A", "Q"].map(|first| format!("{first}{}=", "A".repeat(42)));
    house.env("VAULT_KEY", &ours);
    house.sync().await;
    house.env("VAULT_KEY", &other);
    let ran = assert_refused(&house, &["vault key does not fit this database", "clinic.db"]).await;
    assert!(!ran.err.contains(&ours));
    house.env("VAULT_KEY", &ours);
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn without_a_consent_rule_neither_doctor_nor_sync_goes_on() {
    let (mut house, patients) = House::of(5).await;
    house.unset("patients", "consent");
    assert_refused(&house, &["no consent rule", "[patients]", "consent", "all_active_patients"]).await;
    let doctor = house.run(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.says(&["BAD settings", "no consent rule", "all_active_patients"]), "{doctor:?}");
    assert!(house.clinic.ephysio.journal().is_empty() && house.clinic.ghl.journal().is_empty());
    house.set("patients.consent", "all_active_patients");
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn a_wrong_setting_is_named_with_its_line_and_without_its_value() {
    let (house, _) = House::of(1).await;
    for (text, words) in [
        ("[ghl]\ntoken = \"geheim\"\n", ["clinic.toml", "line 2", "token"]),
        ("[ghl]\n\ncalls_per_10_seconds = \"geheim\"\n", ["clinic.toml", "line 3", "u32"]),
        ("[patients]\nconsent = \"geheim\"\n", ["clinic.toml", "line 2", "consent"]),
        ("[ghl\n", ["clinic.toml", "line 1", "]"]),
    ] {
        let ran = house.run_with(text, &SYNC).await;
        assert_eq!(ran.code, Some(1));
        assert!(ran.says(&words) && !ran.err.contains("geheim"), "{ran:?}");
    }
    assert!(!house.path("clinic.db").exists());
}

#[tokio::test]
async fn a_secret_file_that_is_missing_is_named() {
    let (mut house, patients) = House::of(5).await;
    house.env("EPHYSIO_PASSWORD", "");
    house.env("EPHYSIO_PASSWORD_FILE", &house.path("password").display().to_string());
    assert_refused(&house, &["EPHYSIO_PASSWORD_FILE", "password", "cannot be read"]).await;
    std::fs::write(house.path("password"), "demo-password\n").unwrap();
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn words_in_a_phone_field_keep_nobody_from_being_synced() {
    let (house, mut patients) = House::of(4).await;
    let mut chatty = person(4);
    chatty.phone = "079 123 45 67 (abends)".to_owned();
    assert_eq!(chatty.phone.chars().count(), 22);
    patients.push(house.clinic.ephysio.practice().create(chatty));
    assert_recovers(&house, &patients).await;
    assert_eq!(
        house.shown(&house.contact_of(patients[4]).await)[3],
        "079 123 45 67 (abends)",
        "nothing is made of it, and nothing is lost"
    );
    assert!(house.reviews().await.is_empty());
}

/// A patient as the list shows it.
fn listed(patient: &Patient) -> Value {
    json!({
        "id": patient.id, "firstName": patient.first_name, "lastName": patient.last_name, "street": patient.street, "zip": patient.zip,
        "city": patient.city, "phone": patient.phone, "email": patient.email, "status": patient.status, "hasEmailConsent": false,
        "birthDate": patient.birth_date.unwrap().format("%d.%m.%Y").to_string(), "sex": true,
    })
}

fn answer(body: &Value) -> Fault {
    Fault::Replace(Reply::new(200, body.to_string()).header("content-type", "application/json"))
}

#[tokio::test]
async fn a_malformed_element_of_the_list_waits_for_a_person_and_the_others_are_synced() {
    let (house, patients) = House::of(5).await;
    let mut list: Vec<Value> = house.clinic.ephysio.practice().patients().iter().map(listed).collect();
    list[2]["firstName"] = json!({ "official": "geheim" });
    let broken = list[2]["id"].to_string();
    list.push(json!({ "lastName": "geheim", "status": 1 }));
    house.clinic.ephysio.faults().add(Rule::on("/patients", answer(&json!(list))).method(Method::GET).times(usize::MAX));
    assert_eq!(house.sync().await["open_reviews"], 2);
    assert_eq!(house.contacts(), 4, "all others");
    let reviews = house.reviews().await;
    assert!(reviews.iter().all(|review| review["reason"] == "undecodable" && review["side"] == "left"), "{reviews:?}");
    let about: Vec<&Value> = reviews.iter().map(|review| &review["patient"]).collect();
    assert!(about.contains(&&json!(broken)) && about.contains(&&Value::Null), "{about:?}");
    let details: String = reviews.iter().filter_map(|review| review["detail"].as_str()).collect();
    assert!(details.contains("firstName") && details.contains("has no id") && !details.contains("geheim"), "{details}");
    house.clinic.ephysio.faults().clear();
    assert_recovers(&house, &patients).await;
    assert!(house.reviews().await.is_empty(), "what became readable is no question any more");
}

#[tokio::test]
async fn unknown_fields_in_answers_are_passed_over() {
    let (house, patients) = House::of(3).await;
    let news = json!({ "insurance": { "cards": [1, null, { "deep": [] }] }, "vip": true, "score": 1.5e300 });
    let practice = house.clinic.ephysio.practice();
    patients.iter().for_each(|id| assert!(practice.update(*id, |patient| patient.extra = news.as_object().unwrap().clone())));
    let known = house.clinic.ghl.front_desk().create(contact(&person(0)));
    let mut shown = contact(&person(0));
    shown["id"] = known.clone().into();
    shown["locationId"] = "loc-demo".into();
    shown["attribution"] = news.clone();
    let page = json!({ "contacts": [shown], "total": 1, "traceId": "t", "facets": news });
    house.clinic.ghl.faults().add(Rule::on("/contacts/search", answer(&page)));
    house.sync().await;
    assert_eq!(house.clinic.ghl.faults().waiting(), 0);
    assert_eq!(house.contact_of(patients[0]).await, known);
    assert_recovers(&house, &patients).await;
}

const SLOW: Duration = Duration::from_millis(1500);

/// Every sync is started at once, while the server still works, until everybody is there.
async fn sync_with_a_slow_server(fault: Fault) {
    let (mut house, patients) = House::of(8).await;
    for limit in ["timeouts.idle_ms", "timeouts.total_ms"] {
        house.set(limit, 200);
    }
    // Else GHL itself would refuse the second one.
    house.clinic.ghl.set_allow_duplicates(true);
    // As always: longer than the slowest answer takes.
    house.set("patients.settle_seconds", 3);
    house.clinic.ghl.faults().add(Rule::on("/contacts/", fault.clone()).method(Method::POST).after(2).times(3));
    let begun = Instant::now();
    house.run(&SYNC).await;
    assert_eq!(house.clinic.ghl.faults().waiting(), 0, "{} struck", fault.name());
    while house.pairs().await.len() < 8 || begun.elapsed() < 2 * SLOW {
        house.run(&SYNC).await;
        assert!(begun.elapsed() < 40 * SLOW, "it never ends");
    }
    house.unset("timeouts", "idle_ms");
    house.unset("timeouts", "total_ms");
    assert_recovers(&house, &patients).await;
}

#[tokio::test]
async fn a_server_slower_than_the_time_limit_doubles_nobody() {
    let faults = [Fault::DelayBefore(SLOW), Fault::SlowWork(SLOW), Fault::DelayAfter(SLOW)];
    futures::future::join_all(faults.map(sync_with_a_slow_server)).await;
}

#[tokio::test]
async fn a_first_sync_of_300_keeps_below_the_rate_limit_by_waiting() {
    let (house, patients) = House::of(300).await;
    let window = Duration::from_secs(1);
    let limit = ghl_emulator::RateLimit { max: 100, interval: window, ..ghl_emulator::RateLimit::default() };
    house.clinic.ghl.set_rate_limit(Some(limit));
    let (service, mut clients) = house.open().await;
    // The usual budget, but in windows of a second instead of ten.
    let budget = Limit { margin: 5, ..Limit::new(100, window) };
    let base_url = house.urls().1.parse().unwrap();
    let config = ghl_client::Config { base_url, budget, ..ghl_client::Config::new("loc-demo", "pit-demo").unwrap() };
    clients.ghl = ghl_client::Client::new(config).unwrap();
    service.engine(&clients).await.unwrap().sweep().await.unwrap();
    let calls = house.clinic.ghl.journal().entries();
    assert_eq!(calls.len(), 303, "the custom fields, one listing at each end, and one call for each contact");
    assert!(calls.iter().all(|call| call.status != Some(StatusCode::TOO_MANY_REQUESTS)), "a call came too early");
    let apart = calls[290].at - calls[0].at;
    assert!(apart.to_std().unwrap() > 2 * window, "nobody waited: 291 calls in {apart}");
    service.store().close().await;
    house.clinic.ghl.set_rate_limit(None);
    assert_recovers(&house, &patients).await;
}
