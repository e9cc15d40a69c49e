//! What every store of this crate does.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sync_core::{HintQueue, Leases, MappingStore, Result, TenantId};

use crate::vault::{TenantKey, Vault};

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

    /// Deletes overwritten values whose time is up, and forgets deliveries that are old enough; says how many values.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn purge(&self, now: DateTime<Utc>) -> Result<u64>;

    /// Finishes what was begun, and lets go of the database. Later calls fail.
    async fn close(&self);
}
