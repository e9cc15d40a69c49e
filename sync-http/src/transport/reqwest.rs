//! A real network.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use reqwest::{Client, redirect, retry};

use super::{Body, Reach, Transport, TransportError};
use crate::{BaseUrl, Error, ErrorKind, Result, Timeouts};

/// Sends over TLS (plain only to this machine), to one base URL, without redirects and without retries.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: Client,
    base: BaseUrl,
}

impl ReqwestTransport {
    /// A connection pool for requests below `base`. Of the timeouts only the connect timeout is used here;
    /// the pipeline measures the others.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the machine has no usable TLS roots.
    pub fn new(base: &BaseUrl, timeouts: &Timeouts) -> Result<Self> {
        let mut builder = Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeouts.connect)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .https_only(!base.is_loopback());
        if base.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            Error::new(ErrorKind::Configuration, "transport")
                .with_message("the HTTP client cannot be set up")
                .with_source(error.without_url())
        })?;
        Ok(Self { client, base: base.clone() })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        if !self.base.covers(request.uri()) {
            return Err(TransportError::new(Reach::NotAllowed, "the address is outside the base URL"));
        }
        let request = reqwest::Request::try_from(request).map_err(|error| failed(error, Reach::NotAllowed))?;
        let answer = self.client.execute(request).await.map_err(|error| {
            let reach = if error.is_connect() { Reach::NotSent } else { Reach::MayHaveBeenSent };
            failed(error, reach)
        })?;
        let mut response = http::Response::new(());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        let body = answer.bytes_stream().map_err(|error| failed(error, Reach::MayHaveBeenSent));
        Ok(response.map(|()| body.boxed()))
    }
}

fn failed(error: reqwest::Error, reach: Reach) -> TransportError {
    TransportError::new(reach, error.without_url())
}
