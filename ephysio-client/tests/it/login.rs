use std::time::Duration;

use ephysio_client::{Client, ErrorKind, PatientStatus, Result, Verdict};
use ephysio_emulator::{CryptoKeyCheck, Expiry, Quirks};
use futures::TryStreamExt;

use crate::{client, client_with, emulator, logins};

const HOUR: Duration = Duration::from_secs(3600);

async fn count(client: &Client) -> Result<usize> {
    let patients = client.patients(Some(PatientStatus::ACTIVE)).await?;
    Ok(patients.try_collect::<Vec<_>>().await?.len())
}

#[tokio::test(start_paused = true)]
async fn ten_first_calls_cause_one_login() {
    let emulator = emulator(Quirks::default());
    emulator.practice().populate(3);
    let client = client(&emulator);
    let counts = futures::future::join_all((0..10).map(|_| count(&client))).await;
    assert!(counts.iter().all(|count| *count.as_ref().unwrap() == 3));
    assert_eq!(logins(&emulator), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_it_expires_whatever_the_unit_of_exp() {
    for expiry in [Expiry::Seconds, Expiry::Milliseconds] {
        let emulator = emulator(Quirks { expiry, token_lifetime: HOUR, ..Quirks::default() });
        let client = client(&emulator);
        count(&client).await.unwrap();
        tokio::time::sleep(HOUR - Duration::from_secs(90)).await;
        count(&client).await.unwrap();
        assert_eq!(logins(&emulator), 1, "{expiry:?}");
        tokio::time::sleep(Duration::from_secs(60)).await;
        count(&client).await.unwrap();
        assert_eq!(logins(&emulator), 2, "{expiry:?}");
        assert!(emulator.journal().entries().iter().all(ephysio_emulator::Entry::succeeded), "{expiry:?}: nothing was refused");
    }
}

#[tokio::test(start_paused = true)]
async fn without_exp_a_refusal_causes_one_login_and_the_identical_request() {
    let emulator = emulator(Quirks { expiry: Expiry::Absent, ..Quirks::default() });
    let client = client(&emulator);
    count(&client).await.unwrap();
    emulator.expire_tokens();
    let counts = futures::future::join_all((0..3).map(|_| count(&client))).await;
    assert!(counts.iter().all(Result::is_ok));
    assert_eq!(logins(&emulator), 2);
    let lists = emulator.journal().entries().into_iter().filter(|entry| entry.path.ends_with("/patients"));
    assert!(lists.into_iter().all(|entry| entry.query == "status=1"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_said_once_and_not_tried_again_for_a_while() {
    let emulator = emulator(Quirks::default());
    let client = client_with(&emulator, |config| config.password = "hunter2".into());
    for _ in 0..5 {
        let error = count(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Unauthorized, Verdict::Permanent));
        assert!(error.to_string().contains("the e-mail address or the password is refused"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    assert_eq!(logins(&emulator), 1);
    tokio::time::sleep(Duration::from_secs(15 * 60)).await;
    assert!(count(&client).await.is_err());
    assert_eq!(logins(&emulator), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_opens_nothing_does_not_hammer_the_login() {
    let quirks = Quirks { keys: 2, opening_key: 1, crypto_key: CryptoKeyCheck::Unauthorized, ..Quirks::default() };
    let emulator = emulator(quirks);
    let wrong = client(&emulator);
    for _ in 0..5 {
        assert_eq!(count(&wrong).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    }
    assert_eq!(logins(&emulator), 2);
    let right = client_with(&emulator, |config| config.key_index = 1);
    assert_eq!(count(&right).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_does_not_exist_is_a_mistake_in_the_settings() {
    let emulator = emulator(Quirks::default());
    let client = client_with(&emulator, |config| config.key_index = 3);
    let error = count(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.message(), Some("the login has 1 keys, and key_index is 3"));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_ahead_does_not_log_in_all_the_time() {
    let emulator = emulator(Quirks::default());
    let client = client_with(&emulator, |config| config.clock = sync_http::WallClock::new(|| chrono::DateTime::<chrono::Utc>::MAX_UTC));
    for _ in 0..3 {
        count(&client).await.unwrap();
    }
    assert_eq!(logins(&emulator), 1);
}
