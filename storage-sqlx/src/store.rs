//! What every store of this crate does.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sync_core::{HintQueue, Leases, MappingStore, Result, TenantId};

use crate::vault::{MasterKey, TenantKey, Vault};

/// What every store of this crate does, for a program that chooses its database when it runs.
#[async_trait]
pub trait Store: MappingStore + Leases + HintQueue {
    /// Which database it is, to be shown to a person: a file, or a server and a database; no password.
    fn place(&self) -> String;

    /// The key of a tenant's digests, made on first use.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    async fn tenant_key(&self, tenant: &TenantId) -> Result<TenantKey>;

    /// Sealed secrets, such as tokens.
    fn vault(&self) -> Vault<'_>;

    /// Wraps the keys of all tenants under another master key; says how many. It is one step: afterwards the database opens with
    /// the new key only. What was sealed before stays as it is, under the tenants' own keys, and this store goes on to read it;
    /// for tenants that are new to it, open it anew.
    ///
    /// # Errors
    /// When the store cannot be read or written, or the key was changed since it was opened. Nothing was changed then.
    async fn rotate(&self, new: &MasterKey) -> Result<usize>;

    /// Deletes overwritten values whose time is up, and forgets deliveries that are old enough; says how many values.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn purge(&self, now: DateTime<Utc>) -> Result<u64>;

    /// Finishes what was begun, and lets go of the database. Later calls fail.
    async fn close(&self);
}
