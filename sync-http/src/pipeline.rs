//! The one way from a request to an answer.

mod attempt;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

pub use self::stream::Elements;

use self::attempt::Failed;
use crate::retry::{self, Limits, Outcome};
use crate::{
    Answer, Authorization, BaseUrl, Classify, Error, ErrorKind, Meter, OnWait, Request, Result, SharedBudget, StaticToken, Timeouts,
    TokenProvider, Transport, Verdict,
};

/// How a pipeline behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long one attempt may take.
    pub timeouts: Timeouts,
    /// When a request is sent again.
    pub retry: Limits,
    /// The largest buffered answer, in bytes after decompression.
    pub body_cap: usize,
    /// The largest element of a streamed array, in bytes.
    pub element_cap: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { timeouts: Timeouts::default(), retry: Limits::default(), body_cap: 16 * 1024 * 1024, element_cap: 1024 * 1024 }
    }
}

/// Takes a [`Request`] through token, call budget, deadline, transport, classification and retry. It is the
/// only layer that retries. Clones are cheap and share budget, meter and connections.
#[derive(Clone)]
pub struct Pipeline {
    shared: Arc<Shared>,
    tokens: Arc<dyn TokenProvider>,
    on_wait: OnWait,
    until: Option<Instant>,
}

struct Shared {
    base: BaseUrl,
    transport: Arc<dyn Transport>,
    classify: Box<dyn Classify>,
    budget: SharedBudget,
    settings: Settings,
    meter: Meter,
    requests: AtomicU64,
}

impl Pipeline {
    /// A pipeline without credentials; see [`Pipeline::with_tokens`].
    #[must_use]
    pub fn new(
        base: BaseUrl,
        transport: Arc<dyn Transport>,
        classify: impl Classify + 'static,
        budget: SharedBudget,
        settings: Settings,
    ) -> Self {
        let shared = Shared {
            base,
            transport,
            classify: Box::new(classify),
            budget,
            settings,
            meter: Meter::default(),
            requests: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), tokens: Arc::new(StaticToken::none()), on_wait: OnWait::Sleep, until: None }
    }

    /// The same pipeline with credentials.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Arc<dyn TokenProvider>) -> Self {
        self.tokens = tokens;
        self
    }

    /// The same pipeline with another answer to waits. Under [`OnWait::Return`] neither the budget nor a server that
    /// asks to wait is waited for.
    #[must_use]
    pub fn on_wait(mut self, on_wait: OnWait) -> Self {
        self.on_wait = on_wait;
        self
    }

    /// The same pipeline with a deadline: whatever it is asked has ended by then, and nothing goes out after it.
    #[must_use]
    pub fn until(mut self, deadline: Instant) -> Self {
        self.until = Some(deadline);
        self
    }

    /// The credentials were replaced: what is remembered of the old ones is forgotten.
    pub async fn credentials_replaced(&self) {
        self.tokens.replaced().await;
    }

    /// The count of calls.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    /// Where requests go.
    #[must_use]
    pub fn base(&self) -> &BaseUrl {
        &self.shared.base
    }

    /// Sends a request and reads its whole answer.
    ///
    /// # Errors
    /// With a verdict; what may be retried has been retried.
    pub async fn send(&self, request: &Request) -> Result<Answer> {
        self.repeat(request, |token, again| self.buffered(request, token, again)).await
    }

    /// Sends a request whose answer is one JSON array of any length, and hands out its elements as they arrive.
    /// Only the beginning is retried: once there are elements, a fault ends the stream with an error.
    ///
    /// # Errors
    /// When there is no successful answer. What goes wrong later, also that the body is no array, comes out of
    /// the stream.
    pub async fn stream(&self, request: &Request) -> Result<Elements> {
        let open = self.repeat(request, |token, again| self.streamed(request, token, again)).await?;
        Ok(Elements::new(request, open, &self.shared.settings))
    }

    // The retry loop. A token that has expired costs one repetition, which does not count as an attempt.
    async fn repeat<T, F, Attempt>(&self, request: &Request, attempt: F) -> Result<T>
    where
        F: Fn(Authorization, bool) -> Attempt,
        Attempt: Future<Output = Result<T, Failed>>,
    {
        let limits = self.limits();
        let mut token = self.in_time(request, self.tokens.token()).await?.map_err(Error::before_sending)?;
        let (mut number, mut again, mut renewed) = (1, false, false);
        loop {
            match attempt(token.clone(), again).await {
                Ok(answer) => return Ok(answer),
                Err(Failed::Final(error)) => return Err(error),
                Err(Failed::Token(error)) if renewed => {
                    self.tokens.refused(&token).await;
                    return Err(error);
                }
                Err(Failed::Token(error)) => {
                    token = self.in_time(request, self.renew(&token, error)).await??;
                    renewed = true;
                }
                Err(Failed::Attempt(failure, error)) => {
                    match retry::decide(failure, request.repeats(), number, &limits) {
                        Outcome::Stop(verdict) => return Err(error.with_verdict(verdict)),
                        Outcome::Retry { after } => self.pause(request, number, after, error).await?,
                    }
                    number += 1;
                }
            }
            again = true;
        }
    }

    fn limits(&self) -> Limits {
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let mut limits = self.shared.settings.retry.for_request(number);
        if self.on_wait == OnWait::Return {
            limits.longest_wait = Duration::ZERO;
        }
        limits
    }

    async fn renew(&self, stale: &Authorization, refusal: Error) -> Result<Authorization> {
        self.tokens.refresh(stale).await.map_err(|error| match (error.kind(), error.message()) {
            // What was refused is more telling than that there is no better token.
            (ErrorKind::Unauthorized, Some(message)) => refusal.with_message(message).with_verdict(error.verdict()),
            _ => error.before_sending(),
        })
    }

    // Something that comes before the request goes out, bounded by the deadline.
    async fn in_time<T>(&self, request: &Request, step: impl Future<Output = T>) -> Result<T> {
        match self.until {
            None => Ok(step.await),
            Some(until) => {
                let late = |_| Error::new(ErrorKind::Cancelled, request.endpoint());
                tokio::time::timeout_at(until, step).await.map_err(late)
            }
        }
    }

    // A pause that would pass the deadline is not begun.
    async fn pause(&self, request: &Request, attempt: u32, after: Duration, error: Error) -> Result<()> {
        if self.until.is_some_and(|until| Instant::now() + after >= until) {
            return Err(error.with_verdict(Verdict::Temporary { retry_after: Some(after) }));
        }
        tracing::debug!(
            endpoint = request.endpoint(),
            attempt,
            pause_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            kind = ?error.kind(),
            "sending again after a pause"
        );
        tokio::time::sleep(after).await;
        Ok(())
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("base", &self.shared.base)
            .field("settings", &self.shared.settings)
            .field("on_wait", &self.on_wait)
            .finish_non_exhaustive()
    }
}
