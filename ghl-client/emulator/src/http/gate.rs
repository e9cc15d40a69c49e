//! What every request has to pass.

use http::{HeaderMap, header};

use crate::app::Grantor;
use crate::oauth::Grant;
use crate::state::State;
use crate::view::Version;

use super::Answer;

/// Whose token a request carries.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// A private integration of the location.
    Integration,
    /// An app.
    App(Grant),
}

impl Caller {
    /// The app whose agency asks.
    pub(super) fn agency(&self) -> Result<&str, Answer> {
        match self {
            Self::App(Grant { client_id, grantor: Grantor::Company }) => Ok(client_id),
            _ => Err(Answer::unauthorized("Token's user type mismatch!")),
        }
    }

    /// The token of an agency opens nothing of a location.
    pub(super) fn check_location(&self) -> Result<(), Answer> {
        match self {
            Self::App(Grant { grantor: Grantor::Company, .. }) => {
                Err(Answer::unauthorized("This authClass type is not allowed to access this scope."))
            }
            _ => Ok(()),
        }
    }
}

/// Checks version, then token, then the rate. A missing or bad version is a 401 too, although no
/// other token would help.
pub(super) fn admit(state: &mut State, headers: &HeaderMap) -> Result<(Version, Caller), Answer> {
    let version = version(headers)?;
    let caller = authorize(state, headers)?;
    let now = state.clock().now();
    match state.limiter.admit(now) {
        Ok(()) => Ok((version, caller)),
        Err(too_many) => Err(Answer::too_many(too_many.retry_after)),
    }
}

/// The version of a request that need not name one.
pub(super) fn optional_version(headers: &HeaderMap) -> Version {
    version(headers).unwrap_or(Version::Dated)
}

fn version(headers: &HeaderMap) -> Result<Version, Answer> {
    let Some(version) = headers.get("version") else {
        return Err(Answer::unauthorized("version header was not found."));
    };
    let known = version.to_str().ok().and_then(Version::of_header);
    known.ok_or_else(|| Answer::unauthorized("version header is invalid"))
}

fn authorize(state: &State, headers: &HeaderMap) -> Result<Caller, Answer> {
    let now = state.clock().now();
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    match bearer {
        Some(token) if state.tokens.contains(token) => Ok(Caller::Integration),
        Some(token) if token.starts_with("pit-") => Err(Answer::unauthorized("Invalid Private Integration token")),
        bearer => {
            let grant = bearer.and_then(|token| state.grants.holder(now, token));
            grant.cloned().map(Caller::App).ok_or_else(|| Answer::unauthorized("Invalid JWT"))
        }
    }
}
