//! Credentials: what they are, and who hands them out.

use std::fmt;

use async_trait::async_trait;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::{Error, ErrorKind, Result};

/// The headers that authorise a call. They never show in debug output.
#[derive(Clone, Default)]
pub struct Authorization {
    headers: Vec<(HeaderName, HeaderValue)>,
    generation: u64,
    renew_at: Option<Instant>,
}

impl Authorization {
    /// No credentials.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// An `Authorization: Bearer` header.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the token contains what no header may contain.
    pub fn bearer(token: SecretString) -> Result<Self> {
        let text = SecretString::from(format!("Bearer {}", token.expose_secret()));
        drop(token);
        Self::none().with_header(AUTHORIZATION, &text)
    }

    /// Adds a header and marks it sensitive.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the value contains what no header may contain.
    pub fn with_header(mut self, name: HeaderName, value: &SecretString) -> Result<Self> {
        let mut value = HeaderValue::from_str(value.expose_secret())
            .map_err(|_| Error::new(ErrorKind::Configuration, "token").with_message("the token is no header value"))?;
        value.set_sensitive(true);
        self.headers.push((name, value));
        Ok(self)
    }

    /// Says when it is better to get a new one than to use this one.
    #[must_use]
    pub fn renew_at(mut self, at: Instant) -> Self {
        self.renew_at = Some(at);
        self
    }

    /// Which token this is: a renewal has a higher number.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn with_generation(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.headers.iter().map(|(name, value)| (name, value))
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.renew_at.is_none_or(|at| Instant::now() < at)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// Hands out credentials. Wrap a provider whose renewal costs something in
/// [`SingleFlight`](crate::SingleFlight).
#[async_trait]
pub trait TokenProvider: Send + Sync {
    /// The credentials to use now.
    ///
    /// # Errors
    /// When there are none to be had.
    async fn token(&self) -> Result<Authorization>;

    /// New credentials, because the server has refused `stale`.
    ///
    /// # Errors
    /// When there are none to be had.
    async fn refresh(&self, stale: &Authorization) -> Result<Authorization>;

    /// The server has refused even `fresh`, which had just been renewed. A provider may take this as a
    /// reason to stop asking for a while.
    async fn refused(&self, fresh: &Authorization) {
        let _ = fresh;
    }

    /// Somebody has replaced the credentials: what is remembered of the old ones, and of their refusal, is out of date.
    async fn replaced(&self) {}
}

/// Credentials that never change, or none.
#[derive(Clone, Debug, Default)]
pub struct StaticToken(Authorization);

impl StaticToken {
    /// Always these.
    #[must_use]
    pub fn new(authorization: Authorization) -> Self {
        Self(authorization)
    }

    /// No credentials.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
}

#[async_trait]
impl TokenProvider for StaticToken {
    async fn token(&self) -> Result<Authorization> {
        Ok(self.0.clone())
    }

    async fn refresh(&self, _: &Authorization) -> Result<Authorization> {
        Err(Error::new(ErrorKind::Unauthorized, "token")
            .with_message("the configured token is not accepted, and a static token cannot be renewed: replace it"))
    }
}
