//! Credentials: a login by e-mail address and password.

use std::time::Duration;

use async_trait::async_trait;
use http::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sync_http::{Authorization, Error, ErrorKind, Idempotency, Pipeline, Request, Result, Shown, TokenProvider, WallClock, shown};
use tokio::time::Instant;

/// The name of the login among the endpoints.
pub(crate) const LOGIN: &str = "login";
const CRYPTO_KEY: HeaderName = HeaderName::from_static("x-crypto-key");
/// Above this, an `exp` is in milliseconds: in seconds it would be the year 5138.
const LARGEST_SECONDS: i64 = 100_000_000_000;

/// Logs in. Wrap it in a [`SingleFlight`](sync_http::SingleFlight).
pub(crate) struct Login {
    pub(crate) pipeline: Pipeline,
    pub(crate) email: String,
    pub(crate) password: SecretString,
    pub(crate) key_index: usize,
    pub(crate) renew_before: Duration,
    pub(crate) clock: WallClock,
}

#[derive(Serialize)]
struct Credentials<'a> {
    email: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Session {
    token: SecretString,
    keys: Vec<Key>,
    #[serde(default, deserialize_with = "shown::integer")]
    exp: Shown<i64>,
}

#[derive(Deserialize)]
struct Key {
    key: SecretString,
}

impl Login {
    fn request(&self) -> Result<Request> {
        let credentials = Credentials { email: &self.email, password: self.password.expose_secret() };
        // A second login adds nothing to the first, so it may be repeated.
        Request::post(LOGIN, "/token").idempotency(Idempotency::Idempotent).sensitive().json(&credentials)
    }

    fn authorization(&self, session: Session) -> Result<Authorization> {
        let count = session.keys.len();
        let key = session.keys.into_iter().nth(self.key_index).ok_or_else(|| {
            let message = format!("the login has {count} keys, and key_index is {}", self.key_index);
            Error::new(ErrorKind::Configuration, LOGIN).with_message(message)
        })?;
        if count > 1 {
            tracing::warn!(count, key_index = self.key_index, "this login has several keys; make sure that key_index is the practice's");
        }
        let authorization = Authorization::bearer(session.token)?.with_header(CRYPTO_KEY, &key.key)?;
        Ok(match session.exp.value().and_then(|exp| self.remaining(*exp)) {
            Some(remaining) => authorization.renew_at(Instant::now() + remaining),
            None => authorization,
        })
    }

    // How long the token is to be used. An expiry that is past already says that the clocks differ, so it is ignored:
    // the server will say when it has had enough.
    fn remaining(&self, exp: i64) -> Option<Duration> {
        let exp = if exp > LARGEST_SECONDS { exp } else { exp.checked_mul(1000)? };
        let remaining = exp.checked_sub(self.clock.now().timestamp_millis())?;
        let remaining = Duration::from_millis(u64::try_from(remaining).ok()?).checked_sub(self.renew_before)?;
        (remaining > Duration::ZERO).then_some(remaining)
    }
}

#[async_trait]
impl TokenProvider for Login {
    async fn token(&self) -> Result<Authorization> {
        let answer = self.pipeline.send(&self.request()?).await.map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => error.with_message("the e-mail address or the password is refused: correct them and start anew"),
            _ => error,
        })?;
        self.authorization(answer.json()?)
    }

    async fn refresh(&self, _: &Authorization) -> Result<Authorization> {
        self.token().await
    }
}
