//! The running service: webhooks are seen at once, everything else by the clock.
//!
//! One task works, on one thing at a time: first what the inbox holds, then what is due. Requests from outside only add to the
//! inbox, so that nothing they do can write to a patient's record.

mod connect;
mod inbox;
mod metrics;
pub(crate) mod receiver;
mod schedule;
mod stats;
mod web;
mod work;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ghl_client::webhook::Verifier;
use sync_core::observer::{Observer, Silent};
use sync_core::{Engine, ErrorKind, TenantId};
use tokio::net::TcpListener;
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;

pub(crate) use connect::new_link;
pub use schedule::Task;
pub(crate) use schedule::timetable;
use stats::Stats;

use crate::service::Lease;
use crate::tokens::VaultTokens;
use crate::{Clients, Error, Result, Service};

/// How long what is under way may take after a stop was asked for.
const GRACE: Duration = Duration::from_secs(8);

/// The running service of one practice.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    lease: Lease,
    listener: TcpListener,
    metrics: Option<TcpListener>,
    stop: CancellationToken,
}

/// What all parts of the service use.
#[derive(Debug)]
pub(crate) struct Shared {
    service: Service,
    clients: Clients,
    engines: OnceCell<Vec<Engine>>,
    verifier: Verifier,
    stats: Stats,
    /// Something came into the inbox.
    woken: Notify,
    /// Somebody gave access to GHL just now.
    connected: AtomicBool,
}

impl Shared {
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
    fn ready_engines(&self) -> &[Engine] {
        self.engines.get().map_or(&[], Vec::as_slice)
    }

    async fn engines(&self, lease: &Lease) -> Result<&[Engine]> {
        let observer: Arc<dyn Observer> = Arc::new(Silent);
        let make = || self.service.leased_engines(&self.clients, lease, &observer);
        Ok(self.engines.get_or_try_init(make).await?.as_slice())
    }
}

impl Server {
    /// Takes the practice's lease, and the addresses to listen at. Nothing is answered before [`run`](Self::run).
    ///
    /// # Errors
    /// When another process works on this practice, an address is taken, or the settings are not complete.
    pub async fn start(service: Service, stop: CancellationToken) -> Result<Self> {
        let clients = Clients::of(&service)?;
        let lease = service.lease(&stop).await?;
        let settings = &service.settings().serve;
        let listener = listen(settings.listen).await?;
        let metrics = match settings.metrics {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let keys: Vec<_> = settings.webhook_public_keys.iter().filter_map(|key| key.parse().ok()).collect();
        let verifier = if keys.is_empty() { Verifier::default() } else { Verifier::new(keys) };
        let (engines, stats, woken, connected) = (OnceCell::new(), Stats::default(), Notify::new(), AtomicBool::new(false));
        Ok(Self {
            shared: Arc::new(Shared { service, clients, engines, verifier, stats, woken, connected }),
            lease,
            listener,
            metrics,
            stop,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.shared.service.settings().serve.listen)
    }

    /// Where figures can be read.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref()?.local_addr().ok()
    }

    /// Serves until the stop is asked for; then what is under way is finished, or is left to the next start.
    ///
    /// # Errors
    /// When the lease cannot be given back; it then runs out by itself.
    pub async fn run(self) -> Result<()> {
        let Self { shared, lease, listener, metrics, stop } = self;
        let stopped = |stop: CancellationToken| async move { stop.cancelled().await };
        let web = axum::serve(listener, web::router(shared.clone())).with_graceful_shutdown(stopped(stop.clone()));
        let web = tokio::spawn(web.into_future());
        let figures = metrics.map(|listener| {
            let figures = axum::serve(listener, metrics::router(shared.clone())).with_graceful_shutdown(stopped(stop.clone()));
            tokio::spawn(figures.into_future())
        });
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
        web.abort();
        figures.iter().for_each(tokio::task::JoinHandle::abort);
        lease.release().await
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("nobody can listen at {address}: {error}; choose another address under [serve]");
        Error::Failed(sync_core::Error::permanent(ErrorKind::Configuration, message))
    })
}
