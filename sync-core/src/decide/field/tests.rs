//! The truth table, and an exhaustive walk over everything small.

use super::*;
use crate::Direction;

const EMPTY: Digest = digest(0);
const A: Digest = digest(1);
const B: Digest = digest(2);
const C: Digest = digest(3);

const fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 16])
}

fn facts(base: Option<(Digest, Digest)>, left: Option<Digest>, right: Option<Digest>) -> FieldFacts {
    let base = base.map(|(left, right)| Base { shown: Sides::new(Some(left), Some(right)), settled: Settled::Agreed });
    let access = Sides::new(Access::SetAndClear, Access::SetAndClear);
    FieldFacts { base, shown: Sides::new(left, right), empty: EMPTY, access }
}

fn both() -> FieldPolicy {
    FieldPolicy::default()
}

fn one_way(direction: Direction) -> FieldPolicy {
    FieldPolicy { direction, ..both() }
}

fn conflict(conflict: Conflict) -> FieldPolicy {
    FieldPolicy { conflict, ..both() }
}

fn clearing(clearing: Clearing) -> FieldPolicy {
    FieldPolicy { clearing, ..both() }
}

use FieldDecision::{Ask, Nothing, Settle, Write};
use Settled::{Agreed, Apart, Unconfirmed, Withheld};
use Side::{Left, Right};

#[test]
fn the_truth_table_with_a_base() {
    let base = Some((A, A));
    let rows = [
        (Some(A), Some(A), Nothing),
        (Some(B), Some(A), Write(Right)),
        (Some(A), Some(B), Write(Left)),
        (Some(B), Some(B), Settle(Agreed)),
        (Some(B), Some(C), Ask(Question::Conflict)),
        (Some(EMPTY), Some(A), Write(Right)),
        (None, Some(A), Nothing),
        (None, Some(B), Write(Left)),
        (Some(A), None, Nothing),
        (None, None, Nothing),
    ];
    for (left, right, expected) in rows {
        assert_eq!(decide_field(&facts(base, left, right), both(), None), expected, "left {left:?} right {right:?}");
    }
}

#[test]
fn the_truth_table_without_a_base() {
    let rows = [
        (Some(A), Some(A), Settle(Agreed)),
        (Some(EMPTY), Some(EMPTY), Settle(Agreed)),
        (Some(A), Some(EMPTY), Write(Right)),
        (Some(EMPTY), Some(A), Write(Left)),
        (Some(A), Some(B), Ask(Question::FirstDifference)),
        (Some(A), None, Nothing),
        (None, Some(A), Nothing),
    ];
    for (left, right, expected) in rows {
        assert_eq!(decide_field(&facts(None, left, right), both(), None), expected, "left {left:?} right {right:?}");
    }
}

#[test]
fn a_vendor_that_stores_values_in_its_own_way_starts_no_ping_pong() {
    let settled = facts(Some((A, B)), Some(A), Some(B));
    assert_eq!(decide_field(&settled, both(), None), Nothing);
}

#[test]
fn the_policy_decides_a_conflict() {
    let clash = facts(Some((A, A)), Some(B), Some(C));
    assert_eq!(decide_field(&clash, conflict(Conflict::PreferLeft), None), Write(Right));
    assert_eq!(decide_field(&clash, conflict(Conflict::PreferRight), None), Write(Left));
    assert_eq!(decide_field(&clash, one_way(Direction::LeftToRight), None), Write(Right));
    assert_eq!(decide_field(&clash, one_way(Direction::RightToLeft), None), Write(Left));
    assert_eq!(decide_field(&clash, one_way(Direction::CreateOnly), None), Settle(Apart));
}

#[test]
fn an_edit_against_the_direction_is_left_where_it_is() {
    let edited = facts(Some((A, A)), Some(A), Some(B));
    assert_eq!(decide_field(&edited, one_way(Direction::LeftToRight), None), Settle(Apart));
}

