//! A record as one side shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};

use crate::{FieldName, Kind, RecordId, Token};

/// What one side shows of one field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Field<T> {
    /// This view of the record does not show the field. Never a change.
    Unknown,
    /// The field is empty.
    Empty,
    /// The field has this value.
    Value(T),
}

impl<T> Field<T> {
    /// Whether the view shows the field at all.
    pub const fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unknown | Self::Empty => None,
        }
    }
}

impl<T> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Empty => "Empty",
            Self::Value(_) => "Value(..)",
        })
    }
}

/// A field's value in the vocabulary's canonical text. `None` is a field known to be empty.
/// Its `Debug` prints no value.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Fields(BTreeMap<FieldName, Option<Box<str>>>);

impl Fields {
    /// What is known of a field.
    #[must_use]
    pub fn get(&self, name: &FieldName) -> Field<&str> {
        match self.0.get(name) {
            None => Field::Unknown,
            Some(None) => Field::Empty,
            Some(Some(value)) => Field::Value(value),
        }
    }

    /// Says what is known of a field; `Unknown` forgets it. Blank text is `Empty`.
    pub fn set(&mut self, name: FieldName, field: Field<&str>) {
        match field {
            Field::Unknown => self.0.remove(&name),
            Field::Empty => self.0.insert(name, None),
            Field::Value(text) if text.trim().is_empty() => self.0.insert(name, None),
            Field::Value(text) => self.0.insert(name, Some(text.into())),
        };
    }

    /// Sets a value, or `Empty` where there is none.
    pub fn set_or_empty(&mut self, name: FieldName, value: Option<&str>) {
        self.set(name, value.map_or(Field::Empty, Field::Value));
    }

    /// All known fields by name.
    pub fn iter(&self) -> impl Iterator<Item = (&FieldName, Field<&str>)> {
        self.0.iter().map(|(name, value)| (name, value.as_deref().map_or(Field::Empty, Field::Value)))
    }

    /// The names of all known fields.
    pub fn names(&self) -> impl Iterator<Item = &FieldName> {
        self.0.keys()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many fields are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Whether a record is in use on its side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// In use.
    #[default]
    Live,
    /// There, but no longer in use (a patient who left).
    Inactive,
    /// Shown as deleted by its own side.
    Deleted,
}

/// A record as one side shows it, in the shared vocabulary.
///
/// Its `Debug` prints ids and field names only.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Its id on its side.
    pub id: RecordId,
    /// What is known of its fields, in canonical formats.
    pub fields: Fields,
    /// Records of earlier kinds that it belongs to, such as an appointment's person.
    pub references: BTreeMap<Kind, RecordId>,
    /// Whether it is in use.
    pub presence: Presence,
    /// Non-personal marks that scope rules look at: `tag:patient`, `consent:email`, `status:1`.
    pub marks: BTreeSet<Box<str>>,
    /// The token of the create that made it, if its side can carry one.
    pub token: Option<Token>,
    /// When its side last changed it, if its side says so.
    pub modified: Option<DateTime<Utc>>,
    /// The first day on which listings need not show it any more, where they show a window of time only.
    /// From then on its absence says nothing.
    pub expires: Option<NaiveDate>,
}

impl Record {
    /// A live record of which nothing else is known.
    pub fn new(kind: Kind, id: RecordId) -> Self {
        Self {
            kind,
            id,
            fields: Fields::default(),
            references: BTreeMap::new(),
            presence: Presence::Live,
            marks: BTreeSet::new(),
            token: None,
            modified: None,
            expires: None,
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("fields", &self.fields)
            .field("presence", &self.presence)
            .finish_non_exhaustive()
    }
}

/// One element of a listing, undecoded: most are compared as bytes and never looked at again.
#[derive(Clone)]
pub struct Listed {
    /// The record's id.
    pub id: RecordId,
    /// The element as its side sent it.
    pub raw: Bytes,
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").field("id", &self.id).field("bytes", &self.raw.len()).finish()
    }
}
