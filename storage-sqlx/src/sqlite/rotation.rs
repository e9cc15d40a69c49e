//! Another master key.

use sqlx::SqliteConnection;
use sync_core::{Result, TenantId};

use super::SqliteStore;
use crate::error::Failure;
use crate::vault::{MasterKey, TenantSecrets};

impl SqliteStore {
    /// Wraps the keys of all tenants under another master key; says how many. It is one step: afterwards the database opens with
    /// the new key only. What was sealed before stays as it is, under the tenants' own keys, and this store goes on to read it;
    /// for tenants that are new to it, open it anew.
    ///
    /// # Errors
    /// When the store cannot be read or written. Nothing was changed then.
    pub async fn rotate(&self, new: &MasterKey) -> Result<usize> {
        let (old, new) = (self.master.clone(), new.clone());
        self.write(true, move |db| Box::pin(async move { rotate(db, &old, &new).await })).await
    }
}

async fn rotate(db: &mut SqliteConnection, old: &MasterKey, new: &MasterKey) -> Result<usize, Failure> {
    if !is_in_force(db, old).await? {
        return Err(Failure::Rotated);
    }
    let keys: Vec<(String, u32, Vec<u8>)> = sqlx::query_as("SELECT tenant, version, wrapped FROM tenant_key").fetch_all(&mut *db).await?;
    for (tenant, version, wrapped) in &keys {
        let secrets = TenantSecrets::unwrap(old, &TenantId::new(tenant.as_str()), *version, wrapped)?;
        let update = sqlx::query("UPDATE tenant_key SET wrapped = ? WHERE tenant = ?");
        update.bind(secrets.wrap(new)?).bind(tenant).execute(&mut *db).await?;
    }
    sqlx::query("UPDATE vault_check SET sealed = ?").bind(new.check()?).execute(db).await?;
    Ok(keys.len())
}

/// Whether the database still opens with this key.
pub(super) async fn is_in_force(db: &mut SqliteConnection, master: &MasterKey) -> Result<bool, Failure> {
    let check: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM vault_check").fetch_one(db).await?;
    Ok(master.fits(&check))
}
