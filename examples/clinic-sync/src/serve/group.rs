//! The practices that share a database server, and the processes that serve them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, PgPool};
use storage_sqlx::{PostgresStore, Store, Tenant};
use sync_core::{ErrorKind, SystemEnv, TenantId};

use super::Shared;
use crate::command::has_synced;
use crate::settings::location_claim;
use crate::{Error, Result, Service, Settings, TENANT, database};

/// Enqueues work for one tenant, at once. A job that waits already is hurried; beside one that runs, another one is put, which begins
/// after it: so whatever came in meanwhile is seen.
const WAKE: &str = "SELECT graphile_worker.add_job('drain', json_build_object('tenant', $1::text), \
     queue_name := 'drain:' || $1, job_key := 'drain:' || $1)";
/// The same for later; a job that waits for an earlier time stays.
const LATER: &str = "SELECT graphile_worker.add_job('drain', json_build_object('tenant', $1::text), queue_name := 'drain:' || $1, \
     job_key := 'drain:' || $1, run_at := $2, job_key_mode := 'preserve_run_at')";
/// Deletes the jobs that nobody runs any more: those of processes that ended, where another job has come beside them meanwhile.
const TIDY: &str = "SELECT count(*) FROM graphile_worker.complete_jobs(ARRAY(SELECT id FROM graphile_worker.jobs \
     WHERE attempts >= max_attempts AND locked_at IS NULL))";

/// The practices that share a database server.
#[derive(Debug)]
pub(crate) struct Group {
    process: Settings,
    store: Arc<PostgresStore>,
    /// For jobs.
    pool: PgPool,
    /// What is missing for the process's own settings to be those of the only practice, if none were added.
    problems: Vec<String>,
    /// Whether it may have its very first sync.
    first_sync: bool,
    known: Mutex<BTreeMap<TenantId, (i64, Arc<Shared>)>>,
}

impl Group {
    /// Opens the database, and makes the tables of the jobs where they are not there.
    pub(super) async fn open(process: Settings, first_sync: bool) -> Result<Self> {
        let store = Arc::new(database::server_that_wakes(&process, WAKE).await?);
        let pool = database::jobs(&process)?;
        // Making a worker makes its tables.
        graphile_worker::WorkerOptions::default().pg_pool(pool.clone()).init().await.map_err(|error| jobs_failed(&error))?;
        let problems = process.problems();
        Ok(Self { process, store, pool, problems, first_sync, known: Mutex::default() })
    }

