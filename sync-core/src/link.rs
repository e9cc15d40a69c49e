//! What the engine remembers of a pair of records.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{Digest, FieldName, Kind, LinkId, RecordId, Salt, Side, Sides, Token};

/// The links of the records that a record belongs to, by kind.
pub type Parents = BTreeMap<Kind, LinkId>;

/// One record per side at most, and what the two last agreed on.
///
/// A record seen for the first time gets a link with one end, a *half link*. Digests, ids and states
/// only: no value of a record is in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The kind of both records.
    pub kind: Kind,
    /// The record on each side.
    pub ends: Sides<Option<End>>,
    /// Whether the link is worked on.
    pub standing: Standing,
    /// The salt of its field digests.
    pub salt: Salt,
    /// What was last settled, by field.
    pub bases: BTreeMap<FieldName, Base>,
    /// A create that was begun and has no recorded outcome.
    pub intent: Option<Intent>,
    /// The token of the create that made one of the records, or was given up, kept so that what it made is recognised.
    pub token: Option<Token>,
    /// The links of the records that both records were last seen to belong to, by kind.
    pub parents: Parents,
    /// What those links were like then; when it changes, this link is worth another look.
    pub lineage: Option<Digest>,
    /// Whether a record of a later kind needs it on both sides.
    pub pulled: bool,
    /// With which eyes the digests were made.
    pub eyes: Eyes,
    /// When it was last settled; listings begun earlier do not count for writes.
    pub settled_at: Option<DateTime<Utc>>,
    /// Whether nothing is left to do until one side shows other bytes.
    pub settled: bool,
    /// Counts commits, for compare-and-set.
    pub version: u64,
}

impl Link {
    /// A half link for a record seen for the first time.
    #[must_use]
    pub fn half(id: LinkId, kind: Kind, side: Side, end: End, salt: Salt, eyes: Eyes) -> Self {
        let mut ends = Sides::default();
        ends[side] = Some(end);
        Self {
            id,
            kind,
            ends,
            standing: Standing::Active,
            salt,
            bases: BTreeMap::new(),
            intent: None,
            token: None,
            parents: Parents::new(),
            lineage: None,
            pulled: false,
            eyes,
            settled_at: None,
            settled: false,
            version: 0,
        }
    }

    /// The side of its only record, if it has but one.
    #[must_use]
    pub fn only_side(&self) -> Option<Side> {
        match (&self.ends.left, &self.ends.right) {
            (Some(_), None) => Some(Side::Left),
            (None, Some(_)) => Some(Side::Right),
            _ => None,
        }
    }

    /// Whether it has a record on both sides.
    #[must_use]
    pub fn is_joined(&self) -> bool {
        self.ends.left.is_some() && self.ends.right.is_some()
    }

    /// Whether it was ended on purpose or by the loss of a record: never matched, never re-created.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        Side::BOTH.iter().any(|side| self.ends[*side].as_ref().is_some_and(|end| end.state.is_gone()))
            || self.standing == Standing::Unlinked
    }
}

/// A link's record on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The record's id there.
    pub id: RecordId,
    /// What became of it.
    pub state: EndState,
    /// The digest of its listed bytes when the link was last decided.
    pub raw: Option<Digest>,
    /// What it can be recognised by.
    pub identity: BTreeSet<Mark>,
    /// The records of its side that it was last seen to belong to.
    pub references: BTreeMap<Kind, RecordId>,
    /// The first day on which listings need not show it any more.
    pub expires: Option<NaiveDate>,
}

impl End {
    /// A record that is there.
    #[must_use]
    pub fn present(id: RecordId) -> Self {
        Self { id, state: EndState::Present, raw: None, identity: BTreeSet::new(), references: BTreeMap::new(), expires: None }
    }
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndState {
    /// It is there.
    Present,
    /// We asked for it and have an id, but no listing has shown it yet.
    Pending {
        /// When we asked.
        since: DateTime<Utc>,
    },
    /// One complete listing lacked it. Not yet evidence.
    Missing {
        /// When that listing began.
        since: DateTime<Utc>,
    },
    /// Its side no longer uses it (a patient who left); it may return.
    Inactive,
    /// It was removed on its side; it is never re-created.
    Gone,
}

impl EndState {
    /// Whether the record is out of use.
    #[must_use]
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Inactive | Self::Gone)
    }
}

