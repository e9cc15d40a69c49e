//! What a connector implements to be read.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::{Description, Error, Kind, Listed, Record, RecordId, Result, Token};

/// What a listing yields. Its `Debug` prints no element.
pub enum Item {
    /// One record, undecoded.
    Listed(Listed),
    /// An element whose id could not be read. The listing goes on, but proves no absence.
    Broken {
        /// The element as sent.
        raw: Bytes,
        /// Why it could not be read.
        why: Error,
    },
    /// The listing ended well. Without it, absence from the listing says nothing.
    End {
        /// Whether the listing is known to have shown every record.
        complete: bool,
    },
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed(listed) => listed.fmt(f),
            Self::Broken { raw, why } => f.debug_struct("Broken").field("bytes", &raw.len()).field("why", why).finish(),
            Self::End { complete } => f.debug_struct("End").field("complete", complete).finish(),
        }
    }
}

/// What a single read found.
#[derive(Debug)]
pub enum Observation {
    /// The record, now.
    Found(Box<Record>),
    /// The side says that it has no record with this id. Alone not evidence of deletion: it may have
    /// been merged into another.
    Missing,
}

/// What to search for.
#[derive(Clone, PartialEq, Eq)]
pub enum Probe {
    /// The record that carries this token.
    Token(Token),
    /// Records that can be recognised by this, in the vocabulary's canonical text.
    Identifier {
        /// What it is, such as `email`.
        scheme: &'static str,
        /// The text.
        text: String,
    },
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(token) => write!(f, "Token({token})"),
            Self::Identifier { scheme, .. } => write!(f, "Identifier({scheme}, ..)"),
        }
    }
}

/// One side, to be read.
///
/// # Contract
/// - [`list`](Self::list) yields every record once, then exactly one [`Item::End`]; or an error, and
///   nothing after it. `End { complete: true }` is a promise that absence means absence.
/// - [`decode`](Self::decode) is pure: the same bytes give the same record.
/// - `Unknown` and `Empty` are told apart as the [`Description`] says, in every view.
/// - No method writes.
#[async_trait]
pub trait Source: Send + Sync + fmt::Debug {
    /// What this side can do with a kind; `None` if it does not know the kind.
    fn describe(&self, kind: &Kind) -> Option<&Description>;

    /// All records of a kind, undecoded.
    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>>;

    /// Decodes one listed element.
    ///
    /// # Errors
    /// When the element is not a record of this kind; the caller opens a review item and goes on.
    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record>;

    /// Reads one record. Called only where the description says `single_read`.
    ///
    /// # Errors
    /// When the side cannot be asked; a missing record is no error.
    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation>;

    /// Searches. Called only with the keys that the description names.
    ///
    /// # Errors
    /// When the side cannot be asked.
    async fn find(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>>;
}
