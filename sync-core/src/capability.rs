//! What a side can do, as declared by its connector. The engine asks this table; it knows no vendor.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::{FieldName, Kind};

/// Whether an operation may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// Not at all; the change becomes a task for a person.
    #[default]
    Manual,
    /// Yes.
    Enabled,
}

/// What absence from a complete listing says about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It is gone.
    Gone,
    /// It is no longer in use; it may return.
    Inactive,
}

/// By what a side can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SearchKey {
    /// By the token that a created record carries.
    Token,
    /// By what a record can be recognised by.
    Identity,
}

/// What a side can do with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSupport {
    /// Absence in a listed element, or a single read, proves the field empty; otherwise it is unknown.
    pub listed: bool,
    /// Can be given when a record is created.
    pub create: bool,
    /// Can be changed afterwards.
    pub update: bool,
    /// Can be emptied afterwards.
    pub clear: bool,
}

impl FieldSupport {
    /// Shown everywhere, and writable at any time.
    pub const FULL: Self = Self { listed: true, create: true, update: true, clear: true };
    /// Shown, never written.
    pub const READ_ONLY: Self = Self { listed: true, create: false, update: false, clear: false };
    /// Given once, at creation.
    pub const CREATE_ONLY: Self = Self { listed: true, create: true, update: false, clear: false };
}

/// What a side can do with records of one kind.
#[derive(Clone, Debug)]
pub struct Description {
    /// The kind.
    pub kind: Kind,
    /// The system's name, as people know it.
    pub system: &'static str,
    /// Its fields.
    pub fields: BTreeMap<FieldName, FieldSupport>,
    /// The fields without which it creates nothing.
    pub required: Vec<FieldName>,
    /// The fields whose values it refuses to share between two records.
    pub unique: BTreeSet<FieldName>,
    /// Whether one record can be read by its id.
    pub single_read: bool,
    /// How late a change may show in a listing or a search. Zero: at once.
    pub lag: Duration,
    /// What absence from a complete listing says.
    pub absence: Absence,
    /// By what it can be searched.
    pub search: BTreeSet<SearchKey>,
    /// Whether a created record carries our token.
    pub carries_token: bool,
    /// Whether records can be created.
    pub create: Support,
    /// Whether records can be updated.
    pub update: Support,
    /// Fields that only a person can change there, though others can be written.
    pub by_hand: BTreeSet<FieldName>,
    /// Whether records can be removed.
    pub remove: Support,
    /// How long after a create of unknown outcome the record may still appear.
    pub settle: Duration,
    /// How many writes may be under way at once.
    pub parallel: usize,
}

impl Description {
    /// What it can do with a field; nothing, if it does not know it.
    #[must_use]
    pub fn field(&self, name: &FieldName) -> Option<FieldSupport> {
        self.fields.get(name).copied()
    }

    /// Whether a change of this field can be written by the engine.
    #[must_use]
    pub fn can_write(&self, name: &FieldName, clearing: bool) -> bool {
        let field = self.field(name).is_some_and(|field| field.update && (field.clear || !clearing));
        field && self.update == Support::Enabled && !self.by_hand.contains(name)
    }
}
