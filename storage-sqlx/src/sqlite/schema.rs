//! The tables: whose file it is, and which version.

use sqlx::{Connection, SqliteConnection};

use crate::schema::{Refusal, understood};

/// Every step from one version to the next. A released step is never changed.
const STEPS: &[&str] = &[include_str!("../../migrations/sqlite/0001_first.sql")];

/// Marks a file as ours: "sync" in ASCII. See <https://sqlite.org/pragma.html#pragma_application_id>.
const APPLICATION: i64 = 0x7379_6e63;

/// Looks at a file without changing it, and says which version it has.
pub(crate) async fn version(db: &mut SqliteConnection) -> Result<usize, Refusal> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *db).await?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *db).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *db).await?;
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
