//! What a person must decide or do.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Digest, FieldName, Kind, LinkId, RecordId, ReviewId, Side, Sides};

/// Why an item is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// Both sides changed a field, differently.
    Conflict {
        /// The field.
        field: FieldName,
    },
    /// Two records met for the first time and differ in fields.
    FirstDifference {
        /// The fields.
        fields: Vec<FieldName>,
    },
    /// A field was emptied, and the rules ask a person first.
    Cleared {
        /// The field.
        field: FieldName,
        /// Where it was emptied.
        side: Side,
    },
    /// A change that the engine may not make there: a person makes it, and the item closes by itself.
    Manual {
        /// Where.
        side: Side,
        /// Which fields; empty for a record to be created.
        fields: Vec<FieldName>,
    },
    /// A record cannot be created there without these fields.
    MissingData {
        /// Where.
        side: Side,
        /// The fields.
        fields: Vec<FieldName>,
    },
    /// More than one record may be the same.
    Ambiguous {
        /// The candidates on the other side.
        candidates: Vec<RecordId>,
    },
    /// One identifier and the name are equal: probably the same, not certainly.
    PossibleMatch {
        /// The candidate on the other side.
        candidate: RecordId,
    },
    /// A create was refused because another record has the same identifiers.
    SharedIdentifier {
        /// The other record.
        other: RecordId,
    },
    /// Several things that identify a record changed at once: is it still the same?
    IdentityChanged {
        /// Where.
        side: Side,
        /// The fields.
        fields: Vec<FieldName>,
    },
    /// A value appeared on the side where it had been left out.
    WithheldAppeared {
        /// The field.
        field: FieldName,
    },
    /// A second record carries the token of one create.
    DoubleToken {
        /// The second record.
        other: RecordId,
    },
    /// The record on this side was merged into one that is linked already.
    MergedIntoLinked {
        /// Where.
        side: Side,
        /// The record it was merged into.
        winner: RecordId,
    },
    /// A record that we asked for has not appeared.
    StillPending {
        /// Where.
        side: Side,
    },
    /// What the record belongs to was taken apart, or a person is asked who it is: nothing is done until that is clear.
    Frozen {
        /// The kind of what it belongs to.
        parent: Kind,
    },
    /// A record that a person has to remove or to cancel there, since its counterpart is gone; the item closes by itself.
    ManualRemoval {
        /// Where.
        side: Side,
    },
    /// Something has to be prepared there by a person first; then it goes on by itself.
    Prerequisite {
        /// Where.
        side: Side,
        /// What is missing.
        what: String,
    },
    /// A record that could not be decoded.
    Undecodable {
        /// Where.
        side: Side,
        /// The record, if its id could be read.
        record: Option<RecordId>,
        /// What was wrong, without values.
        detail: String,
    },
    /// The other system refused a write for a reason that does not pass.
    Refused {
        /// Where.
        side: Side,
        /// What it said, without values.
        detail: String,
    },
    /// Too much would change at once; nothing of it was written.
    Brake {
        /// Where it would have been written, or what disappeared.
        side: Side,
        /// What was stopped.
        what: Braked,
        /// How many.
        count: usize,
        /// Of how many.
        known: usize,
    },
}

/// What a brake stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Braked {
    /// Updates of linked records.
    Updates,
    /// Disappearances and removals.
    Removals,
}

impl Reason {
    /// A short stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "conflict",
            Self::FirstDifference { .. } => "first_difference",
            Self::Cleared { .. } => "cleared",
            Self::Manual { .. } => "manual",
            Self::MissingData { .. } => "missing_data",
            Self::Ambiguous { .. } => "ambiguous",
            Self::PossibleMatch { .. } => "possible_match",
            Self::SharedIdentifier { .. } => "shared_identifier",
            Self::IdentityChanged { .. } => "identity_changed",
            Self::WithheldAppeared { .. } => "withheld_appeared",
            Self::DoubleToken { .. } => "double_token",
            Self::MergedIntoLinked { .. } => "merged_into_linked",
            Self::StillPending { .. } => "still_pending",
            Self::Frozen { .. } => "frozen",
            Self::ManualRemoval { .. } => "manual_removal",
            Self::Prerequisite { .. } => "prerequisite",
            Self::Undecodable { .. } => "undecodable",
            Self::Refused { .. } => "refused",
            Self::Brake { .. } => "brake",
        }
    }

    /// What distinguishes it from other questions with the same name about the same link.
    #[must_use]
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::Conflict { field } | Self::Cleared { field, .. } | Self::WithheldAppeared { field } => field.to_string(),
            Self::DoubleToken { other } | Self::PossibleMatch { candidate: other } => other.to_string(),
            Self::Ambiguous { candidates } => candidates.iter().map(RecordId::as_str).collect::<Vec<_>>().join("/"),
            Self::Undecodable { side, record, .. } => format!("{side}/{}", record.as_ref().map_or("", RecordId::as_str)),
            Self::Brake { side, what, .. } => format!("{side}/{what:?}"),
            _ => String::new(),
        }
    }

    /// The fields that stay unsettled while the item is open.
    #[must_use]
    pub fn fields(&self) -> &[FieldName] {
        match self {
            Self::Conflict { field } | Self::Cleared { field, .. } | Self::WithheldAppeared { field } => std::slice::from_ref(field),
            Self::FirstDifference { fields }
            | Self::Manual { fields, .. }
            | Self::MissingData { fields, .. }
            | Self::IdentityChanged { fields, .. } => fields,
            _ => &[],
        }
    }
}

/// A value as each side shows it, to be read by a person. Stores seal it; its `Debug` prints nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Values(pub BTreeMap<FieldName, Sides<Option<String>>>);

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A question or a task for a person. The same question always has the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// The kind of record.
    pub kind: Kind,
    /// The link it is about, unless it is about a whole batch.
    pub link: Option<LinkId>,
    /// The records it is about.
    pub records: Sides<Option<RecordId>>,
    /// Why it is open.
    pub reason: Reason,
    /// The values, for people.
    pub values: Values,
    /// What was shown; a decision applies only while this still holds.
    pub shown: BTreeMap<FieldName, Sides<Option<Digest>>>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// What a person decided, until it has been carried out.
    pub decision: Option<Decision>,
}

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// This side's values win.
    Take(Side),
    /// The sides may differ.
    KeepBoth,
    /// The two records are the same: link them. Or, of a changed identity: it is still the same.
    Same,
    /// They are not the same.
    Different,
    /// The batch may go on, once.
    LiftBrake,
}
