//! A server that is away, stands still, or has no room: it passes, and is survived.

use std::pin::pin;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use storage_sqlx::{PostgresOptions, PostgresStore, Store};
use sync_core::testing::sample::{OTHER_TENANT, PERSON, TENANT, at, half, hint, storing};
use sync_core::{Changes, CommitError, Error, ErrorKind, HintQueue, Leases, MappingReader, MappingStore, Urgency};

use super::Database;
use crate::key;

const SHORT: Duration = Duration::from_millis(200);

async fn impatient(database: &Database) -> PostgresStore {
    PostgresStore::open(database.options().with_patience(SHORT)).await.unwrap()
}

/// Something else in the database that lets nobody near the links.
async fn blocked(database: &Database) -> PgConnection {
    let mut other = database.raw().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE link IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
    other
}

/// Until somebody waits for a lock.
async fn somebody_waits(database: &Database) {
    let mut db = database.raw().await;
    let look = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(look).fetch_one(&mut db).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

async fn cut_all_others(db: &mut PgConnection) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(cut).execute(db).await.unwrap();
}

fn temporary(outcome: Result<(), CommitError>, word: &str) {
    let Err(CommitError::Failed(error)) = outcome else { panic!("it must fail, not {outcome:?}") };
    passing(&error, word);
}

fn passing(error: &Error, word: &str) {
    assert!(error.is_temporary() && error.to_string().contains(word), "{error}");
}

#[tokio::test]
async fn a_lock_by_somebody_else_is_temporary() {
    let database = Database::new().await;
    let store = impatient(&database).await;
    let mut other = blocked(&database).await;
    temporary(store.commit(&TENANT, storing([half(1, "L1")])).await, "another process");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.commit(&TENANT, storing([half(1, "L1")])).await.unwrap();
}

