//! The client.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sync_http::{
    Answer, Elements, Meter, OnWait, Pipeline, Request, ReqwestTransport, Result, SharedBudget, SingleFlight, Transport, WallClock,
};
use tokio::time::Instant;

use crate::auth::Login;
use crate::error::Ephysio;
use crate::{Config, InvoiceTemplate, Operations, PracticeClock, Sex};

/// A client of one practice. Clones are cheap and share the login, the call budget, the count of calls
/// and the connections.
#[derive(Clone)]
pub struct Client {
    pipeline: Pipeline,
    practice: Arc<Practice>,
}

struct Practice {
    operations: Operations,
    sex_true: Option<Sex>,
    clock: PracticeClock,
    time: WallClock,
    invoice: Option<InvoiceTemplate>,
}

impl Client {
    /// A client over the network.
    ///
    /// # Errors
    /// When there are no TLS roots.
    pub fn new(config: Config) -> Result<Self> {
        let transport = ReqwestTransport::new(&config.base_url, &config.settings.timeouts)?;
        Ok(Self::with_transport(config, Arc::new(transport)))
    }

    /// A client over any transport, such as an emulator in the same process.
    #[must_use]
    pub fn with_transport(config: Config, transport: Arc<dyn Transport>) -> Self {
        let pipeline = Pipeline::new(config.base_url, transport, Ephysio, SharedBudget::new(config.budget), config.settings);
        let login = Login {
            pipeline: pipeline.clone(),
            email: config.email,
            password: config.password,
            key_index: config.key_index,
            renew_before: config.renew_before,
            clock: config.clock.clone(),
        };
        let tokens = Arc::new(SingleFlight::new(login, config.login_pause));
        let practice = Practice {
            operations: config.operations,
            sex_true: config.sex_true,
            clock: PracticeClock::new(config.zone, config.clock_fields),
            time: config.clock,
            invoice: config.invoice,
        };
        Self { pipeline: pipeline.with_tokens(tokens), practice: Arc::new(practice) }
    }

    /// The same client with another answer to waits: workers put their work back instead.
    #[must_use]
    pub fn on_wait(mut self, on_wait: OnWait) -> Self {
        self.pipeline = self.pipeline.on_wait(on_wait);
        self
    }

    /// The same client with a deadline, after which nothing goes out any more.
    #[must_use]
    pub fn until(mut self, deadline: Instant) -> Self {
        self.pipeline = self.pipeline.until(deadline);
        self
    }

    /// The count of calls.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        self.pipeline.meter()
    }

    /// The calls that are not publicly documented, as configured.
    #[must_use]
    pub fn operations(&self) -> &Operations {
        &self.practice.operations
    }

    /// Which sex the list's boolean `true` stands for, if that is configured.
    #[must_use]
    pub fn sex_true(&self) -> Option<Sex> {
        self.practice.sex_true
    }

    /// The clock on the practice's wall.
    #[must_use]
    pub fn practice_clock(&self) -> PracticeClock {
        self.practice.clock
    }

    /// The time now, by the configured clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.practice.time.now()
    }

    /// What new invoices say, if they may be created.
    #[must_use]
    pub fn invoice_template(&self) -> Option<&InvoiceTemplate> {
        self.practice.invoice.as_ref()
    }

    pub(crate) async fn send(&self, request: &Request) -> Result<Answer> {
        self.pipeline.send(request).await
    }

    pub(crate) async fn stream(&self, request: &Request) -> Result<Elements> {
        self.pipeline.stream(request).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}
