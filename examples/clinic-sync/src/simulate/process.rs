//! One process of the service: clients, engines and a lease, over a store that outlives it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use ephysio_client::connector::appointment as ephysio_appointment;
use ghl_client::connector::appointment as ghl_appointment;
use ghl_client::oauth::TokenStore;
use sync_core::vocabulary::appointment::AppointmentSchema;
use sync_core::vocabulary::{appointment, person};
use sync_core::{
    Digester, Engine, Env, ErrorKind, Fence, Handled, HintQueue, Kind, Leases, Policy, Reconciled, Report, Schema, Side, Sides, Sink,
    Source, Taken,
};
use sync_http::{Transport, WallClock};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::chaos::Chaos;
use super::store::SimStore;
use super::tamper::Tamper;
use super::transport::Network;
use crate::command::{What, sweep_kinds};
use crate::{Clients, Result, Service, Settings, TENANT};

/// How long a lease lasts.
pub(super) const LEASE: Duration = Duration::from_secs(120);
/// How many contacts a page has: few, so that there are pages.
const PAGE: u32 = 5;
/// The key of the practice.
const KEY: [u8; 32] = [7; 32];

/// What a process needs from outside.
#[derive(Clone)]
pub(super) struct House {
    pub(super) chaos: Chaos,
    pub(super) settings: Settings,
    pub(super) store: Arc<SimStore>,
    pub(super) tokens: Option<Arc<dyn TokenStore>>,
    pub(super) tamper: Arc<dyn Tamper>,
}

/// What a process has once both systems answered.
pub(super) struct Ready {
    pub(super) engines: Vec<Engine>,
    pub(super) sources: BTreeMap<Kind, Arc<dyn Source>>,
}

/// One process.
pub(super) struct Process {
    house: House,
    number: u32,
    service: Service<SimStore>,
    clients: Clients,
    stop: CancellationToken,
    ready: OnceCell<Arc<Ready>>,
}

impl Process {
    pub(super) fn new(house: House, number: u32) -> Result<Self> {
        let transport = |side| -> Arc<dyn Transport> { Arc::new(Network::new(house.chaos.clone(), side, house.tamper.clone())) };
        let env = house.chaos.env.clone();
        let clock = WallClock::new(move || env.now());
        let clients = Clients::over(&house.settings, Sides::from_fn(transport), house.tokens.clone(), clock)?;
        let service = Service::over(house.settings.clone(), house.store.clone(), house.store.clone(), house.chaos.env.clone());
        Ok(Self { house, number, service, clients, stop: CancellationToken::new(), ready: OnceCell::new() })
    }

    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// What it has, if both systems answered before.
    pub(super) fn ready(&self) -> Option<Arc<Ready>> {
        self.ready.get().cloned()
    }

    /// Engines under the lease, which is taken or renewed.
    pub(super) async fn engines(&self) -> Result<Arc<Ready>> {
        let fence = self.lease().await?;
        Ok(self.ready.get_or_try_init(|| self.connect(fence)).await?.clone())
    }

    /// Reads and syncs everything.
    pub(super) async fn sync(&self) -> Result<Vec<Report>> {
        let ready = self.engines().await?;
        let reports = sweep_kinds(&ready.engines, What::All).await?;
        for report in &reports {
            self.forget(report).await?;
        }
        Ok(reports)
    }

    /// Drops the hints that a sweep has answered.
    pub(super) async fn forget(&self, report: &Report) -> Result<()> {
        let lag = TimeDelta::seconds(i64::try_from(self.house.settings.ghl.search_lag_seconds).unwrap_or_default());
        for side in Side::BOTH {
            let Some(began) = report.listed[side] else { continue };
            self.house.store.forget(&TENANT, &report.kind, side, began - lag).await?;
        }
        Ok(())
    }

