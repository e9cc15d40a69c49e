//! Leases: one row per tenant, whose fence only rises.
//!
//! They are durable: a server that forgot a lease would give the same fence to a second holder while the first lives on.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sync_core::{Fence, Held, Leases, Result, TenantId};

use super::PostgresStore;
use crate::error::Failure;
use crate::row;

#[async_trait]
impl Leases for PostgresStore {
    async fn acquire(&self, tenant: &TenantId, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Result<Fence, Held>> {
        self.ask(async {
            let mut turn = self.writer.turn(true, [tenant]).await?;
            let granted = acquire(&mut turn, tenant, holder, now, until).await?;
            turn.commit().await?;
            Ok(granted)
        })
        .await
    }

    async fn release(&self, tenant: &TenantId, fence: Fence) -> Result<()> {
        self.ask(async {
            let mut turn = self.writer.turn(true, [tenant]).await?;
            let release = "UPDATE clinic_sync.lease SET holder = NULL, until = NULL WHERE tenant = $1 AND fence = $2";
            sqlx::query(release).bind(tenant.as_str()).bind(fence.0.cast_signed()).execute(&mut *turn).await?;
            Ok(turn.commit().await?)
        })
        .await
    }
}

async fn acquire(
    db: &mut PgConnection,
    tenant: &TenantId,
    holder: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Result<Fence, Held>, Failure> {
    let query = sqlx::query_as("SELECT fence, holder, until FROM clinic_sync.lease WHERE tenant = $1").bind(tenant.as_str());
    let fence = match row::granted(query.fetch_optional(&mut *db).await?, holder, now)? {
        Ok(fence) => fence,
        Err(held) => return Ok(Err(held)),
    };
    let take = "INSERT INTO clinic_sync.lease (tenant, fence, holder, until) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant) \
                DO UPDATE SET fence = excluded.fence, holder = excluded.holder, until = excluded.until";
    sqlx::query(take).bind(tenant.as_str()).bind(fence).bind(holder).bind(row::micros(until)).execute(db).await?;
    Ok(Ok(Fence(fence.cast_unsigned())))
}

/// Whether a tenant's lease is held under this fence. It stays so until the end of the turn in which this is asked.
pub(super) async fn holds(db: &mut PgConnection, tenant: &TenantId, fence: Fence) -> Result<bool, Failure> {
    let query = sqlx::query_scalar("SELECT count(*) FROM clinic_sync.lease WHERE tenant = $1 AND fence = $2 AND holder IS NOT NULL");
    let held: i64 = query.bind(tenant.as_str()).bind(fence.0.cast_signed()).fetch_one(db).await?;
    Ok(held > 0)
}
