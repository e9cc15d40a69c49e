//! Where webhooks arrive: as in the running service, over the simulated store.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ghl_client::webhook::{Event, PublicKey, Verifier};
use ghl_emulator::{Deliveries, Receiver, Webhook, WebhookSettings};
use http::StatusCode;
use sync_core::{Env, HintKey, HintQueue, Kind, Listed, RecordId, Side, Urgency};

use super::chance::locked;
use super::process::Ready;
use super::store::SimStore;
use super::world;
use crate::demo::Clinic;
use crate::serve::receiver::{shown, subject};
use crate::{Settings, TENANT};

/// Receives webhooks. Clones share one inbox.
#[derive(Clone)]
pub(super) struct Inbox {
    store: Arc<SimStore>,
    env: Arc<dyn Env>,
    verifier: Arc<Verifier>,
    location: Option<String>,
    ready: Arc<Mutex<Option<Arc<Ready>>>>,
}

impl Inbox {
    pub(super) fn new(store: Arc<SimStore>, env: Arc<dyn Env>, clinic: &Clinic, settings: &Settings) -> Self {
        let keys: Vec<PublicKey> = clinic.ghl.webhook_public_key().parse().into_iter().collect();
        let verifier = Arc::new(Verifier::new(keys));
        Self { store, env, verifier, location: settings.ghl.location_id.clone(), ready: Arc::default() }
    }

    /// The process that works now, which knows an echo when it sees one.
    pub(super) fn serve_for(&self, ready: Option<Arc<Ready>>) {
        *locked(&self.ready) = ready;
    }

    /// Lets the location send its webhooks here.
    pub(super) fn open(&self, clinic: &Clinic) -> Option<Deliveries> {
        let inbox = self.clone();
        let receiver = Receiver::new(move |webhook| {
            let inbox = inbox.clone();
            async move { Some(inbox.receive(webhook).await) }
        });
        clinic.ghl.send_webhooks(world::app_id(), receiver, WebhookSettings::default())
    }

    async fn receive(&self, webhook: Webhook) -> StatusCode {
        if self.verifier.verify(&webhook.headers, &webhook.body).is_err() {
            return StatusCode::UNAUTHORIZED;
        }
        let Ok(event) = Event::decode(&webhook.body) else { return StatusCode::UNAUTHORIZED };
        if event.envelope.location_id != self.location {
            return StatusCode::OK;
        }
        let Some((kind, id)) = subject(&event) else { return StatusCode::OK };
        if self.is_echo(&kind, &id, &webhook.body).await {
            return StatusCode::OK;
        }
        let hints = [(HintKey { tenant: TENANT, kind, side: Side::Right, id }, Urgency::Live)];
        let delivery = event.envelope.webhook_id.unwrap_or_default();
        match self.store.receive(&TENANT, &delivery, &hints, self.env.now()).await {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    async fn is_echo(&self, kind: &Kind, id: &RecordId, body: &Bytes) -> bool {
        let Some(ready) = locked(&self.ready).clone() else { return false };
        let (Some(engine), Some(source)) = (ready.engines.iter().find(|engine| engine.kind() == kind), ready.sources.get(kind)) else {
            return false;
        };
        let Some(raw) = shown(kind, body) else { return false };
        let Ok(record) = source.decode(kind, &Listed { id: id.clone(), raw }) else { return false };
        engine.is_echo(Side::Right, &record).await.unwrap_or(false)
    }
}
