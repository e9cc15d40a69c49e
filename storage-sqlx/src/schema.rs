//! Which versions of the tables this program knows, for any database.

use sync_core::Error;

use crate::error::{Failure, permanent};

/// Why a database is not opened.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is not one of ours, or cannot be: this is what to do.
    Unfit(&'static str),
    /// It was made with another master key.
    Key,
    /// It is of a newer version.
    Newer { found: i64, known: usize },
    /// The database failed.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Refusal {
    /// The error as callers see it.
    pub(crate) fn explained(self, explain: crate::error::Explain) -> Error {
        match self {
            Self::Failed(failure) => failure.explained(explain),
            Self::Unfit(why) => permanent(why),
            Self::Key => permanent("the vault key does not fit this database; give the key that it was made with"),
            Self::Newer { found, known } => permanent(format!(
                "this database has version {found}, and this program knows versions up to {known}; \
                 run the newer program, or restore the backup made before the upgrade"
            )),
        }
    }
}

/// A version that was found, if this program knows it.
pub(crate) fn understood(found: i64, known: usize) -> Result<usize, Refusal> {
    usize::try_from(found).ok().filter(|found| *found <= known).ok_or(Refusal::Newer { found, known })
}
