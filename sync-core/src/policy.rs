//! What the operator decided: which fields flow where, who wins, what may be created, when to stop.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{FieldName, Kind, Record, Side, Sides};

/// Which way a field may flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// Changes on the left reach the right.
    LeftToRight,
    /// Changes on the right reach the left.
    RightToLeft,
    /// Given when a record is created, either way; never changed afterwards.
    CreateOnly,
    /// Not at all.
    Never,
}

impl Direction {
    /// Whether a change may be written to this side.
    #[must_use]
    pub const fn updates(self, side: Side) -> bool {
        match (self, side) {
            (Self::Both, _) | (Self::LeftToRight, Side::Right) | (Self::RightToLeft, Side::Left) => true,
            (Self::LeftToRight | Self::RightToLeft | Self::CreateOnly | Self::Never, _) => false,
        }
    }

    /// Whether the field is given to a record created on this side.
    #[must_use]
    pub const fn creates(self, side: Side) -> bool {
        matches!(self, Self::CreateOnly) || self.updates(side)
    }
}

/// What happens when both sides changed a field differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// A person decides.
    #[default]
    Review,
    /// The left side wins; the loser's value is kept for 30 days.
    PreferLeft,
    /// The right side wins; the loser's value is kept for 30 days.
    PreferRight,
}

/// What happens when a field is emptied on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clearing {
    /// It is emptied on the other side too.
    #[default]
    Propagate,
    /// The other side keeps its value.
    Keep,
    /// A person decides.
    Review,
}

/// The rules for one field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldPolicy {
    /// Which way it may flow.
    pub direction: Direction,
    /// Who wins.
    pub conflict: Conflict,
    /// What emptying does.
    pub clearing: Clearing,
}

/// Which records a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// None, unless a child pulls it in.
    #[default]
    PulledOnly,
    /// Every live record.
    All,
    /// Records that bear this mark.
    Mark(String),
    /// Records for which one of these holds.
    Any(Vec<Self>),
    /// Records for which all of these hold.
    Every(Vec<Self>),
}

impl Scope {
    /// Whether the rule is about this record.
    #[must_use]
    pub fn admits(&self, record: &Record) -> bool {
        match self {
            Self::PulledOnly => false,
            Self::All => true,
            Self::Mark(mark) => record.marks.contains(mark.as_str()),
            Self::Any(rules) => rules.iter().any(|rule| rule.admits(record)),
            Self::Every(rules) => rules.iter().all(|rule| rule.admits(record)),
        }
    }
}

/// What to do when a create is refused because another record has one of its identifiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedIdentifier {
    /// Leave the shared value out, as long as one identifier remains.
    #[default]
    Omit,
    /// A person decides.
    Review,
}

/// What to do with the counterpart of a record that is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// Keep it.
    #[default]
    Keep,
    /// Remove it, on evidence and under the brake.
    Remove,
}

/// When a batch is stopped before its first write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brake {
    /// More than so many stop the batch.
    pub max: usize,
    /// More than so many per cent of the known links stop the batch, if they are more than `floor`.
    pub percent: usize,
    /// So few never stop the batch.
    pub floor: usize,
}

impl Default for Brake {
    fn default() -> Self {
        Self { max: 500, percent: 25, floor: 10 }
    }
}

impl Brake {
    /// Whether `count` of `known` links is too much.
    #[must_use]
    pub const fn trips(&self, count: usize, known: usize) -> bool {
        count > self.floor && (count > self.max || count * 100 > self.percent * known)
    }
}

/// All rules for one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The kind.
    pub kind: Kind,
    /// The rules per field. A field that is not in here does not flow.
    pub fields: BTreeMap<FieldName, FieldPolicy>,
    /// Which records of a side may be created on the *other* side.
    pub scope: Sides<Scope>,
    /// Whether a record of a side may be created on the other side because a record of a later kind needs it there.
    pub pulled: Sides<bool>,
    /// What to do with a shared identifier.
    pub shared_identifier: SharedIdentifier,
    /// What to do on each side when the counterpart is gone.
    pub removal: Sides<Removal>,
    /// Which records of a side there is something to remove of, when the counterpart is gone: a cancelled appointment is none.
    #[serde(default = "all")]
    pub in_use: Sides<Scope>,
    /// The brake on updates, per side and run.
    pub update_brake: Brake,
    /// The brake on disappearances and removals, per side and run.
    pub removal_brake: Brake,
    /// A create rests on a complete listing of its side that shows no such record. Once that listing is older
    /// than this, both sides are listed anew before the next create.
    pub listing_bound: Duration,
    /// A number that changes with what the connectors were told about the meaning of what they show; see
    /// [`with_mapping`](Self::with_mapping).
    #[serde(default)]
    pub mapping: u64,
}

fn all() -> Sides<Scope> {
    Sides::new(Scope::All, Scope::All)
}

impl Policy {
    /// Rules under which nothing flows and nothing is created.
    #[must_use]
    pub fn closed(kind: Kind) -> Self {
        Self {
            kind,
            fields: BTreeMap::new(),
            scope: Sides::default(),
            pulled: Sides::default(),
            shared_identifier: SharedIdentifier::Omit,
            removal: Sides::default(),
            in_use: all(),
            update_brake: Brake::default(),
            removal_brake: Brake::default(),
            listing_bound: Duration::from_secs(300),
            mapping: 0,
        }
    }

    /// The same rules over a mapping that is described like this, such as the tables that a connector was given. Another
    /// description makes every link worth another look, though its records show the same bytes as before.
    #[must_use]
    pub fn with_mapping(self, description: &str) -> Self {
        Self { mapping: fnv(description.as_bytes()), ..self }
    }

    /// The rules for a field.
    #[must_use]
    pub fn field(&self, name: &FieldName) -> FieldPolicy {
        let closed = FieldPolicy { direction: Direction::Never, ..FieldPolicy::default() };
        self.fields.get(name).copied().unwrap_or(closed)
    }

    /// A number that changes when a rule or the mapping changes.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        fnv(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// FNV-1a: stable across builds and platforms, which the standard hasher does not promise.
fn fnv(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brake_trips_above_its_floor_by_number_or_by_share() {
        let brake = Brake { max: 100, percent: 25, floor: 10 };
        assert!(!brake.trips(10, 10), "so few never trip");
        assert!(brake.trips(11, 20), "more than a quarter");
        assert!(!brake.trips(100, 1000));
        assert!(brake.trips(101, 1000), "more than the maximum");
    }

    #[test]
    fn the_fingerprint_follows_every_rule() {
        let one = Policy::closed(Kind::from_static("person"));
        let mut other = one.clone();
        other.scope.left = Scope::All;
        assert_eq!(one.fingerprint(), one.clone().fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
        let mapped = |description| one.clone().with_mapping(description).fingerprint();
        assert_eq!(mapped("5 = planned"), mapped("5 = planned"));
        assert_ne!(mapped("5 = planned"), mapped("5 = confirmed"));
    }
}
