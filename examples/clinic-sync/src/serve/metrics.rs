//! `/metrics`, on a loopback listener of its own: figures without names, in Prometheus' text format.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use ghl_client::oauth::TokenStore;

use super::Shared;
use super::stats::Received;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(shared)
}

async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text(&shared).await)
}

async fn text(shared: &Shared) -> String {
    let mut text = String::new();
    family(&mut text, "clinic_sync_webhooks_total", "counter", "Webhooks since the start, by what became of them.");
    for (received, name) in Received::ALL {
        line(&mut text, "clinic_sync_webhooks_total", Some(("outcome", name)), shared.stats.webhooks(received));
    }
    if let Ok(depth) = shared.service.store().depth(shared.tenant()).await {
        family(&mut text, "clinic_sync_inbox", "gauge", "Hints in the inbox.");
        line(&mut text, "clinic_sync_inbox", Some(("state", "waiting")), depth.waiting);
        line(&mut text, "clinic_sync_inbox", Some(("state", "dead")), depth.dead);
        let age = depth.oldest.map_or(0, |oldest| (shared.now() - oldest).num_seconds().max(0));
        family(&mut text, "clinic_sync_inbox_age_seconds", "gauge", "How long the oldest waiting hint has been there.");
        line(&mut text, "clinic_sync_inbox_age_seconds", None, age);
    }
    family(&mut text, "clinic_sync_webhook_lag_seconds", "gauge", "How long after its event the last webhook came.");
    line(&mut text, "clinic_sync_webhook_lag_seconds", None, shared.stats.lag());
    let counts = shared.clients.counts();
    family(&mut text, "clinic_sync_calls_total", "counter", "Calls since the start, by endpoint.");
    counts.iter().for_each(|(name, count)| line(&mut text, "clinic_sync_calls_total", Some(("endpoint", name)), count.calls));
    family(&mut text, "clinic_sync_rate_limited_total", "counter", "Calls that had to wait for the other side's limit.");
    line(&mut text, "clinic_sync_rate_limited_total", None, counts.iter().map(|(_, count)| count.throttled).sum::<u64>());
    family(&mut text, "clinic_sync_open_reviews", "gauge", "Questions for a person, as of the last sync.");
    line(&mut text, "clinic_sync_open_reviews", None, shared.stats.open_reviews());
    family(&mut text, "clinic_sync_failures_in_a_row", "gauge", "Syncs that failed since the last one that succeeded.");
    line(&mut text, "clinic_sync_failures_in_a_row", None, shared.stats.failures());
    family(&mut text, "clinic_sync_last_success_timestamp_seconds", "gauge", "When a kind was last synced.");
    for (kind, at) in shared.stats.last_successes() {
        line(&mut text, "clinic_sync_last_success_timestamp_seconds", Some(("kind", kind.as_str())), at.timestamp());
    }
    if let Ok(Some(tokens)) = shared.tokens().load().await {
        family(&mut text, "clinic_sync_token_expires_timestamp_seconds", "gauge", "When the access to GHL expires, unless renewed.");
        line(&mut text, "clinic_sync_token_expires_timestamp_seconds", None, tokens.expires_at.timestamp());
    }
    text
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, label: Option<(&str, &str)>, value: impl std::fmt::Display) {
    let _ = match label {
        Some((label, of)) => writeln!(text, "{name}{{{label}=\"{of}\"}} {value}"),
        None => writeln!(text, "{name} {value}"),
    };
}
