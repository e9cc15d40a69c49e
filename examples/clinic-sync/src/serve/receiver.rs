//! `POST /api/webhooks/`: one look at the signature, one durable row, and an answer. The work happens behind.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use ghl_client::webhook::{Event, Subject};
use sync_core::vocabulary::{appointment, person};
use sync_core::{HintKey, Kind, Listed, RecordId, Side, Source, Urgency};

use super::Shared;
use super::practices::Practices;
use super::stats::Received;

/// Larger bodies are refused unread. GHL's largest documented event has a few thousand bytes.
pub(super) const LARGEST: usize = 1 << 20;

/// Receives one webhook. What is refused writes nothing; what is of no use is answered as well, so that GHL does not send it
/// again.
pub(super) async fn receive(State(practices): State<Arc<Practices>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let received = look(&practices, &headers, &body).await;
    practices.stats.webhook(received);
    match received {
        Received::Refused => StatusCode::UNAUTHORIZED,
        Received::Failed => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    }
}

async fn look(practices: &Practices, headers: &HeaderMap, body: &Bytes) -> Received {
    if practices.verifier.verify(headers, body).is_err() {
        return Received::Refused;
    }
    let Ok(event) = Event::decode(body) else { return Received::Refused };
    let shared = match practices.at(event.envelope.location_id.as_deref()).await {
        Ok(Some(shared)) if is_ours(&shared, &event) => shared,
        Ok(_) => return Received::Unroutable,
        Err(error) => {
            tracing::error!(%error, "nobody knows for whom a webhook is; GHL sends it again");
            return Received::Failed;
        }
    };
    let shared = shared.as_ref();
    if let Some(at) = event.envelope.timestamp {
        shared.stats.came(at, shared.now());
    }
    if matches!(event.subject, Subject::Install(_) | Subject::Uninstall) {
        return super::connect::note(shared, &event).await;
    }
    let Some((kind, id)) = subject(&event) else { return Received::Other };
    if is_echo(shared, &kind, &id, body).await {
        return Received::Echo;
    }
    keep(shared, &event, kind, id).await
}

/// Every app of GHL signs with the same key: a good signature alone does not say that an event is meant for us.
fn is_ours(shared: &Shared, event: &Event) -> bool {
    let settings = &shared.service.settings().ghl;
    let app = settings.app.as_ref().map(|app| app.client_id.split('-').next().unwrap_or_default());
    let ours = |ours: Option<&str>, theirs: Option<&str>| theirs.is_none_or(|theirs| ours.is_none_or(|ours| ours == theirs));
    ours(app, event.envelope.app_id.as_deref())
}

pub(crate) fn subject(event: &Event) -> Option<(Kind, RecordId)> {
    match &event.subject {
        Subject::Contact { contact_id, .. } => Some((person::KIND, RecordId::new(contact_id.clone()))),
        Subject::Appointment { appointment_id, .. } => Some((appointment::KIND, RecordId::new(appointment_id.clone()))),
        _ => None,
    }
}

/// Whether the event shows only what is settled. When in doubt it is not: then the record is read.
async fn is_echo(shared: &Shared, kind: &Kind, id: &RecordId, body: &Bytes) -> bool {
    let Some(engines) = shared.ready_engines() else { return false };
    let Some(engine) = engines.iter().find(|engine| engine.kind() == kind) else { return false };
    let Some(shown) = shown(kind, body) else { return false };
    let listed = Listed { id: id.clone(), raw: shown };
    let decoded = if *kind == person::KIND {
        shared.clients.connected.get().map(|connector| connector.decode(kind, &listed))
    } else {
        shared.clients.calendars.get().map(|sides| sides.right.decode(kind, &listed))
    };
    let Some(Ok(record)) = decoded else { return false };
    engine.is_echo(Side::Right, &record).await.unwrap_or(false)
}

/// The record in an event. A contact's members stand at the top, an appointment's in a member of its own.
pub(crate) fn shown(kind: &Kind, body: &Bytes) -> Option<Bytes> {
    if *kind == person::KIND {
        return Some(body.clone());
    }
    let event: serde_json::Value = serde_json::from_slice(body).ok()?;
    event.get("appointment").map(|appointment| Bytes::from(appointment.to_string()))
}

async fn keep(shared: &Shared, event: &Event, kind: Kind, id: RecordId) -> Received {
    let hints = [(HintKey { tenant: shared.tenant().clone(), kind, side: Side::Right, id }, Urgency::Live)];
    let store = shared.service.store();
    let kept = match &event.envelope.webhook_id {
        Some(delivery) => store.receive(shared.tenant(), delivery, &hints, shared.now()).await,
        None => store.push(&hints, shared.now()).await.map(|()| true),
    };
    match kept {
        Ok(true) => {
            shared.woken.notify_one();
            Received::Taken
        }
        Ok(false) => Received::Duplicate,
        Err(error) => {
            tracing::error!(%error, "a webhook could not be kept; GHL sends it again");
            Received::Failed
        }
    }
}
