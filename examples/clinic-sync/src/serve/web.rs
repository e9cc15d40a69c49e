//! What can be asked from outside.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};

use super::{Shared, connect, receiver};

/// So many syncs in a row may fail before the service calls itself unfit.
const FAILURES: u64 = 3;

/// The service's own description, in OpenAPI.
const DESCRIPTION: &str = include_str!("openapi.json");

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/webhooks/", post(receiver::receive).layer(DefaultBodyLimit::max(receiver::LARGEST)))
        .route("/api/auth/connect", get(connect::connect))
        .route("/api/auth/callback", get(connect::callback))
        // As the app that this one replaces had it: bookmarks still lead here.
        .route("/api/auth/tokens", get(connect::callback))
        .route("/api/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .with_state(shared)
}

/// Whether the store answers, and syncs succeed.
async fn ready(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    if shared.stats.failures() >= FAILURES {
        return (StatusCode::SERVICE_UNAVAILABLE, "syncs keep failing; the log says why");
    }
    match shared.service.store().depth(shared.tenant()).await {
        Ok(_) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read"),
    }
}
