//! The tenants' keys, and secrets sealed under them.

use std::sync::{Arc, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{SqliteConnection, SqlitePool};
use sync_core::{Result, TenantId};

use super::SqliteStore;
use super::rotation::is_in_force;
use crate::error::Failure;
use crate::vault::{MasterKey, TenantKey, TenantSecrets};

impl SqliteStore {
    /// The key of a tenant's digests, made on first use.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn tenant_key(&self, tenant: &TenantId) -> Result<TenantKey> {
        let secrets = self.secrets(tenant).await.map_err(|failure| self.fail(failure))?;
        Ok(secrets.digests().clone())
    }

    /// Sealed secrets, such as tokens.
    #[must_use]
    pub const fn vault(&self) -> Vault<'_> {
        Vault { store: self }
    }

    /// A tenant's keys, made on first use.
    pub(super) async fn secrets(&self, tenant: &TenantId) -> Result<Arc<TenantSecrets>, Failure> {
        if let Some(known) = self.known_secrets(tenant).await? {
            return Ok(known);
        }
        let wrapped = TenantSecrets::wrap_new(&self.master, tenant, 1)?;
        let (name, master) = (tenant.clone(), self.master.clone());
        let written = self.writer.write(true, move |db| Box::pin(async move { remember(db, &master, &name, wrapped).await }));
        let (version, wrapped) = written.await?;
        self.unwrap(tenant, version, &wrapped)
    }

    /// A tenant's keys, if there are any: without them, nothing of the tenant is sealed.
    pub(super) async fn known_secrets(&self, tenant: &TenantId) -> Result<Option<Arc<TenantSecrets>>, Failure> {
        let known = self.tenants.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some((version, wrapped)) = read(&self.readers, tenant).await? else { return Ok(None) };
        self.unwrap(tenant, version, &wrapped).map(Some)
    }

    fn unwrap(&self, tenant: &TenantId, version: u32, wrapped: &[u8]) -> Result<Arc<TenantSecrets>, Failure> {
        let secrets = Arc::new(TenantSecrets::unwrap(&self.master, tenant, version, wrapped)?);
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), Arc::clone(&secrets));
        Ok(secrets)
    }
}

const KEY: &str = "SELECT version, wrapped FROM tenant_key WHERE tenant = ?";

async fn read(readers: &SqlitePool, tenant: &TenantId) -> Result<Option<(u32, Vec<u8>)>, Failure> {
    Ok(sqlx::query_as(KEY).bind(tenant.as_str()).fetch_optional(readers).await?)
}

/// Keeps this key, unless another process was quicker; gives the one that is kept.
async fn remember(db: &mut SqliteConnection, master: &MasterKey, tenant: &TenantId, wrapped: Vec<u8>) -> Result<(u32, Vec<u8>), Failure> {
    if !is_in_force(db, master).await? {
        return Err(Failure::Rotated);
    }
    let insert = "INSERT INTO tenant_key (tenant, version, wrapped) VALUES (?, 1, ?) ON CONFLICT DO NOTHING";
    sqlx::query(insert).bind(tenant.as_str()).bind(wrapped).execute(&mut *db).await?;
    Ok(sqlx::query_as(KEY).bind(tenant.as_str()).fetch_one(db).await?)
}

const PUT: &str = "INSERT INTO secret (tenant, name, sealed) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed";

/// Secrets by name, such as tokens; sealed under their tenant's key, and safe from a loss of power.
#[derive(Clone, Copy, Debug)]
pub struct Vault<'a> {
    store: &'a SqliteStore,
}

impl Vault<'_> {
    /// Keeps a secret, in the place of one with the same name.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn put(&self, tenant: &TenantId, name: &str, secret: &SecretString) -> Result<()> {
        self.try_put(tenant, name, secret).await.map_err(|failure| self.store.fail(failure))
    }

    /// Keeps a secret in the place of the expected one (`None`: of none); says whether it did. Otherwise somebody else was
    /// quicker, and what they put there stays.
    ///
    /// # Errors
    /// When the store cannot be read or written, or what is there cannot be unsealed.
    pub async fn swap(&self, tenant: &TenantId, name: &str, expected: Option<&SecretString>, secret: &SecretString) -> Result<bool> {
        let expected = expected.map(|expected| expected.expose_secret().to_owned());
        self.try_swap(tenant, name, expected, secret).await.map_err(|failure| self.store.fail(failure))
    }

    /// A secret, if it is there.
    ///
    /// # Errors
    /// When the store cannot be read, or the secret cannot be unsealed.
    pub async fn get(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretString>> {
        self.try_get(tenant, name).await.map_err(|failure| self.store.fail(failure))
    }

    /// Forgets a secret; says whether there was one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn delete(&self, tenant: &TenantId, name: &str) -> Result<bool> {
        let (tenant, name) = (tenant.as_str().to_owned(), name.to_owned());
        let delete = sqlx::query("DELETE FROM secret WHERE tenant = ? AND name = ?").bind(tenant).bind(name);
        self.store.write(true, |db| Box::pin(async move { Ok(delete.execute(db).await?.rows_affected() > 0) })).await
    }

    async fn try_put(&self, tenant: &TenantId, name: &str, secret: &SecretString) -> Result<(), Failure> {
        let sealed = self.store.secrets(tenant).await?.seal_secret(name, secret.expose_secret())?;
        let put = sqlx::query(PUT).bind(tenant.as_str().to_owned()).bind(name.to_owned()).bind(sealed);
        self.store.writer.write(true, |db| Box::pin(async move { put.execute(db).await.map(drop).map_err(Failure::from) })).await
    }

    async fn try_swap(&self, tenant: &TenantId, name: &str, expected: Option<String>, secret: &SecretString) -> Result<bool, Failure> {
        let secrets = self.store.secrets(tenant).await?;
        let sealed = secrets.seal_secret(name, secret.expose_secret())?;
        let (tenant, name) = (tenant.as_str().to_owned(), name.to_owned());
        // Within one step of the one writer, so that nobody comes between the look and the write.
        let step = async move |db: &mut SqliteConnection| {
            let query = sqlx::query_scalar("SELECT sealed FROM secret WHERE tenant = ? AND name = ?");
            let found: Option<Vec<u8>> = query.bind(&tenant).bind(&name).fetch_optional(&mut *db).await?;
            let found = found.map(|sealed| secrets.open_secret(&name, &sealed)).transpose()?;
            if found != expected {
                return Ok(false);
            }
            sqlx::query(PUT).bind(&tenant).bind(&name).bind(sealed).execute(db).await?;
            Ok::<_, Failure>(true)
        };
        self.store.writer.write(true, move |db| Box::pin(step(db))).await
    }

    async fn try_get(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretString>, Failure> {
        let query = sqlx::query_scalar("SELECT sealed FROM secret WHERE tenant = ? AND name = ?");
        let sealed: Option<Vec<u8>> = query.bind(tenant.as_str()).bind(name).fetch_optional(&self.store.readers).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let secrets = self.store.known_secrets(tenant).await?.ok_or(Failure::Sealed)?;
        secrets.open_secret(name, &sealed).map(|secret| Some(secret.into()))
    }
}
