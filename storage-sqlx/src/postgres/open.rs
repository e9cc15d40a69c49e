//! Opening a database.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use sync_core::{Error, ErrorKind, Result};

use super::writer::Writer;
use super::{PostgresStore, errors, in_time, named, schema};
use crate::error::Failure;
use crate::schema::Refusal;
use crate::vault::{Keyring, MasterKey};

/// How a store is opened. Its `Debug` prints no password.
#[derive(Clone)]
pub struct PostgresOptions {
    connect: PgConnectOptions,
    master: MasterKey,
    connections: u32,
    patience: Duration,
    wake: Option<Arc<str>>,
}

impl PostgresOptions {
    /// The database's address, such as `postgres://user:password@host/database?sslmode=verify-full`, and the key that
    /// wraps its tenants' keys. What the address leaves out comes from `PGHOST` and its like, as for PostgreSQL's own tools.
    ///
    /// # Errors
    /// When it is no address of a PostgreSQL database. It is not repeated: it may hold a password.
    pub fn new(address: &str, master: MasterKey) -> Result<Self> {
        let connect = PgConnectOptions::from_str(address).map_err(|_| {
            let message = "the address of the database cannot be understood; it has the form postgres://user:password@host/database";
            Error::permanent(ErrorKind::Configuration, message)
        })?;
        Ok(Self { connect: connect.disable_statement_logging(), master, connections: 10, patience: Duration::from_secs(5), wake: None })
    }

    /// How many connections there are at most. Without this: 10. The server allows all processes together 100, unless told
    /// otherwise.
    #[must_use]
    pub const fn with_connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// How long to wait for a free connection, and for another process's transaction. Without this: 5 seconds.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A statement that runs in each transaction that adds hints, for each of their tenants, with its name as `$1`: such as one that
    /// enqueues a job, so that there is no hint without its job, and no job without its hint.
    #[must_use]
    pub fn with_wake(mut self, statement: impl Into<Arc<str>>) -> Self {
        self.wake = Some(statement.into());
        self
    }

    /// Whether there is a store in the database already. Looks only: opening would make one.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses us, or the schema belongs to another program or is of a newer version.
    pub async fn is_set_up(&self) -> Result<bool> {
        let look = async {
            let mut db = self.connect.connect().await?;
            let version = schema::version(&mut db).await?;
            // Whether the server hears the farewell does not matter.
            let _ = db.close().await;
            Ok::<_, Refusal>(version > 0)
        };
        in_time(look).await.map_err(|refusal| named(refusal.explained(errors::explain), &self.place()))
    }

    /// Where it is, without user and password.
    fn place(&self) -> String {
        let host = self.connect.get_socket().map_or_else(|| self.connect.get_host().to_owned(), |socket| socket.display().to_string());
        let database = self.connect.get_database().unwrap_or_else(|| self.connect.get_username());
        format!("postgres://{host}:{}/{database}", self.connect.get_port())
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions").field("database", &self.place()).finish_non_exhaustive()
    }
}

pub(super) async fn open(options: PostgresOptions) -> Result<PostgresStore> {
    let place: Arc<str> = options.place().into();
    in_time(prepare(&options)).await.map_err(|refusal| named(refusal.explained(errors::explain), &place))?;
    let pool = PgPoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.patience)
        .connect_lazy_with(options.connect);
    let writer = Writer::over(pool.clone(), options.patience);
    Ok(PostgresStore { writer, pool, wake: options.wake, place, keyring: Keyring::new(options.master) })
}

/// Sees to it that the database has this version, and this key. One that is refused is not changed.
async fn prepare(options: &PostgresOptions) -> Result<(), Refusal> {
    let mut db = options.connect.connect().await?;
    schema::migrate(&mut db).await?;
    if !options.master.fits(&remembered(&mut db, &options.master).await?) {
        return Err(Refusal::Key);
    }
    // Nothing is under way on it; whether the server hears the farewell does not matter.
    let _ = db.close().await;
    Ok(())
}

/// By what the key is recognised. A new database remembers the first key.
async fn remembered(db: &mut PgConnection, master: &MasterKey) -> Result<Vec<u8>, Failure> {
    const READ: &str = "SELECT sealed FROM clinic_sync.vault_check";
    if let Some(check) = sqlx::query_scalar(READ).fetch_optional(&mut *db).await? {
        return Ok(check);
    }
    let remember = "INSERT INTO clinic_sync.vault_check (one, sealed) VALUES (1, $1) ON CONFLICT DO NOTHING";
    sqlx::query(remember).bind(master.check()?).execute(&mut *db).await?;
    Ok(sqlx::query_scalar(READ).fetch_one(db).await?)
}
