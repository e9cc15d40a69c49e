//! What PostgreSQL means by its errors.

use std::sync::Arc;

use sync_core::Error;

use crate::error::{permanent, temporary};

/// What an error means, where PostgreSQL says more than that it failed.
pub(super) fn explain(error: &Arc<sqlx::Error>) -> Option<Error> {
    let mapped = match &**error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            // Not the error itself: its details quote rows.
            return Some(by_code(&code).with_context("code", code));
        }
        sqlx::Error::Io(_) => temporary("the connection to the database was lost, or there is none; check that the server runs"),
        sqlx::Error::PoolTimedOut => temporary("all connections to the database are busy, or the server cannot be reached"),
        sqlx::Error::Tls(_) => permanent("the server's certificate is not accepted; check sslmode and sslrootcert in the address"),
        _ => return None,
    };
    Some(mapped.with_source(Arc::clone(error)))
}

/// By the codes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn by_code(code: &str) -> Error {
    match code {
        "53100" => temporary("the database server's disk is full; make room there"),
        "53300" => temporary("the database server has no connection left; allow it more, or use fewer"),
        // A standby, or a primary that was demoted.
        "25006" => temporary("the database server is read-only now; check that the address leads to the primary"),
        "25P03" => temporary("this process stood still in the middle of a write, which was undone"),
        "55P03" => temporary("another process writes for this practice and does not finish; it is tried again"),
        "3D000" => permanent("this database does not exist on the server; create it, or correct the address"),
        "22021" => permanent("a text with a NUL character, or that is no UTF-8, cannot be stored"),
        "42501" => permanent(
            "the role lacks rights in this database; grant it CREATE on the database, or make it the owner of the schema clinic_sync",
        ),
        _ => by_class(code.get(..2).unwrap_or_default()),
    }
}

fn by_class(class: &str) -> Error {
    match class {
        "08" => temporary("the connection to the database was lost"),
        "40" => temporary("the database took back a transaction that met another one"),
        "53" => temporary("the database server is short of memory or other resources"),
        // Shut down, restarting, or told by its administrator to end what it does.
        "57" => temporary("the database server stopped this; it is restarting, or its administrator ended the connection"),
        "28" => permanent("the database server refuses the login; check the user, the password, and the server's pg_hba.conf"),
        "58" => permanent("the disk failed under the database server; check it, then restore a backup"),
        "XX" => permanent("the database is damaged, or its server has a fault; look into the server's log"),
        _ => permanent("the database failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_temporary_and_nothing_else() {
        for code in ["08006", "40001", "40P01", "53100", "53300", "55P03", "57P01", "57P03", "57014", "25006", "25P03"] {
            assert!(by_code(code).is_temporary(), "{code}");
        }
        for code in ["28P01", "3D000", "42501", "42P01", "22021", "58030", "XX001", "23505", "", "0"] {
            assert!(!by_code(code).is_temporary(), "{code}");
        }
        for lost in [sqlx::Error::PoolTimedOut, sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())] {
            assert!(explain(&Arc::new(lost)).is_some_and(|error| error.is_temporary()));
        }
    }
}
