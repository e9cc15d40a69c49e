use std::time::Duration;

use ghl_client::{ErrorKind, Verdict};
use ghl_emulator::RateLimit;
use sync_http::OnWait;
use tokio::time::Instant;

use crate::{client, emulator};

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_are_never_refused_and_take_the_time_they_must() {
    let emulator = emulator();
    emulator.set_rate_limit(Some(RateLimit::default()));
    let id = emulator.front_desk().create(serde_json::json!({ "firstName": "Anna" }));
    let client = client(&emulator);
    let start = Instant::now();
    let calls = (0..1000).map(|_| client.contact(&id));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(client.meter().snapshot().endpoint("contacts.get").throttled, 0);
    // 95 at once, and 95 in each of the following ten-second windows.
    assert_eq!(start.elapsed().as_secs(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_lower_limit_is_learnt_and_a_refused_call_is_sent_again() {
    let emulator = emulator();
    emulator.set_rate_limit(Some(RateLimit::sandbox()));
    let id = emulator.front_desk().create(serde_json::json!({ "firstName": "Anna" }));
    let client = client(&emulator);
    let answers = futures::future::join_all((0..60).map(|_| client.contact(&id))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let throttled = client.meter().snapshot().endpoint("contacts.get").throttled;
    let answers = futures::future::join_all((0..60).map(|_| client.contact(&id))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(client.meter().snapshot().endpoint("contacts.get").throttled, throttled);
}

#[tokio::test(start_paused = true)]
async fn a_day_that_is_used_up_is_reported_at_once() {
    let emulator = emulator();
    emulator.set_rate_limit(Some(RateLimit { daily: 2, ..RateLimit::default() }));
    let id = emulator.front_desk().create(serde_json::json!({ "firstName": "Anna" }));
    let client = client(&emulator);
    client.contact(&id).await.unwrap();
    client.contact(&id).await.unwrap();
    let start = Instant::now();
    let error = client.contact(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.verdict(), Verdict::Temporary { retry_after: Some(Duration::from_secs(3600)) });
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_worker_is_told_to_come_back() {
    let emulator = emulator();
    emulator.set_rate_limit(Some(RateLimit::default()));
    let id = emulator.front_desk().create(serde_json::json!({ "firstName": "Anna" }));
    let client = client(&emulator).on_wait(OnWait::Return);
    for _ in 0..95 {
        client.contact(&id).await.unwrap();
    }
    let error = client.contact(&id).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Temporary { retry_after: Some(Duration::from_secs(10)) });
    assert_eq!(emulator.journal().len(), 95);
}
