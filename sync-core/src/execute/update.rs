//! Changing records: exactly the fields that differ, and nothing of unknown outcome twice.

use std::collections::BTreeSet;

use super::misread::note_misread;
use super::{Executor, Finished};
use crate::decide::written;
use crate::plan::{Step, Task};
use crate::{
    Action, Base, Changes, Error, FieldName, Fields, Link, Observation, Outcome, Patch, Permit, PreImage, Reason, Record, RecordId, Result,
    Settled, SharedIdentifier, Side, Sides, Written,
};

/// How long an overwritten value is kept.
const KEEP: chrono::Duration = chrono::Duration::days(30);

impl Executor<'_> {
    pub(super) async fn update(&self, permit: &Permit, mut task: Task) -> Finished {
        let reread = task.judgement.reread;
        for side in Side::BOTH.into_iter().filter(|side| reread[*side]) {
            if let Err(error) = self.planner.reread(&mut task.work, side).await {
                let mut finished = Finished::new(task);
                self.failed(&mut finished, side, Action::Update, error);
                return finished;
            }
        }
        if reread.left || reread.right {
            match self.planner.judge_again(&mut task.work, &self.family, self.listings, &self.answers, Sides::default()) {
                Ok(judgement) => task.judgement = judgement,
                Err(error) => return self.undecided(task, error),
            }
        }
        let Some(Step::Update(writes)) = task.judgement.step.clone() else { return Finished::new(task) };
        let records = Side::BOTH.map(|side| task.work.record(side, self.planner.source(side)));
        let [Ok(Some(left)), Ok(Some(right))] = records else { return Finished::new(task) };
        self.write_both(permit, task, &writes, Sides::new(left, right)).await
    }

    fn undecided(&self, task: Task, error: Error) -> Finished {
        let mut finished = Finished::new(task);
        finished.fatal = Some(error);
        finished
    }

    async fn write_both(&self, permit: &Permit, task: Task, writes: &Sides<BTreeSet<FieldName>>, records: Sides<Record>) -> Finished {
        let mut finished = Finished::new(task);
        finished.task.work.link.settled = false;
        for side in Side::BOTH {
            if writes[side].is_empty() || finished.fatal.is_some() {
                continue;
            }
            let mut names = writes[side].clone();
            // Values that another record has are left out once; then what remains is written.
            for _ in 0..2 {
                if names.is_empty() || self.write_side(permit, &mut finished, side, &mut names, &records).await {
                    break;
                }
            }
        }
        finished
    }

    /// Writes to one side. Says whether that side is finished; if not, some names were taken out.
    async fn write_side(
        &self,
        permit: &Permit,
        finished: &mut Finished,
        side: Side,
        names: &mut BTreeSet<FieldName>,
        records: &Sides<Record>,
    ) -> bool {
        let (source, target) = (&records[side.opposite()], &records[side]);
        let mut fields = Fields::default();
        names.iter().for_each(|name| fields.set(name.clone(), source.fields.get(name)));
        let patch = Patch { kind: target.kind.clone(), id: target.id.clone(), fields };
        if let Err(error) = self.keep_fresh(finished, side, names, target).await {
            finished.fatal = Some(error);
            return true;
        }
        match self.sinks[side].update(permit, &patch).await {
            Ok(Written::Done(now)) => self.updated(finished, side, names, records, Some(&now)),
            Ok(Written::NotShown(_) | Written::Pending(_)) => self.updated(finished, side, names, records, None),
            Ok(Written::Blocked(what)) => {
                finished.task.judgement.reasons.push(Reason::Prerequisite { side, what });
                finished.task.judgement.parked = true;
            }
            Ok(Written::Exists { id, fields }) => return self.shared_value(finished, side, names, records, id, &fields).await,
            Err(error) => {
                let refused = error.verdict() == crate::Verdict::Permanent && error.kind() != crate::ErrorKind::NotFound;
                // It may have been carried out: a listing that cannot show that yet does not speak against it.
                if error.is_unknown() {
                    finished.task.work.link.settled_at = Some(self.planner.setup.env.now());
                }
                self.failed(finished, side, Action::Update, error);
                if refused && finished.fatal.is_none() {
                    self.rest(finished);
                }
            }
        }
        true
    }

    /// Keeps values that the other side never had before they are overwritten, as a rule or a person wants it: afterwards they are
    /// nowhere, whatever becomes of the write. What the other side had as well can wait until the outcome is recorded.
    async fn keep_fresh(&self, finished: &mut Finished, side: Side, names: &BTreeSet<FieldName>, target: &Record) -> Result<()> {
        let link = &finished.task.work.link;
        let is_fresh = |name: &&FieldName| {
            let now = self.rules.digest(link.salt, name, target.fields.get(name));
            link.bases.get(*name).is_none_or(|base| Side::BOTH.into_iter().any(|side| base.shown[side] != now))
        };
        let fresh = names.iter().filter(is_fresh).filter(|name| !finished.kept.contains(&(side, (*name).clone())));
        let pre_images: Vec<PreImage> = fresh.filter_map(|name| self.pre_image(link, side, name, target)).collect();
        if pre_images.is_empty() {
            return Ok(());
        }
        finished.kept.extend(pre_images.iter().map(|image| (side, image.field.clone())));
        let changes = Changes { pre_images, fence: self.fence, ..Changes::default() };
        Ok(self.store.commit(&self.planner.setup.tenant, changes).await?)
    }

    /// What a write to a field replaces; nothing, if it is empty.
    fn pre_image(&self, link: &Link, side: Side, name: &FieldName, target: &Record) -> Option<PreImage> {
        let value = target.fields.get(name).value()?.to_owned();
        let at = self.planner.setup.env.now();
        let (record, field) = (target.id.clone(), name.clone());
        Some(PreImage { link: link.id, side, record, field, value: Some(value), at, until: at + KEEP })
    }

    fn updated(&self, finished: &mut Finished, side: Side, names: &BTreeSet<FieldName>, records: &Sides<Record>, now: Option<&Record>) {
        let at = self.planner.setup.env.now();
        let link = &mut finished.task.work.link;
        for name in names {
            let before = self.rules.shown(link.salt, name, records.as_ref().map(Some));
            let answered = now.and_then(|now| self.rules.digest(link.salt, name, now.fields.get(name)));
            link.bases.insert(name.clone(), written(before, side, answered));
        }
        let link = &finished.task.work.link;
        let unkept = names.iter().filter(|name| !finished.kept.contains(&(side, (*name).clone())));
        let replaced: Vec<PreImage> = unkept.filter_map(|name| self.pre_image(link, side, name, &records[side])).collect();
        finished.pre_images.extend(replaced);
        let mut written = Fields::default();
        names.iter().for_each(|name| written.set(name.clone(), records[side.opposite()].fields.get(name)));
        let inexact = self.inexact(&records[side.opposite()], now, &written);
        let link = &mut finished.task.work.link;
        note_misread(link, side, &inexact);
        if let (Some(now), Some(end)) = (now, link.ends[side].as_mut()) {
            end.identity = self.marks(side, now);
        }
        link.eyes = self.rules.eyes();
        link.settled_at = Some(at);
        self.log(finished, side, Action::Update, Outcome::Done, names.iter().cloned().collect());
        finished.fatal = self.shown_otherwise(side, &inexact);
    }

    /// Another record has one of the values: it stays out, or a person decides.
    async fn shared_value(
        &self,
        finished: &mut Finished,
        side: Side,
        names: &mut BTreeSet<FieldName>,
        records: &Sides<Record>,
        other: RecordId,
        named: &[FieldName],
    ) -> bool {
        let mut patch = Fields::default();
        names.iter().for_each(|name| patch.set(name.clone(), records[side.opposite()].fields.get(name)));
        let shared = match self.sinks[side].read(self.planner.kind(), &other).await {
            Ok(Observation::Found(record)) => self.shared(named, &patch, &record),
            _ => named.iter().filter(|name| names.contains(*name)).cloned().collect(),
        };
        if shared.is_empty() || self.rules.policy.shared_identifier == SharedIdentifier::Review {
            finished.task.judgement.reasons.push(Reason::SharedIdentifier { other });
            self.rest(finished);
            return true;
        }
        let link = &mut finished.task.work.link;
        for name in &shared {
            names.remove(name);
            let shown = self.rules.shown(link.salt, name, records.as_ref().map(Some));
            link.bases.insert(name.clone(), Base { shown, settled: Settled::Withheld(side) });
        }
        false
    }
}
