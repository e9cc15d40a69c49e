//! `POST /patients/request`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use crate::emulator::{Inner, later};
use crate::wire::access::admit;
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::{read, write};
use crate::{Create, NewPatient, Patient, Quirks, Repost};

pub(crate) async fn create(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let sight = admit(&inner, &headers)?;
    let quirks = &inner.config.quirks;
    let body = answer::object(&headers, &body, quirks.invalid_status)?;
    let body = write::deciphered(body, sight);
    let patient = decode(&body, quirks).map_err(|wrong| Refusal::invalid(quirks.invalid_status, &wrong))?;
    let client_id = patient.client_id.clone();
    let stored = store(&inner, patient);
    let id = match client_id {
        Some(client_id) if quirks.create == Create::EchoesClientId => Value::String(client_id),
        _ => read::id(stored, quirks.ids),
    };
    let status = StatusCode::from_u16(quirks.created_status).unwrap_or(StatusCode::OK);
    Ok(answer::json(status, &json!({ "id": id, "warnings": [] })))
}

fn decode(body: &Map<String, Value>, quirks: &Quirks) -> Result<Patient, Wrong> {
    write::require(body, quirks.required)?;
    let mut patient = Patient::from(NewPatient::default());
    write::apply(body, &mut patient)?;
    patient.client_id = write::client_id(body)?;
    Ok(patient)
}

/// Stores it as a patient or as a request, and gives the id of that.
fn store(inner: &Inner, patient: Patient) -> u64 {
    let quirks = &inner.config.quirks;
    let now = inner.now();
    let mut state = inner.state();
    if quirks.repost_same_client_id == Repost::AnswersExisting {
        let known = patient.client_id.as_deref().and_then(|id| state.patients.known(id));
        if let Some(known) = known {
            return known;
        }
    }
    if quirks.create == Create::PendingApproval {
        return state.patients.request(patient);
    }
    state.patients.insert(patient, now, later(now, quirks.list_lag))
}
