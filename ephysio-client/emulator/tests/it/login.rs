use std::time::Duration;

use axum::body::Body;
use ephysio_emulator::{CryptoKeyCheck, Expiry, Ids, Quirks};
use serde_json::json;

use crate::support::{Caller, anna, beat, emulator};

#[tokio::test(start_paused = true)]
async fn a_login_gives_token_key_id_and_expiry() {
    let emulator = emulator(Quirks::default());
    let login = Caller::stranger(&emulator).login("demo-password").await;
    assert_eq!(login.json["token"].as_str().unwrap().split('.').count(), 3);
    assert!(login.json["keys"][0]["key"].as_str().unwrap().len() <= 255);
    assert!(login.json["id"].is_u64());
    assert_eq!(login.json["exp"], emulator.clock().now().timestamp() + 3600);
}

#[tokio::test]
async fn a_wrong_password_gets_401_and_json() {
    let stranger = Caller::stranger(&emulator(Quirks::default()));
    let refused = stranger.login("guess").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json["DETAIL"], "Unauthorized");
}

#[tokio::test]
async fn a_login_without_password_is_invalid() {
    let stranger = Caller::stranger(&emulator(Quirks::default()));
    let refused = stranger.send("POST", "/token", &json!({ "email": "praxis@example.ch" })).await;
    assert_eq!(refused.refusal(), (400, "/password"));
    let form = stranger.call("POST", "/token", Body::from("email=praxis@example.ch")).await;
    assert_eq!(form.status, 415);
}

#[tokio::test(start_paused = true)]
async fn the_expiry_may_be_in_milliseconds_or_absent() {
    let in_ms = emulator(Quirks { expiry: Expiry::Milliseconds, ..Quirks::default() });
    let login = Caller::stranger(&in_ms).login("demo-password").await;
    assert_eq!(login.json["exp"], in_ms.clock().now().timestamp_millis() + 3_600_000);

    let absent = emulator(Quirks { expiry: Expiry::Absent, ..Quirks::default() });
    let login = Caller::stranger(&absent).login("demo-password").await;
    assert!(login.json.get("exp").is_none());
}

#[tokio::test]
async fn the_practice_id_may_be_a_string() {
    let emulator = emulator(Quirks { ids: Ids::Strings, ..Quirks::default() });
    let login = Caller::stranger(&emulator).login("demo-password").await;
    assert!(login.json["id"].is_string());
}

#[tokio::test]
async fn nobody_sees_patients_without_a_good_token() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    assert_eq!(Caller::stranger(&emulator).list().await.status, 401);
    assert_eq!(caller.with("authorization", "Bearer stale").list().await.status, 401);
    assert_eq!(caller.list().await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_token_expires_by_the_clock_and_at_a_word() {
    let emulator = emulator(Quirks { token_lifetime: Duration::from_secs(60), ..Quirks::default() });
    let caller = Caller::new(&emulator).await;
    emulator.clock().advance(Duration::from_secs(59));
    assert_eq!(caller.list().await.status, 200);
    emulator.clock().advance(Duration::from_secs(1));
    assert_eq!(caller.list().await.status, 401);

    let caller = Caller::new(&emulator).await;
    emulator.expire_tokens();
    assert_eq!(caller.list().await.status, 401);
}

#[tokio::test]
async fn a_second_login_may_end_the_first() {
    for ends in [false, true] {
        let emulator = emulator(Quirks { login_invalidates_others: ends, ..Quirks::default() });
        let first = Caller::new(&emulator).await;
        let second = Caller::new(&emulator).await;
        assert_eq!(first.list().await.status, if ends { 401 } else { 200 });
        assert_eq!(second.list().await.status, 200);
    }
}

#[tokio::test]
async fn a_wrong_or_missing_key_is_refused_as_the_switch_says() {
    for (check, status) in [(CryptoKeyCheck::Unauthorized, 401), (CryptoKeyCheck::Forbidden, 403)] {
        let emulator = emulator(Quirks { crypto_key: check, ..Quirks::default() });
        let mut caller = Caller::new(&emulator).await;
        assert_eq!(caller.with("x-crypto-key", "wrong").list().await.status, status);
        caller.headers.retain(|(name, _)| *name != "x-crypto-key");
        assert_eq!(caller.list().await.status, status);
    }
}

#[tokio::test]
async fn a_wrong_key_may_show_noise_and_write_noise() {
    let emulator = emulator(Quirks { crypto_key: CryptoKeyCheck::Scrambled, ..Quirks::default() });
    let caller = Caller::new(&emulator).await;
    let wrong = caller.with("x-crypto-key", "wrong");
    let id = emulator.practice().create(beat());

    let seen = wrong.list().await;
    assert_eq!(seen.json[0]["id"], id);
    assert!(seen.json[0]["firstName"].as_str().unwrap().contains('\u{fffd}'));
    assert_eq!(caller.list().await.first_names(), ["Beat"]);

    let created = wrong.create(&anna()).await;
    let stored = emulator.practice().patient(created.json["id"].as_u64().unwrap()).unwrap();
    assert_ne!(stored.last_name, "Müller");
    assert!(stored.birth_date.is_some());
}

#[tokio::test]
async fn of_several_keys_one_opens_the_practice() {
    let emulator = emulator(Quirks { keys: 2, opening_key: 1, ..Quirks::default() });
    let caller = Caller::new(&emulator).await;
    let keys = caller.login("demo-password").await.json["keys"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 2);
    assert_eq!(caller.list().await.status, 401);
    let second = caller.with("x-crypto-key", keys[1]["key"].as_str().unwrap());
    assert_eq!(second.list().await.status, 200);
}

#[tokio::test]
async fn basic_credentials_may_open_the_data() {
    // praxis@example.ch:demo-password
    let basic = "Basic cHJheGlzQGV4YW1wbGUuY2g6ZGVtby1wYXNzd29yZA==";
    for (accepts, status) in [(false, 401), (true, 200)] {
        let emulator = emulator(Quirks { accepts_basic: accepts, ..Quirks::default() });
        let caller = Caller::stranger(&emulator).with("authorization", basic);
        assert_eq!(caller.list().await.status, status);
    }
}

#[tokio::test]
async fn unknown_paths_get_404_and_wrong_methods_405() {
    let caller = Caller::new(&emulator(Quirks::default())).await;
    assert_eq!(caller.get("/pets").await.status, 404);
    assert_eq!(caller.get("/token").await.status, 405);
    assert_eq!(caller.get("/patients/request").await.status, 405);
    assert_eq!(caller.send("DELETE", "/patients", &json!({})).await.status, 405);
}

#[tokio::test]
async fn debug_prints_neither_password_nor_patients() {
    let emulator = emulator(Quirks::default());
    emulator.practice().create(beat());
    let printed = format!("{emulator:?} {:?}", emulator.practice());
    assert!(!printed.contains("demo-password") && !printed.contains("Keller"));
}

#[tokio::test]
async fn a_token_without_end_is_good_for_ever() {
    let emulator = emulator(Quirks { token_lifetime: Duration::MAX, ..Quirks::default() });
    assert_eq!(Caller::new(&emulator).await.list().await.status, 200);
}
