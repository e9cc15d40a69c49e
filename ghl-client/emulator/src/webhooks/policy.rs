//! What is sent again, and when.

use std::time::Duration;

use http::StatusCode;

use crate::chance::Chance;

/// When a webhook is sent again. GHL has published two policies that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPolicy {
    /// Only after a 429: up to six times, ten minutes apart. Everything else is final, a failure too. So says GHL's help of 2025.
    OnlyRateLimited,
    /// After everything that is no success, and after silence: up to twelve times, ever farther apart. So says the newer guide, without
    /// saying where that begins; here with ten seconds.
    AnyFailure,
}

impl RetryPolicy {
    /// How long after sending number `attempt` (from 1) the next one follows.
    pub(super) fn next(self, attempt: u32, status: Option<StatusCode>, chance: &mut Chance) -> Option<Duration> {
        match self {
            Self::OnlyRateLimited if status == Some(StatusCode::TOO_MANY_REQUESTS) && attempt <= 6 => {
                Some(Duration::from_secs(600) + chance.up_to(Duration::from_secs(60)))
            }
            Self::AnyFailure if status.is_none_or(|status| !status.is_success()) && attempt <= 12 => {
                let pause = Duration::from_secs(10) * 2_u32.pow(attempt - 1);
                Some(pause + chance.up_to(pause / 2))
            }
            _ => None,
        }
    }
}
