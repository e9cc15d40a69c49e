//! Credentials.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use sync_http::{Authorization, Error, ErrorKind, Result, SingleFlight, TokenProvider};

use crate::oauth::{Grant, GrantTokens, TokenEndpoint};

/// How long nobody asks after GHL has refused for good.
const PAUSE: Duration = Duration::from_secs(60);

/// What opens a location.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A private integration token of this location, made by hand in its settings.
    PrivateIntegrationToken(SecretString),
    /// The consent that an admin of the location gave to an app.
    OAuth(Grant),
}

impl Credentials {
    /// Hands out the tokens for `location_id`; `endpoint` renews them, where they can be renewed.
    pub(crate) fn provider(self, location_id: &str, endpoint: impl FnOnce(&Grant) -> TokenEndpoint) -> Result<Arc<dyn TokenProvider>> {
        Ok(match self {
            Self::PrivateIntegrationToken(token) => Arc::new(PrivateIntegrationToken::new(token)?),
            Self::OAuth(grant) => {
                let tokens = GrantTokens::of_location(endpoint(&grant), &grant, location_id);
                Arc::new(SingleFlight::new(tokens, PAUSE))
            }
        })
    }
}

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
