//! The endpoint that hands out tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use secrecy::ExposeSecret;
use sync_http::budget::Limit;
use sync_http::{
    BaseUrl, Error, ErrorKind, Pipeline, Request, ReqwestTransport, Result, Settings, SharedBudget, StaticToken, Timeouts, Transport,
    Verdict, WallClock,
};
use tokio::time::Instant;

use super::refusal::Refusals;
use super::wire::{Spelling, form, read};
use super::{App, TokenSet, UserType};
use crate::{BASE_URL, Version};

const TOKEN: &str = "oauth.token";
const LOCATION_TOKEN: &str = "oauth.location_token";

/// For so long GHL answers the same new tokens to a refresh token that it has just exchanged, says its changelog. What is
/// sent within less arrives within it.
const GRACE: Duration = Duration::from_secs(25);
/// Short enough that a second sending falls into the grace.
const PATIENCE: Duration = Duration::from_secs(10);

/// Buys tokens for an app. It stores nothing.
#[derive(Clone)]
pub struct TokenEndpoint {
    pipeline: Pipeline,
    app: Arc<App>,
    version: Version,
    clock: WallClock,
}

impl TokenEndpoint {
    /// GHL's own, over the network.
    ///
    /// # Errors
    /// When there are no TLS roots.
    pub fn new(app: App) -> Result<Self> {
        let base: BaseUrl = BASE_URL.parse()?;
        let transport = ReqwestTransport::new(&base, &timeouts(Timeouts::default()))?;
        Ok(Self::with_transport(app, base, Arc::new(transport), Settings::default()))
    }

    /// One behind any transport, such as an emulator in the same process.
    #[must_use]
    pub fn with_transport(app: App, base_url: BaseUrl, transport: Arc<dyn Transport>, settings: Settings) -> Self {
        let settings = Settings { timeouts: timeouts(settings.timeouts), ..settings };
        let budget = SharedBudget::new(Limit::new(20, Duration::from_secs(10)));
        let pipeline = Pipeline::new(base_url, transport, Refusals, budget, settings);
        Self { pipeline, app: Arc::new(app), version: Version::OAUTH, clock: WallClock::system() }
    }

    /// Asks for another version of the API. Under [`Version::V3`] requests and one path are spelt differently.
    #[must_use]
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Tells the time by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: WallClock) -> Self {
        self.clock = clock;
        self
    }

    /// Exchanges the code that an admin came back with, which works once. Look at [`TokenSet::user_type`]: an app for locations that
    /// was installed in the agency's view has been seen to get an agency's token.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorized`] when the code is not known, was used or is too old, or when the client id or secret is wrong; GHL
    /// has been seen to answer the same to all of these. [`Verdict::Unknown`] when the answer is lost: then a new code is needed.
    pub async fn exchange(&self, code: &str, user_type: UserType) -> Result<TokenSet> {
        let spelling = Spelling::of(self.version);
        let request = self.request(
            "authorization_code",
            &[
                ("code", code),
                (spelling.pick("user_type", "userType"), user_type.as_str()),
                (spelling.pick("redirect_uri", "redirectUri"), &self.app.redirect_uri),
            ],
        );
        self.buy(&request).await.map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => error.with_message(
                "GHL does not accept this code, which works once and not for long: connect again; if that does not help, check the \
                 client id and the client secret",
            ),
            _ => error,
        })
    }

    /// Exchanges the refresh token for new tokens; it is spent then. Store the new ones before using them. When the answer is lost
    /// and there is time, it is sent once more, since GHL then answers the same tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorized`] when it is spent, expired or revoked: the clinic has to connect again. [`ErrorKind::Forbidden`]
    /// when the location is not active.
    pub async fn refresh(&self, tokens: &TokenSet) -> Result<TokenSet> {
        let Some(refresh_token) = &tokens.refresh_token else {
            let error = Error::new(ErrorKind::Unauthorized, TOKEN);
            return Err(error.with_message("these tokens came without a refresh token, so they cannot be renewed: connect again"));
        };
        let spelling = Spelling::of(self.version);
        let request = self.request(
            "refresh_token",
            &[
                (spelling.pick("refresh_token", "refreshToken"), refresh_token.expose_secret()),
                (spelling.pick("user_type", "userType"), tokens.user_type.as_str()),
                (spelling.pick("redirect_uri", "redirectUri"), &self.app.redirect_uri),
            ],
        );
        let start = Instant::now();
        match self.buy(&request).await {
            Err(error) if error.verdict() == Verdict::Unknown && start.elapsed() < GRACE => self.buy(&request).await,
            bought => bought,
        }
    }

    /// Exchanges an agency's token for one of a location in which the app is installed. The app needs the scope `oauth.write`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when `agency` is not an agency's, [`ErrorKind::Forbidden`] when it may not do this, and
    /// [`ErrorKind::Unauthorized`] when it has expired.
    pub async fn location_token(&self, agency: &TokenSet, location_id: &str) -> Result<TokenSet> {
        let company_id = agency.company_id.as_deref().filter(|_| agency.user_type == UserType::Company);
        let Some(company_id) = company_id else {
            let error = Error::new(ErrorKind::Configuration, LOCATION_TOKEN);
            return Err(error.with_message("only the token of an agency can be exchanged for that of a location"));
        };
        // Each path belongs to its own version: the other one is refused or unknown.
        let path = match Spelling::of(self.version) {
            Spelling::Snake => "/oauth/locationToken",
            Spelling::Camel => "/oauth/location-token",
        };
        let body = form(&[("companyId", company_id), ("locationId", location_id)]);
        let request = self.version.on(Request::post(LOCATION_TOKEN, path)).sensitive().body(FORM, body);
        let tokens = Arc::new(StaticToken::new(agency.authorization()?));
        let answer = self.pipeline.clone().with_tokens(tokens).send(&request).await?;
        let mut bought = read(&answer, self.clock.now())?;
        bought.company_id.get_or_insert_with(|| company_id.to_owned());
        bought.location_id.get_or_insert_with(|| location_id.to_owned());
        bought.user_type = UserType::Location;
        Ok(bought)
    }

    fn request(&self, grant_type: &str, more: &[(&str, &str)]) -> Request {
        let spelling = Spelling::of(self.version);
        let mut pairs = vec![
            (spelling.pick("client_id", "clientId"), self.app.client_id.as_str()),
            (spelling.pick("client_secret", "clientSecret"), self.app.client_secret.expose_secret()),
            (spelling.pick("grant_type", "grantType"), grant_type),
        ];
        pairs.extend(more);
        self.version.on(Request::post(TOKEN, "/oauth/token")).sensitive().body(FORM, form(&pairs))
    }

    async fn buy(&self, request: &Request) -> Result<TokenSet> {
        let answer = self.pipeline.send(request).await?;
        read(&answer, self.clock.now())
    }
}

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

fn timeouts(usual: Timeouts) -> Timeouts {
    Timeouts { idle: usual.idle.min(PATIENCE), total: usual.total.min(PATIENCE), ..usual }
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint").field("app", &self.app).field("version", &self.version).finish_non_exhaustive()
    }
}
