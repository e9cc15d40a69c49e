//! `GET /patients`

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::emulator::Inner;
use crate::wire::access::admit;
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::query;
use crate::wire::read::{self, View};
use crate::{Patient, Quirks, WithoutStatus};

pub(crate) async fn list(State(inner): State<Arc<Inner>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, Refusal> {
    let sight = admit(&inner, &headers)?;
    let status = wanted(&inner.config.quirks, query.as_deref().unwrap_or_default())?;
    let patients = inner.state().patients.listed(inner.now(), status);
    let view = View::new(inner.config.quirks.clone(), sight);
    let body = read::array(patients, move |piece, patient| {
        // Serialising to memory fails only for maps whose keys are no strings; there are none.
        let _ = serde_json::to_writer(piece, &view.of(patient));
    });
    Ok(answer::json_bytes(StatusCode::OK, body))
}

/// The status to filter by, if any.
fn wanted(quirks: &Quirks, query: &str) -> Result<Option<i64>, Refusal> {
    if !quirks.list_filters_status {
        return Ok(None);
    }
    let Some(status) = query::value(query, "status") else {
        return Ok(match quirks.list_without_status {
            WithoutStatus::All => None,
            WithoutStatus::ActiveOnly => Some(Patient::ACTIVE),
        });
    };
    match status.parse() {
        Ok(status) => Ok(Some(status)),
        Err(_) => {
            let wrong = Wrong::new("status", "must be an integer");
            Err(Refusal::invalid(quirks.invalid_status, &wrong))
        }
    }
}
