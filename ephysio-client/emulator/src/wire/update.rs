//! The candidates for changing a patient. They share one behaviour; only method and path differ.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use crate::emulator::Inner;
use crate::wire::access::{Sight, admit};
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::read::{self, View};
use crate::wire::write;
use crate::{Patient, Quirks, UpdateAnswer};

/// `PUT` or `POST /patients/{id}`
pub(crate) async fn at_path(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let sight = admit(&inner, &headers)?;
    let body = answer::object(&headers, &body, inner.config.quirks.invalid_status)?;
    let Ok(id) = id.parse() else {
        return Err(Refusal::not_found("no such patient".to_owned()));
    };
    update(&inner, sight, id, body)
}

/// `POST /patients` with the `id` in the body.
pub(crate) async fn by_body(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let sight = admit(&inner, &headers)?;
    let invalid = inner.config.quirks.invalid_status;
    let body = answer::object(&headers, &body, invalid)?;
    let id = match body.get("id") {
        Some(Value::Number(id)) => id.as_u64(),
        Some(Value::String(id)) => id.parse().ok(),
        _ => None,
    };
    let Some(id) = id else {
        return Err(Refusal::invalid(invalid, &Wrong::new("id", "must be an integer")));
    };
    update(&inner, sight, id, body)
}

fn update(inner: &Inner, sight: Sight, id: u64, body: Map<String, Value>) -> Result<Response, Refusal> {
    let quirks = &inner.config.quirks;
    let body = write::deciphered(body, sight);
    let mut state = inner.state();
    let Some(before) = state.patients.get(id) else {
        return Err(Refusal::not_found("no such patient".to_owned()));
    };
    let mut after = Patient::clone(&before);
    change(quirks, &body, &mut after).map_err(|wrong| Refusal::invalid(quirks.invalid_status, &wrong))?;
    if !quirks.update_does_nothing {
        state.patients.update(id, inner.now(), |patient| *patient = after);
    }
    Ok(match quirks.update_answer {
        UpdateAnswer::Id => answer::json(StatusCode::OK, &json!({ "id": read::id(id, quirks.ids) })),
        UpdateAnswer::Empty => StatusCode::NO_CONTENT.into_response(),
        UpdateAnswer::Patient => {
            let now_stored = state.patients.get(id).unwrap_or(before);
            answer::json(StatusCode::OK, &View::new(quirks.clone(), sight).of(&now_stored))
        }
    })
}

fn change(quirks: &Quirks, body: &Map<String, Value>, patient: &mut Patient) -> Result<(), Wrong> {
    write::refuse_blank(body, quirks.required)?;
    if quirks.update_replaces {
        patient.blank();
    }
    write::apply(body, patient)
}
