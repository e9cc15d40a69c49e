//! The wiring: settings become a store, two clients, and an engine under a lease.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};
use sync_core::observer::Observer;
use sync_core::vocabulary::person::PersonSchema;
use sync_core::{
    Digester, Engine, Env, ErrorKind, Fence, Held, Leases, MappingStore, MemoryStore, Plan, Setup, Sides, Sink, SystemEnv, TenantId,
};
use sync_http::budget::Limit;
use sync_http::{Counts, Transport};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::settings::{EphysioSettings, GhlSettings, Settings};
use crate::{Error, Result};

/// The only tenant, as long as none are configured.
pub const TENANT: TenantId = TenantId::from_static("default");

/// How long a lease lasts without a sign of life. Longer than any request may take.
const LEASE: Duration = Duration::from_secs(120);
/// How often a lease is renewed.
const RENEWAL: Duration = Duration::from_secs(30);

/// The two clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The client of e-Physio.
    pub ephysio: ephysio_client::Client,
    /// The client of GHL.
    pub ghl: ghl_client::Client,
    /// GHL's connector. A process asks once which custom fields there are.
    connected: Arc<OnceCell<Arc<ghl_client::connector::Connector>>>,
}

impl Clients {
    /// Clients over HTTP.
    ///
    /// # Errors
    /// When the settings are not complete, or an address is not allowed.
    pub fn new(settings: &Settings) -> Result<Self> {
        complete(settings)?;
        let ephysio = ephysio_client::Client::new(ephysio_config(settings)?)?;
        Ok(Self { ephysio, ghl: ghl_client::Client::new(ghl_config(settings)?)?, connected: Arc::default() })
    }

    /// Clients over other transports, such as emulators in process.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_transports(settings: &Settings, ephysio: Arc<dyn Transport>, ghl: Arc<dyn Transport>) -> Result<Self> {
        complete(settings)?;
        Ok(Self {
            ephysio: ephysio_client::Client::with_transport(ephysio_config(settings)?, ephysio),
            ghl: ghl_client::Client::with_transport(ghl_config(settings)?, ghl)?,
            connected: Arc::default(),
        })
    }

    /// The calls of both so far, by endpoint.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ephysio.meter().snapshot().with(&self.ghl.meter().snapshot())
    }
}

fn complete(settings: &Settings) -> Result<()> {
    let mut problems = settings.problems();
    problems.extend(settings.patients.policy().err().unwrap_or_default());
    if problems.is_empty() { Ok(()) } else { Err(Error::Settings(problems)) }
}

fn http_settings(settings: &Settings) -> sync_http::Settings {
    sync_http::Settings { timeouts: settings.timeouts.into(), ..sync_http::Settings::default() }
}

fn ephysio_config(settings: &Settings) -> Result<ephysio_client::Config> {
    let EphysioSettings { base_url, email, password, key_index, sex_true, calls_per_2_seconds, operations, .. } = settings.ephysio.clone();
    let (Some(email), Some(password)) = (email, password) else { return Err(Error::Settings(settings.problems())) };
    Ok(ephysio_client::Config {
        base_url: base_url.parse()?,
        key_index,
        budget: Limit::new(calls_per_2_seconds, Duration::from_secs(2)),
        settings: http_settings(settings),
        operations,
        sex_true,
        ..ephysio_client::Config::new(email, password)?
    })
}

fn ghl_config(settings: &Settings) -> Result<ghl_client::Config> {
    let GhlSettings { base_url, location_id, private_integration_token, calls_per_10_seconds, .. } = settings.ghl.clone();
    let (Some(location), Some(token)) = (location_id, private_integration_token) else {
        return Err(Error::Settings(settings.problems()));
    };
    let margin = calls_per_10_seconds / 20;
    Ok(ghl_client::Config {
        base_url: base_url.parse()?,
        budget: Limit { margin, ..Limit::new(calls_per_10_seconds, Duration::from_secs(10)) },
        settings: http_settings(settings),
        ..ghl_client::Config::new(location, token)?
    })
}

/// A store that is open, and what is needed to make engines over it.
#[derive(Debug)]
pub struct Service<S = SqliteStore> {
    settings: Settings,
    store: Arc<S>,
    env: Arc<dyn Env>,
}

/// A lease that is renewed for as long as this lives.
#[derive(Debug)]
pub struct Lease {
    fence: Fence,
    store: Arc<SqliteStore>,
    renewal: tokio::task::JoinHandle<()>,
    /// Cancelled when the lease is lost, and when the caller asks to stop.
    stop: CancellationToken,
}

