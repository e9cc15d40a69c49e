//! The database that the settings name: a file, or a server where this build knows one.

use std::sync::Arc;

use secrecy::ExposeSecret;
use storage_sqlx::{MasterKey, OpenOptions, SqliteStore, Store};
use sync_core::ErrorKind;

use crate::{Error, Result, Settings};

/// How many connections a process that serves several practices has, to records and to jobs.
#[cfg(feature = "postgres")]
const CONNECTIONS: u32 = 16;
#[cfg(feature = "postgres")]
const JOB_CONNECTIONS: u32 = 8;
#[cfg(feature = "postgres")]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Opens the store, and makes it if it is not there.
pub(crate) async fn open(settings: &Settings) -> Result<Arc<dyn Store>> {
    match settings.database_server() {
        Some(address) => server::open(address, key_of_server(settings)?).await,
        None => open_file(settings).await,
    }
}

/// Whether there is a database already.
pub(crate) async fn is_set_up(settings: &Settings) -> Result<bool> {
    match settings.database_server() {
        Some(address) => server::is_set_up(address, key_of_server(settings)?).await,
        None => Ok(settings.database().exists()),
    }
}

async fn open_file(settings: &Settings) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(file(settings).await?))
}

/// Opens the file, and makes it if it is not there.
pub(crate) async fn file(settings: &Settings) -> Result<SqliteStore> {
    let path = settings.database();
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(|error| {
            let message = format!("the directory {} cannot be made: {error}; set DATABASE_URL to another place", directory.display());
            sync_core::Error::permanent(ErrorKind::Store, message)
        })?;
    }
    let master = match given_key(settings)? {
        Some(key) => key,
        None => MasterKey::beside(&path)?.key,
    };
    let opened = SqliteStore::open(OpenOptions::new(path, master)).await.map_err(|error| match rotation_began(settings) {
        true => error.with_context("vault", "a rotation of the key was interrupted: run `clinic-sync vault rotate` again"),
        false => error,
    });
    Ok(opened?)
}

/// Whether a key lies there that was to follow the one in use.
fn rotation_began(settings: &Settings) -> bool {
    let beside = || Some(settings.database().with_added_extension("key"));
    let file = settings.vault.key_file.clone().or_else(beside);
    settings.vault.key.is_none() && file.is_some_and(|file| file.with_added_extension("new").exists())
}

/// Opens the server's database, for what only a server has.
#[cfg(feature = "postgres")]
pub(crate) async fn server(settings: &Settings) -> Result<storage_sqlx::PostgresStore> {
    Ok(storage_sqlx::PostgresStore::open(server_options(settings)?).await?)
}

/// The same, with a statement that runs with every new hint.
#[cfg(feature = "postgres")]
pub(crate) async fn server_that_wakes(settings: &Settings, statement: &str) -> Result<storage_sqlx::PostgresStore> {
    Ok(storage_sqlx::PostgresStore::open(server_options(settings)?.with_connections(CONNECTIONS).with_wake(statement)).await?)
}

/// Connections to the same server for jobs.
#[cfg(feature = "postgres")]
pub(crate) fn jobs(settings: &Settings) -> Result<sqlx::PgPool> {
    let unusable =
        || Error::Settings(vec!["DATABASE_URL cannot be understood; it has the form postgres://user:password@host/database".to_owned()]);
    let options: sqlx::postgres::PgConnectOptions = settings.database_server().and_then(|url| url.parse().ok()).ok_or_else(unusable)?;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(JOB_CONNECTIONS).acquire_timeout(PATIENCE);
    Ok(pool.connect_lazy_with(sqlx::ConnectOptions::disable_statement_logging(options)))
}

#[cfg(feature = "postgres")]
fn server_options(settings: &Settings) -> Result<storage_sqlx::PostgresOptions> {
    settings.check_database().map_err(|problem| Error::Settings(vec![problem]))?;
    let Some(address) = settings.database_server() else {
        return Err(Error::Usage(
            "several practices, and several processes, need a database server: set DATABASE_URL to postgres://…".to_owned(),
        ));
    };
    server::options(address, key_of_server(settings)?)
}

/// Opens a server's database for what is in the file, under the same key.
#[cfg(feature = "postgres")]
pub(crate) async fn server_for_file(settings: &Settings, address: &str) -> Result<storage_sqlx::PostgresStore> {
    let master = match given_key(settings)? {
        Some(key) => key,
        None => MasterKey::beside(settings.database())?.key,
    };
    Ok(storage_sqlx::PostgresStore::open(storage_sqlx::PostgresOptions::new(address, master)?).await?)
}

/// There is no place beside a server where a key could lie, and each of its processes needs the same one.
fn key_of_server(settings: &Settings) -> Result<MasterKey> {
    let missing = || {
        let message = "the vault key is missing, which a database on a server needs: set VAULT_KEY or VAULT_KEY_FILE, for every \
                       process the same; make one: openssl rand -base64 32";
        Error::Settings(vec![message.to_owned()])
    };
    given_key(settings)?.ok_or_else(missing)
}

fn given_key(settings: &Settings) -> Result<Option<MasterKey>> {
    match (&settings.vault.key, &settings.vault.key_file) {
        (Some(_), Some(_)) => Err(Error::Settings(vec!["both a vault key and a vault key file are given; keep one".to_owned()])),
        (Some(key), None) => Ok(Some(MasterKey::from_base64(key.expose_secret())?)),
        (None, Some(path)) => Ok(Some(MasterKey::from_file(path)?)),
        (None, None) => Ok(None),
    }
}

#[cfg(feature = "postgres")]
mod server {
    use storage_sqlx::{PostgresOptions, PostgresStore};

    use super::*;

    pub(super) fn options(address: &str, key: MasterKey) -> Result<PostgresOptions> {
        Ok(PostgresOptions::new(address, key)?)
    }

    pub(super) async fn open(address: &str, key: MasterKey) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(PostgresStore::open(options(address, key)?).await?))
    }

    pub(super) async fn is_set_up(address: &str, key: MasterKey) -> Result<bool> {
        Ok(PostgresOptions::new(address, key)?.is_set_up().await?)
    }
}

/// The settings were refused before it comes to this.
#[cfg(not(feature = "postgres"))]
mod server {
    use super::*;
    use crate::settings::WITHOUT_POSTGRES;

    pub(super) async fn open(_address: &str, _key: MasterKey) -> Result<Arc<dyn Store>> {
        Err(Error::Settings(vec![WITHOUT_POSTGRES.to_owned()]))
    }

    pub(super) async fn is_set_up(_address: &str, _key: MasterKey) -> Result<bool> {
        Err(Error::Settings(vec![WITHOUT_POSTGRES.to_owned()]))
    }
}
