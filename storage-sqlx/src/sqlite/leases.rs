//! Leases: one row per tenant, whose fence only rises.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use sync_core::{Fence, Held, Leases, Result, TenantId};

use super::SqliteStore;
use crate::error::Failure;
use crate::row;

#[async_trait]
impl Leases for SqliteStore {
    async fn acquire(&self, tenant: &TenantId, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Result<Fence, Held>> {
        let (tenant, holder) = (tenant.clone(), holder.to_owned());
        self.write(false, move |db| Box::pin(async move { acquire(db, &tenant, &holder, now, until).await })).await
    }

    async fn release(&self, tenant: &TenantId, fence: Fence) -> Result<()> {
        let release = sqlx::query("UPDATE lease SET holder = NULL, until = NULL WHERE tenant = ? AND fence = ?");
        let release = release.bind(tenant.as_str().to_owned()).bind(fence.0.cast_signed());
        self.write(false, |db| Box::pin(async move { release.execute(db).await.map(drop).map_err(Failure::from) })).await
    }
}

async fn acquire(
    db: &mut SqliteConnection,
    tenant: &TenantId,
    holder: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Result<Fence, Held>, Failure> {
    let query = sqlx::query_as("SELECT fence, holder, until FROM lease WHERE tenant = ?").bind(tenant.as_str());
    let fence = match row::granted(query.fetch_optional(&mut *db).await?, holder, now)? {
        Ok(fence) => fence,
        Err(held) => return Ok(Err(held)),
    };
    let take = "INSERT INTO lease (tenant, fence, holder, until) VALUES (?, ?, ?, ?) \
                ON CONFLICT DO UPDATE SET fence = excluded.fence, holder = excluded.holder, until = excluded.until";
    sqlx::query(take).bind(tenant.as_str()).bind(fence).bind(holder).bind(row::micros(until)).execute(db).await?;
    Ok(Ok(Fence(fence.cast_unsigned())))
}

/// Whether a tenant's lease is held under this fence.
pub(super) async fn holds(db: &mut SqliteConnection, tenant: &TenantId, fence: Fence) -> Result<bool, Failure> {
    let query = sqlx::query_scalar("SELECT count(*) FROM lease WHERE tenant = ? AND fence = ? AND holder IS NOT NULL");
    let held: i64 = query.bind(tenant.as_str()).bind(fence.0.cast_signed()).fetch_one(db).await?;
    Ok(held > 0)
}