    pub(super) fn process(&self) -> &Settings {
        &self.process
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(super) async fn can_read(&self) -> bool {
        self.store.tenants().await.is_ok()
    }

    pub(super) fn known(&self) -> Vec<Arc<Shared>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).values().map(|(_, shared)| shared.clone()).collect()
    }

    /// The practice with a location, also while it is paused: what comes in is kept.
    pub(super) async fn at(&self, location: &str) -> Result<Option<Arc<Shared>>> {
        if let Some(tenant) = self.store.tenant_with(&location_claim(location)).await? {
            return self.shared(&tenant).await.map(Some);
        }
        if self.process.ghl.location_id.as_deref() == Some(location) { self.only().await } else { Ok(None) }
    }

    /// The practice of this name, also while it is paused.
    pub(super) async fn get(&self, id: &TenantId) -> Result<Option<Arc<Shared>>> {
        match self.store.tenant(id).await? {
            Some(tenant) => self.shared(&tenant).await.map(Some),
            None if *id == TENANT => self.only().await,
            None => Ok(None),
        }
    }

    /// The practice of this name, if it is to be worked for now.
    pub(super) async fn active(&self, id: &TenantId) -> Result<Option<Arc<Shared>>> {
        let (shared, first_sync) = match self.store.tenant(id).await? {
            Some(tenant) if tenant.paused => return Ok(None),
            Some(tenant) => (Some(self.shared(&tenant).await?), tenant.first_sync),
            None if *id == TENANT => (self.only().await?, self.first_sync),
            None => (None, false),
        };
        let Some(shared) = shared else { return Ok(None) };
        if !first_sync && !has_synced(&shared.service).await? {
            tracing::warn!("this would be the first sync; see `clinic-sync tenant add --first-sync`");
            return Ok(None);
        }
        Ok(Some(shared))
    }

    /// All that are to be worked for.
    pub(super) async fn ids(&self) -> Result<Vec<TenantId>> {
        let tenants = self.store.tenants().await?;
        if tenants.is_empty() {
            return Ok(self.only().await?.map(|_| TENANT).into_iter().collect());
        }
        Ok(tenants.into_iter().filter(|tenant| !tenant.paused).map(|tenant| tenant.id).collect())
    }

    /// Refuses to go on where there is no practice, not even a paused one.
    pub(super) async fn check(&self) -> Result<()> {
        if self.problems.is_empty() || !self.store.tenants().await?.is_empty() {
            return Ok(());
        }
        let none = "there is no practice: add one with `clinic-sync tenant add`, or complete the settings of the only one".to_owned();
        Err(Error::Settings(std::iter::once(none).chain(self.problems.iter().cloned()).collect()))
    }

    /// Those with something in the inbox that nobody works on.
    pub(super) async fn due(&self, now: DateTime<Utc>) -> Result<BTreeSet<TenantId>> {
        Ok(self.store.tenants_due(now).await?)
    }

    /// Sees to it that a practice is looked at, now or then.
    pub(super) async fn wake(&self, id: &TenantId, at: Option<DateTime<Utc>>) -> Result<()> {
        let statement = if at.is_some() { LATER } else { WAKE };
        let wake = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str());
        let wake = match at {
            Some(at) => wake.bind(at),
            None => wake,
        };
        wake.execute(&self.pool).await.map_err(|error| jobs_failed(&error))?;
        Ok(())
    }

    /// Deletes the jobs that nobody runs any more. What was to be done stands in the inbox.
    pub(super) async fn tidy(&self) -> Result<()> {
        sqlx::query(TIDY).execute(&self.pool).await.map_err(|error| jobs_failed(&error))?;
        Ok(())
    }

    /// The only practice, which the process's own settings are for, as long as none were added.
    async fn only(&self) -> Result<Option<Arc<Shared>>> {
        if !self.problems.is_empty() || !self.store.tenants().await?.is_empty() {
            return Ok(None);
        }
        if let Some(shared) = self.remembered(&TENANT, 0) {
            return Ok(Some(shared));
        }
        self.remember(self.process.clone(), 0).map(Some)
    }

    /// What this process knows of a practice, with its newest settings.
    async fn shared(&self, tenant: &Tenant) -> Result<Arc<Shared>> {
        if let Some(shared) = self.remembered(&tenant.id, tenant.version) {
            return Ok(shared);
        }
        let Some(text) = self.store.settings_of(&tenant.id).await? else {
            return Err(Error::Settings(vec![format!(
                "the settings of {} are not there; `clinic-sync tenant add` gives it some",
                tenant.id
            )]));
        };
        let settings = self.process.for_tenant(tenant.id.clone(), text.expose_secret()).map_err(Error::Settings)?;
        self.remember(settings, tenant.version)
    }

    fn remembered(&self, id: &TenantId, version: i64) -> Option<Arc<Shared>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id).filter(|(of, _)| *of == version).map(|(_, shared)| shared.clone())
    }

    fn remember(&self, settings: Settings, version: i64) -> Result<Arc<Shared>> {
        let id = settings.tenant.clone();
        let store: Arc<dyn Store> = self.store.clone();
        let service = Service::over(settings, store, self.store.clone(), Arc::new(SystemEnv));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two at once, one is kept: there is one budget of calls for each.
        if let Some((_, shared)) = known.get(&id).filter(|(of, _)| *of == version) {
            return Ok(shared.clone());
        }
        let shared = Arc::new(Shared::of(service)?);
        known.insert(id, (version, shared.clone()));
        Ok(shared)
    }
}

/// Has a process look at a practice at once.
pub(crate) async fn wake(process: &Settings, id: &TenantId) -> Result<()> {
    Group::open(process.clone(), false).await?.wake(id, None).await
}

pub(super) fn jobs_failed(error: &dyn std::fmt::Display) -> Error {
    Error::Failed(sync_core::Error::temporary(ErrorKind::Store, format!("the jobs in the database cannot be used: {error}")))
}
