//! A history that breaks a promise, with all taken out of it that the breach does not need.

use std::sync::Arc;

use super::tamper::Untouched;
use super::{History, Step, played, told};
use crate::Result;

/// So many histories are played at most to make one shorter.
const PLAYS: usize = 400;

/// A shorter history that breaks the same invariant; none where that invariant compares histories of its own, which are short.
///
/// # Errors
/// When the world cannot be built.
pub fn minimised(history: &History, invariant: &str) -> Result<Option<History>> {
    if !breaks(history, invariant)? {
        return Ok(None);
    }
    let mut history = history.clone();
    let mut plays = 0;
    let mut size = history.steps.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < history.steps.len() && plays < PLAYS {
            let shorter = History { steps: without(&history.steps, at, size), ..history.clone() };
            plays += 1;
            if breaks(&shorter, invariant)? {
                history = shorter;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    Ok(Some(history))
}

fn without(steps: &[Step], at: usize, size: usize) -> Vec<Step> {
    let end = steps.len().min(at + size);
    [&steps[..at], &steps[end..]].concat()
}

fn breaks(history: &History, invariant: &str) -> Result<bool> {
    let played = told(played(history, Arc::new(Untouched))?);
    Ok(played.findings.iter().any(|finding| finding.invariant == invariant))
}
