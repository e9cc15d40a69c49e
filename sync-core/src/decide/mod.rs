//! The decision for a pair of records. Pure: no I/O, no clock, no chance.

mod field;

use std::collections::{BTreeMap, BTreeSet};

pub use field::{Access, FieldDecision, FieldFacts, Question, Ruling, decide_field};

use crate::schema::comparable;
use crate::{
    Base, Description, Digest, Digester, Eyes, Field, FieldName, Link, Policy, Reason, Record, Salt, Schema, Settled, Side, Sides, Support,
};

/// The rules of the house for one kind: what values mean, what flows, what each side can do.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// How values compare and records are recognised.
    pub schema: &'a dyn Schema,
    /// Makes digests under the tenant's key.
    pub digester: &'a Digester,
    /// What the operator decided.
    pub policy: &'a Policy,
    /// What each side can do.
    pub sides: Sides<&'a Description>,
}

impl Rules<'_> {
    /// With which eyes digests are made now.
    #[must_use]
    pub fn eyes(&self) -> Eyes {
        Eyes { key: self.digester.version(), normalisation: self.schema.normalisation(), policy: self.policy.fingerprint() }
    }

    /// The digest of a field as it compares.
    #[must_use]
    pub fn digest(&self, salt: Salt, name: &FieldName, field: Field<&str>) -> Option<Digest> {
        match comparable(self.schema, name, field) {
            Field::Unknown => None,
            Field::Empty => self.digester.field(salt, name, Field::Empty),
            Field::Value(text) => self.digester.field(salt, name, Field::Value(&text)),
        }
    }

    /// What each side shows of a field.
    pub(crate) fn shown(&self, salt: Salt, name: &FieldName, records: Sides<Option<&Record>>) -> Sides<Option<Digest>> {
        records.map(|record| record.and_then(|record| self.digest(salt, name, record.fields.get(name))))
    }

    fn access(&self, side: Side, name: &FieldName) -> Access {
        let description = self.sides[side];
        let Some(field) = description.field(name) else { return Access::Fixed };
        match (field.update, description.update) {
            (false, _) => Access::Fixed,
            (true, Support::Manual) => Access::ByHand,
            (true, Support::Enabled) if description.by_hand.contains(name) => Access::ByHand,
            (true, Support::Enabled) if field.clear => Access::SetAndClear,
            (true, Support::Enabled) => Access::Set,
        }
    }
}

/// A person's decision, with what was shown when it was made. It applies only while that still holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rulings {
    /// Rulings by field.
    pub fields: BTreeMap<FieldName, (Ruling, Sides<Option<Digest>>)>,
    /// What was shown when a person said that a changed identity is still the same record.
    pub same: Option<BTreeMap<FieldName, Sides<Option<Digest>>>>,
}

/// What to do with a pair of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The fields to write to each side, with the other side's value.
    pub writes: Sides<BTreeSet<FieldName>>,
    /// What is settled without a write.
    pub settled: BTreeMap<FieldName, Base>,
    /// What a person must decide or do.
    pub reviews: Vec<Reason>,
}

impl Decision {
    /// Whether something would be written.
    #[must_use]
    pub fn writes_anything(&self) -> bool {
        !self.writes.left.is_empty() || !self.writes.right.is_empty()
    }
}

/// Decides what to do with a joined link, given what each side shows. A record that is not given is not
/// looked at: none of its fields counts as changed.
///
/// `same_bytes` says that both sides sent the bytes that were settled last; then a change of eyes
/// (key or normalisation) makes a new base and no write.
#[must_use]
pub fn decide(link: &Link, records: Sides<Option<&Record>>, same_bytes: bool, rulings: &Rulings, rules: &Rules<'_>) -> Decision {
    let all: Vec<(FieldName, FieldFacts)> =
        rules.policy.fields.keys().map(|name| (name.clone(), facts(link, name, records, rules))).collect();
    let blind = link.eyes.key != rules.eyes().key || link.eyes.normalisation != rules.eyes().normalisation;
    if !blind && let Some(reason) = another_person(&all, rulings, rules) {
        return Decision { reviews: vec![reason], ..Decision::default() };
    }
    let mut decision = Decision::default();
    let mut questions = Questions::default();
    for (name, mut facts) in all {
        if blind
            && same_bytes
            && let Some(base) = facts.base
        {
            decision.settled.insert(name, Base { shown: facts.shown, settled: base.settled });
            continue;
        }
        if blind || was_shown_otherwise(&name, &facts, rules) {
            facts.base = None;
        }
        let ruling = rulings.fields.get(&name).filter(|(_, shown)| *shown == facts.shown).map(|(ruling, _)| *ruling);
        match decide_field(&facts, rules.policy.field(&name), ruling) {
            FieldDecision::Nothing => {}
            FieldDecision::Settle(settled) => {
                decision.settled.insert(name, Base { shown: facts.last_shown(), settled });
            }
            FieldDecision::Write(side) => {
                decision.writes[side].insert(name);
            }
            FieldDecision::Ask(question) => questions.ask(name, question),
        }
    }
    decision.reviews = questions.into_reasons();
    decision
}

