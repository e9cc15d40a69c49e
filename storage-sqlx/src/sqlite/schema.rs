//! The tables: whose file it is, and which version.

use sqlx::{Connection, SqliteConnection};
use sync_core::{Error, ErrorKind};

use crate::error::Failure;

/// Every step from one version to the next. A released step is never changed.
const STEPS: &[&str] = &[include_str!("../../migrations/sqlite/0001_first.sql")];

/// Marks a file as ours: "sync" in ASCII. See <https://sqlite.org/pragma.html#pragma_application_id>.
const APPLICATION: i64 = 0x7379_6e63;

/// Why a file is not opened.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It belongs to another program.
    Foreign,
    /// It is of a newer version.
    Newer { found: i64, known: i64 },
    /// The database failed.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Refusal {
    pub(crate) fn at(self, file: &std::path::Path) -> Error {
        let message = match self {
            Self::Failed(failure) => return failure.at(file),
            Self::Foreign => "this database belongs to another program; choose another path".to_owned(),
            Self::Newer { found, known } => format!(
                "this database has version {found}, and this program knows versions up to {known}; \
                 run the newer program, or restore the backup made before the upgrade"
            ),
        };
        Error::permanent(ErrorKind::Store, message).with_context("file", file.display().to_string())
    }
}

/// Looks at a file without changing it, and says which version it has.
pub(crate) async fn version(db: &mut SqliteConnection) -> Result<usize, Refusal> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *db).await?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *db).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *db).await?;
    if application != APPLICATION && (application != 0 || found != 0 || tables != 0) {
        return Err(Refusal::Foreign);
    }
    let known = STEPS.len();
    usize::try_from(found).ok().filter(|found| *found <= known).ok_or(Refusal::Newer { found, known: known as i64 })
}

/// Brings a file to this version, in one transaction.
pub(crate) async fn migrate(db: &mut SqliteConnection) -> Result<(), Refusal> {
    if version(db).await? == STEPS.len() {
        return Ok(());
    }
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    // Once more, now that nobody else can change it.
    let from = version(&mut transaction).await?;
    for step in &STEPS[from..] {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
    }
    let stamp = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}", STEPS.len());
    sqlx::raw_sql(sqlx::AssertSqlSafe(stamp)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}
