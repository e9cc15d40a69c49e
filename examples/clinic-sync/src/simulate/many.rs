//! Many seeds on several threads. Each history has a clock and a world of its own, so they do not know of each other.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::chance::locked;
use super::{Coverage, Fates, Finding, History, Played, Rules, play};
use crate::Result;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Many {
    /// What went wrong where, over all of them.
    pub coverage: Coverage,
    /// What should hold and does not, by seed.
    pub findings: Vec<(u64, Finding)>,
    /// The least that any of them had of faults that struck.
    pub least_faults: usize,
    /// The least that staff did in any of them.
    pub least_actions: usize,
    /// The fewest people in any of them.
    pub least_people: usize,
    /// The fewest appointments in any of them.
    pub least_appointments: usize,
    /// What became of edits, over all of them; counted under given rules only.
    pub fates: Fates,
    played: u64,
}

impl Many {
    fn add(&mut self, seed: u64, played: Played) {
        let least = |so_far: usize, now: usize| if self.played == 0 { now } else { so_far.min(now) };
        self.least_faults = least(self.least_faults, played.coverage.total());
        self.least_actions = least(self.least_actions, played.actions);
        self.least_people = least(self.least_people, played.people);
        self.least_appointments = least(self.least_appointments, played.appointments);
        self.coverage.add(&played.coverage);
        if let Some(fates) = &played.fates {
            self.fates.add(fates);
        }
        self.findings.extend(played.findings.into_iter().map(|finding| (seed, finding)));
        self.played += 1;
    }

    /// The seeds that broke a promise, in order.
    #[must_use]
    pub fn broken(&self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self.findings.iter().map(|(seed, _)| *seed).collect();
        seeds.dedup();
        seeds
    }
}

/// Plays all of these seeds.
///
/// # Errors
/// When a world cannot be built; nothing that happens in one is an error here.
pub fn play_many(seeds: Range<u64>, threads: usize) -> Result<Many> {
    play_many_under(None, seeds, threads)
}

/// Plays all of these seeds under these rules, or each under its own.
///
/// # Errors
/// As [`play_many`].
pub fn play_many_under(rules: Option<&Arc<Rules>>, seeds: Range<u64>, threads: usize) -> Result<Many> {
    let (next, many) = (AtomicU64::new(seeds.start), Mutex::new(Many::default()));
    let work = || -> Result<()> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return Ok(());
            }
            let played = play(&History::of(seed).under(rules.cloned()))?;
            locked(&many).add(seed, played);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let mut many = many.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    many.findings.sort_by_key(|(seed, _)| *seed);
    Ok(many)
}