    /// Looks at what the inbox holds. Says whether it held anything.
    pub(super) async fn drain(&self) -> Result<bool> {
        let ready = self.engines().await?;
        let store = &self.house.store;
        let now = self.now();
        let taken = store.take(&TENANT, 32, now, now + TimeDelta::minutes(5)).await?;
        for hint in &taken {
            // What is not synced is nothing to wait for.
            let Some(engine) = ready.engines.iter().find(|engine| *engine.kind() == hint.key.kind) else {
                store.handled(hint, Handled::Done).await?;
                continue;
            };
            let outcome = match look(engine, hint).await {
                Ok(()) => Handled::Done,
                Err(error) if matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Lease) => return Err(error.into()),
                Err(_) if hint.attempts < 8 => Handled::Retry { due: self.now() + TimeDelta::seconds(30) },
                Err(error) => Handled::Dead { reason: error.to_string() },
            };
            store.handled(hint, outcome).await?;
        }
        Ok(!taken.is_empty())
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.house.chaos.env.now()
    }

    async fn lease(&self) -> Result<Fence> {
        let (store, now) = (&self.house.store, self.now());
        let holder = format!("process {}", self.number);
        let take = async |holder: &str| store.acquire(&TENANT, holder, now, now + LEASE).await;
        match take(&holder).await? {
            Ok(fence) => Ok(fence),
            // Whoever held it is dead: there is one process at a time.
            Err(held) => {
                if let Ok(fence) = take(&held.by).await? {
                    store.release(&TENANT, fence).await?;
                }
                Ok(take(&holder).await?.map_err(|_| sync_core::Error::temporary(ErrorKind::Lease, "the lease is held"))?)
            }
        }
    }

    async fn connect(&self, fence: Fence) -> Result<Arc<Ready>> {
        let people = self.people().await?;
        let settings = &self.house.settings;
        let patients = settings.patients.policy().map_err(crate::Error::Settings)?.with_mapping(&settings.mapping_of_people());
        let freshness = Duration::from_secs(settings.patients.freshness_seconds);
        let appointments = settings.appointments.policy(freshness).with_mapping(&settings.appointments.mapping());
        let source = |sides: &Sides<Arc<dyn Sink>>| -> Arc<dyn Source> { sides.right.clone() };
        let mut sources = BTreeMap::from([(person::KIND, source(&people))]);
        let schema = Arc::new(self.service.person_schema()?);
        let mut engines = vec![self.engine(&person::KIND, schema, patients, people, fence)?];
        if settings.appointments.is_on() {
            let calendars = self.calendars()?;
            sources.insert(appointment::KIND, source(&calendars));
            engines.push(self.engine(&appointment::KIND, Arc::new(AppointmentSchema), appointments, calendars, fence)?);
        }
        Ok(Arc::new(Ready { engines, sources }))
    }

    fn engine(&self, kind: &Kind, schema: Arc<dyn Schema>, policy: Policy, sides: Sides<Arc<dyn Sink>>, fence: Fence) -> Result<Engine> {
        let tamper = &self.house.tamper;
        let engine = self.service.engine_of(schema, tamper.policy(policy), Digester::new(&KEY, 0), tamper.sinks(kind, sides))?;
        Ok(engine.with_fence(fence).with_cancellation(self.stop.clone()))
    }

    async fn people(&self) -> Result<Sides<Arc<dyn Sink>>> {
        let ephysio = ephysio_client::connector::Connector::new(self.clients.ephysio.clone(), self.service.ephysio_people()?);
        let settings = ghl_client::connector::Settings { page_size: PAGE, ..self.service.ghl_people()? };
        let ghl = ghl_client::connector::Connector::connect(self.clients.ghl.clone(), settings).await?;
        Ok(Sides::new(Arc::new(ephysio), Arc::new(ghl)))
    }

    fn calendars(&self) -> Result<Sides<Arc<dyn Sink>>> {
        let ephysio = ephysio_appointment::Connector::new(self.clients.ephysio.clone(), self.service.ephysio_appointments())?;
        let ghl = ghl_appointment::Connector::new(self.clients.ghl.clone(), self.service.ghl_appointments())?;
        Ok(Sides::new(Arc::new(ephysio), Arc::new(ghl.with_clock(self.clients.clock.clone()))))
    }
}

/// Looks at one record by itself, and if that is not enough, beside a listing. Whatever needs more is left to the next sweep.
async fn look(engine: &Engine, hint: &Taken) -> sync_core::Result<()> {
    if engine.reconcile(hint.key.side, &hint.key.id).await? == Reconciled::NeedsListing {
        engine.catch_up(hint.key.side, &BTreeSet::from([hint.key.id.clone()])).await?;
    }
    Ok(())
}
