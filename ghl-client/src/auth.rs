//! Credentials.

use async_trait::async_trait;
use secrecy::SecretString;
use sync_http::{Authorization, Error, ErrorKind, Result, TokenProvider};

/// A private integration token: made by hand in a location's settings, and never renewed by itself. Rotating
/// it by hand leaves seven days of overlap; unused for 90 days it may expire.
#[derive(Debug)]
pub(crate) struct PrivateIntegrationToken(Authorization);

impl PrivateIntegrationToken {
    pub(crate) fn new(token: SecretString) -> Result<Self> {
        Authorization::bearer(token).map(Self)
    }
}

#[async_trait]
impl TokenProvider for PrivateIntegrationToken {
    async fn token(&self) -> Result<Authorization> {
        Ok(self.0.clone())
    }

    async fn refresh(&self, _: &Authorization) -> Result<Authorization> {
        Err(Error::new(ErrorKind::Unauthorized, "token").with_message(
            "GHL does not accept this private integration token, which cannot be renewed automatically: \
             create a new one in the location's settings under Private Integrations and configure that",
        ))
    }
}
