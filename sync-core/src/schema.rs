//! What the engine needs to know about a kind: its fields, how values compare, how records are recognised.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Digester, Error, ErrorKind, Field, FieldName, Kind, Mark, Parents, Record, Result};

/// What a mark proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Counts as one independent identifier.
    Proof,
    /// Two records that both have it, and not the same, are not the same.
    Veto,
    /// Equal together with one proof: a person should look.
    Hint,
}

/// Something that a record can be recognised by, in canonical text. Its `Debug` prints no text.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    /// What it is, such as `email`.
    pub scheme: &'static str,
    /// The text that compares.
    pub text: String,
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({}, ..)", self.scheme)
    }
}

/// A kind of record, as the vocabulary defines it.
pub trait Schema: Send + Sync + fmt::Debug {
    /// The kind.
    fn kind(&self) -> &Kind;

    /// The kinds that a record of this kind may refer to.
    fn parents(&self) -> &[Kind];

    /// The version of [`comparable`](Self::comparable) and [`identify`](Self::identify). When it rises,
    /// stored digests no longer compare, and every link is settled anew.
    fn normalisation(&self) -> u32;

    /// The text by which two values of a field compare; equal texts need no write.
    fn comparable(&self, name: &FieldName, value: &str) -> String;

    /// What a record can be recognised by. `parents` are the links of the records it refers to, as far as they are known.
    fn identify(&self, record: &Record, parents: &Parents) -> Vec<Identifier>;

    /// What each scheme of [`identify`](Self::identify) proves.
    fn role(&self, scheme: &str) -> Role;

    /// How many proofs make two records the same.
    fn needed(&self) -> usize;

    /// The groups of fields that identify a record. Two groups changing at once on a linked record look
    /// like another person in the same place.
    fn identity_group(&self, name: &FieldName) -> Option<&'static str>;

    /// Whether a side must show this field exactly as it was written. Where it does not, as with a clock read in another
    /// time zone, the two values are a question to a person, and the run ends.
    fn is_exact(&self, _name: &FieldName) -> bool {
        false
    }
}

/// Checks that every kind refers only to kinds before it.
///
/// # Errors
/// A `Configuration` error that names a kind which comes too early, or is missing.
pub fn check_order(schemas: &[&dyn Schema]) -> Result<()> {
    for (place, schema) in schemas.iter().enumerate() {
        let earlier = |parent: &&Kind| schemas[..place].iter().any(|schema| schema.kind() == *parent);
        if let Some(parent) = schema.parents().iter().find(|parent| !earlier(parent)) {
            let message = format!("{} refers to {parent}, which does not come before it", schema.kind());
            return Err(Error::permanent(ErrorKind::Configuration, message));
        }
    }
    Ok(())
}

/// The digests of what a record can be recognised by.
pub(crate) fn marks(schema: &dyn Schema, digester: &Digester, record: &Record, parents: &Parents) -> BTreeSet<Mark> {
    let mark = |identifier: Identifier| Mark {
        scheme: identifier.scheme.to_owned(),
        digest: digester.identifier(identifier.scheme, &identifier.text),
    };
    schema.identify(record, parents).into_iter().map(mark).collect()
}

/// A field in the text by which it compares.
pub(crate) fn comparable(schema: &dyn Schema, name: &FieldName, field: Field<&str>) -> Field<String> {
    match field {
        Field::Unknown => Field::Unknown,
        Field::Empty => Field::Empty,
        Field::Value(value) => Field::Value(schema.comparable(name, value)),
    }
}
