//! Chance and time that repeat with the seed.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use emulator_kit::Clock;
use sync_core::Env;

/// SplitMix64: the same on every machine.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// For one seed and one purpose.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut chance = Self(seed);
        Self(chance.draw() ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; zero where `end` is.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % (end.max(1) as u64)).unwrap_or_default()
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        choices.get(self.below(choices.len())).copied()
    }
}

/// The clock and the chance of one process. Its clock may be wrong.
#[derive(Debug)]
pub(super) struct ProcessEnv {
    clock: Clock,
    skew: Mutex<TimeDelta>,
    chance: Mutex<Chance>,
}

impl ProcessEnv {
    pub(super) fn new(clock: Clock, seed: u64) -> Self {
        Self { clock, skew: Mutex::default(), chance: Mutex::new(Chance::new(seed, 0x0e5)) }
    }

    /// Sets the clock so much ahead of the others.
    pub(super) fn set_skew(&self, skew: TimeDelta) {
        *locked(&self.skew) = skew;
    }
}

impl Env for ProcessEnv {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now() + *locked(&self.skew)
    }

    fn fill(&self, buffer: &mut [u8]) {
        let mut chance = locked(&self.chance);
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&chance.draw().to_be_bytes()[..chunk.len()]);
        }
    }
}

/// What is behind a lock. One thread runs the simulation, so nobody waits and nobody has panicked while holding it.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
