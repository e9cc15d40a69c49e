//! The store on SQLite, from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod files;
mod model;
mod sealing;
mod suite;
mod writer;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};
use tempfile::TempDir;

/// A master key: the base64 of 32 bytes.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// Another one.
const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn key() -> MasterKey {
    MasterKey::from_base64(KEY).unwrap()
}

/// A folder whose databases vanish with it.
struct Folder {
    folder: TempDir,
    next: AtomicUsize,
}

impl Folder {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), next: AtomicUsize::new(0) }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("sync.db")
    }

    fn options(&self) -> OpenOptions {
        OpenOptions::new(self.path(), key()).with_busy_timeout(Duration::from_millis(50))
    }

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.options()).await.unwrap()
    }

    /// An empty database of its own.
    async fn fresh(&self) -> SqliteStore {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        SqliteStore::open(OpenOptions::new(self.folder.path().join(format!("{number}.db")), key())).await.unwrap()
    }

    /// Every byte that the database left on the disk.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}
