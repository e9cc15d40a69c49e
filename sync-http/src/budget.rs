//! How many calls may go out: a pure sliding window, and the handle that clones of a client share.

mod shared;

use std::collections::VecDeque;
use std::time::Duration;

pub use shared::{OnWait, SharedBudget};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is allowed, before the server has said anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Calls in any window.
    pub calls: u32,
    /// The length of the window.
    pub window: Duration,
    /// How many of the calls are left unused, because calls arrive at other intervals than they leave
    /// and because others may use the same account.
    pub margin: u32,
    /// Calls in a day that begins with the first call, if there is such a limit.
    pub daily: Option<u32>,
    /// How long to be silent when the server says that the day is used up. The reset time of vendors is
    /// rarely known, so this is the interval at which it is tried.
    pub daily_pause: Duration,
}

impl Limit {
    /// `calls` in any `window`, without a margin and without a daily limit.
    #[must_use]
    pub const fn new(calls: u32, window: Duration) -> Self {
        Self { calls, window, margin: 0, daily: None, daily_pause: Duration::from_secs(3600) }
    }
}

/// What an answer's headers say about the server's own count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateHeaders {
    /// Calls in a window.
    pub limit: Option<u32>,
    /// Calls left in this window.
    pub remaining: Option<u32>,
    /// The length of the window.
    pub interval: Option<Duration>,
    /// Calls left today.
    pub daily_remaining: Option<u32>,
}

/// Whether a call may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may, and is counted.
    Go,
    /// Not before this time has passed; nothing is counted.
    Wait(Duration),
}

/// A sliding-window call budget. Time is the time since any fixed start; going backwards counts as
/// standing still.
///
/// *Guarantee:* of the calls admitted, at most `calls - margin` (but at least one) lie in any half-open
/// interval as long as the window, whatever the server says: headers only make it stricter.
#[derive(Clone, Debug)]
pub struct Budget {
    limit: Limit,
    calls: usize,
    window: Duration,
    // Admitted calls in the window, and calls of others that the server has told us of; ascending.
    spent: VecDeque<Duration>,
    now: Duration,
    silent_until: Duration,
    day_start: Duration,
    day_calls: u32,
    day_used_up: bool,
}

impl Budget {
    /// A budget that nothing has been spent of.
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        Self {
            limit,
            calls: usable(limit.calls, limit.margin),
            window: limit.window,
            spent: VecDeque::new(),
            now: Duration::ZERO,
            silent_until: Duration::ZERO,
            day_start: Duration::ZERO,
            day_calls: 0,
            day_used_up: false,
        }
    }

    /// Asks for one call.
    pub fn admit(&mut self, now: Duration) -> Admission {
        self.advance(now);
        if let Some(wait) = self.wait() {
            return Admission::Wait(wait);
        }
        self.spent.push_back(self.now);
        self.count_day();
        Admission::Go
    }

    /// Takes note of an answer's headers: a stricter limit, and calls that others have made.
    pub fn learn(&mut self, now: Duration, headers: RateHeaders) {
        self.advance(now);
        if let Some(limit) = headers.limit {
            self.calls = usable(limit.min(self.limit.calls), self.limit.margin);
        }
        if let Some(interval) = headers.interval {
            self.window = interval.max(self.limit.window);
        }
        if let Some(left) = headers.daily_remaining {
            self.day_used_up = left == 0;
        }
        if let Some(remaining) = headers.remaining {
            let left = usize::try_from(remaining.saturating_sub(self.limit.margin)).unwrap_or(usize::MAX);
            while self.calls.saturating_sub(self.spent.len()) > left {
                self.spent.push_back(self.now);
            }
        }
    }

    /// Takes note of a refused call, and says how long to be silent: what the server asks for, or until
    /// the day is tried again, or one window.
    pub fn refused(&mut self, now: Duration, retry_after: Option<Duration>) -> Duration {
        self.advance(now);
        let wait = match retry_after {
            Some(wait) => wait,
            None if self.day_used_up => self.limit.daily_pause,
            None => self.window,
        };
        self.silent_until = self.silent_until.max(self.now.saturating_add(wait));
        wait
    }

    fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        while self.spent.front().is_some_and(|spent| spent.saturating_add(self.window) <= self.now) {
            self.spent.pop_front();
        }
    }

    fn wait(&self) -> Option<Duration> {
        let until = [Some(self.silent_until), self.window_opens(), self.day_opens()];
        let wait = until.into_iter().flatten().max()?.saturating_sub(self.now);
        (wait > Duration::ZERO).then_some(wait)
    }

    fn window_opens(&self) -> Option<Duration> {
        // If the limit has shrunk, more than one call has to leave the window first.
        let blocking = self.spent.len().checked_sub(self.calls)?;
        self.spent.get(blocking).map(|spent| spent.saturating_add(self.window))
    }

    fn day_opens(&self) -> Option<Duration> {
        let day_end = self.day_start.saturating_add(DAY);
        let used_up = self.limit.daily.is_some_and(|daily| self.day_calls >= daily.max(1));
        (used_up && day_end > self.now).then_some(day_end)
    }

    fn count_day(&mut self) {
        if self.day_calls == 0 || self.day_start.saturating_add(DAY) <= self.now {
            self.day_start = self.now;
            self.day_calls = 0;
        }
        self.day_calls = self.day_calls.saturating_add(1);
    }
}

