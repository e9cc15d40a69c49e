//! Time and chance that repeat.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::Env;

/// A fixed start and seeded chance: the same seed gives the same run.
///
/// Its clock starts at [`SeededEnv::START`] and follows `tokio::time`, which a paused runtime makes
/// virtual; a frozen one moves only when told. Where several tasks draw from it, the runtime has to be a
/// single thread for the draws to have an order.
///
/// ```
/// use std::time::Duration;
/// use sync_core::Env;
/// use sync_core::testing::SeededEnv;
///
/// let env = SeededEnv::frozen(7);
/// env.advance(Duration::from_secs(60));
/// assert_eq!(env.now(), SeededEnv::START + Duration::from_secs(60));
///
/// let (one, other): (&dyn Env, &dyn Env) = (&SeededEnv::frozen(7), &SeededEnv::frozen(7));
/// assert_eq!(one.token(), other.token());
/// ```
pub struct SeededEnv {
    begun: Option<tokio::time::Instant>,
    advanced_nanos: AtomicU64,
    chance: AtomicU64,
}

impl SeededEnv {
    /// When every run starts: 2 March 2026, 8:00 UTC, a Monday.
    pub const START: DateTime<Utc> = DateTime::from_timestamp_nanos(1_772_438_400_000_000_000);

    /// A clock that follows `tokio::time`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { begun: Some(tokio::time::Instant::now()), ..Self::frozen(seed) }
    }

    /// A clock that moves only by [`advance`](Self::advance).
    #[must_use]
    pub fn frozen(seed: u64) -> Self {
        Self { begun: None, advanced_nanos: AtomicU64::new(0), chance: AtomicU64::new(seed) }
    }

    /// Moves the clock on, in addition to whatever moves it otherwise.
    pub fn advance(&self, time: Duration) {
        self.advanced_nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The next 64 bits of chance, by the splitmix64 generator: <https://prng.di.unimi.it/splitmix64.c>.
    #[must_use]
    pub fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.chance.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `end`, or zero where `end` is.
    #[must_use]
    pub fn below(&self, end: u64) -> u64 {
        self.next_u64().checked_rem(end).unwrap_or(0)
    }
}

impl Env for SeededEnv {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = self.begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        Self::START + elapsed + Duration::from_nanos(self.advanced_nanos.load(Ordering::Relaxed))
    }

    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_be_bytes()[..chunk.len()]);
        }
    }
}

impl fmt::Debug for SeededEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeededEnv").field("now", &self.now()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        let env = SeededEnv::frozen(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| env.next_u64()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_follows_virtual_time() {
        let env = SeededEnv::new(1);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        env.advance(Duration::from_secs(1));
        assert_eq!(env.now(), SeededEnv::START + Duration::from_secs(3601));
    }

    #[test]
    fn an_odd_number_of_bytes_is_filled() {
        let mut bytes = [0; 13];
        SeededEnv::frozen(3).fill(&mut bytes);
        assert_ne!(bytes[8..], [0; 5]);
    }
}
