//! Tokens and keys.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::chance;

/// The tokens that are good, with the instant up to which each of them is.
#[derive(Debug)]
pub(crate) struct Sessions {
    seed: u64,
    opened: u64,
    tokens: BTreeMap<String, DateTime<Utc>>,
}

impl Sessions {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, opened: 0, tokens: BTreeMap::new() }
    }

    /// A new token.
    pub(crate) fn open(&mut self, expires: DateTime<Utc>, now: DateTime<Utc>) -> String {
        self.tokens.retain(|_, until| *until > now);
        self.opened += 1;
        let token = token(self.seed, self.opened);
        self.tokens.insert(token.clone(), expires);
        token
    }

    pub(crate) fn is_good(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.tokens.get(token).is_some_and(|until| *until > now)
    }

    pub(crate) fn close_all(&mut self) {
        self.tokens.clear();
    }
}

// Shaped like a JWT, because the login's `exp` suggests one; nothing in it can be verified.
fn token(seed: u64, number: u64) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let claims = json!({ "jti": number, "sub": practice_id(seed) });
    let signature = chance::bytes(seed, number, 32);
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", part(header.to_string().as_bytes()), part(claims.to_string().as_bytes()), part(&signature))
}

/// The key at this place in the login's answer. Stored data depend on it, so it stays the same.
pub(crate) fn key(seed: u64, place: usize) -> String {
    let purpose = u64::MAX.wrapping_sub(place as u64);
    STANDARD.encode(chance::bytes(seed, purpose, 32))
}

/// The `id` of the login's answer.
pub(crate) fn practice_id(seed: u64) -> u64 {
    5_000 + chance::mix(seed) % 1_000
}

/// The user as whom staff work, and as whom the server enters what came without one.
pub(crate) fn user_id(seed: u64) -> i64 {
    20_000 + i64::try_from(chance::mix(seed) % 1_000).unwrap_or_default()
}
