//! One process at a time works on a tenant.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{Result, TenantId};

/// Proof of a lease. It rises with every new holder, so that a late one is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub u64);

/// Somebody else holds the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who: a host and process, as it named itself.
    pub by: String,
    /// Until when, unless renewed.
    pub until: DateTime<Utc>,
}

/// Leases on tenants.
///
/// # Contract
/// - At most one holder at a time; acquiring again as the same holder renews, under the same fence.
/// - A lease that ran out may be taken by anybody, under a higher fence; commits under the old one are refused.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes or renews the lease on a tenant.
    ///
    /// # Errors
    /// When the store fails; a lease held by somebody else is the inner error.
    async fn acquire(&self, tenant: &TenantId, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Result<Fence, Held>>;

    /// Gives the lease back. Not held any more: nothing happens.
    ///
    /// # Errors
    /// When the store fails.
    async fn release(&self, tenant: &TenantId, fence: Fence) -> Result<()>;
}
