//! The elements of a streamed array.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use tokio::time::{Instant, timeout_at};

use super::Settings;
use super::attempt::Open;
use crate::split::{self, SplitError};
use crate::{Body, Error, ErrorKind, Idempotency, Request, Result, Verdict};

/// The elements of a JSON array as they arrive, each as its own bytes. If the stream ends without an error, the
/// array was complete.
pub struct Elements(BoxStream<'static, Result<Bytes>>);

impl Elements {
    pub(super) fn new(request: &Request, open: Open, settings: &Settings) -> Self {
        let (endpoint, idempotency) = (request.endpoint(), request.repeats());
        let (idle, end) = (settings.timeouts.idle, open.end);
        let pieces = pieces(open.response.into_body(), idle, end);
        let elements = split::elements(pieces, settings.element_cap);
        Self(elements.map(move |element| element.map_err(|fault| fault.report(endpoint, idempotency))).boxed())
    }
}

impl Stream for Elements {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Elements")
    }
}

enum Fault {
    Cut(crate::TransportError),
    Slow,
    Split(SplitError),
}

impl From<SplitError> for Fault {
    fn from(error: SplitError) -> Self {
        Self::Split(error)
    }
}

impl Fault {
    fn report(self, endpoint: &'static str, idempotency: Idempotency) -> Error {
        let error = match self {
            Self::Cut(error) => Error::new(ErrorKind::Transport, endpoint).with_source(error),
            Self::Slow => Error::new(ErrorKind::Timeout, endpoint),
            Self::Split(SplitError::TooLarge) => Error::new(ErrorKind::TooLarge, endpoint),
            // A proxy's page or a half-written body: another time it may be an array.
            Self::Split(error) => Error::new(ErrorKind::Decode, endpoint)
                .with_message(error.to_string())
                .with_verdict(Verdict::Temporary { retry_after: None }),
        };
        if idempotency == Idempotency::Once { error.with_verdict(Verdict::Unknown) } else { error }
    }
}

// The body with its time limits; after a fault it ends.
fn pieces(mut body: Body, idle: Duration, end: Instant) -> impl Stream<Item = Result<Bytes, Fault>> {
    async_stream::try_stream! {
        loop {
            let limit = end.min(Instant::now() + idle);
            match timeout_at(limit, body.next()).await {
                Err(_) => Err(Fault::Slow)?,
                Ok(None) => break,
                Ok(Some(Err(error))) => Err(Fault::Cut(error))?,
                Ok(Some(Ok(piece))) => yield piece,
            }
        }
    }
}
