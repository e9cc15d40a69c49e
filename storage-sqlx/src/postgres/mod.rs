//! The store on PostgreSQL.
//!
//! The writes of one tenant go one after another (`writer`), as all writes do on SQLite; tenants do not wait for each
//! other. Every name is written with its schema, so that no setting of a role or a database leads elsewhere.

mod commit;
mod errors;
mod hints;
mod leases;
mod open;
mod read;
mod reviews;
mod rotation;
mod schema;
mod secrets;
mod tenants;
mod writer;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sync_core::{Error, Result, TenantId};

pub use open::PostgresOptions;
pub use tenants::Tenant;

use crate::error::Failure;
use crate::store::Store;
use crate::vault::{Keyring, MasterKey, Shelf, TenantKey, Vault};
use writer::Writer;

/// How long the server may take for all of one call, before the connection counts as lost.
const ANSWER: Duration = Duration::from_secs(30);

/// A store in the schema `clinic_sync` of a PostgreSQL database, for any number of processes.
///
/// # Guarantees
/// - A commit is atomic, and what was answered survives a crash of the process; a commit that asked to be durable, a
///   pushed or taken hint, a lease, and a secret also survive a crash of the server.
/// - A commit under a lease that another process took over in the meantime is fenced, however the two overlap.
/// - A server that is restarted, a lost connection, a deadlock, and a pool without a free connection are temporary.
/// - What a person could read is sealed: the values of review items, overwritten values, secrets.
/// - A database of a newer version, or with another key, is refused when it is opened.
///
/// # Caveats
/// - Where the connection is lost while a commit is being answered, nobody knows whether it happened. The error is
///   temporary; what is there has to be read before anything is decided anew.
/// - A text with a NUL character cannot be stored.
pub struct PostgresStore {
    writer: Writer,
    pool: PgPool,
    /// Run with every new hint.
    wake: Option<Arc<str>>,
    place: Arc<str>,
    keyring: Keyring,
}

impl PostgresStore {
    /// Opens a database, and makes or migrates our schema first where needed.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses us, or the schema belongs to another program, is of a newer
    /// version, or was made with another master key. Nothing was changed then.
    pub async fn open(options: PostgresOptions) -> Result<Self> {
        open::open(options).await
    }

    /// A transaction beside which nobody changes the tables or the master key.
    pub(crate) async fn alone(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, Failure> {
        let mut transaction = self.pool.begin_with(writer::LONE).await?;
        writer::lock(&mut transaction, &[writer::schema_key()]).await?;
        Ok(transaction)
    }

    /// A failure as callers see it.
    #[cfg(feature = "sqlite")]
    pub(crate) fn explained(&self, failure: impl Into<Failure>) -> Error {
        self.fail(failure)
    }

    fn shelf(&self) -> &dyn Shelf {
        self
    }

    /// Waits for an answer, but not for ever: a server that is cut off says nothing at all.
    async fn ask<T>(&self, work: impl Future<Output = Result<T, Failure>> + Send) -> Result<T> {
        in_time(work).await.map_err(|failure| self.fail(failure))
    }

    fn fail(&self, failure: impl Into<Failure>) -> Error {
        named(failure.into().explained(errors::explain), &self.place)
    }
}

async fn in_time<T, E: From<Failure>>(work: impl Future<Output = Result<T, E>> + Send) -> Result<T, E> {
    match tokio::time::timeout(ANSWER, work).await {
        Ok(answer) => answer,
        Err(_) => Err(Failure::from(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())).into()),
    }
}

/// An error that says which database it happened to.
fn named(error: Error, place: &str) -> Error {
    error.with_context("database", place)
}

#[async_trait]
impl Store for PostgresStore {
    fn place(&self) -> String {
        self.place.as_ref().to_owned()
    }

    async fn tenant_key(&self, tenant: &TenantId) -> Result<TenantKey> {
        self.shelf().tenant_key(tenant).await
    }

    fn vault(&self) -> Vault<'_> {
        Vault::of(self)
    }

    async fn rotate(&self, new: &MasterKey) -> Result<usize> {
        self.ask(self.try_rotate(new)).await
    }

    async fn purge(&self, now: DateTime<Utc>) -> Result<u64> {
        self.ask(commit::purge(&self.pool, now)).await
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("database", &self.place).finish_non_exhaustive()
    }
}
