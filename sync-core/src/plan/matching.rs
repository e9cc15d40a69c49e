//! Which half links belong together.
//!
//! A link wins over matching: a record that has a counterpart is never matched again. Two half links are
//! joined when enough proofs agree, nothing contradicts, and each is the other's only candidate.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Answers;
use super::work::Work;
use crate::decide::Rules;
use crate::{
    Action, EndState, Link, LinkId, LinkQuery, MappingReader, Mark, Reason, RecordId, Result, Role, Schema, Side, Sides, Standing, TenantId,
};

/// How many links' marks are looked up at a time.
const BATCH: usize = 250;

/// How much two sets of marks have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// Nothing, or something contradicts.
    None,
    /// One proof, and the whole name: a person should look.
    Hint,
    /// Enough proofs.
    Strong,
}

/// Compares what two records can be recognised by.
pub(crate) fn compare(schema: &dyn Schema, one: &BTreeSet<Mark>, other: &BTreeSet<Mark>) -> Strength {
    let vetoed = one.iter().filter(|mark| schema.role(&mark.scheme) == Role::Veto).any(|mark| {
        let mut same_scheme = other.iter().filter(|candidate| candidate.scheme == mark.scheme).peekable();
        same_scheme.peek().is_some() && same_scheme.all(|candidate| candidate != mark)
    });
    let common = |role: Role| one.intersection(other).filter(|mark| schema.role(&mark.scheme) == role).count();
    let proofs = common(Role::Proof);
    if proofs >= schema.needed() && !vetoed {
        return Strength::Strong;
    }
    // The whole name may agree where its parts do not: Hanspeter, Hans Peter.
    if proofs > 0 && common(Role::Hint) > 0 { Strength::Hint } else { Strength::None }
}

/// What the search for a half link's counterpart found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// Nobody.
    Nobody,
    /// Exactly one half link, whose only candidate this one is.
    One(LinkId),
    /// The record that a pending create was waiting for.
    Confirms(LinkId),
    /// A candidate is just being noticed as gone: wait for the next listing.
    Wait,
    /// A person has to look.
    Ask(Reason),
}

pub(crate) struct Matcher<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) reader: &'a dyn MappingReader,
    pub(crate) rules: Rules<'a>,
    pub(crate) answers: &'a Answers,
}

/// Links that may be candidates, by their marks on one side: those being worked on and those in the store.
#[derive(Default)]
pub(crate) struct Candidates {
    links: BTreeMap<LinkId, Link>,
    by_mark: Sides<BTreeMap<Mark, BTreeSet<LinkId>>>,
}

impl Candidates {
    fn add(&mut self, link: &Link, schema: &dyn Schema) {
        for side in Side::BOTH {
            for mark in proofs(link, side, schema) {
                self.by_mark[side].entry(mark.clone()).or_default().insert(link.id);
            }
        }
        self.links.insert(link.id, link.clone());
    }

    /// The other links that share a proof with `link`, comparing its `own` side with their `side`.
    fn of(&self, link: &Link, own: Side, side: Side, schema: &dyn Schema) -> BTreeSet<LinkId> {
        let shared = proofs(link, own, schema).filter_map(|mark| self.by_mark[side].get(mark));
        shared.flatten().copied().filter(|id| *id != link.id).collect()
    }

    pub(crate) fn take(&mut self, id: LinkId) -> Option<Link> {
        self.links.remove(&id)
    }
}

fn marks(link: &Link, side: Side) -> Option<&BTreeSet<Mark>> {
    link.ends[side].as_ref().map(|end| &end.identity)
}

fn proofs<'l>(link: &'l Link, side: Side, schema: &'l dyn Schema) -> impl Iterator<Item = &'l Mark> {
    marks(link, side).into_iter().flatten().filter(|mark| schema.role(&mark.scheme) == Role::Proof)
}

/// Whether a link is a half that may be joined.
pub(crate) fn is_matchable(link: &Link) -> bool {
    let Some(side) = link.only_side() else { return false };
    let present = link.ends[side].as_ref().is_some_and(|end| end.state == EndState::Present);
    present && link.standing == Standing::Active
}

