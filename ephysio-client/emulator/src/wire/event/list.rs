//! `GET /events/events?from=<ms>&to=<ms>`

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use super::read::EventView;
use crate::emulator::Inner;
use crate::wire::access::admit;
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::{query, read};

pub(super) async fn list(State(inner): State<Arc<Inner>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, Refusal> {
    admit(&inner, &headers)?;
    let quirks = &inner.config.quirks;
    let query = query.unwrap_or_default();
    let bound = |name| instant(&query, name).map_err(|wrong| Refusal::invalid(quirks.invalid_status, &wrong));
    let (from, to) = (bound("from")?, bound("to")?);
    let events = inner.state().events.listed(inner.now(), from, to, quirks.events.window);
    let view = EventView::new(quirks);
    let body = read::array(events, move |piece, event| {
        // Serialising to memory fails only for maps whose keys are no strings; there are none.
        let _ = serde_json::to_writer(piece, &view.of(event));
    });
    Ok(answer::json_bytes(StatusCode::OK, body))
}

fn instant(query: &str, name: &'static str) -> Result<DateTime<Utc>, Wrong> {
    let text = query::value(query, name).ok_or(Wrong::new(name, "is required"))?;
    let instant = text.parse().ok().and_then(DateTime::from_timestamp_millis);
    instant.ok_or(Wrong::new(name, "must be milliseconds"))
}
