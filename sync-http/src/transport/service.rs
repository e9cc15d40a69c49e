//! A server in the same process.

use std::fmt;
use std::marker::PhantomData;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};

use super::{Body, Reach, Transport, TransportError};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Calls a `tower` service in place of a network, with `B` as the service's body type. There are no
/// sockets, so it works under a paused clock and is as deterministic as the service.
///
/// A service whose requests may have any body, such as `axum::Router`, needs `B` spelt out:
/// `ServiceTransport::<_, axum::body::Body>::new(router)`.
#[derive(Clone)]
pub struct ServiceTransport<S, B> {
    service: S,
    body: PhantomData<fn(B)>,
}

impl<S, B> ServiceTransport<S, B>
where
    S: Service<http::Request<B>>,
{
    /// Requests go to `service`.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self { service, body: PhantomData }
    }
}

#[async_trait]
impl<S, B, Out> Transport for ServiceTransport<S, B>
where
    S: Service<http::Request<B>, Response = http::Response<Out>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<Source>,
    B: From<Bytes> + Send + 'static,
    Out: BodyExt<Data = Bytes> + Send + 'static,
    Out::Error: Into<Source>,
{
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        let answer = self.service.clone().oneshot(request.map(B::from)).await.map_err(cut)?;
        Ok(answer.map(|body| body.into_data_stream().map_err(cut).boxed()))
    }
}

fn cut(error: impl Into<Source>) -> TransportError {
    TransportError::new(Reach::MayHaveBeenSent, error)
}

impl<S, B> fmt::Debug for ServiceTransport<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceTransport")
    }
}
