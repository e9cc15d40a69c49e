//! Where a test makes the engine's surroundings do the wrong thing, to see whether it is noticed.

use std::fmt;
use std::sync::Arc;

use sync_core::{Changes, Kind, Policy, Sides, Sink};

/// Changes what the engine is given. Nothing is changed unless a test says so.
pub(super) trait Tamper: fmt::Debug + Send + Sync {
    /// The connectors.
    fn sinks(&self, _: &Kind, sinks: Sides<Arc<dyn Sink>>) -> Sides<Arc<dyn Sink>> {
        sinks
    }

    /// The rules.
    fn policy(&self, policy: Policy) -> Policy {
        policy
    }

    /// A commit.
    fn commit(&self, changes: Changes) -> Changes {
        changes
    }
}

/// Changes nothing.
#[derive(Debug)]
pub(super) struct Untouched;

impl Tamper for Untouched {}
