//! What a connected clinic has given us.

use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sync_http::{Authorization, Result, decode};

/// Whose data a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UserType {
    /// A location's.
    Location,
    /// An agency's. It opens no contact; see [`TokenEndpoint::location_token`](super::TokenEndpoint::location_token).
    Company,
}

impl UserType {
    /// As it stands in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Location => "Location",
            Self::Company => "Company",
        }
    }
}

/// An access token, what it is good for, and the refresh token that buys the next one. Its debug output shows no token.
#[derive(Clone)]
pub struct TokenSet {
    /// The access token.
    pub access_token: SecretString,
    /// The refresh token: good for a year, and for once. Older versions of the API document none for the locations of an agency.
    pub refresh_token: Option<SecretString>,
    /// When the access token expires.
    pub expires_at: DateTime<Utc>,
    /// Whose data it opens.
    pub user_type: UserType,
    /// The location, if it is a location's.
    pub location_id: Option<String>,
    /// The agency.
    pub company_id: Option<String>,
    /// The user who connected the app.
    pub user_id: Option<String>,
    /// What it allows.
    pub scopes: Vec<String>,
    /// The locations for which an agency has approved the app.
    pub approved_locations: Vec<String>,
}

impl TokenSet {
    /// Everything as JSON, to be stored. The tokens in it are readable: seal it.
    #[must_use]
    pub fn to_json(&self) -> SecretString {
        let saved = Saved {
            access_token: self.access_token.expose_secret(),
            refresh_token: self.refresh_token.as_ref().map(ExposeSecret::expose_secret),
            expires_at: self.expires_at,
            user_type: self.user_type,
            location_id: self.location_id.as_deref(),
            company_id: self.company_id.as_deref(),
            user_id: self.user_id.as_deref(),
            scopes: &self.scopes,
            approved_locations: &self.approved_locations,
        };
        // Texts, a time and an enum always have a JSON form.
        serde_json::to_string(&saved).unwrap_or_default().into()
    }

    /// Reads what [`TokenSet::to_json`] wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_json(json: &SecretString) -> Result<Self> {
        let restored: Restored = decode("oauth.store", json.expose_secret().as_bytes())?;
        Ok(Self {
            access_token: restored.access_token,
            refresh_token: restored.refresh_token,
            expires_at: restored.expires_at,
            user_type: restored.user_type,
            location_id: restored.location_id,
            company_id: restored.company_id,
            user_id: restored.user_id,
            scopes: restored.scopes,
            approved_locations: restored.approved_locations,
        })
    }

    pub(super) fn authorization(&self) -> Result<Authorization> {
        Authorization::bearer(self.access_token.clone())
    }

    /// Whether `other` was bought with the same refresh token.
    pub(super) fn has_refresh_token(&self, other: &SecretString) -> bool {
        self.refresh_token.as_ref().is_some_and(|own| own.expose_secret() == other.expose_secret())
    }
}

#[derive(Serialize)]
struct Saved<'a> {
    access_token: &'a str,
    refresh_token: Option<&'a str>,
    expires_at: DateTime<Utc>,
    user_type: UserType,
    location_id: Option<&'a str>,
    company_id: Option<&'a str>,
    user_id: Option<&'a str>,
    scopes: &'a [String],
    approved_locations: &'a [String],
}

#[derive(Deserialize)]
struct Restored {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    expires_at: DateTime<Utc>,
    user_type: UserType,
    location_id: Option<String>,
    company_id: Option<String>,
    user_id: Option<String>,
    scopes: Vec<String>,
    approved_locations: Vec<String>,
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet")
            .field("user_type", &self.user_type)
            .field("location_id", &self.location_id)
            .field("company_id", &self.company_id)
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_is_read_back_and_debug_shows_no_token() {
        let set = TokenSet {
            access_token: "access-1".into(),
            refresh_token: Some("refresh-1".into()),
            expires_at: "2026-11-25T08:00:00Z".parse().unwrap(),
            user_type: UserType::Location,
            location_id: Some("loc1".to_owned()),
            company_id: Some("com1".to_owned()),
            user_id: None,
            scopes: vec!["contacts.readonly".to_owned()],
            approved_locations: Vec::new(),
        };
        let json = set.to_json();
        let back = TokenSet::from_json(&json).unwrap();
        assert_eq!(back.to_json().expose_secret(), json.expose_secret());
        assert!(back.has_refresh_token(&"refresh-1".into()));
        assert_eq!((back.expires_at, back.location_id), (set.expires_at, set.location_id.clone()));
        let debug = format!("{set:?} {json:?}");
        assert!(debug.contains("loc1") && !debug.contains("access-1") && !debug.contains("refresh-1"), "{debug}");
    }

    #[test]
    fn what_is_no_token_set_is_an_error_that_quotes_nothing() {
        let error = TokenSet::from_json(&r#"{"access_token":"access-1","scopes":"x"}"#.into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("access-1"), "{error}");
    }
}
