//! The store on SQLite.
//!
//! One task writes, and commits for all that wait (`writer`); a few connections read (`read`).

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
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sqlx::{SqliteConnection, SqlitePool};
use sync_core::{Error, Result, TenantId};

pub use open::OpenOptions;

use crate::error::Failure;
use crate::store::Store;
use crate::vault::{Keyring, MasterKey, Shelf, TenantKey, Vault};
use writer::Writer;

/// A store in one SQLite file.
///
/// # Guarantees
/// - A commit is atomic, and what was answered survives a crash of the process; a commit that asked to be
///   durable, a pushed hint, and a secret also survive a loss of power.
/// - Commits that wait at the same time share one transaction; one that is stale fails alone.
/// - What a person could read is sealed: the values of review items, overwritten values, secrets.
/// - A file of a newer version, or with another key, is refused when it is opened.
///
/// # Caveats
/// - The file must be on a local disk: SQLite's log does not work over a network file system.
/// - It needs the runtime it was opened on for as long as it lives.
pub struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
    file: Arc<Path>,
    keyring: Keyring,
}

impl SqliteStore {
    /// Opens a database, and makes or migrates it first where needed.
    ///
    /// # Errors
    /// When the file cannot be made or opened, is locked, is not a database of ours, is of a newer version,
    /// or was made with another master key. Nothing was changed then.
    pub async fn open(options: OpenOptions) -> Result<Self> {
        open::open(options).await
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Finishes what was begun, and closes the file. Later calls fail. Dropping the store does the same, in
    /// the background, as long as the runtime lives.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Deletes overwritten values whose time is up; says how many.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn purge(&self, now: DateTime<Utc>) -> Result<u64> {
        self.write(false, move |db| Box::pin(commit::purge(db, now))).await
    }

    /// See [`Store::rotate`].
    ///
    /// # Errors
    /// As there.
    pub async fn rotate(&self, new: &MasterKey) -> Result<usize> {
        let (old, new) = (self.keyring.master().clone(), new.clone());
        self.write(true, move |db| Box::pin(async move { rotation::rotate(db, &old, &new).await })).await
    }

    /// The key of a tenant's digests, made on first use.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn tenant_key(&self, tenant: &TenantId) -> Result<TenantKey> {
        self.shelf().tenant_key(tenant).await
    }

    /// Sealed secrets, such as tokens.
    #[must_use]
    pub const fn vault(&self) -> Vault<'_> {
        Vault::of(self)
    }

    /// The connections that only read.
    #[cfg(feature = "postgres")]
    pub(crate) const fn reading(&self) -> &SqlitePool {
        &self.readers
    }

    /// A failure as callers see it.
    #[cfg(feature = "postgres")]
    pub(crate) fn explained(&self, failure: impl Into<Failure>) -> Error {
        self.fail(failure)
    }

    fn shelf(&self) -> &dyn Shelf {
        self
    }

    /// Writes under the next commit.
    async fn write<T, F>(&self, durable: bool, step: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        self.writer.write(durable, step).await.map_err(|failure| self.fail(failure))
    }

    fn fail(&self, failure: impl Into<Failure>) -> Error {
        named(failure.into().explained(errors::explain), &self.file)
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn place(&self) -> String {
        self.file.display().to_string()
    }

    async fn tenant_key(&self, tenant: &TenantId) -> Result<TenantKey> {
        self.tenant_key(tenant).await
    }

    fn vault(&self) -> Vault<'_> {
        self.vault()
    }

    async fn rotate(&self, new: &MasterKey) -> Result<usize> {
        self.rotate(new).await
    }

    async fn purge(&self, now: DateTime<Utc>) -> Result<u64> {
        self.purge(now).await
    }

    async fn close(&self) {
        self.close().await;
    }
}

/// An error that says which file it happened to.
fn named(error: Error, file: &Path) -> Error {
    error.with_context("file", file.display().to_string())
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("file", &self.file).finish_non_exhaustive()
    }
}
