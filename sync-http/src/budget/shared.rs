//! One budget for all clones of a client.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Admission, Budget, Limit, RateHeaders};

/// What a call does when the budget makes it wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnWait {
    /// Sleeps, first come first served, up to the longest wait that is allowed.
    Sleep,
    /// Returns the wait, so that a worker can put its work back.
    Return,
}

/// A [`Budget`] behind a lock, measured with tokio's clock. Clones share it.
#[derive(Clone)]
pub struct SharedBudget(Arc<Inner>);

struct Inner {
    start: Instant,
    budget: Mutex<Budget>,
    // Fair: sleepers are served in the order in which they came, and only the first one wakes up.
    queue: tokio::sync::Mutex<()>,
}

impl SharedBudget {
    /// A budget that nothing has been spent of.
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        let budget = Mutex::new(Budget::new(limit));
        Self(Arc::new(Inner { start: Instant::now(), budget, queue: tokio::sync::Mutex::new(()) }))
    }

    /// Takes one call out of the budget.
    ///
    /// # Errors
    /// The time to wait, if it is not slept here: under [`OnWait::Return`], or when it exceeds `longest`.
    pub async fn acquire(&self, on_wait: OnWait, longest: Duration) -> Result<(), Duration> {
        if on_wait == OnWait::Return {
            return self.admit();
        }
        let _turn = self.0.queue.lock().await;
        while let Err(wait) = self.admit() {
            if wait > longest {
                return Err(wait);
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Takes note of an answer's headers.
    pub fn learn(&self, headers: RateHeaders) {
        let now = self.0.start.elapsed();
        self.lock().learn(now, headers);
    }

    /// Takes note of a refused call, and says how long to be silent.
    pub fn refused(&self, retry_after: Option<Duration>) -> Duration {
        let now = self.0.start.elapsed();
        self.lock().refused(now, retry_after)
    }

    fn admit(&self) -> Result<(), Duration> {
        let now = self.0.start.elapsed();
        match self.lock().admit(now) {
            Admission::Go => Ok(()),
            Admission::Wait(wait) => Err(wait),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Budget> {
        self.0.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SharedBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedBudget").field(&*self.lock()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sleepers_are_served_in_order_at_the_limit() {
        let budget = SharedBudget::new(Limit::new(10, Duration::from_secs(1)));
        let start = Instant::now();
        let calls = (0..35).map(|number| {
            let budget = budget.clone();
            async move {
                budget.acquire(OnWait::Sleep, Duration::from_secs(60)).await.unwrap();
                (number, start.elapsed().as_secs())
            }
        });
        let served = futures::future::join_all(calls).await;
        assert!(served.iter().all(|(number, second)| *second == number / 10), "{served:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_gets_the_wait_back_at_once() {
        let budget = SharedBudget::new(Limit::new(1, Duration::from_secs(1)));
        let start = Instant::now();
        assert_eq!(budget.acquire(OnWait::Return, Duration::MAX).await, Ok(()));
        assert_eq!(budget.acquire(OnWait::Return, Duration::MAX).await, Err(Duration::from_secs(1)));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_as_long_as_allowed_is_slept_through_and_the_budget_can_be_looked_at() {
        let second = Duration::from_secs(1);
        let budget = SharedBudget::new(Limit::new(1, second));
        let start = Instant::now();
        for _ in 0..2 {
            assert_eq!(budget.acquire(OnWait::Sleep, second).await, Ok(()));
        }
        assert_eq!(start.elapsed(), second);
        assert!(format!("{budget:?}").starts_with("SharedBudget(Budget"), "{budget:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_silence_is_not_slept_through() {
        let budget = SharedBudget::new(Limit::new(1, Duration::from_secs(1)));
        let hour = budget.refused(Some(Duration::from_secs(3600)));
        assert_eq!(budget.acquire(OnWait::Sleep, Duration::from_secs(60)).await, Err(hour));
    }
}
