//! What became of the edits that staff made, counted for those whose rules these are.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{Braked, Clearing, Conflict, Direction, FieldName, FieldPolicy, Link, Reason, ReviewId, Settled, Side, Sides, Standing};

use super::evidence::Evidence;
use super::invariants::{Past, Scene};
use super::ledger::{By, Change, Family, Place, STATE, What};

/// What became of one edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The other side showed it.
    Arrived,
    /// A rule let the other side's value win.
    Overruled,
    /// A person let the other side's value win.
    Decided,
    /// It was entered while a write was under way, which nobody could know.
    Crossed,
    /// A person is asked about it.
    Asked,
    /// Staff edited the field, or removed the record, before it could get anywhere.
    Superseded,
    /// It stays where it is: a rule says so.
    Stays,
    /// Its record has no counterpart that is kept in step.
    Alone,
    /// None of these.
    Open,
}

/// What was edited: the field of a family, and where.
pub type Edited = (Family, &'static str, Side);

/// What became of edits, and who was asked, held back or stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// How many edits came to which end.
    pub edits: BTreeMap<(Edited, Fate), usize>,
    /// How many questions were ever asked, by the name of the reason.
    pub asked: BTreeMap<&'static str, usize>,
    /// How many of them are open at the end.
    pub open: BTreeMap<&'static str, usize>,
    /// How many people of a side are not on the other, since no rule lets them pass.
    pub held_back: Sides<usize>,
    /// How often too many updates, or too many disappearances, stopped a run.
    pub brakes: (usize, usize),
}

impl Fates {
    /// What became of the edits of one history.
    pub(super) fn of(evidence: &Evidence) -> Self {
        let scene = Scene::new(evidence);
        let mut fates = Self { held_back: held_back(&scene), ..Self::default() };
        for (at, change) in evidence.changes.iter().enumerate() {
            let Some(field) = edited(change).filter(|_| evidence.policy(change.place.family).is_some()) else { continue };
            let fate = fate(&scene, change, field, at);
            *fates.edits.entry(((change.place.family, field, change.place.side), fate)).or_default() += 1;
        }
        let mut known: BTreeSet<(ReviewId, &str)> = BTreeSet::new();
        for review in evidence.commits.iter().flat_map(|changes| &changes.opened) {
            match &review.reason {
                Reason::Brake { what: Braked::Updates, .. } => fates.brakes.0 += 1,
                Reason::Brake { what: Braked::Removals, .. } => fates.brakes.1 += 1,
                reason if known.insert((review.id, reason.name())) => *fates.asked.entry(reason.name()).or_default() += 1,
                _ => {}
            }
        }
        let is_open = |review: &&sync_core::Review| review.decision.is_none() && !matches!(review.reason, Reason::Brake { .. });
        for review in evidence.reviews.iter().filter(is_open) {
            *fates.open.entry(review.reason.name()).or_default() += 1;
        }
        fates
    }

    /// Adds what became of the edits of another history.
    pub(super) fn add(&mut self, other: &Self) {
        other.edits.iter().for_each(|(key, count)| *self.edits.entry(*key).or_default() += count);
        other.asked.iter().for_each(|(name, count)| *self.asked.entry(name).or_default() += count);
        other.open.iter().for_each(|(name, count)| *self.open.entry(name).or_default() += count);
        for side in Side::BOTH {
            self.held_back[side] += other.held_back[side];
        }
        self.brakes = (self.brakes.0 + other.brakes.0, self.brakes.1 + other.brakes.1);
    }

    /// How many edits of this came to this end.
    #[must_use]
    pub fn count(&self, edited: Edited, fate: Fate) -> usize {
        self.edits.get(&(edited, fate)).copied().unwrap_or_default()
    }

    /// What was edited at all.
    #[must_use]
    pub fn edited(&self) -> BTreeSet<Edited> {
        self.edits.keys().map(|(edited, _)| *edited).collect()
    }
}

/// The field that staff edited. An appointment that is moved has a new start and a new end, which is one edit.
fn edited(change: &Change) -> Option<&'static str> {
    let What::Set { field, .. } = &change.what else { return None };
    let is_edit = match change.place.family {
        Family::Person => ["given_name", "family_name", "email", "phone"].contains(field),
        Family::Appointment => ["start", STATE].contains(field),
    };
    (change.by == By::Staff && is_edit).then_some(*field)
}

