//! A stage on loopback.

use std::io;
use std::net::SocketAddr;

use axum::body::Body;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use crate::Stage;

/// A served stage; dropping it closes the listener and all connections.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stage {
    /// Serves on a free loopback port.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn serve(self) -> io::Result<Running> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, self));
        Ok(Running { address, task })
    }
}

async fn accept(listener: TcpListener, stage: Stage) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        // Answers are small; without this, Nagle and delayed acknowledgements add 40 ms to each.
        let _ = socket.set_nodelay(true);
        let service = TowerToHyperService::new(stage.clone().map_request(|request: http::Request<_>| request.map(Body::new)));
        // An error of the service closes the connection without an answer: that is how a cut looks to the client.
        connections.spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service));
        while connections.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::post;

    use crate::{Clock, Fault, Faults, Journal, Rule, Stage};

    #[tokio::test]
    async fn a_cut_after_the_effect_is_journalled_as_done_and_seen_as_an_error() {
        let (journal, faults) = (Journal::default(), Faults::default());
        let router = Router::new().route("/x", post(|| async { "done" }));
        let running = Stage::new(router, Clock::real(), journal.clone(), faults.clone()).serve().await.unwrap();
        faults.add(Rule::on("/x", Fault::CutAfter));
        let client = reqwest::Client::new();
        assert!(client.post(format!("{}/x", running.url())).send().await.is_err());
        let entries = journal.entries();
        assert_eq!(entries.len(), 1);
        assert!(entries[0].succeeded());
        assert_eq!(entries[0].fault, Some("cut after"));
        let next = client.post(format!("{}/x", running.url())).send().await.unwrap();
        assert_eq!(next.text().await.unwrap(), "done");
    }
}
