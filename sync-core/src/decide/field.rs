//! The decision for one field: a pure function of digests, a base and the rules.

use crate::{Base, Clearing, Conflict, Digest, FieldPolicy, Settled, Side, Sides};

/// Everything that the decision for a field depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldFacts {
    /// What was last settled; none on first contact.
    pub base: Option<Base>,
    /// What each side shows now; none where it does not show the field.
    pub shown: Sides<Option<Digest>>,
    /// The digest that an empty field has.
    pub empty: Digest,
    /// What each side lets the engine do with the field.
    pub access: Sides<Access>,
}

/// What a side lets the engine do with a field of an existing record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody changes it after creation: the system has no such operation.
    Fixed,
    /// A person can, the engine may not.
    ByHand,
    /// The engine sets values, but cannot empty it.
    Set,
    /// The engine sets and empties it.
    SetAndClear,
}

/// What to do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldDecision {
    /// Nothing: neither side changed, or not enough is shown.
    Nothing,
    /// Take what both sides show as settled, without a write.
    Settle(Settled),
    /// Write the other side's value to this side.
    Write(Side),
    /// Ask a person.
    Ask(Question),
}

/// What to ask a person about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Both sides changed it, differently.
    Conflict,
    /// The sides differ on first contact.
    FirstDifference,
    /// It was emptied on this side, and the rules ask first.
    Cleared(Side),
    /// The engine may not write it to this side: somebody has to.
    Manual(Side),
    /// A value appeared on the side where it had been left out.
    WithheldAppeared,
}

/// A person's decision about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// This side's value wins.
    Take(Side),
    /// The sides may differ.
    KeepBoth,
}

/// Decides one field.
///
/// | left changed | right changed | result, where both may be written |
/// |---|---|---|
/// | no | no | nothing |
/// | yes | no | write to the right |
/// | no | yes | write to the left |
/// | yes | yes, to the same | settle, no write |
/// | yes | yes, differently | conflict: the preferred side is written to the other, or a person is asked |
///
/// A field that a side does not show never counts as changed. Each side is compared with what *it*
/// showed when the field was last settled, so a side that stores values in its own way starts no echo.
#[must_use]
pub fn decide_field(facts: &FieldFacts, policy: FieldPolicy, ruling: Option<Ruling>) -> FieldDecision {
    match ruling {
        Some(Ruling::KeepBoth) => return FieldDecision::Settle(Settled::Apart),
        Some(Ruling::Take(side)) => return facts.carry(side, FieldPolicy { clearing: Clearing::Propagate, ..policy }),
        None => {}
    }
    match facts.base {
        Some(base) => facts.with_base(base, policy),
        None => facts.without_base(policy),
    }
}

impl FieldFacts {
    /// What each side shows, or showed when it was last looked at: a side that is not looked at now has not changed.
    pub(super) fn last_shown(&self) -> Sides<Option<Digest>> {
        Sides::from_fn(|side| self.shown[side].or(self.base.and_then(|base| base.shown[side])))
    }

    fn with_base(&self, base: Base, policy: FieldPolicy) -> FieldDecision {
        if self.write_had_no_effect(base) {
            return self.unless_equal(|side| FieldDecision::Ask(Question::Manual(side)), base);
        }
        match (self.changed(base, Side::Left), self.changed(base, Side::Right)) {
            (false, false) if self.confirms(base) => FieldDecision::Settle(Settled::Agreed),
            (false, false) => FieldDecision::Nothing,
            _ if self.equal() => FieldDecision::Settle(Settled::Agreed),
            (left, right) if self.appeared_where_withheld(base, left, right) => FieldDecision::Ask(Question::WithheldAppeared),
            (true, false) => self.carry(Side::Left, policy),
            (false, true) => self.carry(Side::Right, policy),
            (true, true) => self.both_changed(policy, Question::Conflict),
        }
    }

    fn without_base(&self, policy: FieldPolicy) -> FieldDecision {
        let (Some(left), Some(right)) = (self.shown.left, self.shown.right) else {
            return FieldDecision::Nothing;
        };
        if left == right {
            return FieldDecision::Settle(Settled::Agreed);
        }
        // On first contact an empty field was not "cleared": it is filled, where the rules allow.
        if left == self.empty {
            return self.carry(Side::Right, policy);
        }
        if right == self.empty {
            return self.carry(Side::Left, policy);
        }
        self.both_changed(policy, Question::FirstDifference)
    }

    fn both_changed(&self, policy: FieldPolicy, question: Question) -> FieldDecision {
        let direction = policy.direction;
        match (direction.updates(Side::Left), direction.updates(Side::Right)) {
            (false, false) => FieldDecision::Settle(Settled::Apart),
            (false, true) => self.carry(Side::Left, policy),
            (true, false) => self.carry(Side::Right, policy),
            (true, true) => match policy.conflict {
                Conflict::Review => FieldDecision::Ask(question),
                Conflict::PreferLeft => self.carry(Side::Left, policy),
                Conflict::PreferRight => self.carry(Side::Right, policy),
            },
        }
    }

    /// Carries one side's value to the other, as far as rules and systems allow.
    fn carry(&self, from: Side, policy: FieldPolicy) -> FieldDecision {
        let to = from.opposite();
        let Some(value) = self.shown[from] else { return FieldDecision::Nothing };
        if self.shown[to] == Some(value) {
            return FieldDecision::Settle(Settled::Agreed);
        }
        if !policy.direction.updates(to) || self.access[to] == Access::Fixed {
            return FieldDecision::Settle(Settled::Apart);
        }
        let clears = value == self.empty;
        match policy.clearing {
            Clearing::Keep if clears => return FieldDecision::Settle(Settled::Apart),
            Clearing::Review if clears => return FieldDecision::Ask(Question::Cleared(from)),
            _ => {}
        }
        match self.access[to] {
            Access::SetAndClear => FieldDecision::Write(to),
            Access::Set if !clears => FieldDecision::Write(to),
            Access::Set | Access::ByHand | Access::Fixed => FieldDecision::Ask(Question::Manual(to)),
        }
    }

    fn changed(&self, base: Base, side: Side) -> bool {
        self.shown[side].is_some_and(|now| base.shown[side] != Some(now) && !self.first_shown_as_expected(base, side, now))
    }

    /// A side that did not show the field before shows what the other side has, or that it is empty:
    /// nobody changed anything.
    fn first_shown_as_expected(&self, base: Base, side: Side, now: Digest) -> bool {
        base.shown[side].is_none() && (now == self.empty || base.shown[side.opposite()] == Some(now))
    }

    fn equal(&self) -> bool {
        self.shown.left.is_some() && self.shown.left == self.shown.right
    }

    fn confirms(&self, base: Base) -> bool {
        matches!(base.settled, Settled::Unconfirmed { side, .. } if self.shown[side].is_some())
    }

    fn write_had_no_effect(&self, base: Base) -> bool {
        let Settled::Unconfirmed { side, prior: Some(prior) } = base.settled else { return false };
        self.shown[side] == Some(prior) && base.shown[side] != Some(prior)
    }

    fn unless_equal(&self, otherwise: impl FnOnce(Side) -> FieldDecision, base: Base) -> FieldDecision {
        match base.settled {
            _ if self.equal() => FieldDecision::Settle(Settled::Agreed),
            Settled::Unconfirmed { side, .. } => otherwise(side),
            _ => FieldDecision::Nothing,
        }
    }

    fn appeared_where_withheld(&self, base: Base, left: bool, right: bool) -> bool {
        match base.settled {
            Settled::Withheld(Side::Left) => left,
            Settled::Withheld(Side::Right) => right,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
