//! What can go wrong in a store, and what to do about it.

use std::sync::Arc;

use sync_core::{Error, ErrorKind};

/// A failure inside the store, before it is told which database it happened to.
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
    #[cfg(feature = "sqlite")]
    Closed,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(Arc::new(error))
    }
}

/// What one database means by an error of its own; none where there is nothing special to say.
pub(crate) type Explain = fn(&Arc<sqlx::Error>) -> Option<Error>;

impl Failure {
    /// The error as callers see it: what happened, and what to do.
    pub(crate) fn explained(self, explain: Explain) -> Error {
        match self {
            Self::Sql(error) => explain(&error).unwrap_or_else(|| sql(error)),
            Self::Row(what) => row(what),
            Self::Encode(what) => permanent(format!("a {what} cannot be stored: it is out of range")),
            Self::Sealed => permanent("a sealed entry cannot be opened; it was changed or moved: restore a backup"),
            Self::Rotated => permanent("the vault key was changed meanwhile; start anew with the new key"),
            Self::Crypto => permanent("the system's cryptography failed; check its random number generator"),
            #[cfg(feature = "sqlite")]
            Self::Closed => permanent("the store was closed"),
        }
    }
}

/// An error of the store that trying again does not cure.
pub(crate) fn permanent(message: impl Into<String>) -> Error {
    Error::permanent(ErrorKind::Store, message)
}

/// An error of the store that may pass.
pub(crate) fn temporary(message: impl Into<String>) -> Error {
    Error::temporary(ErrorKind::Store, message)
}

fn sql(error: Arc<sqlx::Error>) -> Error {
    let mapped = match &*error {
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => permanent("the store was closed"),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => row("row"),
        _ => permanent("the database failed"),
    };
    mapped.with_source(error)
}

fn row(what: &str) -> Error {
    permanent(format!("a stored {what} cannot be read; the database is damaged: restore a backup"))
}

/// Whether a unique key was taken.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
