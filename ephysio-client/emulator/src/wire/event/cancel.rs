//! The candidates for cancelling an event.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::{Scope, no_such_event};
use crate::Cancelled;
use crate::emulator::Inner;
use crate::wire::access::admit;
use crate::wire::answer::{Refusal, Wrong};
use crate::wire::query;

/// `DELETE /events/{id}`
pub(super) async fn at_path(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    admit(&inner, &headers)?;
    let id = id.parse().map_err(|_| no_such_event())?;
    let series = query::value(&query.unwrap_or_default(), "changeSeries") == Some("true");
    cancel(&inner, &Scope { ids: vec![id], series })
}

/// `DELETE /events?ids={id}&…`
pub(super) async fn by_query(State(inner): State<Arc<Inner>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, Refusal> {
    admit(&inner, &headers)?;
    let quirks = &inner.config.quirks;
    let invalid = |wrong: Wrong| Refusal::invalid(quirks.invalid_status, &wrong);
    let scope = Scope::read(&query.unwrap_or_default(), &quirks.events).map_err(invalid)?;
    if scope.ids.is_empty() {
        return Err(invalid(Wrong::new("ids", "must not be empty")));
    }
    cancel(&inner, &scope)
}

fn cancel(inner: &Inner, scope: &Scope) -> Result<Response, Refusal> {
    let quirks = &inner.config.quirks.events;
    let mut state = inner.state();
    if scope.ids.iter().any(|id| state.events.get(*id).is_none()) {
        return Err(no_such_event());
    }
    let of_series = |id: &u64| if scope.series { state.events.series_of(*id) } else { vec![*id] };
    let ids: Vec<u64> = scope.ids.iter().flat_map(of_series).collect();
    for id in ids.into_iter().filter(|_| !quirks.change_does_nothing) {
        match quirks.cancelled {
            Cancelled::Absent => drop(state.events.delete(id)),
            Cancelled::Status(status) => drop(state.events.update(id, inner.now(), |event| event.status = status)),
        }
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
