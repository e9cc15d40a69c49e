//! What a side lets the engine do, and a field that must be shown as it was written.

use std::time::Duration;

use super::*;
use crate::vocabulary::appointment::{AppointmentSchema, KIND, START};
use crate::{Absence, FieldSupport};

const WRITTEN: Digest = Digest::from_bytes([1; 16]);
const BEFORE: Digest = Digest::from_bytes([2; 16]);
const OTHER: Digest = Digest::from_bytes([3; 16]);
const TITLE: FieldName = FieldName::from_static("title");

/// A side that can do everything with the start, and cannot empty the title.
fn side() -> Description {
    Description {
        kind: KIND,
        system: "Memory",
        fields: [(START, FieldSupport::FULL), (TITLE, FieldSupport { clear: false, ..FieldSupport::FULL })].into(),
        required: Vec::new(),
        unique: BTreeSet::new(),
        single_read: true,
        lag: Duration::ZERO,
        absence: Absence::Gone,
        search: BTreeSet::new(),
        carries_token: true,
        create: Support::Enabled,
        update: Support::Enabled,
        by_hand: BTreeSet::new(),
        remove: Support::Enabled,
        settle: Duration::ZERO,
        parallel: 1,
    }
}

fn under_rules<T>(left: &Description, look: impl FnOnce(&Rules<'_>) -> T) -> T {
    let (schema, digester, policy) = (AppointmentSchema, Digester::new(&[7; 32], 1), Policy::closed(KIND));
    look(&Rules { schema: &schema, digester: &digester, policy: &policy, sides: Sides::new(left, left) })
}

fn access(left: &Description, name: &FieldName) -> Access {
    under_rules(left, |rules| rules.access(Side::Left, name))
}

#[test]
fn a_side_lets_the_engine_do_what_it_says_and_no_more() {
    assert_eq!(access(&side(), &START), Access::SetAndClear);
    assert_eq!(access(&side(), &TITLE), Access::Set, "it cannot be emptied");
    assert_eq!(access(&side(), &FieldName::from_static("unheard_of")), Access::Fixed);
    let by_hand = Description { by_hand: [START].into(), ..side() };
    assert_eq!(access(&by_hand, &START), Access::ByHand);
    assert_eq!(access(&by_hand, &TITLE), Access::Set, "only the start is left to people");
    let manual = Description { update: Support::Manual, ..side() };
    assert_eq!(access(&manual, &TITLE), Access::ByHand);
    let fixed = Description { fields: [(START, FieldSupport::CREATE_ONLY)].into(), update: Support::Manual, ..side() };
    assert_eq!(access(&fixed, &START), Access::Fixed);
}

/// Whether a start that was written to the right counts as shown otherwise, where the right shows this now.
fn otherwise(name: &FieldName, settled: Settled, now: Option<Digest>) -> bool {
    let base = Base { shown: Sides::new(Some(WRITTEN), Some(WRITTEN)), settled };
    let facts = FieldFacts {
        base: Some(base),
        shown: Sides::new(Some(WRITTEN), now),
        empty: Digest::from_bytes([0; 16]),
        access: Sides::new(Access::SetAndClear, Access::SetAndClear),
    };
    under_rules(&side(), |rules| was_shown_otherwise(name, &facts, rules))
}

#[test]
fn a_time_that_shows_neither_as_written_nor_as_before_is_shown_otherwise() {
    let unconfirmed = Settled::Unconfirmed { side: Side::Right, prior: Some(BEFORE) };
    assert!(otherwise(&START, unconfirmed, Some(OTHER)));
    assert!(!otherwise(&START, unconfirmed, Some(WRITTEN)), "as it was written");
    assert!(!otherwise(&START, unconfirmed, Some(BEFORE)), "the write had no effect");
    assert!(!otherwise(&START, unconfirmed, None), "it is not shown yet");
    assert!(!otherwise(&TITLE, unconfirmed, Some(OTHER)), "a title may be stored in a vendor's own way");
    assert!(!otherwise(&START, Settled::Agreed, Some(OTHER)), "it was confirmed, so somebody has moved it since");
}
