use std::time::Duration;

use ghl_emulator::{Config, RateLimit};

use crate::api::Api;

fn limited(max: u32, daily: u32) -> Api {
    let interval = Duration::from_secs(10);
    Api::with(Config { rate_limit: Some(RateLimit { max, interval, daily }), ..Config::default() })
}

#[tokio::test(start_paused = true)]
async fn every_answer_announces_the_limits() {
    let got = limited(100, 200_000).get("/contacts/x").await;
    for (name, value) in [
        ("X-RateLimit-Limit-Daily", "200000"),
        ("X-RateLimit-Daily-Remaining", "199999"),
        ("X-RateLimit-Interval-Milliseconds", "10000"),
        ("X-RateLimit-Max", "100"),
        ("X-RateLimit-Remaining", "99"),
    ] {
        assert_eq!(got.header(name), Some(value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nothing_is_announced() {
    let got = Api::new().get("/contacts/x").await;
    assert_eq!(got.header("X-RateLimit-Max"), None);
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_refused_until_the_window_has_passed() {
    let api = limited(2, 100);
    for _ in 0..2 {
        assert_eq!(api.get("/contacts/x").await.status, 400);
    }
    let refused = api.get("/contacts/x").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("X-RateLimit-Remaining"), Some("0"));
    assert_eq!(refused.header("Retry-After"), None);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(api.get("/contacts/x").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn the_daily_limit_lasts_until_the_next_day() {
    let api = limited(10, 1);
    assert_eq!(api.get("/contacts/x").await.status, 400);
    api.emulator.clock().advance(Duration::from_secs(3600));
    let refused = api.get("/contacts/x").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("X-RateLimit-Daily-Remaining"), Some("0"));
    assert_eq!(refused.header("X-RateLimit-Remaining"), Some("10"));
    api.emulator.clock().advance(Duration::from_secs(23 * 3600));
    assert_eq!(api.get("/contacts/x").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_switch_adds_retry_after() {
    let api = limited(1, 100);
    api.emulator.send_retry_after(true);
    api.get("/contacts/x").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let refused = api.get("/contacts/x").await;
    assert_eq!(refused.header("Retry-After"), Some("6"));
}

#[tokio::test(start_paused = true)]
async fn the_limit_can_be_changed_and_lifted() {
    let api = Api::new();
    api.emulator.set_rate_limit(Some(RateLimit::sandbox()));
    let got = api.get("/contacts/x").await;
    assert_eq!(got.header("X-RateLimit-Max"), Some("25"));
    assert_eq!(got.header("X-RateLimit-Limit-Daily"), Some("10000"));
    api.emulator.set_rate_limit(None);
    assert_eq!(api.get("/contacts/x").await.header("X-RateLimit-Max"), None);
}
