//! A plan with everything needed to carry it out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::family::Family;
use super::judge::{Judgement, Step};
use super::survey::Listing;
use super::work::{Unidentified, Work};
use super::{Operation, Plan, PlannedReview};
use crate::decide::Rules;
use crate::{Action, Braked, Decision, FieldName, Kind, LinkId, Reason, RecordId, Review, RunCounts, Side, Sides};

/// A link, what was seen of it, and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) judgement: Judgement,
}

/// A plan with everything needed to carry it out.
#[derive(Debug, Default)]
pub(crate) struct Planned {
    pub(crate) tasks: Vec<Task>,
    pub(crate) listings: Sides<Option<Listing>>,
    pub(crate) known: Sides<usize>,
    pub(crate) family: Arc<Family>,
    pub(crate) brakes: Vec<Reason>,
    pub(crate) unidentified: Vec<Unidentified>,
    /// The open review items of the kind, without values.
    pub(crate) reviews: Vec<Review>,
}

/// A brake that a person has lifted once.
pub(crate) fn is_lifted(reviews: &[Review], reason: &Reason) -> bool {
    let same = |review: &&Review| review.reason.name() == reason.name() && review.reason.subject() == reason.subject();
    reviews.iter().find(same).is_some_and(|review| review.decision == Some(Decision::LiftBrake))
}

impl Planned {
    /// The brake on updates looks at links that were settled before: filling in on first contact is not a
    /// rewrite.
    pub(super) fn check_updates(&mut self, rules: &Rules<'_>) {
        for side in Side::BOTH {
            let updates = |task: &Task| match &task.judgement.step {
                Some(Step::Update(writes)) => !writes[side].is_empty() && task.work.stored.is_some() && !task.work.link.bases.is_empty(),
                _ => false,
            };
            let count = self.tasks.iter().filter(|task| updates(task)).count();
            let reason = Reason::Brake { side, what: Braked::Updates, count, known: self.known[side] };
            if !rules.policy.update_brake.trips(count, self.known[side]) || is_lifted(&self.reviews, &reason) {
                continue;
            }
            self.brakes.push(reason);
            for task in self.tasks.iter_mut().filter(|task| updates(task)) {
                task.judgement.step = None;
                task.judgement.parked = true;
            }
        }
    }

    /// Whether something waits for what only a listing shows.
    pub(crate) fn waits(&self) -> bool {
        self.tasks.iter().any(|task| task.judgement.parked)
    }

    /// The records of a side that wait for something.
    pub(crate) fn waiting(&self, side: Side) -> BTreeSet<RecordId> {
        let parked = self.tasks.iter().filter(|task| task.judgement.parked);
        parked.filter_map(|task| task.work.link.ends[side].as_ref().map(|end| end.id.clone())).collect()
    }

    /// Links of earlier kinds that have to be on both sides first.
    pub(crate) fn pulls(&self) -> BTreeSet<LinkId> {
        self.tasks.iter().flat_map(|task| task.judgement.pulls.iter().copied()).collect()
    }

    /// Whether so much is missing that nothing may be written at all.
    pub(crate) fn is_stopped(&self) -> bool {
        self.brakes.iter().any(|reason| matches!(reason, Reason::Brake { what: Braked::Removals, .. }))
    }

    pub(crate) fn counts(&self) -> Sides<RunCounts> {
        Sides::from_fn(|side| RunCounts {
            scanned: self.listings[side].map_or(0, |listing| listing.scanned),
            unchanged: self.listings[side].map_or(0, |listing| listing.unchanged),
            ..RunCounts::default()
        })
    }

    pub(crate) fn plan(&self, kind: &Kind) -> Plan {
        let mut operations: Vec<Operation> = self.tasks.iter().flat_map(Task::operations).collect();
        operations.sort();
        let reviews = self.tasks.iter().flat_map(|task| {
            let records = task.work.records();
            task.judgement.reasons.iter().map(move |reason| PlannedReview { reason: reason.clone(), records: records.clone() })
        });
        Plan { kind: kind.clone(), operations, reviews: reviews.collect(), counts: self.counts(), brakes: self.brakes.clone() }
    }
}

impl Task {
    fn operations(&self) -> Vec<Operation> {
        let notes = self.work.notes.iter().map(|(action, side)| self.operation(*action, *side, BTreeSet::new()));
        let mut operations: Vec<Operation> = notes.collect();
        match &self.judgement.step {
            None => {}
            Some(Step::Create(side)) => operations.push(self.operation(Action::Create, *side, BTreeSet::new())),
            Some(Step::Remove(side) | Step::Readdress(side)) => operations.push(self.operation(Action::Remove, *side, BTreeSet::new())),
            Some(Step::Update(writes)) => {
                let written = Side::BOTH.into_iter().filter(|side| !writes[*side].is_empty());
                operations.extend(written.map(|side| self.operation(Action::Update, side, writes[side].clone())));
            }
        }
        operations
    }

    fn operation(&self, action: Action, side: Side, fields: BTreeSet<FieldName>) -> Operation {
        let stored = self.work.stored.as_deref();
        let link = stored.map(|link| link.id);
        Operation { action, side, link, version: stored.map_or(0, |link| link.version), records: self.work.records(), fields }
    }
}
