//! Secrets sealed under their tenant's key.

use secrecy::{ExposeSecret, SecretString};
use sync_core::{Result, TenantId};

use super::Shelf;
use crate::error::Failure;

/// Secrets by name, such as tokens; sealed under their tenant's key, and safe from a loss of power.
#[derive(Clone, Copy, Debug)]
pub struct Vault<'a> {
    store: &'a dyn Shelf,
}

impl<'a> Vault<'a> {
    pub(crate) const fn of(store: &'a dyn Shelf) -> Self {
        Self { store }
    }

    /// Keeps a secret, in the place of one with the same name.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn put(&self, tenant: &TenantId, name: &str, secret: &SecretString) -> Result<()> {
        self.try_put(tenant, name, secret).await.map_err(|failure| self.store.explain(failure))
    }

    /// Keeps a secret in the place of the expected one (`None`: of none); says whether it did. Otherwise somebody else was
    /// quicker, and what they put there stays.
    ///
    /// # Errors
    /// When the store cannot be read or written, or what is there cannot be unsealed.
    pub async fn swap(&self, tenant: &TenantId, name: &str, expected: Option<&SecretString>, secret: &SecretString) -> Result<bool> {
        self.try_swap(tenant, name, expected, secret).await.map_err(|failure| self.store.explain(failure))
    }

    /// A secret, if it is there.
    ///
    /// # Errors
    /// When the store cannot be read, or the secret cannot be unsealed.
    pub async fn get(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretString>> {
        self.try_get(tenant, name).await.map_err(|failure| self.store.explain(failure))
    }

    /// Forgets a secret; says whether there was one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn delete(&self, tenant: &TenantId, name: &str) -> Result<bool> {
        self.store.forget(tenant, name).await.map_err(|failure| self.store.explain(failure))
    }

    async fn try_put(&self, tenant: &TenantId, name: &str, secret: &SecretString) -> Result<(), Failure> {
        let sealed = self.store.secrets(tenant).await?.seal_secret(name, secret.expose_secret())?;
        self.store.put(tenant, name, sealed).await
    }

    async fn try_swap(&self, tenant: &TenantId, name: &str, expected: Option<&SecretString>, new: &SecretString) -> Result<bool, Failure> {
        let secrets = self.store.secrets(tenant).await?;
        let found = self.store.sealed(tenant, name).await?;
        let open = found.as_deref().map(|sealed| secrets.open_secret(name, sealed)).transpose()?;
        if open.as_deref() != expected.map(|expected| expected.expose_secret()) {
            return Ok(false);
        }
        // A sealed text never comes twice, so it stands for what was opened: who came between has changed it.
        self.store.replace(tenant, name, found, secrets.seal_secret(name, new.expose_secret())?).await
    }

    async fn try_get(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretString>, Failure> {
        let Some(sealed) = self.store.sealed(tenant, name).await? else { return Ok(None) };
        let secrets = self.store.known_secrets(tenant).await?.ok_or(Failure::Sealed)?;
        secrets.open_secret(name, &sealed).map(|secret| Some(secret.into()))
    }
}
