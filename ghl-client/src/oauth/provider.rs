//! The tokens of a connected clinic, renewed in time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use sync_http::{Authorization, Error, ErrorKind, Result, TokenProvider, Verdict, WallClock};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{App, StoreError, Swap, TokenEndpoint, TokenSet, TokenStore, UserType};

const STORE: &str = "oauth.store";
/// How often, and how far apart, the store is looked at before a grant is taken for dead: another process may have spent the refresh
/// token and still wait for the answer.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// A clinic's consent: the app that it gave it to, and where its tokens are.
#[derive(Clone)]
pub struct Grant {
    /// The app.
    pub app: App,
    /// The tokens. Every process that uses them has to use this store, and all of them the same.
    pub store: Arc<dyn TokenStore>,
    /// How long before its end an access token is renewed.
    pub renew_before: Duration,
    /// Tells when tokens expire.
    pub clock: WallClock,
}

impl Grant {
    /// The usual set-up: the machine's clock, and renewal five minutes ahead.
    #[must_use]
    pub fn new(app: App, store: Arc<dyn TokenStore>) -> Self {
        Self { app, store, renew_before: Duration::from_secs(300), clock: WallClock::system() }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("app", &self.app).field("renew_before", &self.renew_before).finish_non_exhaustive()
    }
}

/// Hands out the tokens of a [`Grant`]. Wrap it in a [`SingleFlight`](sync_http::SingleFlight), which [`Client`](crate::Client) does.
///
/// - New tokens are stored before they are used. If the store fails meanwhile, they are kept and stored later.
/// - Who finds that another process was faster uses the tokens of that one.
/// - A grant that GHL no longer accepts is not asked for again; the store is looked at, though, and a new connection is used.
pub struct GrantTokens {
    endpoint: TokenEndpoint,
    store: Arc<dyn TokenStore>,
    owner: Owner,
    renew_before: Duration,
    clock: WallClock,
    memory: Mutex<Memory>,
}

/// Whose tokens they must be.
#[derive(Debug)]
enum Owner {
    Location(String),
    Agency,
}

#[derive(Default)]
struct Memory {
    /// The refresh token that came with the access token in use.
    used: Option<SecretString>,
    /// New tokens that the store has not taken yet, and the refresh token that they were bought with.
    unsaved: Option<(SecretString, TokenSet)>,
    /// A refresh token that GHL has refused for good.
    dead: Option<SecretString>,
}

impl GrantTokens {
    /// The tokens of a location; those of an agency or of another location are refused.
    #[must_use]
    pub fn of_location(endpoint: TokenEndpoint, grant: &Grant, location_id: impl Into<String>) -> Self {
        Self::new(endpoint, grant, Owner::Location(location_id.into()))
    }

    /// The tokens of an agency.
    #[must_use]
    pub fn of_agency(endpoint: TokenEndpoint, grant: &Grant) -> Self {
        Self::new(endpoint, grant, Owner::Agency)
    }

    fn new(endpoint: TokenEndpoint, grant: &Grant, owner: Owner) -> Self {
        Self {
            endpoint,
            store: Arc::clone(&grant.store),
            owner,
            renew_before: grant.renew_before,
            clock: grant.clock.clone(),
            memory: Mutex::default(),
        }
    }

    /// What is stored, after what had to be stored.
    async fn stored(&self, memory: &mut Memory) -> Result<TokenSet> {
        if let Some((old, new)) = memory.unsaved.clone() {
            let swap = self.store.swap(&old, &new).await.map_err(store_failed)?;
            memory.unsaved = None;
            if swap == Swap::Stored {
                return Ok(new);
            }
        }
        self.store.load().await.map_err(store_failed)?.ok_or_else(not_connected)
    }

    async fn renew(&self, memory: &mut Memory, stale: TokenSet) -> Result<Authorization> {
        let old = stale.refresh_token.clone().ok_or_else(dead)?;
        if memory.dead.as_ref().is_some_and(|dead| stale.has_refresh_token(dead)) {
            return Err(dead());
        }
        match self.endpoint.refresh(&stale).await {
            Ok(new) => {
                memory.unsaved = Some((old, complete(new, &stale)));
                let current = self.stored(memory).await?;
                self.hand_out(memory, &current)
            }
            Err(error) if error.kind() == ErrorKind::Unauthorized => self.overtaken_or_dead(memory, old).await,
            Err(error) => Err(error),
        }
    }

