//! The tables: whose schema it is, and which version.

use sqlx::{Connection, PgConnection};

use super::writer::{LONE, lock, schema_key};
use crate::schema::{Refusal, understood};

/// Every step from one version to the next. A released step is never changed.
const STEPS: &[&str] =
    &[include_str!("../../migrations/postgres/0001_first.sql"), include_str!("../../migrations/postgres/0002_tenants.sql")];

/// Looks at a database without changing it, and says which version it has.
pub(super) async fn version(db: &mut PgConnection) -> Result<usize, Refusal> {
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut *db).await?;
    if encoding != "UTF8" {
        return Err(Refusal::Unfit("this database cannot hold every text; create one with the encoding UTF8"));
    }
    let look = "SELECT count(*), count(*) FILTER (WHERE relname = 'schema_version') \
                FROM pg_catalog.pg_class WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'clinic_sync')";
    let (all, ours): (i64, i64) = sqlx::query_as(look).fetch_one(&mut *db).await?;
    match (all, ours) {
        (0, _) => Ok(0),
        (_, 0) => Err(Refusal::Unfit("the schema clinic_sync of this database belongs to another program; choose another database")),
        _ => understood(sqlx::query_scalar("SELECT version FROM clinic_sync.schema_version").fetch_one(db).await?, STEPS.len()),
    }
}

/// Brings a database to this version, in one transaction.
pub(super) async fn migrate(db: &mut PgConnection) -> Result<(), Refusal> {
    if version(db).await? == STEPS.len() {
        return Ok(());
    }
    let mut transaction = db.begin_with(LONE).await?;
    lock(&mut transaction, &[schema_key()]).await?;
    // Once more, now that nobody else can change it.
    let from = version(&mut transaction).await?;
    // Not `IF NOT EXISTS`: that needs the right to make schemas even where there is nothing to make.
    let ready: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'clinic_sync')")
        .fetch_one(&mut *transaction)
        .await?;
    if !ready {
        sqlx::raw_sql("CREATE SCHEMA clinic_sync").execute(&mut *transaction).await?;
    }
    for step in &STEPS[from..] {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
    }
    let stamp =
        "INSERT INTO clinic_sync.schema_version (one, version) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET version = excluded.version";
    sqlx::query(stamp).bind(i64::try_from(STEPS.len()).unwrap_or(i64::MAX)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}
