//! What can be asked from outside.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};

use super::practices::Practices;
use super::{Shared, connect, receiver};

/// So many syncs in a row may fail before the service calls itself unfit.
const FAILURES: u64 = 3;

/// The service's own description, in OpenAPI.
const DESCRIPTION: &str = include_str!("openapi.json");

pub(super) fn router(practices: Arc<Practices>) -> Router {
    Router::new()
        .route("/api/webhooks/", post(receiver::receive).layer(DefaultBodyLimit::max(receiver::LARGEST)))
        .route("/api/auth/connect", get(connect::connect))
        .route("/api/auth/callback", get(connect::callback))
        // As the app that this one replaces had it: bookmarks still lead here.
        .route("/api/auth/tokens", get(connect::callback))
        .route("/api/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .with_state(practices)
}

/// Whether the store answers, and syncs succeed. Where there are several practices, one that fails does not make the others' service
/// unfit.
async fn ready(State(practices): State<Arc<Practices>>) -> impl IntoResponse {
    let failing = |shared: &Shared| shared.stats.failures() >= FAILURES;
    if practices.known().iter().any(|(tenant, shared)| tenant.is_none() && failing(shared)) {
        return (StatusCode::SERVICE_UNAVAILABLE, "syncs keep failing; the log says why");
    }
    if practices.can_read().await { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read") }
}