    /// The refresh token is spent. If another process has spent it, its tokens are in the store.
    async fn overtaken_or_dead(&self, memory: &mut Memory, old: SecretString) -> Result<Authorization> {
        for _ in 0..LOOKS {
            let stored = self.stored(memory).await?;
            if !stored.has_refresh_token(&old) && self.remaining(&stored) > Duration::ZERO {
                return self.hand_out(memory, &stored);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        memory.dead = Some(old);
        Err(dead())
    }

    fn hand_out(&self, memory: &mut Memory, tokens: &TokenSet) -> Result<Authorization> {
        self.owner.check(tokens)?;
        memory.used.clone_from(&tokens.refresh_token);
        let remaining = self.remaining(tokens);
        // A token that lives shorter than the time ahead would be renewed at every call.
        let ahead = self.renew_before.min(remaining / 2);
        Ok(tokens.authorization()?.renew_at(Instant::now() + (remaining - ahead)))
    }

    fn remaining(&self, tokens: &TokenSet) -> Duration {
        (tokens.expires_at - self.clock.now()).to_std().unwrap_or_default()
    }

    fn is_fresh(&self, tokens: &TokenSet) -> bool {
        self.remaining(tokens) > self.renew_before
    }
}

#[async_trait]
impl TokenProvider for GrantTokens {
    async fn token(&self) -> Result<Authorization> {
        let mut memory = self.memory.lock().await;
        let stored = self.stored(&mut memory).await?;
        self.owner.check(&stored)?;
        if self.is_fresh(&stored) {
            return self.hand_out(&mut memory, &stored);
        }
        self.renew(&mut memory, stored).await
    }

    async fn refresh(&self, _: &Authorization) -> Result<Authorization> {
        let mut memory = self.memory.lock().await;
        let stored = self.stored(&mut memory).await?;
        self.owner.check(&stored)?;
        let is_news = !memory.used.as_ref().is_some_and(|used| stored.has_refresh_token(used));
        if is_news && self.is_fresh(&stored) {
            return self.hand_out(&mut memory, &stored);
        }
        self.renew(&mut memory, stored).await
    }
}

impl Owner {
    fn check(&self, tokens: &TokenSet) -> Result<()> {
        let wrong = |what| Err(Error::new(ErrorKind::Configuration, STORE).with_message(what));
        match (self, tokens.user_type, &tokens.location_id) {
            (Self::Location(_), UserType::Company, _) => wrong("the stored tokens are an agency's: exchange them for the location's"),
            (Self::Location(own), UserType::Location, Some(id)) if id != own => wrong("the stored tokens are another location's"),
            (Self::Agency, UserType::Location, _) => wrong("the stored tokens are a location's and not the agency's"),
            _ => Ok(()),
        }
    }
}

/// An answer to a renewal need not repeat whose tokens they are, and one without a refresh token leaves the old one in force.
fn complete(new: TokenSet, old: &TokenSet) -> TokenSet {
    TokenSet {
        refresh_token: new.refresh_token.or_else(|| old.refresh_token.clone()),
        user_type: old.user_type,
        location_id: new.location_id.or_else(|| old.location_id.clone()),
        company_id: new.company_id.or_else(|| old.company_id.clone()),
        ..new
    }
}

fn dead() -> Error {
    Error::new(ErrorKind::Unauthorized, "oauth.token")
        .with_message("GHL no longer accepts the access that the clinic once gave: the app has to be connected again")
}

fn not_connected() -> Error {
    Error::new(ErrorKind::Unauthorized, STORE).with_message("the app has not been connected yet: there are no tokens")
}

fn store_failed(error: StoreError) -> Error {
    Error::new(ErrorKind::Transport, STORE)
        .with_message("the store of tokens failed")
        .with_verdict(Verdict::Temporary { retry_after: None })
        .with_source(error)
}

impl fmt::Debug for GrantTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantTokens").field("owner", &self.owner).field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
