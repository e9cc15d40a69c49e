//! `POST /events?ids=&isCancelMultiUser=false&changeSeries=false&changeAllDescriptions=false`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::{Scope, read, update, write};
use crate::emulator::{Inner, later};
use crate::wire::access::admit;
use crate::wire::answer::{self, Refusal, Wrong};
use crate::{Config, Event, NewEvent, sessions};

/// Creates an event; with `ids` in the query, the call may be one that changes events.
pub(super) async fn create(
    State(inner): State<Arc<Inner>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    admit(&inner, &headers)?;
    let quirks = &inner.config.quirks;
    let invalid = |wrong: Wrong| Refusal::invalid(quirks.invalid_status, &wrong);
    let scope = Scope::read(&query.unwrap_or_default(), &quirks.events).map_err(invalid)?;
    let body = answer::object(&headers, &body, quirks.invalid_status)?;
    if !scope.ids.is_empty() {
        return update::by_query(&inner, &scope, &body);
    }
    let event = decode(&body, &inner.config).map_err(invalid)?;
    let stored = store(&inner, event)?;
    let status = StatusCode::from_u16(quirks.created_status).unwrap_or(StatusCode::OK);
    Ok(answer::json(status, &read::written(&stored, quirks)))
}

fn decode(body: &Map<String, Value>, config: &Config) -> Result<Event, Wrong> {
    write::require(body, config.quirks.events.required)?;
    if body.get("isSerialEvent") == Some(&Value::Bool(true)) {
        return Err(Wrong::new("isSerialEvent", "must be false: how a series is created is not known"));
    }
    // What is left out lies where nobody looks: in 1970.
    let mut event = Event::from(NewEvent::at(chrono::DateTime::UNIX_EPOCH));
    write::apply(body, &mut event, config)?;
    if event.user_id == 0 {
        event.user_id = sessions::user_id(config.seed);
    }
    Ok(event)
}

fn store(inner: &Inner, event: Event) -> Result<Arc<Event>, Refusal> {
    let quirks = &inner.config.quirks;
    let now = inner.now();
    let mut state = inner.state();
    let checked = write::check_billing(&event, &state, &inner.config);
    checked.map_err(|wrong| Refusal::invalid(quirks.invalid_status, &wrong))?;
    if !quirks.events.double_booking && state.events.is_taken(&event) {
        return Err(Refusal::conflict("the calendar column is taken".to_owned()));
    }
    state.counters.note_reminders(&event);
    Ok(state.events.insert(event, now, later(now, quirks.list_lag)))
}
