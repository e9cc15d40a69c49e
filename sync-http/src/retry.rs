//! Whether to send a request again: a pure function.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::{Idempotency, Verdict};

/// How an attempt failed, as far as that matters for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing went out.
    NotSent,
    /// The server says that it did not do it because of too many calls, or that the caller shall wait.
    RateLimited {
        /// How long to wait.
        wait: Duration,
    },
    /// No whole answer, or a failing server: it may have done it.
    Unclear {
        /// How long the server asks to wait, if it does.
        wait: Option<Duration>,
    },
    /// The server declined, and will decline again.
    Declined,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Give up with this verdict.
    Stop(Verdict),
    /// Send the same request again after this time.
    Retry {
        /// The time to wait.
        after: Duration,
    },
}

/// How patient the one retry layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How often a request is sent at most, the first time included.
    pub attempts: u32,
    /// The pause after the first attempt; it doubles from then on, and up to the same again is added by chance.
    pub first_pause: Duration,
    /// The longest such pause, before chance.
    pub longest_pause: Duration,
    /// The longest wait that a server may ask for and that is waited here. What is longer is handed to the caller.
    pub longest_wait: Duration,
    /// Where the chance comes from: the same seed, the same pauses.
    pub seed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(5),
            longest_wait: Duration::from_secs(60),
            seed: 0,
        }
    }
}

impl Limits {
    /// The pause after attempt number `attempt` (from 1), chance included.
    #[must_use]
    pub fn pause(&self, attempt: u32) -> Duration {
        let pauses = ExponentialBuilder::new()
            .with_jitter()
            .with_jitter_seed(self.seed)
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .without_max_times()
            .build();
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX).min(64);
        pauses.into_iter().nth(index).unwrap_or(self.longest_pause)
    }

    /// The same patience with chance of its own, for one request among many.
    #[must_use]
    pub fn for_request(mut self, number: u64) -> Self {
        // The odd constant spreads consecutive numbers over the whole range.
        self.seed ^= number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self
    }
}

/// Decides after attempt number `attempt` (from 1).
///
/// A request that may have had its effect is sent again only if a repetition is harmless. A server that
/// says *too many calls* has not done anything, so even [`Idempotency::Once`] is sent again then.
#[must_use]
pub fn decide(failure: Failure, idempotency: Idempotency, attempt: u32, limits: &Limits) -> Outcome {
    let wait = match failure {
        Failure::Declined => return Outcome::Stop(Verdict::Permanent),
        Failure::Unclear { .. } if idempotency == Idempotency::Once => return Outcome::Stop(Verdict::Unknown),
        Failure::NotSent => None,
        Failure::RateLimited { wait } => Some(wait),
        Failure::Unclear { wait } => wait,
    };
    if attempt >= limits.attempts || wait.is_some_and(|wait| wait > limits.longest_wait) {
        return Outcome::Stop(Verdict::Temporary { retry_after: wait });
    }
    Outcome::Retry { after: wait.unwrap_or_else(|| limits.pause(attempt)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        attempts: 3,
        first_pause: Duration::from_millis(100),
        longest_pause: Duration::from_secs(1),
        longest_wait: Duration::from_secs(60),
        seed: 7,
    };

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_table() {
        use Failure::{Declined, NotSent, RateLimited, Unclear};
        use Idempotency::{Idempotent, Once, Safe};
        let pause = |attempt| Outcome::Retry { after: LIMITS.pause(attempt) };
        let wait = |seconds| Outcome::Retry { after: s(seconds) };
        let later = |seconds: Option<u64>| Outcome::Stop(Verdict::Temporary { retry_after: seconds.map(s) });
        let unknown = Outcome::Stop(Verdict::Unknown);
        let permanent = Outcome::Stop(Verdict::Permanent);
        let table = [
            // failure, attempt, Safe, Idempotent, Once
            (NotSent, 1, pause(1), pause(1), pause(1)),
            (NotSent, 2, pause(2), pause(2), pause(2)),
            (NotSent, 3, later(None), later(None), later(None)),
            (RateLimited { wait: s(10) }, 1, wait(10), wait(10), wait(10)),
            (RateLimited { wait: s(60) }, 2, wait(60), wait(60), wait(60)),
            (RateLimited { wait: s(61) }, 1, later(Some(61)), later(Some(61)), later(Some(61))),
            (RateLimited { wait: s(10) }, 3, later(Some(10)), later(Some(10)), later(Some(10))),
            (Unclear { wait: None }, 1, pause(1), pause(1), unknown),
            (Unclear { wait: None }, 3, later(None), later(None), unknown),
            (Unclear { wait: Some(s(5)) }, 1, wait(5), wait(5), unknown),
            (Unclear { wait: Some(s(99)) }, 1, later(Some(99)), later(Some(99)), unknown),
            (Declined, 1, permanent, permanent, permanent),
        ];
        for (failure, attempt, safe, idempotent, once) in table {
            for (idempotency, expected) in [(Safe, safe), (Idempotent, idempotent), (Once, once)] {
                let outcome = decide(failure, idempotency, attempt, &LIMITS);
                assert_eq!(outcome, expected, "{failure:?} {idempotency:?} {attempt}");
            }
        }
    }

    #[test]
    fn pauses_double_are_spread_and_repeat_with_their_seed() {
        for attempt in 1..=6 {
            let least = s(1).min(LIMITS.first_pause * 2_u32.pow(attempt - 1));
            let pause = LIMITS.pause(attempt);
            assert!(pause >= least && pause <= 2 * least, "{attempt}: {pause:?}");
            assert_eq!(pause, LIMITS.pause(attempt));
        }
        for seed in [0, 1, u64::MAX] {
            let limits = Limits { seed, ..LIMITS };
            assert_ne!(limits.for_request(1).pause(1), limits.for_request(2).pause(1), "{seed}");
        }
    }
}
