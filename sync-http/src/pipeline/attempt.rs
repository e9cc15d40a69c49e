//! One attempt: budget, deadline, transport, classification.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::Pipeline;
use crate::classify::retry_after;
use crate::retry::Failure;
use crate::transport::{Reach, TransportError};
use crate::{Answer, Authorization, Body, Class, Error, ErrorKind, Idempotency, Refusal, Request, Verdict};

/// An answer whose body is still to be read, and the time by which it has to be.
pub(super) struct Open {
    pub(super) response: Response<Body>,
    pub(super) end: Instant,
}

/// How an attempt failed, for the retry loop.
pub(super) enum Failed {
    /// The token has expired.
    Token(Error),
    /// Something that the retry function decides about.
    Attempt(Failure, Error),
    /// Something that no repetition can change, and whose verdict is clear.
    Final(Error),
}

impl Pipeline {
    /// One attempt with the whole answer.
    pub(super) async fn buffered(&self, request: &Request, token: Authorization, again: bool) -> Result<Answer, Failed> {
        let open = self.open(request, &token, again, self.shared.settings.timeouts.total).await?;
        self.finish(request, open).await
    }

    /// The same, but the body of a success is left unread.
    pub(super) async fn streamed(&self, request: &Request, token: Authorization, again: bool) -> Result<Open, Failed> {
        let open = self.open(request, &token, again, self.shared.settings.timeouts.stream).await?;
        if open.response.status().is_success() {
            return Ok(open);
        }
        let answer = self.finish(request, open).await?;
        // A vendor's hook has let pass what is no success.
        let error = Error::new(ErrorKind::Decode, request.endpoint()).with_status(answer.status());
        Err(Failed::Final(error.with_message("the answer is no list")))
    }

    /// From the budget to the head of the answer.
    async fn open(&self, request: &Request, authorization: &Authorization, again: bool, limit: Duration) -> Result<Open, Failed> {
        let http = request.to_http(&self.shared.base, authorization).map_err(Failed::Final)?;
        self.acquire(request).await?;
        let start = Instant::now();
        let end = self.until.map_or(start + limit, |until| until.min(start + limit));
        if end <= start {
            return Err(Failed::Final(Error::new(ErrorKind::Cancelled, request.endpoint())));
        }
        self.shared.meter.call(request.endpoint(), again);
        let first = end.min(start + self.shared.settings.timeouts.idle);
        let response = match timeout_at(first, self.shared.transport.send(http)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(unreached(request, error)),
            Err(_) => return Err(too_slow(request)),
        };
        tracing::debug!(
            endpoint = request.endpoint(),
            status = response.status().as_u16(),
            again,
            duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
        self.shared.budget.learn(self.shared.classify.rate(response.headers()));
        Ok(Open { response, end })
    }

    async fn acquire(&self, request: &Request) -> Result<(), Failed> {
        let admission = self.shared.budget.acquire(self.on_wait, self.shared.settings.retry.longest_wait);
        self.in_time(request, admission).await.map_err(Failed::Final)?.map_err(|wait| {
            let error = Error::new(ErrorKind::RateLimited, request.endpoint())
                .with_message("held back by the call budget")
                .with_verdict(Verdict::Temporary { retry_after: Some(wait) });
            Failed::Final(error)
        })
    }

    async fn finish(&self, request: &Request, open: Open) -> Result<Answer, Failed> {
        let (head, body) = open.response.into_parts();
        let body = match self.collect(request, body, open.end).await {
            Ok(body) => body,
            // The status alone says enough about a refusal.
            Err(_) if !head.status.is_success() => Bytes::new(),
            Err(failed) => return Err(failed),
        };
        let answer = Answer::new(request, head.status, head.headers, body);
        match self.shared.classify.classify(&answer) {
            Class::Pass => Ok(answer),
            Class::TokenExpired(refusal) => Err(Failed::Token(refused(request, answer.status(), refusal))),
            Class::Failed(refusal) => Err(self.failed(request, &answer, refusal)),
        }
    }

    async fn collect(&self, request: &Request, mut body: Body, end: Instant) -> Result<Bytes, Failed> {
        let mut whole = BytesMut::new();
        loop {
            let idle = Instant::now() + self.shared.settings.timeouts.idle;
            match timeout_at(end.min(idle), body.next()).await {
                Err(_) => return Err(too_slow(request)),
                Ok(None) => return Ok(whole.freeze()),
                Ok(Some(Err(error))) => return Err(unreached(request, error)),
                Ok(Some(Ok(chunk))) => whole.extend_from_slice(&chunk),
            }
            if whole.len() > self.shared.settings.body_cap {
                return Err(too_large(request));
            }
        }
    }

    fn failed(&self, request: &Request, answer: &Answer, refusal: Refusal) -> Failed {
        let wait = retry_after(answer.headers());
        let failure = match refusal.kind {
            ErrorKind::RateLimited => {
                self.shared.meter.throttled(request.endpoint());
                Failure::RateLimited { wait: self.shared.budget.refused(wait) }
            }
            ErrorKind::Server | ErrorKind::Timeout | ErrorKind::Transport => Failure::Unclear { wait },
            _ => Failure::Declined,
        };
        Failed::Attempt(failure, refused(request, answer.status(), refusal))
    }
}

fn unreached(request: &Request, error: TransportError) -> Failed {
    let kind = if error.reach() == Reach::NotAllowed { ErrorKind::Configuration } else { ErrorKind::Transport };
    let failure = match error.reach() {
        Reach::NotAllowed => Failure::Declined,
        Reach::NotSent => Failure::NotSent,
        Reach::MayHaveBeenSent => Failure::Unclear { wait: None },
    };
    Failed::Attempt(failure, Error::new(kind, request.endpoint()).with_source(error))
}

fn too_slow(request: &Request) -> Failed {
    Failed::Attempt(Failure::Unclear { wait: None }, Error::new(ErrorKind::Timeout, request.endpoint()))
}

fn too_large(request: &Request) -> Failed {
    let error = Error::new(ErrorKind::TooLarge, request.endpoint());
    Failed::Final(match request.repeats() {
        Idempotency::Once => error.with_verdict(Verdict::Unknown),
        _ => error,
    })
}

fn refused(request: &Request, status: StatusCode, refusal: Refusal) -> Error {
    let mut error = Error::new(refusal.kind, request.endpoint()).with_status(status);
    if let Some(message) = refusal.message.filter(|_| !request.is_sensitive()) {
        error = error.with_message(message);
    }
    if let Some(trace_id) = refusal.trace_id {
        error = error.with_trace_id(trace_id);
    }
    if let Some(existing) = refusal.existing {
        error = error.with_existing(existing);
    }
    error
}
