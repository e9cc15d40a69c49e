//! The tenants' keys, wherever they are kept.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sync_core::{Error, Result, TenantId};

use super::{MasterKey, TenantKey, TenantSecrets};
use crate::error::Failure;

/// A tenant's data key as it is kept: its version, and the key under the master key.
pub(crate) type Wrapped = (i64, Vec<u8>);

/// A tenant's wrapped data key, by the tenant's name.
pub(crate) type Named = (String, i64, Vec<u8>);

/// The same data keys under another master key; the check of what is there says whether the old one is still in force.
pub(crate) fn rewrap(old: &MasterKey, new: &MasterKey, check: &[u8], keys: &[Named]) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    if !old.fits(check) {
        return Err(Failure::Rotated);
    }
    let anew = |(tenant, version, wrapped): &Named| {
        let version = u32::try_from(*version).map_err(|_| Failure::Row("key"))?;
        let secrets = TenantSecrets::unwrap(old, &TenantId::new(tenant.as_str()), version, wrapped)?;
        Ok((tenant.clone(), secrets.wrap(new)?))
    };
    keys.iter().map(anew).collect()
}

/// What a database does for keys and secrets: it keeps sealed bytes. What it is told to keep is safe from a loss of power.
#[async_trait]
pub(crate) trait Shelf: fmt::Debug + Send + Sync {
    fn keyring(&self) -> &Keyring;

    /// The failure as callers see it.
    fn explain(&self, failure: Failure) -> Error;

    async fn wrapped(&self, tenant: &TenantId) -> Result<Option<Wrapped>, Failure>;

    /// Keeps this key, unless somebody was quicker; gives the one that is kept. Refuses it if the master key was changed.
    async fn keep(&self, tenant: &TenantId, fresh: Vec<u8>) -> Result<Wrapped, Failure>;

    async fn sealed(&self, tenant: &TenantId, name: &str) -> Result<Option<Vec<u8>>, Failure>;

    async fn put(&self, tenant: &TenantId, name: &str, sealed: Vec<u8>) -> Result<(), Failure>;

    /// Puts a secret in the place of exactly that one (`None`: of none); says whether it did.
    async fn replace(&self, tenant: &TenantId, name: &str, old: Option<Vec<u8>>, sealed: Vec<u8>) -> Result<bool, Failure>;

    /// Forgets a secret; says whether there was one.
    async fn forget(&self, tenant: &TenantId, name: &str) -> Result<bool, Failure>;
}

/// The tenants' keys that were needed so far, and the one that wraps them. Only keys that are committed get here.
pub(crate) struct Keyring {
    master: MasterKey,
    known: Mutex<BTreeMap<TenantId, Arc<TenantSecrets>>>,
}

impl Keyring {
    pub(crate) fn new(master: MasterKey) -> Self {
        Self { master, known: Mutex::new(BTreeMap::new()) }
    }

    pub(crate) fn master(&self) -> &MasterKey {
        &self.master
    }

    fn known(&self, tenant: &TenantId) -> Option<Arc<TenantSecrets>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }

    fn unwrap(&self, tenant: &TenantId, (version, wrapped): &Wrapped) -> Result<Arc<TenantSecrets>, Failure> {
        let version = u32::try_from(*version).map_err(|_| Failure::Row("key"))?;
        let secrets = Arc::new(TenantSecrets::unwrap(&self.master, tenant, version, wrapped)?);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), Arc::clone(&secrets));
        Ok(secrets)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

impl dyn Shelf + '_ {
    /// A tenant's keys, made on first use.
    pub(crate) async fn secrets(&self, tenant: &TenantId) -> Result<Arc<TenantSecrets>, Failure> {
        if let Some(known) = self.known_secrets(tenant).await? {
            return Ok(known);
        }
        let fresh = TenantSecrets::wrap_new(&self.keyring().master, tenant, 1)?;
        self.keyring().unwrap(tenant, &self.keep(tenant, fresh).await?)
    }

    /// A tenant's keys, if there are any: without them, nothing of the tenant is sealed.
    pub(crate) async fn known_secrets(&self, tenant: &TenantId) -> Result<Option<Arc<TenantSecrets>>, Failure> {
        if let Some(known) = self.keyring().known(tenant) {
            return Ok(Some(known));
        }
        let Some(wrapped) = self.wrapped(tenant).await? else { return Ok(None) };
        self.keyring().unwrap(tenant, &wrapped).map(Some)
    }

    /// The key of a tenant's digests, made on first use.
    pub(crate) async fn tenant_key(&self, tenant: &TenantId) -> Result<TenantKey> {
        let secrets = self.secrets(tenant).await.map_err(|failure| self.explain(failure))?;
        Ok(secrets.digests().clone())
    }
}
