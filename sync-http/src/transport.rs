//! The one seam between requests and a network.

mod reqwest;
mod service;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use self::reqwest::ReqwestTransport;
pub use self::service::ServiceTransport;

/// The body of an answer, piece by piece.
pub type Body = BoxStream<'static, Result<Bytes, TransportError>>;

/// Sends one request and returns the head of its answer. It neither retries nor follows redirects, and
/// it must stop when its future is dropped.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request.
    ///
    /// # Errors
    /// When there is no answer; the error says whether the request could have reached the server.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError>;
}

/// How far a request came that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The transport does not send such a request at all.
    NotAllowed,
    /// No byte of it went out: name look-up, connection or TLS failed.
    NotSent,
    /// The server may have seen it, and may have acted.
    MayHaveBeenSent,
}

/// There is no answer, or not the whole of it. It never shows the URL, which may carry personal data.
#[derive(Debug)]
pub struct TransportError {
    reach: Reach,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// No answer, with the cause; its text must not contain the URL.
    #[must_use]
    pub fn new(reach: Reach, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { reach, source: Some(source.into()) }
    }

    /// How far the request came.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reach {
            Reach::NotAllowed => "such a request is not sent",
            Reach::NotSent => "the server could not be reached",
            Reach::MayHaveBeenSent => "the connection was cut",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
