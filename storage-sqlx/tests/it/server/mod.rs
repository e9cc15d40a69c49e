//! The PostgreSQL server that the tests are given.

mod failing;
mod tenants;

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use storage_sqlx::{MasterKey, PostgresOptions, PostgresStore};
use sync_core::Result;

use crate::key;

/// Where the tests find a server on which they may make databases.
const SERVER: &str = "CLINIC_SYNC_TEST_POSTGRES";

/// A database of one test. It goes when its server goes.
pub(crate) struct Database {
    address: String,
    name: String,
}

fn server() -> String {
    std::env::var(SERVER)
        .unwrap_or_else(|_| panic!("{SERVER} is not set, and these tests need a PostgreSQL server; run scripts/test.sh, which starts one"))
}

impl Database {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let server: PgConnectOptions = server().parse().unwrap();
        let mut db = server.connect().await.unwrap();
        for statement in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
        }
        db.close().await.unwrap();
        Self { address: server.database(&name).to_url_lossy().into(), name }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn options(&self) -> PostgresOptions {
        PostgresOptions::new(&self.address, key()).unwrap()
    }

    pub(crate) async fn open(&self) -> PostgresStore {
        PostgresStore::open(self.options()).await.unwrap()
    }

    pub(crate) async fn open_with(&self, key: MasterKey) -> Result<PostgresStore> {
        PostgresStore::open(PostgresOptions::new(&self.address, key)?).await
    }

    /// Two processes' stores, with nothing in them.
    pub(crate) async fn fresh_pair(&self) -> (PostgresStore, PostgresStore) {
        let stores = (self.open().await, self.open().await);
        // Tables take long to make, and the suite wants many stores.
        let mut db = self.raw().await;
        for table in Self::tables(&mut db).await {
            if table != "schema_version" && table != "vault_check" {
                sqlx::raw_sql(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut db).await.unwrap();
            }
        }
        stores
    }

    /// A connection that finds our tables without their schema.
    pub(crate) async fn raw(&self) -> PgConnection {
        let options: PgConnectOptions = self.address.parse().unwrap();
        options.options([("search_path", "clinic_sync")]).connect().await.unwrap()
    }

    async fn tables(db: &mut PgConnection) -> Vec<String> {
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'clinic_sync'";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(db).await.unwrap();
        assert!(tables.len() > 10, "{tables:?}");
        tables
    }

    /// All rows of all tables, with every value of bytes both as it is and as text.
    pub(crate) async fn bytes(&self) -> Vec<u8> {
        let mut db = self.raw().await;
        let mut all = Vec::new();
        for table in Self::tables(&mut db).await {
            let rows = AssertSqlSafe(format!("SELECT row_to_json(whole)::text FROM {table} AS whole"));
            let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut db).await.unwrap();
            for row in rows {
                all.extend(row.split("\\\\x").skip(1).flat_map(unhexed));
                all.extend(row.into_bytes());
            }
        }
        all
    }
}

/// The bytes that a text begins with as hexadecimal digits.
fn unhexed(text: &str) -> Vec<u8> {
    let end = text.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(text.len()) & !1;
    (0..end).step_by(2).map(|index| u8::from_str_radix(&text[index..index + 2], 16).unwrap()).collect()
}
