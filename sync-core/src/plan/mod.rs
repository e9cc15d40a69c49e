//! What would be done: made without writing anything, by types that cannot write.

mod absence;
mod adopt;
mod answers;
mod family;
mod judge;
mod matching;
mod meet;
mod planned;
mod planner;
mod survey;
mod work;

use std::collections::BTreeSet;

use serde::Serialize;

pub(crate) use answers::Answers;
pub(crate) use family::Family;
pub(crate) use judge::{Step, draft_fields, rest};
pub(crate) use matching::{Strength, compare};
pub(crate) use planned::{Planned, Task};
pub use planner::Planner;
pub(crate) use survey::Listing;
pub(crate) use work::{Look, Work};

use crate::{Action, FieldName, Kind, LinkId, Reason, RecordId, RunCounts, Side, Sides};

/// What a sweep would do. Ids and field names only, no values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The kind of record.
    pub kind: Kind,
    /// What would be done, remote writes and notes about links.
    pub operations: Vec<Operation>,
    /// The questions that would be open about the links looked at.
    pub reviews: Vec<PlannedReview>,
    /// What was seen, per side.
    pub counts: Sides<RunCounts>,
    /// Brakes that would stop a batch.
    pub brakes: Vec<Reason>,
}

impl Plan {
    /// The operations that write to a remote system.
    pub fn writes(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| matches!(operation.action, Action::Create | Action::Update | Action::Remove))
    }

    /// Whether nothing would be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// One thing that would be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Operation {
    /// What.
    pub action: Action,
    /// On which side.
    pub side: Side,
    /// To which link. A link that does not exist yet gets its id when the plan is carried out.
    pub link: Option<LinkId>,
    /// The link's version when this was planned: the precondition. On another version it is decided anew.
    pub version: u64,
    /// The records on both sides.
    pub records: Sides<Option<RecordId>>,
    /// Which fields.
    pub fields: BTreeSet<FieldName>,
}

/// One question that would be open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedReview {
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
    /// The records on both sides.
    pub records: Sides<Option<RecordId>>,
}
