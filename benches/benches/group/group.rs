//! Several practices on one PostgreSQL server, and the processes that serve them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

use crate::Failure;
use crate::practice::{Kind, Practice};
use crate::process::{Process, command};

static NEXT: AtomicU32 = AtomicU32::new(0);
const SERVER: &str = "CLINIC_SYNC_TEST_POSTGRES";
/// How often it is looked whether something is so by now.
const LOOK: Duration = Duration::from_millis(10);

/// Several practices, in a database of their own.
#[derive(Debug)]
pub(crate) struct Group {
    /// The practices.
    pub(crate) practices: Vec<Practice>,
    server: PgConnectOptions,
    database: String,
    directory: TempDir,
}

impl Group {
    /// Practices of these kinds, of whom the service knows nothing yet.
    pub(crate) async fn of(kinds: &[Kind]) -> Result<Self, Failure> {
        let address = std::env::var(SERVER).map_err(|_| format!("{SERVER} is to be the address of a PostgreSQL server, postgres://…"))?;
        let server: PgConnectOptions = address.parse()?;
        let directory = tempfile::tempdir()?;
        let database = format!("bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut practices = Vec::new();
        for (number, kind) in kinds.iter().enumerate() {
            practices.push(Practice::open(format!("practice-{number}"), *kind).await?);
        }
        let group = Self { practices, server, database, directory };
        group.recreate(true).await?;
        let keys: Vec<_> = group.practices.iter().map(|practice| practice.clinic.ghl.webhook_public_key()).collect();
        let serve = serde_json::json!({ "serve": { "listen": "127.0.0.1:0", "webhook_public_keys": keys } });
        std::fs::write(group.directory.path().join("process.toml"), toml::to_string(&serve)?)?;
        Ok(group)
    }

    async fn recreate(&self, again: bool) -> Result<(), Failure> {
        let mut db = self.server.connect().await?;
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database);
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut db).await?;
        if again {
            sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {}", self.database))).execute(&mut db).await?;
        }
        Ok(db.close().await?)
    }

    /// Has a practice served, beginning with its first sync.
    pub(crate) async fn add(&self, practice: &Practice) -> Result<(), Failure> {
        let file = self.directory.path().join("tenant.toml");
        std::fs::write(&file, practice.settings())?;
        let settings = file.to_str().ok_or("no name")?;
        let mut add = self.command(&["tenant", "add", &practice.name, "--first-sync", "--settings", settings])?;
        let added = tokio::task::spawn_blocking(move || add.output()).await??;
        if added.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&added.stderr).into()) }
    }

    /// Starts a process of the service.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Process, Failure> {
        Process::start(self.command(arguments)?)
    }

    /// A process of the service, to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<std::process::Command, Failure> {
        let address = self.server.clone().database(&self.database).to_url_lossy();
        command(&self.directory.path().join("process.toml"), address.as_str(), arguments)
    }

    async fn raw(&self) -> Result<PgConnection, Failure> {
        Ok(self.server.clone().database(&self.database).connect().await?)
    }

    /// Waits until nobody works, and nothing is due.
    pub(crate) async fn idle(&self) -> Result<(), Failure> {
        let busy = "SELECT (SELECT count(*) FROM clinic_sync.hint WHERE NOT dead) \
                    + (SELECT count(*) FROM clinic_sync.lease WHERE holder IS NOT NULL)";
        let mut db = self.raw().await?;
        while sqlx::query_scalar::<_, i64>(busy).fetch_one(&mut db).await? > 0 {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// How many records were given up.
    pub(crate) async fn given_up(&self) -> Result<i64, Failure> {
        let dead = "SELECT count(*) FROM clinic_sync.hint WHERE dead";
        Ok(sqlx::query_scalar(dead).fetch_one(&mut self.raw().await?).await?)
    }

    /// Drops the database.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.recreate(false).await
    }
}

/// Waits until something is so.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(LOOK).await;
    }
}
