//! What an answer means: the part that every vendor shares, and the hook for the rest.

use std::time::Duration;

use chrono::DateTime;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};

use crate::budget::RateHeaders;
use crate::{Answer, ErrorKind, Existing};

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// It is what was asked for.
    Pass,
    /// The token is no longer accepted: renew it once and ask again.
    TokenExpired(Refusal),
    /// It is a refusal.
    Failed(Refusal),
}

/// What a refusing answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What happened.
    pub kind: ErrorKind,
    /// Details; only what is certainly free of personal data.
    pub message: Option<String>,
    /// The vendor's name for this call.
    pub trace_id: Option<String>,
    /// The record in the way.
    pub existing: Option<Existing>,
}

impl Refusal {
    /// A refusal without details.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind, message: None, trace_id: None, existing: None }
    }

    /// What a status says by itself; `None` if it is a success.
    #[must_use]
    pub fn by_status(status: StatusCode) -> Option<Self> {
        let kind = match status.as_u16() {
            200..=299 => return None,
            // Redirects are not followed: a host that moved is a change of the settings.
            300..=399 => ErrorKind::Configuration,
            401 => ErrorKind::Unauthorized,
            403 => ErrorKind::Forbidden,
            404 | 410 => ErrorKind::NotFound,
            408 => ErrorKind::Timeout,
            409 => ErrorKind::Conflict,
            429 => ErrorKind::RateLimited,
            400..=499 => ErrorKind::Refused,
            _ => ErrorKind::Server,
        };
        Some(Self::new(kind))
    }
}

/// A vendor's way to say no. All methods are pure.
pub trait Classify: Send + Sync {
    /// What the answer means. It is asked about every buffered answer, and about streamed ones unless
    /// their status is a success. [`Refusal::by_status`] is a good start.
    fn classify(&self, answer: &Answer) -> Class;

    /// What the headers say about the vendor's own count of calls.
    fn rate(&self, headers: &HeaderMap) -> RateHeaders;
}

/// How long the server asks to wait. A date is compared with the server's own clock, as the answer
/// tells it, and not with ours.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(value).ok()?;
    let now = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some((until - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_status_says_what_it_can_by_itself() {
        use ErrorKind::*;
        let table = [
            (200, None),
            (299, None),
            (302, Some(Configuration)),
            (400, Some(Refused)),
            (401, Some(Unauthorized)),
            (403, Some(Forbidden)),
            (404, Some(NotFound)),
            (408, Some(Timeout)),
            (409, Some(Conflict)),
            (410, Some(NotFound)),
            (422, Some(Refused)),
            (429, Some(RateLimited)),
            (500, Some(Server)),
            (504, Some(Server)),
        ];
        for (status, kind) in table {
            let refusal = Refusal::by_status(StatusCode::from_u16(status).unwrap());
            assert_eq!(refusal.map(|refusal| refusal.kind), kind, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_on_the_servers_clock() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("Tue, 24 Nov 2026 10:00:30 GMT"));
        assert_eq!(retry_after(&headers), None);
        headers.insert(DATE, HeaderValue::from_static("Tue, 24 Nov 2026 10:00:00 GMT"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(30)));
    }
}