fn fate(scene: &Scene<'_>, change: &Change, field: &'static str, at: usize) -> Fate {
    let evidence = scene.evidence();
    let What::Set { new, .. } = &change.what else { return Fate::Open };
    let comparable = |value: &str| scene.comparable(change.place.family, field, value);
    let wanted = comparable(new);
    let others = scene.ever_joined().get(&change.place).cloned().unwrap_or_default();
    let shows = |past: &Past, place: &Place| past.value(place, field).map(comparable) == Some(wanted.clone());
    let mut past = Past::before(&evidence.changes, &evidence.shown);
    evidence.changes[..=at].iter().for_each(|change| past.pass(change));
    if others.iter().any(|other| shows(&past, other)) {
        return Fate::Arrived;
    }
    for (later, next) in evidence.changes.iter().enumerate().skip(at + 1) {
        past.pass(next);
        if others.contains(&next.place) && shows(&past, &next.place) {
            return Fate::Arrived;
        }
        let is_replaced = match &next.what {
            What::Set { field: set, .. } => *set == field,
            What::Gone(_) => true,
            What::Made(_) => false,
        };
        if next.place == change.place && is_replaced {
            return match next.by {
                By::Staff => Fate::Superseded,
                _ if scene.was_decided(&change.place, field, at, later) => Fate::Decided,
                _ if rule(scene, &change.place, field).is_some_and(|rule| loses(rule, change.place.side)) => Fate::Overruled,
                _ => Fate::Crossed,
            };
        }
    }
    at_rest(scene, &change.place, field, wanted.is_empty())
}

/// Why a value is still where it was entered, and nowhere else.
fn at_rest(scene: &Scene<'_>, place: &Place, field: &str, is_empty: bool) -> Fate {
    let Some(link) = scene.link_of(place).filter(|link| link.is_joined() && link.standing == Standing::Active) else { return Fate::Alone };
    if link.is_tombstone() || scene.waits_for_its_person(link) {
        return Fate::Alone;
    }
    if scene.asked(place) {
        return Fate::Asked;
    }
    let stays = rule(scene, place, field).is_none_or(|rule| stays(rule, link, &name_of(field), place.side, is_empty));
    if stays { Fate::Stays } else { Fate::Open }
}

fn name_of(field: &str) -> FieldName {
    FieldName::new(if field == STATE { "status".to_owned() } else { field.to_owned() })
}

fn rule(scene: &Scene<'_>, place: &Place, field: &str) -> Option<FieldPolicy> {
    scene.evidence().policy(place.family).map(|policy| policy.field(&name_of(field)))
}

/// Whether a rule lets the other side's value win over one of this side.
fn loses(rule: FieldPolicy, side: Side) -> bool {
    match rule.conflict {
        _ if rule.direction != Direction::Both => rule.direction.updates(side),
        Conflict::PreferLeft => side == Side::Right,
        Conflict::PreferRight => side == Side::Left,
        Conflict::Review => false,
    }
}

/// Whether a rule says that the value goes no further.
fn stays(rule: FieldPolicy, link: &Link, name: &FieldName, side: Side, is_empty: bool) -> bool {
    let one_way = rule.direction != Direction::Both && !rule.direction.updates(side.opposite());
    let settled = link.bases.get(name).map(|base| base.settled);
    one_way || (is_empty && rule.clearing == Clearing::Keep) || matches!(settled, Some(Settled::Apart | Settled::Withheld(_)))
}

/// People who are on one side only, about whom nobody is asked, and whom no rule lets pass.
fn held_back(scene: &Scene<'_>) -> Sides<usize> {
    let mut held = Sides::default();
    for (place, fields) in scene.evidence().shown.iter().filter(|(place, _)| place.family == Family::Person) {
        let Some(link) = scene.link_of(place) else { continue };
        let is_alone = link.only_side().is_some() && link.standing == Standing::Active && !link.is_tombstone();
        if is_alone && !scene.asked(place) && !scene.may_pass(place, fields) {
            held[place.side] += 1;
        }
    }
    held
}

#[cfg(test)]
mod tests;