#[tokio::test]
async fn connections_that_were_cut_while_idle_are_not_even_noticed() {
    let database = Database::new().await;
    let store = database.open().await;
    store.push(&[(hint("A"), Urgency::Live)], at(0)).await.unwrap();
    cut_all_others(&mut database.raw().await).await;
    assert_eq!(store.depth(&TENANT).await.unwrap().waiting, 1);
    store.commit(&TENANT, storing([half(1, "L1")])).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_a_commit_is_temporary_and_nothing_was_written() {
    let database = Database::new().await;
    let store = database.open().await;
    let mut other = blocked(&database).await;
    let cut = async {
        somebody_waits(&database).await;
        cut_all_others(&mut other).await;
    };
    let woken = vec![(hint("A"), Urgency::Live)];
    let (tenant, changes) = (TENANT, Changes { woken, ..storing([half(1, "L1")]) });
    let (outcome, ()) = join(store.commit(&tenant, changes.clone()), cut).await;
    temporary(outcome, "ended the connection");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(store.heads(&TENANT, &PERSON, None, 9).await.unwrap().is_empty());
    assert_eq!(store.depth(&TENANT).await.unwrap().waiting, 0);
    store.commit(&TENANT, changes).await.unwrap();
}

#[tokio::test]
async fn a_pool_without_a_free_connection_is_temporary() {
    let database = Database::new().await;
    let store = PostgresStore::open(database.options().with_patience(SHORT).with_connections(1)).await.unwrap();
    let mut other = blocked(&database).await;
    let beside = async {
        somebody_waits(&database).await;
        let depth = store.depth(&TENANT).await;
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        depth
    };
    let (tenant, kind) = (TENANT, PERSON);
    let (heads, depth) = join(store.heads(&tenant, &kind, None, 9), beside).await;
    passing(&depth.unwrap_err(), "busy");
    assert!(heads.unwrap().is_empty(), "what waited for the lock goes on");
    assert_eq!(store.depth(&TENANT).await.unwrap().waiting, 0);
}

#[tokio::test]
async fn a_busy_tenant_leaves_connections_to_others() {
    let database = Database::new().await;
    let store = PostgresStore::open(database.options().with_connections(2)).await.unwrap();
    let mut other = blocked(&database).await;
    let busy =
        futures::future::join_all((0..9).map(async |number| store.commit(&TENANT, storing([half(number, &format!("L{number}"))])).await));
    let beside = async {
        somebody_waits(&database).await;
        store.push(&[(sync_core::HintKey { tenant: OTHER_TENANT, ..hint("A") }, Urgency::Live)], at(0)).await.unwrap();
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    };
    let (busy, ()) = join(busy, beside).await;
    assert!(busy.iter().all(Result::is_ok), "{busy:?}");
}

/// A future that nobody polls is what a stopped process is for the server: it says nothing more.
#[tokio::test]
async fn a_process_that_stands_still_in_a_commit_holds_up_nobody_and_commits_nothing() {
    let database = Database::new().await;
    let (stopped, successor) = (impatient(&database).await, database.open().await);
    let fence = stopped.acquire(&TENANT, "host-a", at(0), at(60)).await.unwrap().unwrap();
    let mut other = blocked(&database).await;
    let tenant = TENANT;
    let mut commit = pin!(stopped.commit(&tenant, Changes { fence: Some(fence), ..storing([half(1, "L1")]) }));
    {
        let mut in_the_middle = pin!(somebody_waits(&database));
        futures::future::poll_fn(|context| {
            assert!(commit.poll_unpin(context).is_pending());
            in_the_middle.poll_unpin(context)
        })
        .await;
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();

    successor.acquire(&TENANT, "host-b", at(60), at(120)).await.unwrap().unwrap();
    assert!(successor.heads(&TENANT, &PERSON, None, 9).await.unwrap().is_empty());
    let late = commit.await;
    assert!(matches!(&late, Err(CommitError::Failed(error)) if error.is_temporary()), "{late:?}");
    let again = stopped.commit(&TENANT, Changes { fence: Some(fence), ..storing([half(1, "L1")]) }).await;
    assert!(matches!(again, Err(CommitError::Fenced)), "{again:?}");
    assert!(successor.heads(&TENANT, &PERSON, None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_is_away_is_temporary_and_the_address_is_not_repeated() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = PostgresOptions::new(&format!("postgres://somebody:secret@127.0.0.1:{port}/practice"), key()).unwrap();
    assert!(!format!("{options:?}").contains("secret"));
    let error = PostgresStore::open(options).await.unwrap_err();
    passing(&error, &format!("127.0.0.1:{port}/practice"));
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");

    let nonsense = PostgresOptions::new("postgres://somebody:secret@127.0.0.1:port/", key()).unwrap_err();
    assert!(nonsense.kind() == ErrorKind::Configuration && !format!("{nonsense:?}").contains("secret"), "{nonsense:?}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let address = super::server().parse::<sqlx::postgres::PgConnectOptions>().unwrap().database("nowhere");
    let address: String = sqlx::ConnectOptions::to_url_lossy(&address).into();
    let error = PostgresStore::open(PostgresOptions::new(&address, key()).unwrap()).await.unwrap_err();
    assert!(!error.is_temporary() && error.to_string().contains("does not exist") && error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn whether_there_is_a_store_is_seen_without_making_one() {
    let database = Database::new().await;
    assert!(!database.options().is_set_up().await.unwrap());
    assert!(!database.options().is_set_up().await.unwrap(), "looking makes none");
    database.open().await.close().await;
    assert!(database.options().is_set_up().await.unwrap());
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let database = Database::new().await;
    let mut db = database.raw().await;
    let name = format!("{}_latin", database.name());
    let create = format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    let latin = Database { address: database.address.replace(&database.name, &name), name };
    let error = PostgresStore::open(latin.options()).await.unwrap_err();
    assert!(!error.is_temporary() && error.to_string().contains("UTF8"), "{error}");
}

#[tokio::test]
async fn a_role_without_rights_is_told_which_it_needs() {
    let database = Database::new().await;
    let mut db = database.raw().await;
    let role = format!("{}_guest", database.name());
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE ROLE {role} LOGIN"))).execute(&mut db).await.unwrap();
    let guest: sqlx::postgres::PgConnectOptions = database.address.parse().unwrap();
    let guest: String = sqlx::ConnectOptions::to_url_lossy(&guest.username(&role)).into();
    let error = PostgresStore::open(PostgresOptions::new(&guest, key()).unwrap()).await.unwrap_err();
    assert!(!error.is_temporary() && error.to_string().contains("grant it CREATE"), "{error}");

    // A schema that somebody with more rights made for it is enough.
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA clinic_sync AUTHORIZATION {role}"))).execute(&mut db).await.unwrap();
    let store = PostgresStore::open(PostgresOptions::new(&guest, key()).unwrap()).await.unwrap();
    store.commit(&TENANT, storing([half(1, "L1")])).await.unwrap();
}

/// Where a transaction sees what was there when it began, who waits for a turn decides on what was there before.
#[tokio::test]
async fn another_default_of_the_server_gives_no_lease_to_two() {
    let database = Database::new().await;
    let mut db = database.raw().await;
    for setting in ["default_transaction_isolation = 'repeatable read'", "search_path = pg_catalog"] {
        let alter = format!("ALTER DATABASE {} SET {setting}", database.name());
        sqlx::raw_sql(AssertSqlSafe(alter)).execute(&mut db).await.unwrap();
    }
    let (one, two) = (database.open().await, database.open().await);
    for number in 0..25 {
        let acquire = async |store: &PostgresStore, holder| store.acquire(&TENANT, holder, at(number * 100), at(number * 100 + 60)).await;
        let (first, second) = join(acquire(&one, "host-a"), acquire(&two, "host-b")).await;
        assert_ne!(first.unwrap().is_ok(), second.unwrap().is_ok());
    }
}
