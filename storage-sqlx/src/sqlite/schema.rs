//! The tables: whose file it is, and which version.

use sqlx::{Connection, SqliteConnection};

use crate::schema::{Refusal, understood};

/// Every step from one version to the next. A released step is never changed.
const STEPS: &[&str] = &[include_str!("../../migrations/sqlite/0001_first.sql")];

/// Marks a file as ours: "sync" in ASCII. See <https://sqlite.org/pragma.html#pragma_application_id>.
const APPLICATION: i64 = 0x7379_6e63;

/// Looks at a file without changing it, and says which version it has.
pub(crate) async fn version(db: &mut SqliteConnection) -> Result<usize, Refusal> {
    // In one statement, and so of one moment: another process may be making the tables just now.
    let look = "SELECT (SELECT count(*) FROM sqlite_schema), (SELECT application_id FROM pragma_application_id), \
                (SELECT user_version FROM pragma_user_version)";
    let (tables, application, found): (i64, i64, i64) = sqlx::query_as(look).fetch_one(&mut *db).await?;
    if application != APPLICATION && (application != 0 || found != 0 || tables != 0) {
        return Err(Refusal::Unfit("this database belongs to another program; choose another path"));
    }
    understood(found, STEPS.len())
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
