//! What can go wrong in a store, and what to do about it.

use std::path::Path;
use std::sync::Arc;

use sync_core::{Error, ErrorKind};

/// A failure inside the store, before it is told which file it happened to.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The database failed.
    Sql(Arc<sqlx::Error>),
    /// A row holds something that this version does not understand.
    Row(&'static str),
    /// A value cannot be written as a row.
    Encode(&'static str),
    /// Something sealed does not open.
    Sealed,
    /// The master key was changed since the store was opened.
    Rotated,
    /// The machine gives no random numbers, or the like.
    Crypto,
    /// The store was closed.
    Closed,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(Arc::new(error))
    }
}

impl Failure {
    /// The error as callers see it: which file, and what to do.
    pub(crate) fn at(self, file: &Path) -> Error {
        let error = match self {
            Self::Sql(error) => sql(error),
            Self::Row(what) => row(what),
            Self::Encode(what) => permanent(format!("a {what} cannot be stored: it is out of range")),
            Self::Sealed => permanent("a sealed entry cannot be opened; it was changed or moved: restore a backup"),
            Self::Rotated => permanent("the vault key was changed meanwhile; start anew with the new key"),
            Self::Crypto => permanent("the system's cryptography failed; check its random number generator"),
            Self::Closed => permanent("the store was closed"),
        };
        error.with_context("file", file.display().to_string())
    }
}

fn permanent(message: impl Into<String>) -> Error {
    Error::permanent(ErrorKind::Store, message)
}

fn sql(error: Arc<sqlx::Error>) -> Error {
    let mapped = match &*error {
        sqlx::Error::Database(database) => by_code(database.code().and_then(|code| code.parse().ok()).unwrap_or(1)),
        sqlx::Error::PoolTimedOut => Error::temporary(ErrorKind::Store, "all readers of the database are busy"),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => permanent("the store was closed"),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => row("row"),
        _ => permanent("the database failed"),
    };
    mapped.with_source(error)
}

fn row(what: &str) -> Error {
    permanent(format!("a stored {what} cannot be read; the file is damaged: restore a backup"))
}

/// By the primary result code of <https://sqlite.org/rescode.html>.
fn by_code(code: i32) -> Error {
    match code & 0xff {
        5 | 6 => Error::temporary(ErrorKind::Store, "the database is locked by another process; stop that one, or try again"),
        8 => permanent("the database is read-only; make the file and its directory writable"),
        10 => permanent("the disk failed under the database; check the disk, then restore a backup"),
        11 => permanent("the database is damaged; restore a backup"),
        13 => permanent("the disk is full; make room, then start again"),
        14 => permanent("the database cannot be opened; check that its directory is there and writable"),
        26 => permanent("this file is not a database; choose another path, or restore a backup"),
        _ => permanent("the database failed"),
    }
}

/// Whether a unique key was taken.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
