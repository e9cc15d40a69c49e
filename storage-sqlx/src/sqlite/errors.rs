//! What SQLite means by its errors.

use std::sync::Arc;

use sync_core::Error;

use crate::error::{permanent, temporary};

/// What an error means, where SQLite says more than that it failed.
pub(super) fn explain(error: &Arc<sqlx::Error>) -> Option<Error> {
    let mapped = match &**error {
        sqlx::Error::Database(database) => by_code(database.code().and_then(|code| code.parse().ok()).unwrap_or(1)),
        sqlx::Error::PoolTimedOut => temporary("all readers of the database are busy"),
        _ => return None,
    };
    Some(mapped.with_source(Arc::clone(error)))
}

/// By the primary result code of <https://sqlite.org/rescode.html>.
fn by_code(code: i32) -> Error {
    match code & 0xff {
        5 | 6 => temporary("the database is locked by another process; stop that one, or try again"),
        8 => permanent("the database is read-only; make the file and its directory writable"),
        10 => permanent("the disk failed under the database; check the disk, then restore a backup"),
        11 => permanent("the database is damaged; restore a backup"),
        13 => permanent("the disk is full; make room, then start again"),
        14 => permanent("the database cannot be opened; check that its directory is there and writable"),
        26 => permanent("this file is not a database; choose another path, or restore a backup"),
        _ => permanent("the database failed"),
    }
}
