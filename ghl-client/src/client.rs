//! The client.

use std::fmt;
use std::sync::Arc;

use chrono_tz::Tz;
use sync_http::{Answer, Meter, OnWait, Pipeline, Request, ReqwestTransport, Result, SharedBudget, Transport};
use tokio::time::Instant;

use crate::error::Ghl;
use crate::oauth::TokenEndpoint;
use crate::{Config, Versions};

/// A client of one location. Clones are cheap and share the call budget, the count of calls and the
/// connections.
#[derive(Clone)]
pub struct Client {
    pipeline: Pipeline,
    location: Arc<Location>,
}

struct Location {
    id: String,
    versions: Versions,
    timezone: Option<Tz>,
}

impl Client {
    /// A client over the network.
    ///
    /// # Errors
    /// When the token is no header value, or when there are no TLS roots.
    pub fn new(config: Config) -> Result<Self> {
        let transport = ReqwestTransport::new(&config.base_url, &config.settings.timeouts)?;
        Self::with_transport(config, Arc::new(transport))
    }

    /// A client over any transport, such as an emulator in the same process.
    ///
    /// # Errors
    /// When the token is no header value.
    pub fn with_transport(config: Config, transport: Arc<dyn Transport>) -> Result<Self> {
        let Config { base_url, location_id, credentials, budget, settings, versions, timezone } = config;
        let tokens = credentials.provider(&location_id, |grant| {
            TokenEndpoint::with_transport(grant.app.clone(), base_url.clone(), Arc::clone(&transport), settings)
                .with_version(versions.oauth)
                .with_clock(grant.clock.clone())
        })?;
        let pipeline = Pipeline::new(base_url, transport, Ghl, SharedBudget::new(budget), settings).with_tokens(tokens);
        Ok(Self { pipeline, location: Arc::new(Location { id: location_id, versions, timezone }) })
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

    /// The clinic was connected anew: the next call takes the tokens that are stored now, even if GHL has refused the old ones a
    /// moment ago.
    pub async fn credentials_replaced(&self) {
        self.pipeline.credentials_replaced().await;
    }

    /// The count of calls.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        self.pipeline.meter()
    }

    /// The location that all calls are about.
    #[must_use]
    pub fn location_id(&self) -> &str {
        &self.location.id
    }

    /// The location's time zone, where it is set; see [`Config::timezone`].
    #[must_use]
    pub fn timezone(&self) -> Option<Tz> {
        self.location.timezone
    }

    pub(crate) fn versions(&self) -> &Versions {
        &self.location.versions
    }

    pub(crate) async fn send(&self, request: &Request) -> Result<Answer> {
        self.pipeline.send(request).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("location_id", &self.location.id).finish_non_exhaustive()
    }
}
