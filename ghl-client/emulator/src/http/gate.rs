//! What every request has to pass.

use http::{HeaderMap, header};

use crate::state::State;
use crate::view::Version;

use super::Answer;

/// Checks version, then token, then the rate. A missing or bad version is a 401 too, although no
/// other token would help.
pub(super) fn admit(state: &mut State, headers: &HeaderMap) -> Result<Version, Answer> {
    let version = version(headers)?;
    authorize(state, headers)?;
    let now = state.clock().now();
    match state.limiter.admit(now) {
        Ok(()) => Ok(version),
        Err(too_many) => Err(Answer::too_many(too_many.retry_after)),
    }
}

fn version(headers: &HeaderMap) -> Result<Version, Answer> {
    let Some(version) = headers.get("version") else {
        return Err(Answer::unauthorized("version header was not found."));
    };
    let known = version.to_str().ok().and_then(Version::of_header);
    known.ok_or_else(|| Answer::unauthorized("version header is invalid"))
}

fn authorize(state: &State, headers: &HeaderMap) -> Result<(), Answer> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    match bearer {
        Some(token) if state.tokens.contains(token) => Ok(()),
        Some(token) if token.starts_with("pit-") => Err(Answer::unauthorized("Invalid Private Integration token")),
        _ => Err(Answer::unauthorized("Invalid JWT")),
    }
}