impl Service {
    /// Opens the store, and makes it if it is not there.
    ///
    /// # Errors
    /// When the database or its key cannot be used; the message says which and what to do.
    pub async fn open(settings: Settings) -> Result<Self> {
        settings.check_database().map_err(|problem| Error::Settings(vec![problem]))?;
        let path = settings.database();
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(|error| {
                let message = format!("the directory {} cannot be made: {error}; set DATABASE_URL to another place", directory.display());
                sync_core::Error::permanent(ErrorKind::Store, message)
            })?;
        }
        let master = master_key(&settings)?;
        let store = SqliteStore::open(OpenOptions::new(path, master)).await?;
        Ok(Self { settings, store: Arc::new(store), env: Arc::new(SystemEnv) })
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<SqliteStore> {
        &self.store
    }

    /// An engine for patients and contacts.
    ///
    /// # Errors
    /// When a side cannot be asked about its fields, or the settings do not fit together.
    pub async fn engine(&self, clients: &Clients) -> Result<Engine> {
        self.engine_with(clients, self.store.tenant_key(&TENANT).await?.digester()).await
    }

    /// What a sync would do now. Where there is no database yet, none is made, and nobody is known.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`engine`](Self::engine), and when a side cannot be read.
    pub async fn plan(settings: Settings, clients: &Clients) -> Result<Plan> {
        let engine = if settings.database().exists() {
            Self::open(settings).await?.engine(clients).await?
        } else {
            let empty = Service { settings, store: Arc::new(MemoryStore::new()), env: Arc::new(SystemEnv) };
            let mut key = [0; 32];
            empty.env.fill(&mut key);
            empty.engine_with(clients, Digester::new(&key, 0)).await?
        };
        Ok(engine.plan().await?)
    }
}

impl<S: MappingStore + 'static> Service<S> {
    async fn engine_with(&self, clients: &Clients, digester: Digester) -> Result<Engine> {
        let sides = self.connect(clients).await?;
        let setup = Setup {
            tenant: TENANT,
            schema: Arc::new(self.schema()?),
            policy: self.settings.patients.policy().map_err(Error::Settings)?,
            digester,
            env: self.env.clone(),
        };
        Ok(Engine::new(setup, sides, self.store.clone())?)
    }

    fn schema(&self) -> Result<PersonSchema> {
        let region = &self.settings.patients.region;
        PersonSchema::new(region)
            .map_err(|_| Error::Settings(vec![format!("[patients] region = \"{region}\" is no country code such as CH")]))
    }

    async fn connect(&self, clients: &Clients) -> Result<Sides<Arc<dyn Sink>>> {
        let ephysio = ephysio_client::connector::Connector::new(clients.ephysio.clone(), self.ephysio_connector()?);
        let connect = async || {
            let connector = ghl_client::connector::Connector::connect(clients.ghl.clone(), self.ghl_connector()?).await?;
            Ok::<_, Error>(Arc::new(connector))
        };
        let ghl: Arc<dyn Sink> = clients.connected.get_or_try_init(connect).await?.clone();
        Ok(Sides::new(Arc::new(ephysio), ghl))
    }

    /// How the e-Physio connector is set up.
    ///
    /// # Errors
    /// When the region is none.
    pub fn ephysio_connector(&self) -> Result<ephysio_client::connector::Settings> {
        use ephysio_client::connector::CreateAnswers;
        let settings = &self.settings.ephysio;
        Ok(ephysio_client::connector::Settings {
            region: self.schema()?.region(),
            settle: self.settle(),
            create: match settings.create {
                crate::settings::Create::Request => CreateAnswers::Request,
                crate::settings::Create::Immediate => CreateAnswers::Immediate,
            },
            list_all: settings.list_all,
            custom_fields: settings.custom_fields.clone(),
            ..ephysio_client::connector::Settings::default()
        })
    }

    /// How the GHL connector is set up.
    ///
    /// # Errors
    /// When the region is none.
    pub fn ghl_connector(&self) -> Result<ghl_client::connector::Settings> {
        let settings = &self.settings.ghl;
        Ok(ghl_client::connector::Settings {
            region: self.schema()?.region(),
            settle: self.settle(),
            lag: Duration::from_secs(settings.search_lag_seconds),
            source: Some(settings.source.clone()).filter(|source| !source.is_empty()),
            token_field: Some(settings.token_field.clone()).filter(|field| !field.is_empty()),
            custom_fields: settings.custom_fields.clone(),
            parallel: settings.parallel,
            ..ghl_client::connector::Settings::default()
        })
    }

    fn settle(&self) -> Duration {
        Duration::from_secs(self.settings.patients.settle_seconds)
    }
}

