//! What must hold once everything has settled, whatever went wrong before.
//!
//! Each invariant is a function of the same name. It looks at the two systems themselves and at what happened to them, and asks the
//! store only what the store has to answer for: who belongs together, and what a person is asked. It says nothing when it holds.

mod convergence;
mod edits;
mod identity;
mod past;
mod plans;
mod privacy;
mod removals;
mod rest;
mod scene;
mod times;

pub(super) use convergence::convergence;
pub(super) use edits::{field_non_interference, no_silent_loss};
pub(super) use identity::{at_most_one_create, referential_order};
pub(super) use past::Moment as Past;
pub(super) use plans::plan_fidelity;
pub(super) use privacy::{isolation_and_privacy, quiet_writes};
pub(super) use removals::deletion_needs_evidence;
pub(super) use rest::{cursor_soundness, quiescence};
pub(super) use scene::{Scene, withholds};
pub(super) use times::time_fidelity;

use super::evidence::Evidence;
use super::variants::{crash_prefix_equivalence, event_order_independence};

/// Says what is wrong, without values.
pub(super) type Invariant = fn(&Evidence) -> Vec<String>;

/// All of them, by name.
pub(super) const ALL: [(&str, Invariant); 14] = [
    ("convergence", convergence),
    ("quiescence", quiescence),
    ("no_silent_loss", no_silent_loss),
    ("field_non_interference", field_non_interference),
    ("at_most_one_create", at_most_one_create),
    ("crash_prefix_equivalence", crash_prefix_equivalence),
    ("event_order_independence", event_order_independence),
    ("cursor_soundness", cursor_soundness),
    ("deletion_needs_evidence", deletion_needs_evidence),
    ("referential_order", referential_order),
    ("plan_fidelity", plan_fidelity),
    ("isolation_and_privacy", isolation_and_privacy),
    ("quiet_writes", quiet_writes),
    ("time_fidelity", time_fidelity),
];