fn usable(calls: u32, margin: u32) -> usize {
    usize::try_from(calls.saturating_sub(margin).max(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn admits_the_burst_and_then_one_for_each_that_leaves_the_window() {
        let mut budget = Budget::new(Limit { margin: 1, ..Limit::new(4, ms(100)) });
        let answers: Vec<_> = [0, 10, 20, 30, 100, 105, 110].map(|at| budget.admit(ms(at))).into();
        use Admission::{Go, Wait};
        assert_eq!(answers, [Go, Go, Go, Wait(ms(70)), Go, Wait(ms(5)), Go]);
    }

    #[test]
    fn calls_of_others_and_stricter_limits_are_learnt() {
        let mut budget = Budget::new(Limit::new(100, ms(1000)));
        assert_eq!(budget.admit(ms(0)), Admission::Go);
        budget.learn(ms(0), RateHeaders { limit: Some(25), remaining: Some(1), ..RateHeaders::default() });
        assert_eq!(budget.admit(ms(1)), Admission::Go);
        assert_eq!(budget.admit(ms(2)), Admission::Wait(ms(998)));
    }

    #[test]
    fn a_refusal_silences_for_what_the_server_asks_or_one_window() {
        let mut budget = Budget::new(Limit::new(10, ms(1000)));
        assert_eq!(budget.refused(ms(0), None), ms(1000));
        assert_eq!(budget.admit(ms(400)), Admission::Wait(ms(600)));
        assert_eq!(budget.refused(ms(400), Some(ms(5000))), ms(5000));
        assert_eq!(budget.admit(ms(1000)), Admission::Wait(ms(4400)));
        assert_eq!(budget.admit(ms(5400)), Admission::Go);
    }

    #[test]
    fn a_day_that_is_used_up_is_a_long_silence() {
        let mut budget = Budget::new(Limit::new(10, ms(1000)));
        budget.learn(ms(0), RateHeaders { daily_remaining: Some(0), ..RateHeaders::default() });
        assert_eq!(budget.admit(ms(0)), Admission::Go, "only a refusal is proof");
        assert_eq!(budget.refused(ms(0), None), Duration::from_secs(3600));
    }

    #[test]
    fn an_own_daily_limit_opens_again_a_day_after_its_first_call() {
        let mut budget = Budget::new(Limit { daily: Some(2), ..Limit::new(10, ms(10)) });
        assert_eq!(budget.admit(ms(500)), Admission::Go);
        assert_eq!(budget.admit(ms(600)), Admission::Go);
        assert_eq!(budget.admit(ms(700)), Admission::Wait(Duration::from_secs(86_400) - ms(200)));
        assert_eq!(budget.admit(DAY + ms(500)), Admission::Go);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Admit,
        Learn(RateHeaders),
        Refused(Option<Duration>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let headers = (0_u32..12, 0_u32..12, 0_u64..2000);
        prop_oneof![
            8 => Just(Step::Admit),
            1 => headers.prop_map(|(limit, remaining, interval)| Step::Learn(RateHeaders {
                limit: Some(limit),
                remaining: Some(remaining),
                interval: Some(ms(interval)),
                daily_remaining: None,
            })),
            1 => proptest::option::of((0_u64..500).prop_map(ms)).prop_map(Step::Refused),
        ]
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_in_any_window(
            calls in 1_u32..8,
            margin in 0_u32..4,
            steps in prop::collection::vec((0_u64..400, step()), 1..200),
        ) {
            let window = ms(1000);
            let mut budget = Budget::new(Limit { margin, ..Limit::new(calls, window) });
            let (mut now, mut admitted) = (Duration::ZERO, Vec::new());
            for (passed, step) in steps {
                now += ms(passed);
                match step {
                    Step::Admit if budget.admit(now) == Admission::Go => admitted.push(now),
                    Step::Admit => {}
                    Step::Learn(headers) => budget.learn(now, headers),
                    Step::Refused(wait) => { budget.refused(now, wait); }
                }
            }
            let most = usize::try_from(calls.saturating_sub(margin).max(1)).unwrap();
            for first in &admitted {
                let inside = admitted.iter().filter(|at| *at >= first && **at < *first + window).count();
                prop_assert!(inside <= most, "{inside} calls from {first:?}");
            }
        }

        #[test]
        fn after_the_wait_it_told_a_call_is_admitted(
            calls in 1_u32..8,
            steps in prop::collection::vec((0_u64..400, step()), 1..100),
        ) {
            let mut budget = Budget::new(Limit::new(calls, ms(1000)));
            let mut now = Duration::ZERO;
            for (passed, step) in steps {
                now += ms(passed);
                match step {
                    Step::Admit => if let Admission::Wait(wait) = budget.admit(now) {
                        now += wait;
                        prop_assert_eq!(budget.admit(now), Admission::Go);
                    },
                    Step::Learn(headers) => budget.learn(now, headers),
                    Step::Refused(wait) => { budget.refused(now, wait); }
                }
            }
        }
    }
}
