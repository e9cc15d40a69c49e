//! Databases to test on.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use storage_sqlx::{MasterKey, OpenOptions, SqliteStore, Store};
use sync_core::Result;
use tempfile::TempDir;

#[cfg(feature = "postgres")]
use crate::server::Database;
use crate::{KEY, key};

/// The tests of a module that have to pass on every store.
macro_rules! on_every_store {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&$crate::place::Place::sqlite()).await;
            })*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&$crate::place::Place::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_every_store;

/// Where a store is under test.
pub(crate) enum Place {
    Sqlite(Folder),
    #[cfg(feature = "postgres")]
    Postgres(Database),
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(Folder::new())
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn postgres() -> Self {
        Self::Postgres(Database::new().await)
    }

    /// A process's store.
    pub(crate) async fn open(&self) -> Box<dyn Store> {
        self.open_with(key()).await.unwrap()
    }

    pub(crate) async fn open_with(&self, key: MasterKey) -> Result<Box<dyn Store>> {
        Ok(match self {
            Self::Sqlite(folder) => Box::new(SqliteStore::open(OpenOptions::new(folder.path(), key)).await?),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => Box::new(database.open_with(key).await?),
        })
    }

    /// How errors name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite(folder) => folder.path().display().to_string(),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.name().to_owned(),
        }
    }

    /// Does something to the tables behind the store's back.
    pub(crate) async fn execute(&self, sql: &'static str) {
        match self {
            Self::Sqlite(folder) => {
                let mut db = folder.raw().await;
                sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
                db.close().await.unwrap();
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => drop(sqlx::raw_sql(sql).execute(&mut database.raw().await).await.unwrap()),
        }
    }

    /// The salts of people.
    pub(crate) async fn salts(&self) -> Vec<Vec<u8>> {
        let select = "SELECT salt FROM person_salt WHERE length(link) > 0";
        match self {
            Self::Sqlite(folder) => {
                let mut db = folder.raw().await;
                let salts = sqlx::query_scalar(select).fetch_all(&mut db).await.unwrap();
                // A connection that is not closed would leave its log behind.
                db.close().await.unwrap();
                salts
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => sqlx::query_scalar(select).fetch_all(&mut database.raw().await).await.unwrap(),
        }
    }

    /// Everything that is stored.
    pub(crate) async fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Sqlite(folder) => folder.bytes(),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.bytes().await,
        }
    }
}

/// A folder whose databases vanish with it.
pub(crate) struct Folder {
    folder: TempDir,
    next: AtomicUsize,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), next: AtomicUsize::new(0) }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("sync.db")
    }

    /// Does not wait long for other processes.
    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions::new(self.path(), key()).with_busy_timeout(Duration::from_millis(50))
    }

    pub(crate) async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.options()).await.unwrap()
    }

    /// Two processes' stores on an empty database of their own.
    pub(crate) async fn fresh_pair(&self) -> (SqliteStore, SqliteStore) {
        let path = self.folder.path().join(format!("{}.db", self.next.fetch_add(1, Ordering::Relaxed)));
        let open = async || SqliteStore::open(OpenOptions::new(&path, MasterKey::from_base64(KEY).unwrap())).await.unwrap();
        (open().await, open().await)
    }

    pub(crate) async fn raw(&self) -> sqlx::SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).create_if_missing(true).busy_timeout(Duration::ZERO).connect().await.unwrap()
    }

    /// Every byte that the database left on the disk.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}
