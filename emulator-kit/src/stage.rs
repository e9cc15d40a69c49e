//! The vendor's router behind journal and faults.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};

use crate::{Clock, Entry, Fault, Faults, Journal, Reply};

/// The connection was cut before an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnected;

impl std::fmt::Display for Disconnected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the emulator cut the connection")
    }
}

impl std::error::Error for Disconnected {}

/// A router that journals every request and suffers the scripted faults. It is a `tower::Service`,
/// so a client can call it in process; [`Stage::serve`](crate::Stage::serve) puts it on loopback.
#[derive(Clone, Debug)]
pub struct Stage {
    router: Router,
    clock: Clock,
    journal: Journal,
    faults: Faults,
}

impl Stage {
    /// Puts `router` on stage.
    #[must_use]
    pub fn new(router: Router, clock: Clock, journal: Journal, faults: Faults) -> Self {
        Self { router, clock, journal, faults }
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Body>, Disconnected> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Disconnected)?.to_bytes();
        let fault = self.faults.strike(&parts.method, parts.uri.path());
        let index = self.journal.open(Entry {
            at: self.clock.now(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
            body: body.clone(),
            status: None,
            fault: fault.as_ref().map(Fault::name),
        });
        let work = Work { stage: self, index, request: Request::from_parts(parts, Body::from(body)) };
        match fault {
            None => Ok(work.run().await),
            Some(fault) => work.suffer(fault).await,
        }
    }
}

struct Work {
    stage: Stage,
    index: usize,
    request: Request<Body>,
}

impl Work {
    async fn run(self) -> Response<Body> {
        let response = match self.stage.router.oneshot(self.request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        self.stage.journal.answered(self.index, response.status());
        response
    }

    async fn suffer(self, fault: Fault) -> Result<Response<Body>, Disconnected> {
        match fault {
            Fault::Refuse(reply) => Ok(respond(reply)),
            Fault::CutBefore => Err(Disconnected),
            Fault::DelayBefore(pause) => {
                tokio::time::sleep(pause).await;
                Ok(self.run().await)
            }
            Fault::SlowWork(pause) => {
                let work = tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    self.run().await
                });
                work.await.map_err(|_| Disconnected)
            }
            Fault::DelayAfter(pause) => {
                let response = self.run().await;
                tokio::time::sleep(pause).await;
                Ok(response)
            }
            Fault::CutAfter => {
                self.run().await;
                Err(Disconnected)
            }
            Fault::Replace(reply) => {
                self.run().await;
                Ok(respond(reply))
            }
            Fault::Truncate(bytes) => truncate(self.run().await, bytes).await,
            Fault::Drip(pause) => drip(self.run().await, pause).await,
        }
    }
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn truncate(response: Response<Body>, keep: usize) -> Result<Response<Body>, Disconnected> {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    let body = body.collect().await.map_err(|_| Disconnected)?.to_bytes();
    let kept = body.slice(..keep.min(body.len()));
    let pieces = stream::iter([Ok::<Bytes, Disconnected>(kept), Err(Disconnected)]);
    Ok(Response::from_parts(parts, Body::from_stream(pieces)))
}

async fn drip(response: Response<Body>, pause: std::time::Duration) -> Result<Response<Body>, Disconnected> {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    let body = body.collect().await.map_err(|_| Disconnected)?.to_bytes();
    let pieces = stream::iter(0..body.len()).then(move |at| {
        let piece = body.slice(at..=at);
        async move {
            tokio::time::sleep(pause).await;
            Ok::<Bytes, Infallible>(piece)
        }
    });
    Ok(Response::from_parts(parts, Body::from_stream(pieces)))
}

impl Service<Request<Body>> for Stage {
    type Response = Response<Body>;
    type Error = Disconnected;
    type Future = BoxFuture<'static, Result<Response<Body>, Disconnected>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}
