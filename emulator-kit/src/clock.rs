//! The emulated wall clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// Wall-clock time of an emulated vendor: an anchor, plus the time that tokio says has passed, plus
/// what a test has added. Under a paused tokio runtime it therefore runs in virtual time.
#[derive(Clone, Debug)]
pub struct Clock {
    anchor: DateTime<Utc>,
    started: Instant,
    added: Arc<Mutex<chrono::Duration>>,
}

impl Clock {
    /// A clock that shows `anchor` now.
    #[must_use]
    pub fn starting_at(anchor: DateTime<Utc>) -> Self {
        Self { anchor, started: Instant::now(), added: Arc::default() }
    }

    /// A clock that shows the real time.
    #[must_use]
    pub fn real() -> Self {
        Self::starting_at(Utc::now())
    }

    /// The time that the vendor believes it is.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let added = *self.added.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = chrono::Duration::from_std(self.started.elapsed()).unwrap_or_default();
        self.anchor + passed + added
    }

    /// Moves the clock forward at once.
    pub fn advance(&self, by: Duration) {
        let by = chrono::Duration::from_std(by).unwrap_or_default();
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        *added += by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follows_virtual_time_and_what_a_test_adds() {
        let clock = Clock::starting_at(DateTime::UNIX_EPOCH);
        tokio::time::sleep(Duration::from_secs(5)).await;
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.now().timestamp(), 65);
    }
}
