//! One record at a time, or a few beside one listing.

use std::collections::BTreeSet;

use super::Engine;
use crate::plan::{Look, Work};
use crate::{
    CommitError, EndState, Error, ErrorKind, Field, FieldName, Link, LinkQuery, Observation, Presence, Record, RecordId, Result, Side,
    Standing,
};

/// So often a record is looked at in vain, because its link was changed meanwhile, before that is an error.
const LOOKS: usize = 3;

/// What a look at one record came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Nothing is left to do, or a person has to do it.
    Done,
    /// Something is missing that a listing of the other side shows: [`Engine::catch_up`] looks at all such records together.
    NeedsListing,
    /// A sweep has to look at it.
    NeedsSweep,
}

impl Engine {
    /// Looks at one record, and does what can be done about it without a listing: updates where both sides
    /// can be asked for single records, and links. Creates, and whatever needs more than that, are left to
    /// [`catch_up`](Self::catch_up) or a sweep. Costs the same however many records there are.
    ///
    /// Several records of one side may be looked at at the same time. Where two of them want the same link, one is first, and the
    /// other is looked at again.
    ///
    /// # Errors
    /// When a side or the store cannot be asked. A side without single reads cannot be hinted at.
    pub async fn reconcile(&self, side: Side, id: &RecordId) -> Result<Reconciled> {
        for _ in 0..LOOKS {
            if let Some(reconciled) = self.look(side, id).await? {
                return Ok(reconciled);
            }
        }
        Err(CommitError::Stale.into())
    }

    /// One look; nothing, if the link was changed meanwhile and the look has to be taken again.
    async fn look(&self, side: Side, id: &RecordId) -> Result<Option<Reconciled>> {
        let rules = self.planner.rules()?;
        self.check_single_reads(side)?;
        let observation = self.planner.source(side).read(self.planner.kind(), id).await?;
        let query = LinkQuery::Ends { kind: self.planner.kind().clone(), side, ids: vec![id.clone()] };
        let link = self.store.links(&self.planner.setup.tenant, &query).await?.into_iter().next();
        let look = match observation {
            Observation::Found(record) => Look::Read(record),
            // A missing record is left to the sweeps: alone it is no evidence.
            Observation::Missing if link.is_some() => return Ok(Some(Reconciled::NeedsSweep)),
            Observation::Missing => return Ok(Some(Reconciled::Done)),
        };
        if let (Some(link), Look::Read(record)) = (&link, &look)
            && self.shows_what_was_settled(link, side, record)?
        {
            return Ok(Some(Reconciled::Done));
        }
        let work = match link {
            None => self.planner.half(side, id.clone(), look, &rules),
            Some(link) => self.known(link, side, look).await?,
        };
        let planned = self.planner.single(work).await?;
        let executor = self.executor(None, &planned)?;
        let (pulls, waits) = (planned.pulls(), planned.waits());
        executor.execute(planned).await?;
        if executor.is_outdated() {
            return Ok(None);
        }
        self.pull(&pulls).await?;
        Ok(Some(match waits {
            _ if !pulls.is_empty() => Reconciled::NeedsSweep,
            true => Reconciled::NeedsListing,
            false => Reconciled::Done,
        }))
    }

    /// Looks at records of one side that [need a listing](Reconciled::NeedsListing) of the other: all of them with one. Each record
    /// is read by itself. Creates on the listed side rest on that listing, as in a sweep; what it leaves out is not taken for gone,
    /// but may trip the brake. Says which records are left to a sweep.
    ///
    /// # Errors
    /// When a side or the store cannot be asked. What was done before counts.
    pub async fn catch_up(&self, side: Side, ids: &BTreeSet<RecordId>) -> Result<BTreeSet<RecordId>> {
        self.check_single_reads(side)?;
        let mut read = Vec::new();
        for id in ids {
            if let Observation::Found(record) = self.planner.source(side).read(self.planner.kind(), id).await? {
                read.push(*record);
            }
        }
        let shown: BTreeSet<RecordId> = read.iter().map(|record| record.id.clone()).collect();
        let mut left: BTreeSet<RecordId> = ids.difference(&shown).cloned().collect();
        if read.is_empty() {
            return Ok(left);
        }
        let mut planned = self.planner.beside(side.opposite(), read, self.observer.as_ref()).await?;
        let executor = self.executor(None, &planned)?;
        self.ask_about_batch(&executor, &mut planned).await?;
        if planned.is_stopped() {
            return Ok(ids.clone());
        }
        let (pulls, waiting) = (planned.pulls(), planned.waiting(side));
        let all = executor.execute(planned).await? && !executor.is_outdated();
        self.pull(&pulls).await?;
        left.extend(if all { shown.intersection(&waiting).cloned().collect() } else { shown });
        Ok(left)
    }

    fn check_single_reads(&self, side: Side) -> Result<()> {
        let description = self.planner.rules()?.sides[side];
        if description.single_read {
            return Ok(());
        }
        let message = format!("{} cannot be asked for a single record; a sweep looks at it", description.system);
        Err(Error::permanent(ErrorKind::Configuration, message))
    }

    /// Whether a view of a record shows only what was settled already, as our own writes do when they come back. A field
    /// that the view does not show is taken for empty, so a view that leaves fields out is no such thing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn is_echo(&self, side: Side, record: &Record) -> Result<bool> {
        let query = LinkQuery::Ends { kind: self.planner.kind().clone(), side, ids: vec![record.id.clone()] };
        match self.store.links(&self.planner.setup.tenant, &query).await?.into_iter().next() {
            Some(link) => self.shows_what_was_settled(&link, side, record),
            None => Ok(false),
        }
    }

    fn shows_what_was_settled(&self, link: &Link, side: Side, record: &Record) -> Result<bool> {
        let rules = self.planner.rules()?;
        let end = link.ends[side].as_ref();
        let in_use = end.is_some_and(|end| end.state == EndState::Present) && record.presence == Presence::Live;
        if !in_use || !link.is_joined() || link.standing != Standing::Active || link.eyes != rules.eyes() {
            return Ok(false);
        }
        let same_parents =
            rules.schema.parents().iter().all(|kind| end.and_then(|end| end.references.get(kind)) == record.references.get(kind));
        let is_settled = |name: &FieldName| {
            let Some(base) = link.bases.get(name) else { return false };
            let field = match record.fields.get(name) {
                Field::Unknown => Field::Empty,
                shown => shown,
            };
            base.shown[side].is_none() || base.shown[side] == rules.digest(link.salt, name, field)
        };
        Ok(same_parents && self.planner.setup.policy.fields.keys().all(is_settled))
    }

    async fn known(&self, link: Link, side: Side, look: Look) -> Result<Work> {
        let mut work = Work::stored(link);
        work.looks[side] = look;
        let other = side.opposite();
        if work.link.ends[other].is_some() && self.planner.rules()?.sides[other].single_read {
            self.planner.reread(&mut work, other).await?;
        }
        Ok(work)
    }
}
