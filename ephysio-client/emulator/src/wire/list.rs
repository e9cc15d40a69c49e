//! `GET /patients`

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::emulator::Inner;
use crate::wire::access::admit;
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::read::{self, View};
use crate::{Patient, Quirks, WithoutStatus};

pub(crate) async fn list(State(inner): State<Arc<Inner>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, Refusal> {
    let sight = admit(&inner, &headers)?;
    let status = wanted(&inner.config.quirks, query.as_deref().unwrap_or_default())?;
    let patients = inner.state().patients.listed(inner.now(), status);
    let view = View::new(inner.config.quirks.clone(), sight);
    Ok(answer::json_bytes(StatusCode::OK, read::array(patients, view)))
}

/// The status to filter by, if any.
fn wanted(quirks: &Quirks, query: &str) -> Result<Option<i64>, Refusal> {
    if !quirks.list_filters_status {
        return Ok(None);
    }
    let Some(status) = query.split('&').find_map(|pair| pair.strip_prefix("status=")) else {
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
