//! Calls about invoices.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::DateTime;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use crate::emulator::{Inner, State as Stored};
use crate::wire::access::admit;
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::{query, read};
use crate::{Ids, Invoice, InvoiceAnswer, InvoiceShape};

pub(crate) fn routes() -> Router<Arc<Inner>> {
    Router::new().route("/invoices/patients/{id}", get(find)).route("/invoices", post(create))
}

/// `GET /invoices/patients/{id}?open=true&date=<ms>`
async fn find(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    admit(&inner, &headers)?;
    let quirks = &inner.config.quirks;
    let query = query.unwrap_or_default();
    let state = inner.state();
    let patient = id.parse().ok().and_then(|id| state.patients.get(id));
    let patient = patient.ok_or_else(|| Refusal::not_found("no such patient".to_owned()))?;
    if query::value(&query, "date").is_some_and(|date| date.parse::<i64>().is_err()) {
        return Err(Refusal::invalid(quirks.invalid_status, &Wrong::new("date", "must be milliseconds")));
    }
    let mut invoices = state.invoices.of(patient.id);
    if quirks.invoices.open_filters && query::value(&query, "open") == Some("true") {
        invoices.retain(Invoice::is_open);
    }
    let mut shown: Vec<Value> = invoices.iter().map(|invoice| show(invoice, quirks.ids)).collect();
    Ok(match (quirks.invoices.shape, shown.len()) {
        (InvoiceShape::ObjectIfOne, 0) => StatusCode::OK.into_response(),
        (InvoiceShape::ObjectIfOne, 1) => answer::json(StatusCode::OK, &shown.remove(0)),
        _ => answer::json(StatusCode::OK, &shown),
    })
}

/// `POST /invoices`
async fn create(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    admit(&inner, &headers)?;
    let quirks = &inner.config.quirks;
    let body = answer::object(&headers, &body, quirks.invalid_status)?;
    let mut state = inner.state();
    let invoice = decode(&body, &state).map_err(|wrong| Refusal::invalid(quirks.invalid_status, &wrong))?;
    let id = read::id(state.invoices.insert(invoice), quirks.ids);
    let status = StatusCode::from_u16(quirks.created_status).unwrap_or(StatusCode::OK);
    Ok(match quirks.invoices.answer {
        InvoiceAnswer::Id => answer::json(status, &json!({ "id": id })),
        InvoiceAnswer::Invoice => answer::json(status, &json!({ "invoice": id })),
    })
}

fn show(invoice: &Invoice, ids: Ids) -> Value {
    json!({
        "id": read::id(invoice.id, ids),
        "patientId": read::id(invoice.patient_id, ids),
        "stati": { "status": invoice.status, "statusDetail": invoice.status_detail, "reminders": 0 },
        "attributes": invoice.attributes,
        "prescription": invoice.prescription,
    })
}

fn decode(body: &Map<String, Value>, state: &Stored) -> Result<Invoice, Wrong> {
    let patient = body.get("patientId").and_then(Value::as_u64).ok_or(Wrong::new("patientId", "must be an integer"))?;
    let patient = state.patients.get(patient).ok_or(Wrong::new("patientId", "is no patient"))?;
    for name in ["user_id", "adminInfoId"] {
        number(body, name, name)?;
    }
    let attributes = object(body, "attributes")?;
    let date = number(attributes, "date", "attributes/date")?;
    let date = DateTime::from_timestamp_millis(date).ok_or(Wrong::new("attributes/date", "must be milliseconds"))?;
    for (name, place) in [("law", "attributes/law"), ("treatmentCause", "attributes/treatmentCause")] {
        attributes.get(name).and_then(Value::as_str).ok_or(Wrong::new(place, "must be a string"))?;
    }
    for (name, place) in [("isTiersPayant", "attributes/isTiersPayant"), ("vat", "attributes/vat")] {
        attributes.get(name).and_then(Value::as_bool).ok_or(Wrong::new(place, "must be a boolean"))?;
    }
    let prescription = object(body, "prescription")?;
    number(prescription, "sessions", "prescription/sessions")?;
    number(prescription, "firstSession", "prescription/firstSession")?;
    let stati = object(body, "stati")?;
    // Bills go to an address: an invoice of a patient without one was refused like this.
    if patient.street.is_empty() {
        return Err(Wrong::new("street", "is required"));
    }
    Ok(Invoice {
        status: number(stati, "status", "stati/status")?,
        status_detail: number(stati, "statusDetail", "stati/statusDetail")?,
        attributes: attributes.clone(),
        prescription: prescription.clone(),
        ..Invoice::open(patient.id, date)
    })
}

fn object<'a>(body: &'a Map<String, Value>, name: &'static str) -> Result<&'a Map<String, Value>, Wrong> {
    body.get(name).and_then(Value::as_object).ok_or(Wrong::new(name, "must be an object"))
}

fn number(body: &Map<String, Value>, name: &str, place: &'static str) -> Result<i64, Wrong> {
    body.get(name).and_then(Value::as_i64).ok_or(Wrong::new(place, "must be an integer"))
}
