//! One writer per tenant.
//!
//! A write begins by waiting for its tenant's turn: first within the process, so that a busy tenant takes one connection and
//! not all of them, then among all processes, by a lock that ends with the transaction. What is read under it cannot
//! change before the commit, and the deadlocks of two writes that touch the same rows in another order cannot occur.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};
use sync_core::TenantId;
use tokio::sync::OwnedMutexGuard;

/// Begins a transaction that waits for others as long as they take.
///
/// Each statement has to see what was committed before it began, not before its transaction began: otherwise the lock would
/// be waited for in vain. A server may have another default.
pub(super) const LONE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

pub(super) struct Writer {
    pool: PgPool,
    patience: Duration,
    turns: Mutex<BTreeMap<i64, Arc<tokio::sync::Mutex<()>>>>,
}

/// A transaction in which nobody else writes for its tenants. Dropped without a commit, it is undone.
pub(super) struct Turn {
    transaction: Transaction<'static, Postgres>,
    /// After the transaction: who waits in this process would only wait for it on a connection.
    _turns: Vec<OwnedMutexGuard<()>>,
}

impl Writer {
    pub(super) fn over(pool: PgPool, patience: Duration) -> Self {
        Self { pool, patience, turns: Mutex::default() }
    }

    /// Begins a write for these tenants. A durable one survives a crash of the server once it is committed.
    pub(super) async fn turn<'t>(&self, durable: bool, tenants: impl IntoIterator<Item = &'t TenantId> + Send) -> sqlx::Result<Turn> {
        // In one order for all, so that two who need the same two turns do not wait for each other.
        let mut keys: Vec<i64> = tenants.into_iter().map(|tenant| key(tenant.as_str())).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut turns = Vec::with_capacity(keys.len());
        for key in &keys {
            turns.push(self.turn_of(*key).lock_owned().await);
        }
        let mut transaction = self.pool.begin_with(AssertSqlSafe(self.begin(durable))).await?;
        lock(&mut transaction, &keys).await?;
        Ok(Turn { transaction, _turns: turns })
    }

    fn turn_of(&self, key: i64) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    fn begin(&self, durable: bool) -> String {
        let synchronous = if durable { "on" } else { "off" };
        // None at all would mean for ever.
        let patience = self.patience.as_millis().max(1);
        // The transaction of a process that was stopped in the middle of it is taken back by the server, so that others
        // of its tenant go on.
        let still = 2 * patience;
        format!(
            "{LONE}; SET LOCAL synchronous_commit = {synchronous}; SET LOCAL lock_timeout = {patience}; \
             SET LOCAL idle_in_transaction_session_timeout = {still}"
        )
    }
}

impl Turn {
    pub(super) async fn commit(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }
}

impl Deref for Turn {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

/// Waits until nobody else holds these locks, and holds them until the transaction ends.
pub(super) async fn lock(db: &mut PgConnection, keys: &[i64]) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key").bind(keys).execute(db).await?;
    Ok(())
}

/// The lock of a tenant. Two tenants with the same one would only wait for each other.
fn key(tenant: &str) -> i64 {
    hashed(&format!("clinic_sync/tenant/{tenant}"))
}

/// The lock of the tables themselves.
pub(super) fn schema_key() -> i64 {
    hashed("clinic_sync/schema")
}

/// A number that other programs in the same database are unlikely to lock.
fn hashed(name: &str) -> i64 {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    digest.as_ref().iter().take(8).fold(0, |key, byte| key << 8 | i64::from(*byte))
}
