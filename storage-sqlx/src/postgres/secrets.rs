//! The shelf of keys and secrets.

use async_trait::async_trait;
use sync_core::{Error, TenantId};

use super::{PostgresStore, in_time, rotation};
use crate::error::Failure;
use crate::vault::{Keyring, Shelf, Wrapped};

#[async_trait]
impl Shelf for PostgresStore {
    fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    fn explain(&self, failure: Failure) -> Error {
        self.fail(failure)
    }

    async fn wrapped(&self, tenant: &TenantId) -> Result<Option<Wrapped>, Failure> {
        let select = sqlx::query_as("SELECT version, wrapped FROM clinic_sync.tenant_key WHERE tenant = $1").bind(tenant.as_str());
        in_time(async { Ok(select.fetch_optional(&self.pool).await?) }).await
    }

    async fn keep(&self, tenant: &TenantId, fresh: Vec<u8>) -> Result<Wrapped, Failure> {
        in_time(async {
            let mut turn = self.writer.turn(true, [tenant]).await?;
            if !self.keyring.master().fits(&rotation::check(&mut turn).await?) {
                return Err(Failure::Rotated);
            }
            // Setting it to itself makes RETURNING give the key that was there.
            let keep = "INSERT INTO clinic_sync.tenant_key AS old (tenant, version, wrapped) VALUES ($1, 1, $2) \
                        ON CONFLICT (tenant) DO UPDATE SET version = old.version RETURNING version, wrapped";
            let kept = sqlx::query_as(keep).bind(tenant.as_str()).bind(fresh).fetch_one(&mut *turn).await?;
            turn.commit().await?;
            Ok(kept)
        })
        .await
    }

    async fn sealed(&self, tenant: &TenantId, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let select = sqlx::query_scalar("SELECT sealed FROM clinic_sync.secret WHERE tenant = $1 AND name = $2");
        let select = select.bind(tenant.as_str()).bind(name);
        in_time(async { Ok(select.fetch_optional(&self.pool).await?) }).await
    }

    async fn put(&self, tenant: &TenantId, name: &str, sealed: Vec<u8>) -> Result<(), Failure> {
        let put = "INSERT INTO clinic_sync.secret (tenant, name, sealed) VALUES ($1, $2, $3) \
                   ON CONFLICT (tenant, name) DO UPDATE SET sealed = excluded.sealed";
        in_time(self.change(tenant, sqlx::query(put).bind(tenant.as_str()).bind(name).bind(sealed))).await.map(drop)
    }

    async fn replace(&self, tenant: &TenantId, name: &str, old: Option<Vec<u8>>, sealed: Vec<u8>) -> Result<bool, Failure> {
        let replace = match old {
            Some(_) => "UPDATE clinic_sync.secret SET sealed = $3 WHERE tenant = $1 AND name = $2 AND sealed = $4",
            None => "INSERT INTO clinic_sync.secret (tenant, name, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        };
        let replace = sqlx::query(replace).bind(tenant.as_str()).bind(name).bind(sealed);
        let replace = match old {
            Some(old) => replace.bind(old),
            None => replace,
        };
        Ok(in_time(self.change(tenant, replace)).await? > 0)
    }

    async fn forget(&self, tenant: &TenantId, name: &str) -> Result<bool, Failure> {
        let forget = "DELETE FROM clinic_sync.secret WHERE tenant = $1 AND name = $2";
        Ok(in_time(self.change(tenant, sqlx::query(forget).bind(tenant.as_str()).bind(name))).await? > 0)
    }
}
