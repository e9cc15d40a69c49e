//! Databases on the PostgreSQL server that the tests are given.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// The database that the server itself has.
pub(super) fn address() -> String {
    std::env::var("CLINIC_SYNC_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("CLINIC_SYNC_TEST_POSTGRES is not set, and this test needs a PostgreSQL server; run scripts/test.sh, which starts one")
    })
}

/// The address of a new database with nothing in it. It goes when its server goes.
pub(super) async fn fresh() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("clinic_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let server: PgConnectOptions = address().parse().unwrap();
    let mut db = server.connect().await.unwrap();
    for statement in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
    server.database(&name).to_url_lossy().into()
}
