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
use super::practices::Practices;
use super::stats::Received;

pub(super) fn router(practices: Arc<Practices>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(practices)
}

async fn metrics(State(practices): State<Arc<Practices>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text(&practices).await)
}

/// One figure of one practice.
struct Figure {
    family: &'static str,
    labels: Vec<(&'static str, String)>,
    value: String,
}

/// What is shown of each practice: name, kind, and what it says.
const FAMILIES: [(&str, &str, &str); 9] = [
    ("clinic_sync_inbox", "gauge", "Hints in the inbox."),
    ("clinic_sync_inbox_age_seconds", "gauge", "How long the oldest waiting hint has been there."),
    ("clinic_sync_webhook_lag_seconds", "gauge", "How long after its event the last webhook came."),
    ("clinic_sync_calls_total", "counter", "Calls since the start, by endpoint."),
    ("clinic_sync_rate_limited_total", "counter", "Calls that had to wait for the other side's limit."),
    ("clinic_sync_open_reviews", "gauge", "Questions for a person, as of the last sync."),
    ("clinic_sync_failures_in_a_row", "gauge", "Syncs that failed since the last one that succeeded."),
    ("clinic_sync_last_success_timestamp_seconds", "gauge", "When a kind was last synced."),
    ("clinic_sync_token_expires_timestamp_seconds", "gauge", "When the access to GHL expires, unless renewed."),
];

async fn text(practices: &Practices) -> String {
    let mut text = String::new();
    family(&mut text, "clinic_sync_webhooks_total", "counter", "Webhooks since the start, by what became of them.");
    for (received, name) in Received::ALL {
        let value = practices.stats.webhooks(received).to_string();
        line(&mut text, &Figure { family: "clinic_sync_webhooks_total", labels: vec![("outcome", name.to_owned())], value });
    }
    let mut figures = Vec::new();
    for (tenant, shared) in practices.known() {
        let of_tenant = figures.len();
        of_practice(&shared, &mut figures).await;
        if let Some(tenant) = tenant {
            figures[of_tenant..].iter_mut().for_each(|figure: &mut Figure| figure.labels.insert(0, ("tenant", tenant.to_string())));
        }
    }
    for (name, kind, help) in FAMILIES {
        let mut shown = figures.iter().filter(|figure| figure.family == name).peekable();
        if shown.peek().is_some() {
            family(&mut text, name, kind, help);
        }
        shown.for_each(|figure| line(&mut text, figure));
    }
    text
}

async fn of_practice(shared: &Shared, figures: &mut Vec<Figure>) {
    let mut add = |family: &'static str, label: Option<(&'static str, &str)>, value: String| {
        let labels = label.into_iter().map(|(name, of)| (name, of.to_owned())).collect();
        figures.push(Figure { family, labels, value });
    };
    if let Ok(depth) = shared.service.store().depth(shared.tenant()).await {
        add("clinic_sync_inbox", Some(("state", "waiting")), depth.waiting.to_string());
        add("clinic_sync_inbox", Some(("state", "dead")), depth.dead.to_string());
        let age = depth.oldest.map_or(0, |oldest| (shared.now() - oldest).num_seconds().max(0));
        add("clinic_sync_inbox_age_seconds", None, age.to_string());
    }
    add("clinic_sync_webhook_lag_seconds", None, shared.stats.lag().to_string());
    let counts = shared.clients.counts();
    counts.iter().for_each(|(name, count)| add("clinic_sync_calls_total", Some(("endpoint", name)), count.calls.to_string()));
    let limited: u64 = counts.iter().map(|(_, count)| count.throttled).sum();
    add("clinic_sync_rate_limited_total", None, limited.to_string());
    add("clinic_sync_open_reviews", None, shared.stats.open_reviews().to_string());
    add("clinic_sync_failures_in_a_row", None, shared.stats.failures().to_string());
    for (kind, at) in shared.stats.last_successes() {
        add("clinic_sync_last_success_timestamp_seconds", Some(("kind", kind.as_str())), at.timestamp().to_string());
    }
    if let Ok(Some(tokens)) = shared.tokens().load().await {
        add("clinic_sync_token_expires_timestamp_seconds", None, tokens.expires_at.timestamp().to_string());
    }
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, figure: &Figure) {
    let labels: Vec<String> = figure.labels.iter().map(|(name, of)| format!("{name}=\"{of}\"")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{}{labels} {}", figure.family, figure.value);
}
