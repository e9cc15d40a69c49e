//! What a connector implements to be written to.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{FieldName, Fields, Kind, Record, RecordId, Result, Source, Token};

/// The right to write. Only the executor can make one, so that nothing else can call a [`Sink`].
#[derive(Debug)]
pub struct Permit {
    _private: (),
}

impl Permit {
    pub(crate) const fn issue() -> Self {
        Self { _private: () }
    }
}

/// A record to be created.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is.
    pub kind: Kind,
    /// Its fields, in canonical formats.
    pub fields: Fields,
    /// Records of earlier kinds that it belongs to, by their ids on this side.
    pub references: BTreeMap<Kind, RecordId>,
    /// The token to put into the record, where the side has a place for it.
    pub token: Token,
}

/// A change to a record: exactly the fields that change. `Empty` clears.
#[derive(Clone, Debug)]
pub struct Patch {
    /// What it is.
    pub kind: Kind,
    /// Which.
    pub id: RecordId,
    /// The fields to change, in canonical formats.
    pub fields: Fields,
}

/// What became of a write that was answered.
#[derive(Debug)]
pub enum Written {
    /// Done, and this is the record now.
    Done(Box<Record>),
    /// Done; the answer shows nothing of the record but its id.
    NotShown(RecordId),
    /// Asked for; a person on that side has to accept it first.
    Pending(RecordId),
    /// Not done: something has to be prepared by a person on that side first, as named here. It is tried again by every
    /// run.
    Blocked(String),
    /// Not done: another record has this value. A candidate for the same record, or a shared value.
    Exists {
        /// The other record.
        id: RecordId,
        /// The fields that both would have, if the side says which.
        fields: Vec<FieldName>,
    },
}

/// One side, to be written to.
///
/// # Contract
/// - A call makes at most one attempt whose effect could double. An error says by its verdict whether
///   the effect is excluded (`Permanent`, `Temporary`) or possible (`Unknown`).
/// - [`update`](Self::update) changes exactly the fields of the patch.
/// - Writes reach no patient: whatever the side offers to suppress messages is used.
#[async_trait]
pub trait Sink: Source {
    /// Creates a record.
    ///
    /// # Errors
    /// With a verdict that says whether the record may exist.
    async fn create(&self, permit: &Permit, draft: &Draft) -> Result<Written>;

    /// Changes fields of a record.
    ///
    /// # Errors
    /// With a verdict that says whether the change may have happened.
    async fn update(&self, permit: &Permit, patch: &Patch) -> Result<Written>;

    /// Removes a record.
    ///
    /// # Errors
    /// With a verdict that says whether it may have happened.
    async fn remove(&self, permit: &Permit, kind: &Kind, id: &RecordId) -> Result<()>;
}
