//! From reasons to review items, and from tasks to commits.

use std::collections::BTreeMap;

use super::{Executor, Finished};
use crate::plan::{Work, draft_fields};
use crate::{Action, Changes, Field, FieldName, OperationEntry, Outcome, Reason, Record, Review, ReviewId, Side, Sides, Values};

impl Executor<'_> {
    /// Everything that a finished task changes in the store.
    pub(super) fn changes(&self, finished: &mut Finished) -> Changes {
        let mut changes = Changes {
            operations: self.notes(&finished.task.work),
            pre_images: std::mem::take(&mut finished.pre_images),
            ..Changes::default()
        };
        changes.operations.append(&mut finished.log.clone());
        let work = &finished.task.work;
        changes.removed.extend(work.absorbed);
        if work.is_changed() {
            changes.links.push(work.link.clone());
        }
        self.questions(finished, &mut changes);
        changes
    }

    fn notes(&self, work: &Work) -> Vec<OperationEntry> {
        let at = self.planner.setup.env.now();
        let entry = |(action, side): &(Action, Side)| OperationEntry {
            at,
            run: self.run,
            link: work.link.id,
            side: *side,
            action: *action,
            record: work.link.ends[*side].as_ref().map(|end| end.id.clone()),
            fields: Vec::new(),
            outcome: Outcome::Found,
        };
        work.notes.iter().map(entry).collect()
    }

    /// Opens what is to be asked about the link, and closes what no longer is. Where not everything was seen, nothing is closed.
    fn questions(&self, finished: &Finished, changes: &mut Changes) {
        let work = &finished.task.work;
        let none = Vec::new();
        let open = self.open.get(&work.link.id).unwrap_or(&none);
        let absorbed = work.absorbed.and_then(|(id, _)| self.open.get(&id)).unwrap_or(&none);
        let asked: Vec<Review> = finished.task.judgement.reasons.iter().map(|reason| self.review(work, reason)).collect();
        let is_asked = |review: &&Review| asked.iter().any(|asked| asked.id == review.id);
        // A "not the same" has to be remembered for as long as the link is half.
        let is_remembered = |review: &&Review| review.decision == Some(crate::Decision::Different) && work.link.only_side().is_some();
        let own = open.iter().filter(|_| !finished.task.judgement.partial);
        let over = own.chain(absorbed).filter(|review| !is_asked(review) && !is_remembered(review));
        changes.closed.extend(over.map(|review| review.id));
        for review in asked {
            match open.iter().find(|before| before.id == review.id) {
                Some(before) if before.shown == review.shown && before.reason == review.reason => {}
                _ => changes.opened.push(review),
            }
        }
    }

    fn review(&self, work: &Work, reason: &Reason) -> Review {
        let records = Sides::from_fn(|side| work.record(side, self.planner.source(side)).ok().flatten());
        let names = self.names(work, reason, &records);
        let shown = |name: &FieldName| self.rules.shown(work.link.salt, name, records.as_ref().map(Option::as_ref));
        Review {
            id: self.review_id(Some(work), reason),
            kind: self.planner.kind().clone(),
            link: Some(work.link.id),
            records: work.records(),
            reason: reason.clone(),
            values: Values(names.iter().map(|name| (name.clone(), values(name, &records))).collect()),
            shown: names.iter().map(|name| (name.clone(), shown(name))).collect(),
            opened_at: self.planner.setup.env.now(),
            decision: None,
        }
    }

    /// The fields whose values a person needs to see.
    fn names(&self, work: &Work, reason: &Reason, records: &Sides<Option<Record>>) -> Vec<FieldName> {
        let target = match reason {
            Reason::Manual { side, fields } if fields.is_empty() => *side,
            Reason::MissingData { side, .. } => *side,
            Reason::Ambiguous { .. } | Reason::PossibleMatch { .. } | Reason::SharedIdentifier { .. } => {
                work.link.only_side().map_or(Side::Right, Side::opposite)
            }
            _ => return reason.fields().to_vec(),
        };
        let Some(source) = &records[target.opposite()] else { return reason.fields().to_vec() };
        let mut names: Vec<FieldName> = draft_fields(&self.rules, source, target).names().cloned().collect();
        names.extend(reason.fields().iter().cloned());
        names
    }

    /// The same question always has the same id.
    pub(crate) fn review_id(&self, work: Option<&Work>, reason: &Reason) -> ReviewId {
        let link = work.map(|work| work.link.id.to_bytes()).unwrap_or_default();
        let kind = self.planner.kind().as_str().as_bytes();
        let parts = [link.as_slice(), kind, reason.name().as_bytes(), reason.subject().as_bytes()].map(<[u8]>::to_vec);
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        ReviewId::from_bytes(self.rules.digester.question(&parts).to_bytes())
    }

    /// The review items about the whole batch: opened, or closed because they are over.
    pub(crate) fn batch_questions(&self, reasons: Vec<Reason>, open: &[Review]) -> Changes {
        let mut changes = Changes { fence: self.fence, ..Changes::default() };
        let asked: BTreeMap<ReviewId, Reason> = reasons.into_iter().map(|reason| (self.review_id(None, &reason), reason)).collect();
        let over = open.iter().filter(|review| review.link.is_none() && !asked.contains_key(&review.id));
        changes.closed.extend(over.map(|review| review.id));
        for (id, reason) in asked {
            changes.opened.push(Review {
                id,
                kind: self.planner.kind().clone(),
                link: None,
                records: Sides::default(),
                reason,
                values: Values::default(),
                shown: BTreeMap::new(),
                opened_at: self.planner.setup.env.now(),
                decision: None,
            });
        }
        changes
    }
}

fn values(name: &FieldName, records: &Sides<Option<Record>>) -> Sides<Option<String>> {
    let value = |record: &Option<Record>| match record.as_ref().map(|record| record.fields.get(name)) {
        Some(Field::Value(value)) => Some(value.to_owned()),
        _ => None,
    };
    records.as_ref().map(value)
}