fn facts(link: &Link, name: &FieldName, records: Sides<Option<&Record>>, rules: &Rules<'_>) -> FieldFacts {
    let empty = rules.digester.field(link.salt, name, Field::Empty);
    FieldFacts {
        base: link.bases.get(name).copied(),
        shown: rules.shown(link.salt, name, records),
        empty: empty.unwrap_or(Digest::from_bytes([0; 16])),
        access: Sides::from_fn(|side| rules.access(side, name)),
    }
}

/// Whether a field that must be shown as it was written is shown differently, at the first look after the write.
fn was_shown_otherwise(name: &FieldName, facts: &FieldFacts, rules: &Rules<'_>) -> bool {
    let Some(Base { shown, settled: Settled::Unconfirmed { side, prior } }) = facts.base else { return false };
    let now = facts.shown[side];
    rules.schema.is_exact(name) && now.is_some() && now != shown[side] && now != prior
}

/// Several things that identify a record changed at once on one side, from one value to another: it
/// may be another person under the same id (a recycled contact).
fn another_person(all: &[(FieldName, FieldFacts)], rulings: &Rulings, rules: &Rules<'_>) -> Option<Reason> {
    Side::BOTH.into_iter().find_map(|side| {
        let exchanged: Vec<&(FieldName, FieldFacts)> = all.iter().filter(|(_, facts)| exchanged(facts, side)).collect();
        let groups: BTreeSet<&str> = exchanged.iter().filter_map(|(name, _)| rules.schema.identity_group(name)).collect();
        let accepted =
            |same: &BTreeMap<FieldName, Sides<Option<Digest>>>| exchanged.iter().all(|(name, facts)| same.get(name) == Some(&facts.shown));
        if groups.len() < 2 || rulings.same.as_ref().is_some_and(accepted) {
            return None;
        }
        let named = exchanged.iter().filter(|(name, _)| rules.schema.identity_group(name).is_some());
        Some(Reason::IdentityChanged { side, fields: named.map(|(name, _)| name.clone()).collect() })
    })
}

/// Whether one value took the place of another on this side, and on this side only.
fn exchanged(facts: &FieldFacts, side: Side) -> bool {
    let (Some(base), Some(now)) = (facts.base, facts.shown[side]) else { return false };
    let other = side.opposite();
    let replaced = base.shown[side].is_some_and(|before| before != now && before != facts.empty && now != facts.empty);
    replaced && facts.shown[other].is_none_or(|there| base.shown[other] == Some(there) && there != now)
}

/// Questions by field, gathered into one review item each where they belong together.
#[derive(Debug, Default)]
struct Questions {
    single: Vec<Reason>,
    first: Vec<FieldName>,
    manual: Sides<Vec<FieldName>>,
}

impl Questions {
    fn ask(&mut self, field: FieldName, question: Question) {
        match question {
            Question::Conflict => self.single.push(Reason::Conflict { field }),
            Question::Cleared(side) => self.single.push(Reason::Cleared { field, side }),
            Question::WithheldAppeared => self.single.push(Reason::WithheldAppeared { field }),
            Question::FirstDifference => self.first.push(field),
            Question::Manual(side) => self.manual[side].push(field),
        }
    }

    fn into_reasons(mut self) -> Vec<Reason> {
        let mut reasons = std::mem::take(&mut self.single);
        if !self.first.is_empty() {
            reasons.push(Reason::FirstDifference { fields: self.first });
        }
        for side in Side::BOTH {
            let fields = std::mem::take(&mut self.manual[side]);
            if !fields.is_empty() {
                reasons.push(Reason::Manual { side, fields });
            }
        }
        reasons
    }
}

/// The base of a field that was written to `side`: what the source showed, and what the answer showed,
/// or, where the answer shows nothing, what it is expected to show.
pub(crate) fn written(facts_before: Sides<Option<Digest>>, side: Side, answered: Option<Digest>) -> Base {
    let source = facts_before[side.opposite()];
    let mut shown = facts_before;
    shown[side] = answered.or(source);
    let settled = match answered {
        Some(_) => Settled::Agreed,
        None => Settled::Unconfirmed { side, prior: facts_before[side] },
    };
    Base { shown, settled }
}

#[cfg(test)]
mod tests;
