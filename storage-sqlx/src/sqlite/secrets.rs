//! The shelf of keys and secrets.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sync_core::{Error, TenantId};

use super::{SqliteStore, rotation};
use crate::error::Failure;
use crate::vault::{Keyring, Shelf, Wrapped};

const KEY: &str = "SELECT version, wrapped FROM tenant_key WHERE tenant = ?";

#[async_trait]
impl Shelf for SqliteStore {
    fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    fn explain(&self, failure: Failure) -> Error {
        self.fail(failure)
    }

    async fn wrapped(&self, tenant: &TenantId) -> Result<Option<Wrapped>, Failure> {
        Ok(sqlx::query_as(KEY).bind(tenant.as_str()).fetch_optional(&self.readers).await?)
    }

    async fn keep(&self, tenant: &TenantId, fresh: Vec<u8>) -> Result<Wrapped, Failure> {
        let (tenant, master) = (tenant.as_str().to_owned(), self.keyring.master().clone());
        let step = async move |db: &mut SqliteConnection| {
            if !master.fits(&rotation::check(db).await?) {
                return Err(Failure::Rotated);
            }
            let insert = "INSERT INTO tenant_key (tenant, version, wrapped) VALUES (?, 1, ?) ON CONFLICT DO NOTHING";
            sqlx::query(insert).bind(&tenant).bind(fresh).execute(&mut *db).await?;
            Ok::<_, Failure>(sqlx::query_as(KEY).bind(&tenant).fetch_one(db).await?)
        };
        self.writer.write(true, move |db| Box::pin(step(db))).await
    }

    async fn sealed(&self, tenant: &TenantId, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let select = "SELECT sealed FROM secret WHERE tenant = ? AND name = ?";
        Ok(sqlx::query_scalar(select).bind(tenant.as_str()).bind(name).fetch_optional(&self.readers).await?)
    }

    async fn put(&self, tenant: &TenantId, name: &str, sealed: Vec<u8>) -> Result<(), Failure> {
        let put = "INSERT INTO secret (tenant, name, sealed) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed";
        let put = sqlx::query(put).bind(tenant.as_str().to_owned()).bind(name.to_owned()).bind(sealed);
        self.writer.write(true, |db| Box::pin(async move { put.execute(db).await.map(drop).map_err(Failure::from) })).await
    }

    async fn replace(&self, tenant: &TenantId, name: &str, old: Option<Vec<u8>>, sealed: Vec<u8>) -> Result<bool, Failure> {
        let replace = match old {
            Some(_) => "UPDATE secret SET sealed = ?3 WHERE tenant = ?1 AND name = ?2 AND sealed = ?4",
            None => "INSERT INTO secret (tenant, name, sealed) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        };
        let replace = sqlx::query(replace).bind(tenant.as_str().to_owned()).bind(name.to_owned()).bind(sealed);
        let replace = match old {
            Some(old) => replace.bind(old),
            None => replace,
        };
        self.writer.write(true, |db| Box::pin(async move { Ok(replace.execute(db).await?.rows_affected() > 0) })).await
    }

    async fn forget(&self, tenant: &TenantId, name: &str) -> Result<bool, Failure> {
        let forget = sqlx::query("DELETE FROM secret WHERE tenant = ? AND name = ?").bind(tenant.as_str().to_owned()).bind(name.to_owned());
        self.writer.write(true, |db| Box::pin(async move { Ok(forget.execute(db).await?.rows_affected() > 0) })).await
    }
}