impl Matcher<'_> {
    /// Loads everything that could match one of the half links, and what could match those in turn.
    pub(crate) async fn candidates(&self, works: &BTreeMap<LinkId, Work>, halves: &[LinkId]) -> Result<Candidates> {
        let mut candidates = Candidates::default();
        for side in Side::BOTH {
            let of_side = halves.iter().filter_map(|id| works.get(id)).filter(|work| work.link.only_side() == Some(side));
            let wanted: Vec<&Link> = of_side.map(|work| &work.link).collect();
            let found = self.load(&wanted, side, side.opposite()).await?;
            let rivals = self.load(&found.iter().collect::<Vec<_>>(), side.opposite(), side).await?;
            for link in found.iter().chain(&rivals) {
                candidates.add(link, self.rules.schema);
            }
        }
        // What is being worked on is newer than what the store has.
        for work in works.values() {
            if let Some(absent) = candidates.take(work.link.id) {
                candidates.forget(&absent);
            }
            candidates.add(&work.link, self.rules.schema);
        }
        Ok(candidates)
    }

    async fn load(&self, links: &[&Link], own: Side, side: Side) -> Result<Vec<Link>> {
        let mut found = Vec::new();
        for batch in links.chunks(BATCH) {
            let marks: BTreeSet<Mark> = batch.iter().flat_map(|link| proofs(link, own, self.rules.schema).cloned()).collect();
            if marks.is_empty() {
                continue;
            }
            let kind = self.rules.schema.kind().clone();
            found.extend(self.reader.links(self.tenant, &LinkQuery::Marks { kind, side, marks }).await?);
        }
        Ok(found)
    }

    /// Looks for the counterpart of a half link.
    pub(crate) fn find(&self, link: &Link, candidates: &Candidates) -> Match {
        let Some(own) = link.only_side() else { return Match::Nobody };
        let other = own.opposite();
        let near = candidates.of(link, own, other, self.rules.schema);
        let near: Vec<(&Link, Strength)> = near
            .iter()
            .filter_map(|id| candidates.links.get(id))
            .map(|candidate| (candidate, self.strength(link, own, candidate)))
            .filter(|(candidate, strength)| *strength != Strength::None && !self.was_told_apart(link, candidate, other))
            .collect();
        let strong: Vec<&Link> = near.iter().filter(|(_, strength)| *strength == Strength::Strong).map(|(link, _)| *link).collect();
        match strong[..] {
            [] => self.hint(&near, other),
            [only] => self.single(link, only, own, candidates),
            _ => Match::Ask(Reason::Ambiguous { candidates: strong.iter().filter_map(|link| id(link, other)).collect() }),
        }
    }

    fn single(&self, link: &Link, only: &Link, own: Side, candidates: &Candidates) -> Match {
        let other = own.opposite();
        let Some(record) = id(only, other) else { return Match::Nobody };
        if only.is_tombstone() {
            return Match::Ask(Reason::PossibleMatch { candidate: record });
        }
        match only.ends[own].as_ref().map(|end| end.state) {
            None if !is_matchable(only) => Match::Nobody,
            None if self.rivals(only, other, link.id, candidates) > 0 => Match::Ask(Reason::Ambiguous { candidates: vec![record] }),
            None => Match::One(only.id),
            Some(EndState::Pending { .. }) => Match::Confirms(only.id),
            Some(EndState::Missing { .. }) => Match::Wait,
            Some(_) => Match::Ask(Reason::Ambiguous { candidates: vec![record] }),
        }
    }

    fn hint(&self, near: &[(&Link, Strength)], other: Side) -> Match {
        let half = near.iter().find(|(link, _)| is_matchable(link));
        match half.and_then(|(link, _)| id(link, other)) {
            Some(candidate) => Match::Ask(Reason::PossibleMatch { candidate }),
            None => Match::Nobody,
        }
    }

    /// How many other half links would match the candidate just as well.
    fn rivals(&self, candidate: &Link, side: Side, except: LinkId, candidates: &Candidates) -> usize {
        let near = candidates.of(candidate, side, side.opposite(), self.rules.schema);
        let rival = |id: &&LinkId| {
            let Some(link) = candidates.links.get(id).filter(|link| link.id != except && is_matchable(link)) else { return false };
            self.strength(candidate, side, link) == Strength::Strong && !self.was_told_apart(link, candidate, side)
        };
        near.iter().filter(rival).count()
    }

    fn strength(&self, link: &Link, own: Side, candidate: &Link) -> Strength {
        match (marks(link, own), marks(candidate, own.opposite())) {
            (Some(one), Some(other)) => compare(self.rules.schema, one, other),
            _ => Strength::None,
        }
    }

    /// Whether a person said that the two are not the same.
    fn was_told_apart(&self, link: &Link, candidate: &Link, side: Side) -> bool {
        id(candidate, side).is_some_and(|record| self.answers.tell_apart(link.id, &record))
    }
}

impl Candidates {
    fn forget(&mut self, link: &Link) {
        for side in Side::BOTH {
            for mark in marks(link, side).into_iter().flatten() {
                if let Some(links) = self.by_mark[side].get_mut(mark) {
                    links.remove(&link.id);
                }
            }
        }
    }
}

fn id(link: &Link, side: Side) -> Option<RecordId> {
    link.ends[side].as_ref().map(|end| end.id.clone())
}

/// Joins a half link into a work: its end, and what was seen of it.
pub(crate) fn join(into: &mut Work, half: Work) {
    let Some(side) = half.link.only_side() else { return };
    into.link.ends[side] = half.link.ends[side].clone();
    into.looks[side] = half.looks[side].clone();
    into.link.settled = false;
    if let Some(stored) = half.stored {
        into.absorbed = Some((stored.id, stored.version));
    }
    into.link.token = into.link.token.or(half.link.token);
    if let Some(intent) = into.link.intent.take() {
        into.link.token = Some(intent.token);
    }
    into.notes.push((Action::Link, side));
}
