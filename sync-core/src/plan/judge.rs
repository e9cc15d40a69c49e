//! What to do with one link, once it is known what both sides show. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::answers::Answers;
use super::family::{Family, Kinship, Ready, References};
use super::matching::Match;
use super::survey::Listing;
use super::work::{Look, Work};
use crate::decide::{Rules, Rulings, decide};
use crate::{EndState, Field, FieldName, Fields, Kind, LinkId, Presence, Reason, Record, Removal, Side, Sides, Standing, Support};

/// How long a record that we asked for may stay away before a person is reminded.
const PENDING_REMINDER: chrono::Duration = chrono::Duration::days(3);

/// The remote write that a link needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Create a record on this side.
    Create(Side),
    /// Write these fields.
    Update(Sides<BTreeSet<FieldName>>),
    /// Remove the record on this side.
    Remove(Side),
    /// Remove the record on this side, which belongs to another parent than it should; then it is created anew.
    Readdress(Side),
}

/// What to do with one link.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) step: Option<Step>,
    /// Sides to be read again before the step, since a listing is not enough to write.
    pub(crate) reread: Sides<bool>,
    /// What a person must decide or do.
    pub(crate) reasons: Vec<Reason>,
    /// Something waits for something else, without a person.
    pub(crate) parked: bool,
    /// Not everything was seen: that a question is not asked does not mean that it is answered.
    pub(crate) partial: bool,
    /// Links of earlier kinds that have to be on both sides first.
    pub(crate) pulls: BTreeSet<LinkId>,
}

impl Judgement {
    /// Nothing can be said yet.
    fn unfinished() -> Self {
        Self { parked: true, partial: true, ..Self::default() }
    }
}

/// What a judgement depends on besides the link.
pub(crate) struct Bench<'a> {
    pub(crate) rules: Rules<'a>,
    pub(crate) family: &'a Family,
    pub(crate) listings: Sides<Option<Listing>>,
    pub(crate) answers: &'a Answers,
    pub(crate) now: DateTime<Utc>,
}