/// A digest of something that a record can be recognised by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// What it is a digest of, such as `email`.
    pub scheme: String,
    /// The digest, unsalted, so that two links' marks compare.
    pub digest: Digest,
}

/// Whether a link is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Yes.
    Active,
    /// A person paused it.
    Paused,
    /// A person took its two records apart; this half is never matched again.
    Unlinked,
    /// A person was erased; only the ids' keyed suppression marks remain.
    Erased,
}

/// What was last settled for one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The digest that each side showed; `None` where a side does not show the field.
    pub shown: Sides<Option<Digest>>,
    /// How the field was settled.
    pub settled: Settled,
}

/// How a field was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// Both sides hold what they should.
    Agreed,
    /// The policy lets the sides differ.
    Apart,
    /// This side refused the value (another record has it); tried again when the source changes.
    Withheld(Side),
    /// Written to this side, which has not shown it yet; `prior` is what it showed before.
    Unconfirmed {
        /// The side written to.
        side: Side,
        /// What it showed before the write.
        prior: Option<Digest>,
    },
}

/// With which eyes a link's digests were made. When they change, digests no longer compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eyes {
    /// The version of the tenant's key.
    pub key: u32,
    /// The version of the vocabulary's normalisation.
    pub normalisation: u32,
    /// A fingerprint of mapping, policies and scope; a change makes every link worth another look.
    pub policy: u64,
}

/// A create whose outcome is not recorded yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Where the record is to be made.
    pub side: Side,
    /// The token that travels in the record.
    pub token: Token,
    /// When the attempt began.
    pub begun_at: DateTime<Utc>,
    /// What the new record will be recognised by. Another create that shares a mark waits.
    pub identity: BTreeSet<Mark>,
    /// Fields left out because another record has the value.
    pub omitted: BTreeSet<FieldName>,
    /// Counts the attempts.
    pub attempt: u32,
}

/// What a sweep needs to know of every link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The link.
    pub link: LinkId,
    /// Its records.
    pub ends: Sides<Option<HeadEnd>>,
    /// Whether it is worked on.
    pub standing: Standing,
    /// What the links of its records' parents were like when it was last settled.
    pub lineage: Option<Digest>,
    /// Whether nothing is left to do until one side shows other bytes.
    pub settled: bool,
    /// With which eyes its digests were made.
    pub eyes: Eyes,
    /// The token of an open create.
    pub intent: Option<Token>,
}

/// What a sweep needs to know of every record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadEnd {
    /// Its id.
    pub id: RecordId,
    /// What became of it.
    pub state: EndState,
    /// The digest of its listed bytes when the link was last decided.
    pub raw: Option<Digest>,
    /// The records that it belongs to.
    pub references: BTreeMap<Kind, RecordId>,
    /// The first day on which listings need not show it any more.
    pub expires: Option<NaiveDate>,
}

impl From<&End> for HeadEnd {
    fn from(end: &End) -> Self {
        let End { id, state, raw, references, expires, .. } = end;
        Self { id: id.clone(), state: *state, raw: *raw, references: references.clone(), expires: *expires }
    }
}

impl From<&Link> for Head {
    fn from(link: &Link) -> Self {
        let end = |end: &Option<End>| end.as_ref().map(HeadEnd::from);
        Self {
            link: link.id,
            ends: link.ends.as_ref().map(end),
            standing: link.standing,
            lineage: link.lineage,
            settled: link.settled,
            eyes: link.eyes,
            intent: link.intent.as_ref().map(|intent| intent.token),
        }
    }
}
