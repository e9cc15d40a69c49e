//! What the connector asks of a file format.

use std::fmt;

use chrono::{DateTime, Utc};
use sync_core::{Error, ErrorKind, FieldName, Record, RecordId, Result, Token};

/// One file: a lens between its text and the vocabulary. *Get, then put, changes nothing; put, then get, returns what was put.*
pub(crate) trait Page: fmt::Display + Send {
    /// Tells a record what the file says.
    fn show(&self, record: &mut Record);

    /// Puts a value, in canonical format, in the place of a field; `None` empties it.
    ///
    /// # Errors
    /// When the format has no place for the field, or cannot say this.
    fn put(&mut self, name: &FieldName, value: Option<&str>) -> Result<()>;

    /// Marks a new file with the token of the create that makes it.
    fn carry(&mut self, token: Token);

    /// Says whom a new file is about.
    ///
    /// # Errors
    /// When the format refers to nobody.
    fn refer(&mut self, person: &RecordId) -> Result<()>;

    /// Says when it was last changed.
    fn stamp(&mut self, now: DateTime<Utc>);
}

/// The name of the property for a token, in both formats.
pub(crate) const TOKEN: &str = "X-SYNC-TOKEN";

/// The file is not what its name says. The text is in no message: it is about a person.
pub(crate) fn unreadable(why: &'static str) -> Error {
    Error::permanent(ErrorKind::Decode, why)
}

pub(crate) fn refused(name: &FieldName, why: &'static str) -> Error {
    Error::permanent(ErrorKind::Refused, why).with_context("field", name.as_str())
}
