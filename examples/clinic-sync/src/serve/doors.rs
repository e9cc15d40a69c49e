//! The addresses at which a process is spoken to.

use std::net::SocketAddr;
use std::sync::Arc;

use sync_core::ErrorKind;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::practices::Practices;
use super::{metrics, web};
use crate::settings::ServeSettings;
use crate::{Error, Result};

/// The addresses at which a process is spoken to. Nothing is answered before [`serve`](Self::serve).
#[derive(Debug)]
pub(super) struct Doors {
    web: TcpListener,
    metrics: Option<TcpListener>,
}

/// What answers; dropped, nothing does.
pub(super) struct Opened(Vec<JoinHandle<std::io::Result<()>>>);

impl Doors {
    pub(super) async fn open(settings: &ServeSettings) -> Result<Self> {
        let web = listen(settings.listen).await?;
        let metrics = match settings.metrics {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        Ok(Self { web, metrics })
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.web.local_addr().ok()
    }

    pub(super) fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref()?.local_addr().ok()
    }

    pub(super) fn serve(self, practices: Arc<Practices>, stop: &CancellationToken) -> Opened {
        let stopped = || stop.clone().cancelled_owned();
        let web = axum::serve(self.web, web::router(practices.clone())).with_graceful_shutdown(stopped());
        let mut opened = vec![tokio::spawn(web.into_future())];
        if let Some(listener) = self.metrics {
            let figures = axum::serve(listener, metrics::router(practices)).with_graceful_shutdown(stopped());
            opened.push(tokio::spawn(figures.into_future()));
        }
        Opened(opened)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("nobody can listen at {address}: {error}; choose another address under [serve]");
        Error::Failed(sync_core::Error::permanent(ErrorKind::Configuration, message))
    })
}
