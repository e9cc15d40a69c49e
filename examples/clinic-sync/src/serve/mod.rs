//! The running service: webhooks are seen at once, everything else by the clock.
//!
//! One task works, on one thing at a time: first what the inbox holds, then what is due. Requests from outside only add to the
//! inbox, so that nothing they do can write to a patient's record.

mod connect;
mod doors;
#[cfg(feature = "postgres")]
mod group;
#[cfg(feature = "postgres")]
mod group_server;
mod inbox;
#[cfg(feature = "postgres")]
mod jobs;
mod metrics;
mod practices;
pub(crate) mod receiver;
mod schedule;
mod stats;
mod web;
mod work;

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sync_core::observer::{Observer, Silent};
use sync_core::{Engine, Fence, TenantId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(crate) use connect::new_link;
use doors::Doors;
#[cfg(feature = "postgres")]
pub(crate) use group::wake;
#[cfg(feature = "postgres")]
pub use group_server::GroupServer;
#[cfg(feature = "postgres")]
pub use jobs::CRONTAB;
use practices::Practices;
pub use schedule::Task;
pub(crate) use schedule::timetable;
use stats::Stats;

use crate::service::Lease;
use crate::tokens::VaultTokens;
use crate::{Clients, Result, Service};

/// How long what is under way may take after a stop was asked for.
const GRACE: Duration = Duration::from_secs(8);

/// The running service of one practice.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    lease: Lease,
    doors: Doors,
    stop: CancellationToken,
}

/// What one process of several does.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// It listens to webhooks and to admins who give access.
    pub receiver: bool,
    /// It works for practices.
    pub worker: bool,
    /// It sees to it that what is due is done.
    pub scheduler: bool,
}

/// What all parts of the service of one practice use.
#[derive(Debug)]
pub(crate) struct Shared {
    service: Service,
    clients: Clients,
    /// Those of the lease under which this process works, or worked last.
    engines: Mutex<Option<(Fence, Arc<Vec<Engine>>)>>,
    /// When e-Physio was last listed.
    listed: Mutex<Option<DateTime<Utc>>>,
    stats: Stats,
    /// Something came into the inbox.
    woken: Notify,
    /// Somebody gave access to GHL just now.
    connected: AtomicBool,
}

impl Shared {
    fn of(service: Service) -> Result<Self> {
        let clients = Clients::of(&service)?;
        let (engines, listed) = (Mutex::new(None), Mutex::new(None));
        let (stats, woken, connected) = (Stats::default(), Notify::new(), AtomicBool::new(false));
        Ok(Self { service, clients, engines, listed, stats, woken, connected })
    }

    fn now(&self) -> DateTime<Utc> {
        self.service.env().now()
    }

    fn tenant(&self) -> &TenantId {
        self.service.tenant()
    }

    fn tokens(&self) -> VaultTokens {
        VaultTokens::of(&self.service)
    }

    /// The engines, if they could be made already: that needs GHL.
    fn ready_engines(&self) -> Option<Arc<Vec<Engine>>> {
        self.made().map(|(_, engines)| engines)
    }

    async fn engines(&self, lease: &Lease) -> Result<Arc<Vec<Engine>>> {
        if let Some((_, engines)) = self.made().filter(|(fence, _)| *fence == lease.fence()) {
            return Ok(engines);
        }
        let observer: Arc<dyn Observer> = Arc::new(Silent);
        let engines = Arc::new(self.service.leased_engines(&self.clients, lease, &observer).await?);
        *self.engines.lock().unwrap_or_else(PoisonError::into_inner) = Some((lease.fence(), engines.clone()));
        Ok(engines)
    }

    fn made(&self) -> Option<(Fence, Arc<Vec<Engine>>)> {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn listed(&self) -> Option<DateTime<Utc>> {
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_listing(&self, at: DateTime<Utc>) {
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }
}

impl Server {
    /// Takes the practice's lease, and the addresses to listen at. Nothing is answered before [`run`](Self::run).
    ///
    /// # Errors
    /// When another process works on this practice, an address is taken, or the settings are not complete.
    pub async fn start(service: Service, stop: CancellationToken) -> Result<Self> {
        let lease = service.lease(&stop).await?;
        let doors = Doors::open(&service.settings().serve).await?;
        Ok(Self { shared: Arc::new(Shared::of(service)?), lease, doors, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.doors.address().unwrap_or(self.shared.service.settings().serve.listen)
    }

    /// Where figures can be read.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.doors.metrics_address()
    }

    /// Serves until the stop is asked for; then what is under way is finished, or is left to the next start.
    ///
    /// # Errors
    /// When the lease cannot be given back; it then runs out by itself.
    pub async fn run(self) -> Result<()> {
        let Self { shared, lease, doors, stop } = self;
        let opened = doors.serve(Arc::new(Practices::one(shared.clone())), &stop);
        {
            let mut worked = std::pin::pin!(work::until_stopped(&shared, &lease, &stop));
            tokio::select! {
                () = &mut worked => {}
                () = stop.cancelled() => {
                    if tokio::time::timeout(GRACE, &mut worked).await.is_err() {
                        tracing::warn!("what was under way is left to the next start, which looks first");
                    }
                }
            }
        }
        drop(opened);
        lease.release().await
    }
}