impl Bench<'_> {
    /// Judges a link and brings it to the state in which it is to be committed, short of the step.
    pub(crate) fn judge(&self, work: &mut Work, records: Sides<Option<&Record>>, matched: Match, went: Sides<bool>) -> Judgement {
        let judgement = self.judged(work, records, matched, went);
        if judgement.step.is_none() {
            self.close_announcement(work);
        }
        // A half that is put off is not at rest, whatever it was before: the next run looks at it.
        work.link.settled &= work.link.is_joined() || !judgement.parked;
        judgement
    }

    /// Others who share an identifier wait for a create of unknown outcome. Where it is not tried again, they wait until it is certain
    /// that it made nothing, and no longer; should its record be seen later all the same, it is known by its token.
    fn close_announcement(&self, work: &mut Work) {
        let Some(intent) = &work.link.intent else { return };
        let (side, token) = (intent.side, intent.token);
        if !self.is_absent(work, side) {
            work.link.settled = false;
            return;
        }
        work.link.intent = None;
        work.link.token = Some(token);
    }

    fn judged(&self, work: &mut Work, records: Sides<Option<&Record>>, matched: Match, went: Sides<bool>) -> Judgement {
        if let Some((side, detail)) = work.broken() {
            let record = work.link.ends[side].as_ref().map(|end| end.id.clone());
            let reason = Reason::Undecodable { side, record, detail: detail.to_owned() };
            return Judgement { reasons: vec![reason], ..Judgement::default() };
        }
        if work.link.standing != Standing::Active {
            return Judgement::default();
        }
        match work.link.only_side() {
            Some(side) => self.half(work, side, records[side], matched),
            None => self.joined(work, records, went),
        }
    }

    fn half(&self, work: &mut Work, side: Side, record: Option<&Record>, matched: Match) -> Judgement {
        let parked = Judgement { parked: true, ..Judgement::default() };
        match matched {
            // The counterpart is known, but was taken in the meantime: the next sweep sees more.
            Match::Wait | Match::One(_) | Match::Confirms(_) => return parked,
            Match::Ask(reason) => return self.at_rest(work, vec![reason]),
            Match::Nobody => {}
        }
        let (Some(record), Some(EndState::Present)) = (record, work.link.ends[side].as_ref().map(|end| end.state)) else {
            return self.at_rest(work, Vec::new());
        };
        let target = side.opposite();
        if record.presence != Presence::Live || !self.is_in_scope(work, side, record) {
            return self.at_rest(work, Vec::new());
        }
        match self.family.ready(side, &record.references) {
            Ready::Yes => {}
            Ready::Never => return self.at_rest(work, Vec::new()),
            Ready::Later(pulls) => return Judgement { pulls, ..parked },
        }
        if self.rules.sides[target].create == Support::Manual {
            return self.at_rest(work, vec![Reason::Manual { side: target, fields: Vec::new() }]);
        }
        let draft = draft_fields(&self.rules, record, target);
        let lacks = |name: &&FieldName| !matches!(draft.get(name), Field::Value(_));
        let missing: Vec<FieldName> = self.rules.sides[target].required.iter().filter(lacks).cloned().collect();
        if !missing.is_empty() {
            return self.at_rest(work, vec![Reason::MissingData { side: target, fields: missing }]);
        }
        if !self.is_absent(work, target) {
            return parked;
        }
        let reread = self.must_reread(work, side);
        Judgement { step: Some(Step::Create(target)), reread, ..Judgement::default() }
    }

    fn is_in_scope(&self, work: &Work, side: Side, record: &Record) -> bool {
        let policy = self.rules.policy;
        policy.scope[side].admits(record) || (work.link.pulled && policy.pulled[side])
    }

    /// Whether it is certain that the target has no such record: a complete listing does not show one, and
    /// after an attempt of unknown outcome, two that began after the record could have appeared. (One that
    /// shows it was adopted before.)
    fn is_absent(&self, work: &Work, target: Side) -> bool {
        let description = self.rules.sides[target];
        let visible_by = work.link.intent.as_ref().map(|intent| intent.begun_at + description.settle + description.lag);
        let late_enough = |began: DateTime<Utc>| visible_by.is_none_or(|visible_by| began >= visible_by);
        self.listings[target].is_some_and(|listing| listing.complete && late_enough(listing.began))
    }

    fn joined(&self, work: &mut Work, records: Sides<Option<&Record>>, went: Sides<bool>) -> Judgement {
        let references = Sides::from_fn(|side| work.link.ends[side].as_ref().map(|end| end.references.clone()).unwrap_or_default());
        match self.family.kinship(&references, &work.link.parents) {
            Kinship::Same(parents) => work.link.parents = parents,
            Kinship::Elsewhere(side, parent) => return self.readdress(work, side, &parent),
            Kinship::Later(_) if self.went_with_its_parent(work, &references) => return self.orphaned(work, records),
            Kinship::Later(pulls) => {
                // What went while its parent was away is not at rest: once they are back, its counterpart goes too.
                let went = |side: Side| work.link.ends[side].as_ref().is_some_and(|end| end.state.is_gone());
                work.link.settled &= !Side::BOTH.into_iter().any(went);
                return Judgement { pulls, ..Judgement::unfinished() };
            }
            Kinship::Frozen(parent) => return self.at_rest(work, vec![Reason::Frozen { parent }]),
        }
        let states = work.link.ends.as_ref().map(|end| end.as_ref().map(|end| end.state));
        for side in Side::BOTH {
            match states[side] {
                Some(EndState::Present) => {}
                Some(EndState::Pending { since }) => return self.pending(side, since),
                Some(EndState::Missing { .. }) | None => return Judgement::unfinished(),
                Some(EndState::Gone | EndState::Inactive) => return self.retired(work, side, records, went[side]),
            }
        }
        self.compare(work, records)
    }

    fn readdress(&self, work: &mut Work, side: Side, parent: &Kind) -> Judgement {
        let can = |support: Support| support == Support::Enabled;
        if can(self.rules.sides[side].remove) && can(self.rules.sides[side].create) {
            return Judgement { step: Some(Step::Readdress(side)), ..Judgement::default() };
        }
        self.at_rest(work, vec![Reason::Manual { side, fields: vec![FieldName::new(parent.as_str())] }])
    }

    fn pending(&self, side: Side, since: DateTime<Utc>) -> Judgement {
        let overdue = self.now - since > PENDING_REMINDER;
        let reasons = if overdue { vec![Reason::StillPending { side }] } else { Vec::new() };
        Judgement { parked: true, reasons, ..Judgement::default() }
    }

    /// Whether one record went together with its parent, in whose place the other record's parent has a new counterpart by now.
    fn went_with_its_parent(&self, work: &Work, references: &Sides<References>) -> bool {
        Side::BOTH.into_iter().any(|gone| {
            let other = gone.opposite();
            let went = work.link.ends[gone].as_ref().is_some_and(|end| end.state.is_gone());
            went && self.family.link_is_unknown(gone, &references[gone]) && self.family.translate(other, &references[other]).is_some()
        })
    }

    /// Nobody removed the record, but what it belonged to: whether its counterpart is to go as well, a person knows.
    fn orphaned(&self, work: &mut Work, records: Sides<Option<&Record>>) -> Judgement {
        let is_left = |side: &Side| {
            let is_there = work.link.ends[*side].as_ref().is_some_and(|end| end.state == EndState::Present);
            let in_use = records[*side].is_none_or(|record| self.rules.policy.in_use[*side].admits(record));
            is_there && in_use && self.rules.policy.removal[*side] == Removal::Remove
        };
        let reasons = Side::BOTH.into_iter().filter(is_left).map(|side| Reason::ManualRemoval { side }).collect();
        self.at_rest(work, reasons)
    }

    fn retired(&self, work: &mut Work, gone: Side, records: Sides<Option<&Record>>, just_now: bool) -> Judgement {
        let other = gone.opposite();
        let is = |side: Side, state: EndState| work.link.ends[side].as_ref().is_some_and(|end| end.state == state);
        let wanted = self.rules.policy.removal[other] == Removal::Remove && is(gone, EndState::Gone) && is(other, EndState::Present);
        let in_use = records[other].is_none_or(|record| self.rules.policy.in_use[other].admits(record));
        if !wanted || !in_use {
            return self.at_rest(work, Vec::new());
        }
        if self.rules.sides[other].remove == Support::Manual {
            return self.at_rest(work, vec![Reason::ManualRemoval { side: other }]);
        }
        // What could not be removed at once is not at rest, and is tried again.
        let tried =
            work.stored.as_ref().is_some_and(|link| !link.settled && link.ends[gone].as_ref().is_some_and(|end| end.state.is_gone()));
        let decision = decide(&work.link, records, true, &Rulings::default(), &self.rules);
        let edited = decision.writes_anything() || !decision.reviews.is_empty();
        let unseen = records[other].is_none();
        if unseen && (edited || !(just_now || tried) || !self.rules.sides[other].single_read) {
            return self.at_rest(work, Vec::new());
        }
        // Somebody changed it, or brought it back, after its counterpart had gone: what they want is not known.
        if edited || !(just_now || tried) {
            return self.at_rest(work, vec![Reason::ManualRemoval { side: other }]);
        }
        // Not at rest before it is done, whatever keeps it from being done.
        work.link.settled = false;
        let mut reread = self.must_reread(work, other);
        reread[other] |= unseen;
        Judgement { step: Some(Step::Remove(other)), reread, ..Judgement::default() }
    }

    fn compare(&self, work: &mut Work, records: Sides<Option<&Record>>) -> Judgement {
        let stale = Sides::from_fn(|side| !work.is_fresh(side, self.rules.sides[side].lag));
        let believed = Sides::from_fn(|side| if stale[side] { None } else { records[side] });
        let same_bytes = Side::BOTH.into_iter().all(|side| self.same_bytes(work, side));
        let none = Rulings::default();
        let rulings = self.answers.rulings(work.link.id).unwrap_or(&none);
        let decision = decide(&work.link, believed, same_bytes, rulings, &self.rules);
        // Who sees one side only cannot tell an edit from a conflict: nothing is settled before both were seen.
        let waits = Side::BOTH.into_iter().any(|side| stale[side] || records[side].is_none());
        if !waits && !decision.settled.is_empty() {
            work.link.settled_at = Some(self.now);
            work.link.bases.extend(decision.settled.clone());
        }
        if !decision.writes_anything() {
            // Who sees one side only knows neither what to ask nor what is answered.
            return if waits { Judgement::unfinished() } else { self.at_rest(work, decision.reviews) };
        }
        let mut reread = Sides::new(false, false);
        for side in Side::BOTH {
            let source_lags = !decision.writes[side.opposite()].is_empty() && self.must_reread(work, side)[side];
            reread[side] = source_lags || stale[side] || records[side].is_none();
            if reread[side] && !self.rules.sides[side].single_read {
                return Judgement::unfinished();
            }
        }
        let step = Some(Step::Update(decision.writes));
        Judgement { step, reread, reasons: decision.reviews, partial: waits, ..Judgement::default() }
    }

    fn same_bytes(&self, work: &Work, side: Side) -> bool {
        let settled = work.link.ends[side].as_ref().and_then(|end| end.raw);
        settled.is_some() && settled == work.bytes(side, self.rules.digester)
    }

    /// A difference seen only in a listing that may lag is never written without a read.
    fn must_reread(&self, work: &Work, source: Side) -> Sides<bool> {
        let description = self.rules.sides[source];
        let mut reread = Sides::new(false, false);
        reread[source] = description.single_read && !description.lag.is_zero() && matches!(work.looks[source], Look::Listed(..));
        reread
    }

    /// Nothing is left to do until one side shows other bytes.
    fn at_rest(&self, work: &mut Work, reasons: Vec<Reason>) -> Judgement {
        rest(work, &self.rules, self.family);
        Judgement { reasons, ..Judgement::default() }
    }
}

/// Nothing more is done until one side shows other bytes, a parent changes, or a person decides.
pub(crate) fn rest(work: &mut Work, rules: &Rules<'_>, family: &Family) {
    work.link.settled = true;
    work.link.eyes = rules.eyes();
    for side in Side::BOTH {
        let bytes = work.bytes(side, rules.digester);
        if let Some(end) = work.link.ends[side].as_mut() {
            end.raw = bytes;
        }
    }
    let references = work.link.ends.as_ref().map(|end| end.as_ref().map(|end| &end.references));
    work.link.lineage = family.lineage(&references, rules.digester);
}

/// What a record created on `target` would be given of this record.
pub(crate) fn draft_fields(rules: &Rules<'_>, record: &Record, target: Side) -> Fields {
    let mut draft = Fields::default();
    for (name, policy) in &rules.policy.fields {
        let accepted = rules.sides[target].field(name).is_some_and(|field| field.create);
        if let (Field::Value(value), true, true) = (record.fields.get(name), policy.direction.creates(target), accepted) {
            draft.set(name.clone(), Field::Value(value));
        }
    }
    draft
}