#[test]
fn clearing_follows_its_policy() {
    let cleared = facts(Some((A, A)), Some(EMPTY), Some(A));
    assert_eq!(decide_field(&cleared, clearing(Clearing::Propagate), None), Write(Right));
    assert_eq!(decide_field(&cleared, clearing(Clearing::Keep), None), Settle(Apart));
    assert_eq!(decide_field(&cleared, clearing(Clearing::Review), None), Ask(Question::Cleared(Left)));
    let edited = facts(Some((A, A)), Some(B), Some(A));
    for policy in [Clearing::Propagate, Clearing::Keep, Clearing::Review] {
        assert_eq!(decide_field(&edited, clearing(policy), None), Write(Right), "{policy:?} is about empty fields only");
    }
}

#[test]
fn what_a_side_cannot_do_becomes_a_task_or_stays_apart() {
    let mut edited = facts(Some((A, A)), Some(A), Some(B));
    edited.access.left = Access::ByHand;
    assert_eq!(decide_field(&edited, both(), None), Ask(Question::Manual(Left)));
    edited.access.left = Access::Fixed;
    assert_eq!(decide_field(&edited, both(), None), Settle(Apart));
    edited.access.left = Access::Set;
    assert_eq!(decide_field(&edited, both(), None), Write(Left), "it sets values, and only cannot empty them");
    let mut cleared = facts(Some((A, A)), Some(A), Some(EMPTY));
    cleared.access.left = Access::Set;
    assert_eq!(decide_field(&cleared, both(), None), Ask(Question::Manual(Left)));
}

#[test]
fn a_withheld_value_is_tried_again_when_its_source_changes_and_asked_about_when_it_appears() {
    let mut withheld = facts(Some((A, EMPTY)), Some(A), Some(EMPTY));
    withheld.base = Some(Base { settled: Withheld(Right), ..withheld.base.unwrap() });
    assert_eq!(decide_field(&withheld, both(), None), Nothing);
    withheld.shown.left = Some(B);
    assert_eq!(decide_field(&withheld, both(), None), Write(Right));
    withheld.shown = Sides::new(Some(A), Some(C));
    assert_eq!(decide_field(&withheld, both(), None), Ask(Question::WithheldAppeared));
    withheld.shown.right = Some(A);
    assert_eq!(decide_field(&withheld, both(), None), Settle(Agreed));

    let mut mirrored = facts(Some((EMPTY, A)), Some(C), Some(A));
    mirrored.base = Some(Base { settled: Withheld(Left), ..mirrored.base.unwrap() });
    assert_eq!(decide_field(&mirrored, both(), None), Ask(Question::WithheldAppeared));
}

#[test]
fn an_unconfirmed_write_is_confirmed_or_becomes_a_task() {
    let mut written = facts(Some((B, B)), Some(B), Some(B));
    written.base = Some(Base { settled: Unconfirmed { side: Right, prior: Some(A) }, ..written.base.unwrap() });
    assert_eq!(decide_field(&written, both(), None), Settle(Agreed));
    written.shown.right = None;
    assert_eq!(decide_field(&written, both(), None), Nothing, "not shown yet");
    written.shown.right = Some(A);
    assert_eq!(decide_field(&written, both(), None), Ask(Question::Manual(Right)), "it still shows the old value");
    let taken_back = FieldFacts { shown: Sides::new(Some(A), Some(A)), ..written };
    assert_eq!(decide_field(&taken_back, both(), None), Settle(Agreed), "nothing is left to be done by hand");
    written.shown.right = Some(C);
    assert_eq!(decide_field(&written, both(), None), Write(Left), "somebody changed it since");
}

#[test]
fn a_side_that_shows_the_field_for_the_first_time_changed_nothing_if_it_agrees() {
    let mut first = facts(Some((A, A)), Some(A), Some(A));
    first.base = Some(Base { shown: Sides::new(Some(A), None), settled: Agreed });
    assert_eq!(decide_field(&first, both(), None), Nothing);
    first.shown.right = Some(EMPTY);
    assert_eq!(decide_field(&first, both(), None), Nothing, "what was never seen was not emptied");
    first.shown.right = Some(B);
    assert_eq!(decide_field(&first, both(), None), Write(Left));
}

