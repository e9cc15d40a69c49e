//! A history that breaks a promise, with all taken out of it that the breach does not need.

use std::sync::Arc;

use super::tamper::{Tamper, Untouched};
use super::{History, Step, played, told};
use crate::Result;

/// So many histories are played at most to make one shorter.
const PLAYS: usize = 400;

/// A shorter history that breaks the same promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimised {
    /// What is left.
    pub history: History,
    /// Whether no further step can be taken out of it. If not, it was given up on the way: that would have taken too long.
    pub is_least: bool,
}

/// A shorter history that breaks the same invariant; none where that invariant compares histories of its own, which are short.
///
/// # Errors
/// When the world cannot be built.
pub fn minimised(history: &History, invariant: &str) -> Result<Option<Minimised>> {
    minimised_under(history, invariant, &|| Arc::new(Untouched))
}

/// The same where every world is tampered with.
pub(super) fn minimised_under(history: &History, invariant: &str, tamper: &dyn Fn() -> Arc<dyn Tamper>) -> Result<Option<Minimised>> {
    let breaks = |history: &History| -> Result<bool> {
        let played = told(played(history, tamper())?);
        Ok(played.findings.iter().any(|finding| finding.invariant == invariant))
    };
    if !breaks(history)? {
        return Ok(None);
    }
    let mut history = history.clone();
    let mut plays = PLAYS;
    let mut size = (history.steps.len() / 2).max(1);
    while size > 0 {
        let before = history.steps.len();
        let mut at = 0;
        while at < history.steps.len() {
            let Some(left) = plays.checked_sub(1) else { return Ok(Some(Minimised { history, is_least: false })) };
            plays = left;
            let shorter = History { steps: without(&history.steps, at, size), ..history.clone() };
            if breaks(&shorter)? {
                history = shorter;
            } else {
                at += size;
            }
        }
        // What was needed for a step that is gone may be needed no more.
        if size > 1 || history.steps.len() == before {
            size /= 2;
        }
    }
    Ok(Some(Minimised { history, is_least: true }))
}

pub(super) fn without(steps: &[Step], at: usize, size: usize) -> Vec<Step> {
    let end = steps.len().min(at + size);
    [&steps[..at], &steps[end..]].concat()
}
