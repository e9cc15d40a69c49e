//! The smallest periodic sync: one engine, swept at an interval, one sweep at a time.
//!
//! Nothing has to be remembered between sweeps but the store: a sweep compares both sides with what was last settled, so one that
//! was missed, or broken off, is made up for by the next.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{Engine, FieldPolicy, Policy, Report, Scope, Setup, Sides, Sink, SystemEnv, TenantId};
use tokio::time::MissedTickBehavior;

const TENANT: TenantId = TenantId::from_static("practice");

/// An engine that keeps names, e-mail addresses and phone numbers in sync, both ways, and creates a contact for every patient.
///
/// # Errors
/// When the database cannot be opened, or GHL not be asked for its custom fields.
pub async fn engine(ephysio: ephysio_client::Client, ghl: ghl_client::Client, database: &Path) -> Result<Engine, Box<dyn Error>> {
    let store = Arc::new(SqliteStore::open(OpenOptions::new(database, MasterKey::beside(database)?.key)).await?);
    let fields = [person::GIVEN_NAME, person::FAMILY_NAME, person::EMAIL, person::PHONE];
    let policy = Policy {
        fields: fields.into_iter().map(|name| (name, FieldPolicy::default())).collect(),
        scope: Sides::new(Scope::All, Scope::PulledOnly),
        ..Policy::closed(person::KIND)
    };
    let left = ephysio_client::connector::Connector::new(ephysio, ephysio_client::connector::Settings::default());
    let right = ghl_client::connector::Connector::connect(ghl, ghl_client::connector::Settings::default()).await?;
    let sides: Sides<Arc<dyn Sink>> = Sides::new(Arc::new(left), Arc::new(right));
    let digester = store.tenant_key(&TENANT).await?.digester();
    let setup = Setup { tenant: TENANT, schema: Arc::new(PersonSchema::default()), policy, digester, env: Arc::new(SystemEnv) };
    Ok(Engine::new(setup, sides, store)?)
}

/// Sweeps at once, and then every `interval`, for ever. A sweep that takes longer delays the next; none overlap.
pub async fn every(interval: Duration, engine: &Engine, mut tell: impl FnMut(sync_core::Result<Report>)) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tell(engine.sweep().await);
    }
}
