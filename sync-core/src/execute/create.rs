//! Creating a record, at most once, in systems that know no idempotency keys.

use std::collections::BTreeSet;

use super::misread::note_misread;
use super::{Executor, Finished};
use crate::decide::written;
use crate::plan::{Step, Strength, Task, compare, draft_fields, rest};
use crate::{
    Action, Base, Draft, End, EndState, Error, ErrorKind, Field, FieldName, Fields, Link, LinkQuery, Observation, Outcome, Permit, Reason,
    Record, RecordId, Result, Settled, SharedIdentifier, Side, Sides, Written,
};

/// How often values that another record has are left out before a person is asked.
const OMISSIONS: usize = 3;

/// What a refusal for a duplicate means.
enum Duplicate {
    /// The other record is ours, or the same person's and free: take it.
    Adopt(Box<Record>, Option<(crate::LinkId, u64)>),
    /// Another record has these values: leave them out.
    Omit(BTreeSet<FieldName>),
    /// A person has to look.
    Ask(Reason),
    /// It is not known yet to whom the other record belongs: the next run knows.
    Later,
}

impl Executor<'_> {
    pub(super) async fn create(&self, permit: &Permit, mut task: Task, side: Side) -> Finished {
        let source = side.opposite();
        if task.judgement.reread[source] {
            task = match self.look_again(task, source).await {
                Ok(task) => task,
                Err(finished) => return *finished,
            };
        }
        match task.work.record(source, self.planner.source(source)) {
            Ok(Some(record)) => self.create_from(permit, task, side, &record).await,
            _ => self.withdrawn(task),
        }
    }

    /// Reads the source once more: a difference seen only in a listing that lags is never written.
    async fn look_again(&self, mut task: Task, source: Side) -> Result<Task, Box<Finished>> {
        let intent = task.work.link.intent.take();
        if let Err(error) = self.planner.reread(&mut task.work, source).await {
            let mut finished = Finished::new(task);
            self.failed(&mut finished, source, Action::Create, error);
            return Err(Box::new(finished));
        }
        let stored = task.work.stored.clone();
        match self.planner.judge_again(&mut task.work, &self.family, self.listings, &self.answers, Sides::default()) {
            Ok(judgement) => task.judgement = judgement,
            Err(_) => return Err(Box::new(self.withdrawn(task))),
        }
        if !matches!(task.judgement.step, Some(Step::Create(_))) {
            return Err(Box::new(self.withdrawn(task)));
        }
        task.work.link.intent = intent;
        task.work.stored = stored;
        Ok(task)
    }

    /// Takes the announcement back: nothing was sent.
    fn withdrawn(&self, mut task: Task) -> Finished {
        task.work.link.intent = None;
        Finished::new(task)
    }

    async fn create_from(&self, permit: &Permit, task: Task, side: Side, record: &Record) -> Finished {
        let mut finished = Finished::new(task);
        let Some(intent) = finished.task.work.link.intent.clone() else { return finished };
        let Some(references) = self.family.translate(side.opposite(), &record.references) else { return self.withdrawn(finished.task) };
        let mut omitted = BTreeSet::new();
        for _ in 0..=OMISSIONS {
            let draft = Draft {
                kind: record.kind.clone(),
                fields: without(&draft_fields(&self.rules, record, side), &omitted),
                references: references.clone(),
                token: intent.token,
            };
            match self.sinks[side].create(permit, &draft).await {
                Ok(Written::Done(made)) => {
                    self.made(&mut finished, side, record, End::present(made.id.clone()), Some(&made), &draft.fields, &omitted);
                    return finished;
                }
                Ok(Written::NotShown(id)) => {
                    self.made(&mut finished, side, record, End::present(id), None, &draft.fields, &omitted);
                    return finished;
                }
                Ok(Written::Pending(id)) => {
                    let since = self.planner.setup.env.now();
                    let end = End { state: EndState::Pending { since }, ..End::present(id) };
                    self.made(&mut finished, side, record, end, None, &draft.fields, &omitted);
                    return finished;
                }
                Ok(Written::Blocked(what)) => return self.blocked(finished, side, what),
                Ok(Written::Exists { id, fields }) => match self.duplicate(&finished, side, id, &fields, &draft.fields, &omitted).await {
                    Ok(Duplicate::Omit(more)) => omitted.extend(more),
                    Ok(Duplicate::Adopt(found, absorbed)) => {
                        finished.task.work.absorbed = absorbed;
                        self.adopted(&mut finished, side, &found);
                        return finished;
                    }
                    Ok(Duplicate::Ask(reason)) => return self.asked(finished, reason),
                    Ok(Duplicate::Later) => return self.put_off(finished),
                    Err(error) => return self.not_made(finished, side, error),
                },
                Err(error) => return self.not_made(finished, side, error),
            }
        }
        finished.task.work.link.intent = None;
        finished
    }

    fn put_off(&self, mut finished: Finished) -> Finished {
        finished.task.work.link.intent = None;
        finished.task.judgement.parked = true;
        finished
    }

    fn not_made(&self, mut finished: Finished, side: Side, error: crate::Error) -> Finished {
        if !error.is_unknown() {
            finished.task.work.link.intent = None;
        }
        let refused = error.verdict() == crate::Verdict::Permanent;
        self.failed(&mut finished, side, Action::Create, error);
        if refused && finished.fatal.is_none() {
            self.rest(&mut finished);
        }
        finished
    }

    /// Nothing was made, and a person has to prepare something; every run tries again.
    fn blocked(&self, mut finished: Finished, side: Side, what: String) -> Finished {
        finished.task.work.link.intent = None;
        finished.task.judgement.reasons.push(Reason::Prerequisite { side, what });
        finished.task.judgement.parked = true;
        finished
    }

    fn asked(&self, mut finished: Finished, reason: Reason) -> Finished {
        finished.task.work.link.intent = None;
        finished.task.judgement.reasons.push(reason);
        self.rest(&mut finished);
        finished
    }

    /// Nothing more is tried until one side shows other bytes, or a person decides.
    pub(super) fn rest(&self, finished: &mut Finished) {
        rest(&mut finished.task.work, &self.rules, &self.family);
    }

    /// A refused create names another record. It may be the one we want, or merely share a value.
    async fn duplicate(
        &self,
        finished: &Finished,
        side: Side,
        id: RecordId,
        named: &[FieldName],
        draft: &Fields,
        omitted: &BTreeSet<FieldName>,
    ) -> Result<Duplicate> {
        let link = &finished.task.work.link;
        let description = self.rules.sides[side];
        let ask = |other: RecordId| Ok(Duplicate::Ask(Reason::SharedIdentifier { other }));
        if !description.single_read {
            return ask(id);
        }
        let Observation::Found(other) = self.sinks[side].read(self.planner.kind(), &id).await? else { return ask(id) };
        let owner = self.owner(side, &other.id).await?;
        let free = owner.as_ref().is_none_or(|owner| owner.only_side() == Some(side) && !owner.is_tombstone());
        let ours = other.token.is_some() && other.token == link.intent.as_ref().map(|intent| intent.token);
        let identity = self.marks(side, &other);
        let own = link.ends[side.opposite()].as_ref().map(|end| end.identity.clone()).unwrap_or_default();
        let told_apart = self.answers.tell_apart(link.id, &other.id);
        match compare(self.rules.schema, &own, &identity) {
            Strength::Strong if free && !told_apart => {
                return Ok(Duplicate::Adopt(other, owner.map(|owner| (owner.id, owner.version))));
            }
            Strength::Hint if free && !told_apart => return Ok(Duplicate::Ask(Reason::PossibleMatch { candidate: id })),
            _ if ours => return Ok(Duplicate::Adopt(other, owner.map(|owner| (owner.id, owner.version)))),
            _ if free && !told_apart && self.is_forgotten(&other).await? => {
                // Whoever it was made for may be found for it in this very run.
                let was_looked_at = owner.is_some_and(|owner| owner.settled);
                return Ok(if was_looked_at { Duplicate::Ask(Reason::PossibleMatch { candidate: id }) } else { Duplicate::Later });
            }
            _ => {}
        }
        let shared = self.shared(named, draft, &other);
        let left = |name: &&FieldName| !shared.contains(*name) && !omitted.contains(*name) && matches!(draft.get(name), Field::Value(_));
        let identifiable = description.unique.iter().any(|name| left(&name)) || told_apart;
        if self.rules.policy.shared_identifier == SharedIdentifier::Review || shared.is_empty() || !identifiable {
            return ask(id);
        }
        Ok(Duplicate::Omit(shared))
    }

    /// Whether a create made it that the store does not remember, as after a restored back-up: for whom, nobody knows.
    async fn is_forgotten(&self, other: &Record) -> Result<bool> {
        let Some(token) = other.token else { return Ok(false) };
        Ok(self.store.links(&self.planner.setup.tenant, &LinkQuery::Token(token)).await?.is_empty())
    }

    async fn owner(&self, side: Side, id: &RecordId) -> Result<Option<Link>> {
        let query = LinkQuery::Ends { kind: self.planner.kind().clone(), side, ids: vec![id.clone()] };
        Ok(self.store.links(&self.planner.setup.tenant, &query).await?.into_iter().next())
    }

    /// The drafted values that the other record has: those that the side named, and those that are equal.
    pub(super) fn shared(&self, named: &[FieldName], draft: &Fields, other: &Record) -> BTreeSet<FieldName> {
        let same = |name: &&FieldName| match (draft.get(name), other.fields.get(name)) {
            (Field::Value(one), Field::Value(two)) => self.rules.schema.comparable(name, one) == self.rules.schema.comparable(name, two),
            _ => false,
        };
        let equal = self.rules.sides.left.unique.iter().chain(&self.rules.sides.right.unique).filter(same);
        let drafted = |name: &&FieldName| matches!(draft.get(name), Field::Value(_));
        named.iter().filter(drafted).chain(equal).cloned().collect()
    }

    /// Records what was created.
    #[expect(clippy::too_many_arguments, reason = "one call site per kind of answer; a struct would only rename the arguments")]
    fn made(
        &self,
        finished: &mut Finished,
        side: Side,
        source: &Record,
        mut end: End,
        made: Option<&Record>,
        draft: &Fields,
        omitted: &BTreeSet<FieldName>,
    ) {
        if let Some(made) = made {
            end.identity = self.marks(side, made);
        }
        end.references = self.family.translate(side.opposite(), &source.references).unwrap_or_default();
        end.expires = source.expires;
        let inexact = self.inexact(source, made, draft);
        let link = &mut finished.task.work.link;
        for name in self.rules.policy.fields.keys() {
            let base = self.first_base(link, side, name, source, made, draft, omitted);
            link.bases.insert(name.clone(), base);
        }
        note_misread(link, side, &inexact);
        link.ends[side] = Some(end);
        link.parents = self.family.parents(side.opposite(), &source.references);
        link.token = link.intent.take().map(|intent| intent.token);
        link.eyes = self.rules.eyes();
        link.settled = false;
        link.settled_at = Some(self.planner.setup.env.now());
        self.log(finished, side, Action::Create, Outcome::Done, draft.names().cloned().collect());
        finished.fatal = self.shown_otherwise(side, &inexact);
    }

    /// The fields that must be shown as they were written, and are not.
    pub(super) fn inexact(&self, source: &Record, now: Option<&Record>, written: &Fields) -> Vec<FieldName> {
        let Some(now) = now else { return Vec::new() };
        let differs = |name: &&FieldName| match (source.fields.get(name), now.fields.get(name)) {
            (Field::Value(asked), Field::Value(shown)) => {
                self.rules.schema.comparable(name, asked) != self.rules.schema.comparable(name, shown)
            }
            _ => false,
        };
        written.names().filter(|name| self.rules.schema.is_exact(name)).filter(differs).cloned().collect()
    }

    /// What is written to this side is read differently there: that would go wrong with every further record.
    pub(super) fn shown_otherwise(&self, side: Side, names: &[FieldName]) -> Option<Error> {
        let name = names.first()?;
        let system = self.rules.sides[side].system;
        let message = format!("{system} shows another {name} than was written to it; the run stops: compare its clock with the settings");
        Some(Error::permanent(ErrorKind::Configuration, message))
    }

    #[expect(clippy::too_many_arguments, reason = "all of them decide the first base of a field")]
    fn first_base(
        &self,
        link: &Link,
        side: Side,
        name: &FieldName,
        source: &Record,
        made: Option<&Record>,
        draft: &Fields,
        omitted: &BTreeSet<FieldName>,
    ) -> Base {
        let empty = self.rules.digest(link.salt, name, Field::Empty);
        let answered = made.and_then(|made| self.rules.digest(link.salt, name, made.fields.get(name)));
        let mut shown = Sides::new(None, None);
        shown[side.opposite()] = self.rules.digest(link.salt, name, source.fields.get(name));
        if draft.get(name).is_known() {
            return written(shown, side, answered);
        }
        // What was not given is empty in a new record, as long as its side does not say otherwise.
        shown[side] = answered.or(empty);
        let settled = match omitted.contains(name) {
            true => Settled::Withheld(side),
            false if shown.left == shown.right => Settled::Agreed,
            false => Settled::Apart,
        };
        Base { shown, settled }
    }

    /// Records that the record was there already. Its fields are compared by the next look.
    fn adopted(&self, finished: &mut Finished, side: Side, found: &Record) {
        let identity = self.marks(side, found);
        let references = self.family.relevant(&found.references);
        let link = &mut finished.task.work.link;
        link.ends[side] = Some(End { identity, references, expires: found.expires, ..End::present(found.id.clone()) });
        link.token = link.intent.take().map(|intent| intent.token);
        link.settled = false;
        self.log(finished, side, Action::Link, Outcome::Found, Vec::new());
    }
}

/// The draft without some fields.
fn without(draft: &Fields, omitted: &BTreeSet<FieldName>) -> Fields {
    let mut rest = draft.clone();
    for name in omitted {
        rest.set(name.clone(), Field::Unknown);
    }
    rest
}
