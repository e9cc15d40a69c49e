//! What happened, line by line, with no wall time in it.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::chance::locked;

/// What happened. Clones write into one trace.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    pub(super) fn note(&self, line: impl fmt::Display) {
        locked(&self.lines).push(line.to_string());
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        locked(&self.lines).clone()
    }

    /// A number that is another one when anything happened otherwise.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let lines = locked(&self.lines);
        let bytes = lines.iter().flat_map(|line| line.bytes().chain([b'\n']));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}
