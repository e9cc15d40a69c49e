//! `migrate-store`: from the file to a server.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use storage_sqlx::{Store, copy_store};
use sync_core::Leases;
use tokio_util::sync::CancellationToken;

use crate::{Error, Result, Service, Settings, TENANT, database};

/// Copies everything from the database file to a PostgreSQL server, and checks it there. The file stays as it is, but is not used
/// any more. If it is interrupted, run it again.
#[derive(Clone, Debug, Args)]
pub(crate) struct MigrateStore {
    /// The server's address: postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(long, env = "MIGRATE_STORE_TO", hide_env_values = true, value_name = "ADDRESS")]
    to: String,
}

impl MigrateStore {
    pub(crate) async fn run(self, settings: Settings, stop: CancellationToken) -> Result<ExitCode> {
        if settings.database_server().is_some() || !settings.database().exists() {
            return Err(Error::Usage("there is no database file to copy from: DATABASE_URL must still be that of the file".to_owned()));
        }
        let (from, to) = (database::file(&settings).await?, database::server_for_file(&settings, &self.to).await?);
        let service = Service::open(settings).await?;
        let lease = service.lease(&stop).await?;
        let copied = copy_store(&from, &to).await;
        lease.release().await?;
        let copied = copied?;
        let rows: u64 = copied.rows.values().sum();
        // Two processes, each with a database of its own, would double everybody: the file is never free again.
        let moved = format!("the service that moved to {}", to.place());
        if let Err(held) = from.acquire(&TENANT, &moved, service.env().now(), DateTime::<Utc>::MAX_UTC).await? {
            return Err(Error::Usage(format!("{} began to work with the file meanwhile: stop it, and run this again", held.by)));
        }
        println!("{rows} rows are in {}, counted and compared", to.place());
        println!("start with its address as DATABASE_URL, and with the same vault key, from now on; keep the file as a backup");
        for store in [&from as &dyn Store, &to] {
            store.close().await;
        }
        Ok(ExitCode::SUCCESS)
    }
}
