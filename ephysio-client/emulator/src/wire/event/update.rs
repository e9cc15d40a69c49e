//! The candidates for changing an event. They share one behaviour; only method and path differ.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use chrono::TimeDelta;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::{Scope, no_such_event, read, write};
use crate::emulator::{Inner, State as Stored};
use crate::wire::access::admit;
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::query;
use crate::{Event, UpdateEvent};

/// `PUT /events/{id}`
pub(super) async fn at_path(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    admit(&inner, &headers)?;
    let body = answer::object(&headers, &body, inner.config.quirks.invalid_status)?;
    let id = id.parse().map_err(|_| no_such_event())?;
    let series = query::value(&query.unwrap_or_default(), "changeSeries") == Some("true");
    update(&inner, id, series, &body)
}

/// `POST /events?ids={id}&…`, as far as that is the call that changes.
pub(super) fn by_query(inner: &Inner, scope: &Scope, body: &Map<String, Value>) -> Result<Response, Refusal> {
    let quirks = &inner.config.quirks;
    match (quirks.events.update, scope.ids.as_slice()) {
        (UpdateEvent::PostWithIds, [id]) => update(inner, *id, scope.series, body),
        (UpdateEvent::PostWithIds, _) => Err(Refusal::invalid(quirks.invalid_status, &Wrong::new("ids", "must be one id"))),
        (UpdateEvent::MethodNotAllowed405, _) => Err(Refusal::not_allowed()),
        (UpdateEvent::NotFound404 | UpdateEvent::PutToPath, _) => Err(no_such_event()),
    }
}

fn update(inner: &Inner, id: u64, series: bool, body: &Map<String, Value>) -> Result<Response, Refusal> {
    let quirks = &inner.config.quirks;
    let mut state = inner.state();
    let before = state.events.get(id).ok_or_else(no_such_event)?;
    let mut after = Event::clone(&before);
    let checked = write::apply(body, &mut after, &inner.config).and_then(|()| check_billing(&before, &after, &state, inner));
    checked.map_err(|wrong| Refusal::invalid(quirks.invalid_status, &wrong))?;
    if !quirks.events.double_booking && state.events.is_taken(&after) {
        return Err(Refusal::conflict("the calendar column is taken".to_owned()));
    }
    if !quirks.events.change_does_nothing {
        let siblings = if series { state.events.series_of(id) } else { Vec::new() };
        shift(&mut state, inner, &siblings, after.start - before.start);
        state.counters.note_reminders(&after);
        state.events.update(id, inner.now(), |event| *event = after);
    }
    let stored = state.events.get(id).unwrap_or(before);
    Ok(answer::json(StatusCode::OK, &read::written(&stored, quirks)))
}

/// An event keeps the patient and the invoice that it has, even if the invoice is closed by now.
fn check_billing(before: &Event, after: &Event, state: &Stored, inner: &Inner) -> Result<(), Wrong> {
    if (before.patient_id, before.invoice_id) == (after.patient_id, after.invoice_id) {
        return Ok(());
    }
    write::check_billing(after, state, &inner.config)
}

fn shift(state: &mut Stored, inner: &Inner, siblings: &[u64], by: TimeDelta) {
    for id in siblings {
        state.events.update(*id, inner.now(), |event| event.move_to(event.start.checked_add_signed(by).unwrap_or(event.start)));
    }
}
