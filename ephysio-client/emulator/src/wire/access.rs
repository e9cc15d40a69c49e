//! Who may see what.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::emulator::Inner;
use crate::sessions;
use crate::wire::answer::Refusal;
use crate::{Config, CryptoKeyCheck};

/// How the caller sees the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// As they are.
    Clear,
    /// Through the wrong key.
    Noise,
}

/// Checks token and key, in this order.
pub(crate) fn admit(inner: &Inner, headers: &HeaderMap) -> Result<Sight, Refusal> {
    let authorization = text(headers, AUTHORIZATION.as_str());
    if inner.config.quirks.accepts_basic && is_basic(&inner.config, authorization) {
        return Ok(Sight::Clear);
    }
    let Some(token) = authorization.strip_prefix("Bearer ") else {
        return Err(Refusal::unauthorized("token missing"));
    };
    if !inner.state().sessions.is_good(token, inner.now()) {
        return Err(Refusal::unauthorized("token invalid or expired"));
    }
    if opens(&inner.config, text(headers, "x-crypto-key")) {
        return Ok(Sight::Clear);
    }
    match inner.config.quirks.crypto_key {
        CryptoKeyCheck::Unauthorized => Err(Refusal::unauthorized("crypto key invalid")),
        CryptoKeyCheck::Forbidden => Err(Refusal::forbidden("crypto key invalid")),
        CryptoKeyCheck::Scrambled => Ok(Sight::Noise),
    }
}

fn opens(config: &Config, key: &str) -> bool {
    let place = config.quirks.opening_key;
    place < config.quirks.keys && key == sessions::key(config.seed, place)
}

fn is_basic(config: &Config, authorization: &str) -> bool {
    let credentials = format!("{}:{}", config.email, config.password);
    authorization.strip_prefix("Basic ") == Some(STANDARD.encode(credentials).as_str())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
