//! The smallest server that receives GoHighLevel's webhooks and embeds the sync engine.
//!
//! A webhook is a hint: "look at this contact". The server checks its signature, keeps the hint, and answers. A worker behind
//! takes hints from the inbox and reconciles each record; what needs a listing is left to a sweep. `clinic-sync serve` does the
//! same, and leases, schedules and asks people besides.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use chrono::{TimeDelta, Utc};
use ghl_client::webhook::{Event, Subject, Verifier};
use storage_sqlx::SqliteStore;
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{
    Engine, FieldPolicy, Handled, HintKey, HintQueue, Policy, Reconciled, RecordId, Scope, Setup, Side, Sides, Sink, SystemEnv, TenantId,
    Urgency,
};
use tokio::sync::Notify;

const TENANT: TenantId = TenantId::from_static("practice");

/// The engine, its inbox, and who may send webhooks.
#[derive(Debug)]
pub struct Embedded {
    engine: Engine,
    store: Arc<SqliteStore>,
    verifier: Verifier,
    woken: Notify,
}

impl Embedded {
    /// Patients on the left, contacts on the right, and these rules between them: names and ways to reach a person flow both
    /// ways, and every patient may become a contact.
    ///
    /// # Errors
    /// When GHL cannot be asked for its custom fields, or the store for its key.
    pub async fn new(
        ephysio: ephysio_client::Client,
        ghl: ghl_client::Client,
        store: Arc<SqliteStore>,
        verifier: Verifier,
    ) -> Result<Self, Box<dyn Error>> {
        let fields = [person::GIVEN_NAME, person::FAMILY_NAME, person::EMAIL, person::PHONE];
        let policy = Policy {
            fields: fields.map(|name| (name, FieldPolicy::default())).into_iter().collect::<BTreeMap<_, _>>(),
            scope: Sides::new(Scope::All, Scope::PulledOnly),
            ..Policy::closed(person::KIND)
        };
        let sides: Sides<Arc<dyn Sink>> = Sides::new(
            Arc::new(ephysio_client::connector::Connector::new(ephysio, ephysio_client::connector::Settings::default())),
            Arc::new(ghl_client::connector::Connector::connect(ghl, ghl_client::connector::Settings::default()).await?),
        );
        let digester = store.tenant_key(&TENANT).await?.digester();
        let setup = Setup { tenant: TENANT, schema: Arc::new(PersonSchema::default()), policy, digester, env: Arc::new(SystemEnv) };
        let engine = Engine::new(setup, sides, store.clone())?;
        Ok(Self { engine, store, verifier, woken: Notify::new() })
    }

    /// The engine, for a first sweep.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// `POST /webhooks`.
pub fn router(sync: Arc<Embedded>) -> Router {
    Router::new().route("/webhooks", post(receive)).with_state(sync)
}

/// Checks and keeps. Whatever goes wrong here, GHL sends again.
async fn receive(State(sync): State<Arc<Embedded>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if sync.verifier.verify(&headers, &body).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(event) = Event::decode(&body) else { return StatusCode::BAD_REQUEST };
    let Subject::Contact { contact_id, .. } = event.subject else { return StatusCode::OK };
    let key = HintKey { tenant: TENANT, kind: person::KIND, side: Side::Right, id: RecordId::new(contact_id) };
    match sync.store.push(&[(key, Urgency::Live)], Utc::now()).await {
        Ok(()) => {
            sync.woken.notify_one();
            StatusCode::OK
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Takes hints and reconciles their records, for ever.
///
/// # Errors
/// When the inbox cannot be read or written.
pub async fn work(sync: &Embedded) -> sync_core::Result<()> {
    loop {
        let now = Utc::now();
        let hints = sync.store.take(&TENANT, 16, now, now + TimeDelta::minutes(5)).await?;
        if hints.is_empty() {
            sync.woken.notified().await;
        }
        let mut sweep = false;
        for hint in hints {
            let outcome = match sync.engine.reconcile(hint.key.side, &hint.key.id).await {
                Ok(reconciled) => {
                    sweep |= reconciled != Reconciled::Done;
                    Handled::Done
                }
                Err(error) if error.is_temporary() && hint.attempts < 5 => Handled::Retry { due: Utc::now() + TimeDelta::seconds(10) },
                Err(error) => Handled::Dead { reason: error.to_string() },
            };
            sync.store.handled(&hint, outcome).await?;
        }
        if sweep {
            // Once for all of them. A failed sweep loses nothing: the next one sees the same difference.
            let _ = sync.engine.sweep().await;
        }
    }
}
