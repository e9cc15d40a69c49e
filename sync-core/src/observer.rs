//! What an embedder is told while the engine works. Ids, names and counts; never values.

use std::fmt;

use crate::{Action, LinkId, Outcome, Side};

/// Where a sweep is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many records of a side have been listed.
    Listed {
        /// Which side.
        side: Side,
        /// How many so far.
        records: usize,
    },
    /// The plan is made: so many remote writes are ahead.
    Planned {
        /// How many.
        writes: usize,
    },
    /// So many of the planned writes have been handled.
    Written {
        /// How many so far.
        done: usize,
        /// Of how many.
        of: usize,
    },
}

/// Is told what happens.
pub trait Observer: Send + Sync + fmt::Debug {
    /// The sweep has got so far.
    fn progress(&self, progress: &Progress);

    /// An operation ended.
    fn operation(&self, link: LinkId, side: Side, action: Action, outcome: Outcome);
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn progress(&self, _: &Progress) {}

    fn operation(&self, _: LinkId, _: Side, _: Action, _: Outcome) {}
}