impl Service {
    /// Takes the tenant's lease, so that no other process works on it. An engine under it stops when `stop` is
    /// cancelled, or the lease is lost.
    ///
    /// # Errors
    /// When another process holds it: the message says who and until when.
    pub async fn lease(&self, stop: &CancellationToken) -> Result<Lease> {
        let holder = holder(std::process::id());
        let fence = match self.acquire(&holder).await? {
            Ok(fence) => fence,
            Err(held) if is_dead(&held.by) => self.inherit(&held, &holder).await?,
            Err(held) => return Err(held_by(&held).into()),
        };
        let stop = stop.child_token();
        let renewal = tokio::spawn(renew(self.store.clone(), self.env.clone(), holder, fence, stop.clone()));
        Ok(Lease { fence, store: self.store.clone(), renewal, stop })
    }

    async fn acquire(&self, holder: &str) -> Result<Result<Fence, Held>> {
        let now = self.env.now();
        Ok(self.store.acquire(&TENANT, holder, now, now + LEASE).await?)
    }

    /// Takes over from a process that was killed on this machine, without waiting for its lease to run out.
    /// The fence rises, so that whatever it left behind cannot commit.
    async fn inherit(&self, dead: &Held, holder: &str) -> Result<Fence> {
        if let Ok(fence) = self.acquire(&dead.by).await? {
            self.store.release(&TENANT, fence).await?;
        }
        Ok(self.acquire(holder).await?.map_err(|held| held_by(&held))?)
    }

    /// An engine that commits only under the lease, tells the observer, and stops when asked.
    ///
    /// # Errors
    /// As [`engine`](Self::engine).
    pub async fn leased_engine(&self, clients: &Clients, lease: &Lease, observer: Arc<dyn Observer>) -> Result<Engine> {
        let engine = self.engine(clients).await?;
        Ok(engine.with_observer(observer).with_fence(lease.fence).with_cancellation(lease.stop.clone()))
    }
}

impl Lease {
    /// Gives the lease back.
    ///
    /// # Errors
    /// When the store fails; the lease then runs out by itself.
    pub async fn release(self) -> Result<()> {
        self.renewal.abort();
        Ok(self.store.release(&TENANT, self.fence).await?)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn renew(store: Arc<SqliteStore>, env: Arc<dyn Env>, holder: String, fence: Fence, lost: CancellationToken) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let now = env.now();
        match store.acquire(&TENANT, &holder, now, now + LEASE).await {
            Ok(Ok(renewed)) if renewed == fence => {}
            Ok(_) => return lost.cancel(),
            Err(error) => tracing::warn!(%error, "the lease could not be renewed; it is tried again"),
        }
    }
}

fn held_by(held: &Held) -> sync_core::Error {
    let until = held.until.format("%H:%M:%S UTC");
    sync_core::Error::temporary(ErrorKind::Lease, format!("{} works on this practice until {until}; wait for it, or stop it", held.by))
}

/// Who a process is, for another one that wants the lease.
fn holder(process: u32) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned());
    format!("process {process} on {}", host.unwrap_or_else(|_| "this machine".to_owned()))
}

/// Whether a holder was a process of this machine that no longer runs. Where that cannot be told, it is
/// taken to run.
fn is_dead(by: &str) -> bool {
    let process = by.strip_prefix("process ").and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
    let Some(process) = process.filter(|process| holder(*process) == by) else { return false };
    std::path::Path::new("/proc/self").exists() && !std::path::Path::new(&format!("/proc/{process}")).exists()
}

fn master_key(settings: &Settings) -> Result<MasterKey> {
    match (&settings.vault.key, &settings.vault.key_file) {
        (Some(_), Some(_)) => Err(Error::Settings(vec!["both a vault key and a vault key file are given; keep one".to_owned()])),
        (Some(key), None) => Ok(MasterKey::from_base64(key.expose_secret())?),
        (None, Some(path)) => Ok(MasterKey::from_file(path)?),
        (None, None) => Ok(MasterKey::beside(settings.database())?.key),
    }
}
