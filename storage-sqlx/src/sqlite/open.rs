//! Opening a file.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use sync_core::Result;

use super::writer::Writer;
use super::{SqliteStore, errors, named, schema};
use crate::error::{Failure, permanent};
use crate::schema::Refusal;
use crate::vault::{Keyring, MasterKey, private};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    path: PathBuf,
    master: MasterKey,
    readers: u32,
    busy_timeout: Duration,
}

impl OpenOptions {
    /// The file, and the key that wraps its tenants' keys.
    pub fn new(path: impl Into<PathBuf>, master: MasterKey) -> Self {
        Self { path: path.into(), master, readers: 4, busy_timeout: Duration::from_secs(5) }
    }

    /// How many connections read, at most. Without this: 4.
    #[must_use]
    pub const fn with_readers(mut self, readers: u32) -> Self {
        self.readers = readers;
        self
    }

    /// How long to wait for another process's transaction. Without this: 5 seconds.
    #[must_use]
    pub const fn with_busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    fn connect(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(self.busy_timeout)
            // The writer forces to the disk what asks for it.
            .synchronous(SqliteSynchronous::Normal)
            // Erased values and salts are overwritten where that costs no further page.
            .pragma("secure_delete", "FAST")
            .row_buffer_size(512)
            .disable_statement_logging()
    }
}

pub(crate) async fn open(options: OpenOptions) -> Result<SqliteStore> {
    prepare_file(&options.path)?;
    let file: Arc<Path> = options.path.clone().into();
    let writer = connect_writer(&options).await.map_err(|refusal| named(refusal.explained(errors::explain), &file))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.readers.max(1))
        // They are local and do not age; timers would only drop their prepared statements.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options.connect().pragma("query_only", "ON"));
    let writer = Writer::start(writer, options.connect());
    Ok(SqliteStore { writer, readers, file, keyring: Keyring::new(options.master) })
}

/// A connection to a database of this version and this key. A file that is refused is not changed.
async fn connect_writer(options: &OpenOptions) -> Result<SqliteConnection, Refusal> {
    let mut db = options.connect().connect().await?;
    schema::version(&mut db).await?;
    sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut db).await?;
    schema::migrate(&mut db).await?;
    if remembered(&mut db, &options.master).await.map(|check| options.master.fits(&check))? {
        return Ok(db);
    }
    // Whether it closes well does not matter: nothing was written.
    let _ = db.close().await;
    Err(Refusal::Key)
}

/// By what the key is recognised. A new database remembers the first key.
async fn remembered(db: &mut SqliteConnection, master: &MasterKey) -> Result<Vec<u8>, Failure> {
    const READ: &str = "SELECT sealed FROM vault_check";
    if let Some(check) = sqlx::query_scalar(READ).fetch_optional(&mut *db).await? {
        return Ok(check);
    }
    let check = master.check()?;
    sqlx::query("INSERT INTO vault_check (one, sealed) VALUES (1, ?) ON CONFLICT DO NOTHING").bind(check).execute(&mut *db).await?;
    Ok(sqlx::query_scalar(READ).fetch_one(db).await?)
}

/// Makes the file for its owner only; SQLite gives its log files the same mode.
fn prepare_file(path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        let message = "the database file cannot be made or opened; check that its directory is there and writable";
        named(permanent(message), path).with_source(error)
    };
    private().read(true).append(true).create(true).open(path).map_err(failed)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = OsString::from(path);
        name.push(suffix);
        restrict(Path::new(&name)).map_err(failed)?;
    }
    Ok(())
}

/// Takes away what others may do with a file that was made by hand or restored.
#[cfg(unix)]
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(path) {
        Ok(file) if file.permissions().mode() & 0o077 != 0 => fs::set_permissions(path, fs::Permissions::from_mode(0o600)),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn restrict(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
