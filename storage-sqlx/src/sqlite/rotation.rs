//! Another master key.

use sqlx::SqliteConnection;

use crate::error::Failure;
use crate::vault::{MasterKey, Named, rewrap};

/// Wraps all keys anew, in one step; says how many.
pub(super) async fn rotate(db: &mut SqliteConnection, old: &MasterKey, new: &MasterKey) -> Result<usize, Failure> {
    let keys: Vec<Named> = sqlx::query_as("SELECT tenant, version, wrapped FROM tenant_key").fetch_all(&mut *db).await?;
    for (tenant, wrapped) in rewrap(old, new, &check(db).await?, &keys)? {
        let update = sqlx::query("UPDATE tenant_key SET wrapped = ? WHERE tenant = ?");
        update.bind(wrapped).bind(tenant).execute(&mut *db).await?;
    }
    sqlx::query("UPDATE vault_check SET sealed = ?").bind(new.check()?).execute(db).await?;
    Ok(keys.len())
}

/// By what the master key in force is recognised.
pub(super) async fn check(db: &mut SqliteConnection) -> Result<Vec<u8>, Failure> {
    Ok(sqlx::query_scalar("SELECT sealed FROM vault_check").fetch_one(db).await?)
}
