//! Another master key.

use sqlx::PgConnection;

use super::PostgresStore;
use crate::error::Failure;
use crate::vault::{MasterKey, Named, rewrap};

impl PostgresStore {
    /// Wraps all keys anew, in one step; says how many.
    pub(super) async fn try_rotate(&self, new: &MasterKey) -> Result<usize, Failure> {
        let mut transaction = self.alone().await?;
        // Before the keys are read: who makes one meanwhile waits for this row, and is refused then.
        let check: Vec<u8> =
            sqlx::query_scalar("SELECT sealed FROM clinic_sync.vault_check FOR UPDATE").fetch_one(&mut *transaction).await?;
        let select = "SELECT tenant, version, wrapped FROM clinic_sync.tenant_key";
        let keys: Vec<Named> = sqlx::query_as(select).fetch_all(&mut *transaction).await?;
        for (tenant, wrapped) in rewrap(self.keyring.master(), new, &check, &keys)? {
            let update = sqlx::query("UPDATE clinic_sync.tenant_key SET wrapped = $1 WHERE tenant = $2");
            update.bind(wrapped).bind(tenant).execute(&mut *transaction).await?;
        }
        sqlx::query("UPDATE clinic_sync.vault_check SET sealed = $1").bind(new.check()?).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(keys.len())
    }
}

/// By what the master key in force is recognised. It stays in force until the end of the transaction.
pub(super) async fn check(db: &mut PgConnection) -> Result<Vec<u8>, Failure> {
    Ok(sqlx::query_scalar("SELECT sealed FROM clinic_sync.vault_check FOR SHARE").fetch_one(db).await?)
}