#[test]
fn a_persons_ruling_goes_before_everything() {
    let clash = facts(Some((A, A)), Some(B), Some(C));
    assert_eq!(decide_field(&clash, both(), Some(Ruling::Take(Left))), Write(Right));
    assert_eq!(decide_field(&clash, both(), Some(Ruling::Take(Right))), Write(Left));
    assert_eq!(decide_field(&clash, both(), Some(Ruling::KeepBoth)), Settle(Apart));
    let cleared = facts(Some((A, A)), Some(EMPTY), Some(A));
    assert_eq!(decide_field(&cleared, clearing(Clearing::Review), Some(Ruling::Take(Left))), Write(Right));
}

/// Every combination of base, sides, access and policy over three values, empty and unknown.
fn everything() -> impl Iterator<Item = (FieldFacts, FieldPolicy)> {
    let values = [None, Some(EMPTY), Some(A), Some(B), Some(C)];
    let states = [Agreed, Apart, Withheld(Left), Withheld(Right), Unconfirmed { side: Right, prior: Some(C) }];
    let directions = [Direction::Both, Direction::LeftToRight, Direction::RightToLeft, Direction::CreateOnly, Direction::Never];
    let accesses = [Access::Fixed, Access::ByHand, Access::Set, Access::SetAndClear];
    let mut all = Vec::new();
    let mut bases = vec![None];
    for left in values {
        for right in values {
            bases.extend(states.map(|settled| Some(Base { shown: Sides::new(left, right), settled })));
        }
    }
    for base in bases {
        for left in values {
            for right in values {
                for (a, b) in accesses.iter().flat_map(|a| accesses.iter().map(move |b| (*a, *b))) {
                    for direction in directions {
                        for conflict in [Conflict::Review, Conflict::PreferLeft, Conflict::PreferRight] {
                            for clearing in [Clearing::Propagate, Clearing::Keep, Clearing::Review] {
                                let facts = FieldFacts { base, shown: Sides::new(left, right), empty: EMPTY, access: Sides::new(a, b) };
                                all.push((facts, FieldPolicy { direction, conflict, clearing }));
                            }
                        }
                    }
                }
            }
        }
    }
    all.into_iter()
}

#[test]
fn over_everything_small_a_write_is_always_allowed_and_never_blind() {
    for (facts, policy) in everything() {
        let Write(to) = decide_field(&facts, policy, None) else { continue };
        let from = to.opposite();
        let value = facts.shown[from].unwrap_or_else(|| panic!("writes a value that is not shown: {facts:?}"));
        assert_ne!(facts.shown[to], Some(value), "writes what is there: {facts:?}");
        assert!(policy.direction.updates(to), "writes against the direction: {facts:?} {policy:?}");
        assert!(matches!(facts.access[to], Access::Set | Access::SetAndClear), "writes without access: {facts:?}");
        assert!(value != EMPTY || facts.access[to] == Access::SetAndClear, "clears what cannot be cleared: {facts:?}");
    }
}

#[test]
fn over_everything_small_a_fresh_edit_is_never_overwritten_unless_a_rule_names_the_loser() {
    for (facts, policy) in everything() {
        let (Some(base), Write(to)) = (facts.base, decide_field(&facts, policy, None)) else { continue };
        let fresh = facts.shown[to].is_some_and(|now| Some(now) != base.shown[to]);
        let reverted = matches!(base.settled, Unconfirmed { side, prior } if side == to && prior == facts.shown[to]);
        let first_shown = base.shown[to].is_none();
        if !fresh || reverted || first_shown {
            continue;
        }
        let loser_named = policy.conflict != Conflict::Review || !policy.direction.updates(to.opposite());
        assert!(loser_named, "overwrites a fresh edit: {facts:?} {policy:?}");
    }
}

#[test]
fn over_everything_small_what_was_settled_stays_settled() {
    for (facts, policy) in everything() {
        let Settle(settled) = decide_field(&facts, policy, None) else { continue };
        let base = Base { shown: facts.shown, settled };
        let again = decide_field(&FieldFacts { base: Some(base), ..facts }, policy, None);
        assert_eq!(again, Nothing, "{facts:?} {policy:?}");
    }
}
