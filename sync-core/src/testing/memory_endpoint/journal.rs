//! What was asked of a side.

use crate::testing::CallKind;
use crate::{FieldName, Kind, Probe, RecordId, Token};

/// One call that reached the endpoint, whether it worked or not. Holds no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// All records were asked for.
    List(Kind),
    /// One was.
    Read(Kind, RecordId),
    /// A search.
    Find(Kind, Probe),
    /// A create.
    Create {
        /// What.
        kind: Kind,
        /// The record that it made or asked for; none if it had no effect.
        id: Option<RecordId>,
        /// The token given.
        token: Token,
        /// The fields given.
        fields: Vec<FieldName>,
    },
    /// A change.
    Update {
        /// What.
        kind: Kind,
        /// Which.
        id: RecordId,
        /// The fields given.
        fields: Vec<FieldName>,
    },
    /// A removal.
    Remove(Kind, RecordId),
}

impl Call {
    /// What kind of call it was.
    #[must_use]
    pub const fn kind(&self) -> CallKind {
        match self {
            Self::List(_) => CallKind::List,
            Self::Read(..) => CallKind::Read,
            Self::Find(..) => CallKind::Find,
            Self::Create { .. } => CallKind::Create,
            Self::Update { .. } => CallKind::Update,
            Self::Remove(..) => CallKind::Remove,
        }
    }

    /// Whether it was meant to change something.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Update { .. } | Self::Remove(..))
    }
}
