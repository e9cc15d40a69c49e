//! What was done: runs, operations, and the values they overwrote.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{FieldName, Kind, LinkId, RecordId, RunId, Side, Sides};

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The kind of record.
    pub kind: Kind,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How it stands.
    pub state: RunState,
    /// What it did.
    pub counts: Sides<RunCounts>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Under way, or interrupted.
    Running,
    /// Ended well.
    Completed,
    /// Ended by an error; what was done before it counts.
    Failed,
    /// Stopped by the caller.
    Cancelled,
}

/// What a run did on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Records listed.
    pub scanned: usize,
    /// Records created there.
    pub created: usize,
    /// Records updated there.
    pub updated: usize,
    /// Records removed there.
    pub removed: usize,
    /// Listed records for which nothing was to be done.
    pub unchanged: usize,
    /// Records of which a change waits for something else.
    pub parked: usize,
    /// Review items that are open about records of this side.
    pub review: usize,
    /// Writes that failed and will be tried again.
    pub failed: usize,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Creates a record.
    Create,
    /// Changes fields of a record.
    Update,
    /// Removes a record.
    Remove,
    /// Joins two records.
    Link,
    /// Puts another record in the place of one.
    Relink,
    /// Takes two records apart.
    Unlink,
    /// Notes that a record is gone or out of use.
    Retire,
    /// Notes that a record is back.
    Revive,
    /// Carries out a person's decision.
    Resolve,
}

impl Action {
    /// A short stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Link => "link",
            Self::Relink => "relink",
            Self::Unlink => "unlink",
            Self::Retire => "retire",
            Self::Revive => "revive",
            Self::Resolve => "resolve",
        }
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was begun; nothing is known yet.
    Begun,
    /// It was done.
    Done,
    /// It was found to be done already, by us or by somebody else.
    Found,
    /// It was not done; it may be tried again.
    Failed,
    /// It was refused for good.
    Refused,
    /// Nobody knows; it is settled by reading.
    Unknown,
}

/// One line of the operation journal. Ids and field names only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// In which run; none for a hint or a person's command.
    pub run: Option<RunId>,
    /// For which link.
    pub link: LinkId,
    /// On which side.
    pub side: Side,
    /// What.
    pub action: Action,
    /// On which record, once it is known.
    pub record: Option<RecordId>,
    /// Which fields.
    pub fields: Vec<FieldName>,
    /// How it ended.
    pub outcome: Outcome,
}

/// A value that a write replaced. Stores seal it; its `Debug` does not print it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreImage {
    /// The link.
    pub link: LinkId,
    /// The side that was written to.
    pub side: Side,
    /// The record.
    pub record: RecordId,
    /// The field.
    pub field: FieldName,
    /// The value before; `None` if it was empty.
    pub value: Option<String>,
    /// When it was replaced.
    pub at: DateTime<Utc>,
    /// Until when it is kept.
    pub until: DateTime<Utc>,
}

impl fmt::Debug for PreImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreImage").field("link", &self.link).field("side", &self.side).field("field", &self.field).finish_non_exhaustive()
    }
}
