//! Events as they are written, with a strict check of every type.

use serde_json::{Map, Value};

use super::clock::{END, START, time};
use crate::emulator::State;
use crate::wire::answer::Wrong;
use crate::{Config, Event, InvoiceCheck};

type Members = Map<String, Value>;

/// Refuses a body in which one of `names` is missing.
pub(super) fn require(body: &Members, names: &[&'static str]) -> Result<(), Wrong> {
    match names.iter().find(|name| !body.contains_key(**name)) {
        Some(name) => Err(Wrong::new(name, "is required")),
        None => Ok(()),
    }
}

/// Writes every member of the body that the write format knows; unknown members are ignored.
pub(super) fn apply(body: &Members, event: &mut Event, config: &Config) -> Result<(), Wrong> {
    if let Some(value) = body.get("patientId") {
        event.patient_id = id_or_null(value).ok_or(Wrong::new("patientId", "must be an integer"))?;
    }
    if let Some(value) = body.get("invoiceId") {
        event.invoice_id = id_or_null(value).ok_or(Wrong::new("invoiceId", "must be an integer"))?;
    }
    integer(body, "status", &mut event.status)?;
    integer(body, "eventTypeId", &mut event.event_type_id)?;
    integer(body, "user_id", &mut event.user_id)?;
    integer(body, "clientId", &mut event.client_id)?;
    integer(body, "adminInfoId", &mut event.admin_info_id)?;
    boolean(body, "sendReminder", &mut event.send_reminder)?;
    boolean(body, "hasSmsReminder", &mut event.has_sms_reminder)?;
    for name in ["hasPresenceAdminInfo", "reminderSent", "isSerialEvent", "newPatient", "hasValidationErrors"] {
        boolean(body, name, &mut false)?;
    }
    if let Some(value) = body.get("resourceIds") {
        event.resource_ids = texts(value).ok_or(Wrong::new("resourceIds", "must be an array of strings"))?;
    }
    if body.get("eventMetadata").is_some_and(|value| !value.is_object()) {
        return Err(Wrong::new("eventMetadata", "must be an object"));
    }
    let fields = config.quirks.events.clock_fields;
    event.start = time(body, &START, fields, config.zone)?.unwrap_or(event.start);
    event.end = time(body, &END, fields, config.zone)?.unwrap_or(event.end);
    if event.end <= event.start {
        return Err(Wrong::new("end", "must be after start"));
    }
    Ok(())
}

/// Checks that the patient is there, and that the invoice is one that will do.
pub(super) fn check_billing(event: &Event, state: &State, config: &Config) -> Result<(), Wrong> {
    let quirks = &config.quirks.events;
    let Some(patient) = event.patient_id else { return Ok(()) };
    if state.patients.get(patient).is_none() {
        return Err(Wrong::new("patientId", "is no patient"));
    }
    if quirks.invoice == InvoiceCheck::None || quirks.free_types.contains(&event.event_type_id) {
        return Ok(());
    }
    let id = event.invoice_id.ok_or(Wrong::new("invoiceId", "is required"))?;
    match state.invoices.get(id).filter(|invoice| invoice.patient_id == patient) {
        None => Err(Wrong::new("invoiceId", "is no invoice of this patient")),
        Some(invoice) if quirks.invoice == InvoiceCheck::Open && !invoice.is_open() => Err(Wrong::new("invoiceId", "is not open")),
        Some(_) => Ok(()),
    }
}

fn id_or_null(value: &Value) -> Option<Option<u64>> {
    if value.is_null() { Some(None) } else { value.as_u64().map(Some) }
}

fn integer(body: &Members, name: &'static str, slot: &mut i64) -> Result<(), Wrong> {
    if let Some(value) = body.get(name) {
        *slot = value.as_i64().ok_or(Wrong::new(name, "must be an integer"))?;
    }
    Ok(())
}

fn boolean(body: &Members, name: &'static str, slot: &mut bool) -> Result<(), Wrong> {
    if let Some(value) = body.get(name) {
        *slot = value.as_bool().ok_or(Wrong::new(name, "must be a boolean"))?;
    }
    Ok(())
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}
