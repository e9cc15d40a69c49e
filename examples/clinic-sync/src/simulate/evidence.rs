//! What is known after a history was played and everything has settled.

use std::collections::BTreeMap;

use sync_core::{Changes, Decision, Depth, Link, OperationEntry, Plan, Policy, PreImage, Reason, Review, Sides};

use super::fault::{Coverage, Group, Trouble};
use super::ledger::{By, Change, Family, Fields, Place, What};
use super::trace::Trace;
use super::variants::Ends;

/// A person's answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// How much had happened before.
    pub(super) at: usize,
    pub(super) review: Review,
    pub(super) decision: Decision,
}

/// One round of settling.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// The requests that wrote.
    pub(super) writes: Vec<String>,
    /// How many hints waited at its end.
    pub(super) waiting: usize,
    pub(super) failed: Option<String>,
}

/// A plan, and what came of it at once.
#[derive(Clone, Debug)]
pub(super) struct Rehearsal {
    pub(super) plan: Plan,
    /// Whether planning wrote anything anywhere.
    pub(super) touched: bool,
    pub(super) done: Vec<OperationEntry>,
    /// How many creates wait, for a person or for the next run, by side.
    pub(super) blocked: Sides<usize>,
    /// How many updates a value of which stays out, since another record on that side has it, or which wait for a person.
    pub(super) withheld: Sides<usize>,
}

/// What is known at the end.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) trace: Trace,
    pub(super) coverage: Coverage,
    pub(super) actions: usize,
    pub(super) patients: Policy,
    /// None where appointments are not synced.
    pub(super) appointments: Option<Policy>,
    /// Whether the rules are not the seed's.
    pub(super) has_given_rules: bool,
    pub(super) shown: BTreeMap<Place, Fields>,
    pub(super) changes: Vec<Change>,
    pub(super) disturbed: u64,
    /// How much had happened when the store came back from a back-up, each time.
    pub(super) restores: Vec<usize>,
    pub(super) links: Vec<Link>,
    pub(super) reviews: Vec<Review>,
    pub(super) pre_images: Vec<PreImage>,
    pub(super) commits: Vec<Changes>,
    pub(super) depth: Depth,
    pub(super) answers: Vec<Answer>,
    pub(super) rounds: Vec<Round>,
    pub(super) rehearsals: Vec<Rehearsal>,
    pub(super) errors: Vec<String>,
    /// Fields that were written and showed the wanted value already.
    pub(super) idle: Vec<(Place, String)>,
    /// What was logged.
    pub(super) logs: String,
    /// Whether the other practice in the same store is as it was.
    pub(super) neighbour_untouched: bool,
    /// How the history of two ways ended, once it was told.
    pub(super) ends: Option<Ends>,
}

impl Evidence {
    /// How many records of a family staff entered.
    pub(super) fn entered(&self, family: Family) -> usize {
        let is_new = |change: &&Change| change.by == By::Staff && change.place.family == family && matches!(change.what, What::Made(_));
        self.changes.iter().filter(is_new).count()
    }

    /// The rules for a family, if it is synced.
    pub(super) fn policy(&self, family: Family) -> Option<&Policy> {
        match family {
            Family::Person => Some(&self.patients),
            Family::Appointment => self.appointments.as_ref(),
        }
    }

    /// Whether a brake ever stopped a run.
    pub(super) fn was_braked(&self) -> bool {
        let opened = self.commits.iter().flat_map(|changes| &changes.opened);
        opened.into_iter().any(|review| matches!(review.reason, Reason::Brake { .. }))
    }

    /// Whether the store came back from a back-up, which lacks what came after it.
    pub(super) fn was_restored(&self) -> bool {
        Group::ALL.into_iter().any(|group| self.coverage.count(Trouble::Restored, group) > 0)
    }
}
