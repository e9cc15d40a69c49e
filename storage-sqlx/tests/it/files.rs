//! What is done with files, and refused.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};
use sync_core::testing::sample::{TENANT, at, half, hint, link_id, storing};
use sync_core::{Changes, CommitError, ErrorKind, HintQueue, LinkQuery, MappingReader, MappingStore, Urgency};

use crate::place::Folder;
use crate::{OTHER_KEY, key};

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).busy_timeout(Duration::ZERO).connect().await.unwrap()
}

async fn execute(path: &Path, sql: &'static str) {
    let mut db = raw(path).await;
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// Opening fails for good, and the message has all of these words.
async fn refused(options: OpenOptions, words: &[&str]) {
    let error = SqliteStore::open(options).await.unwrap_err();
    assert!(!error.is_temporary(), "{error}");
    for word in words.iter().chain(&["sync.db"]) {
        assert!(error.to_string().contains(word), "no {word:?} in: {error}");
    }
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    execute(&folder.path(), "CREATE TABLE theirs (x); PRAGMA user_version = 1").await;
    let before = std::fs::read(folder.path()).unwrap();
    refused(folder.options(), &["another program"]).await;
    assert_eq!(std::fs::read(folder.path()).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = Folder::new();
    std::fs::write(folder.path(), "Dear diary, this is not a database. ".repeat(100)).unwrap();
    refused(folder.options(), &["not a database"]).await;
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = Folder::new();
    folder.open().await.close().await;
    let mut bytes = std::fs::read(folder.path()).unwrap();
    // All but the header, which still says whose it is.
    bytes[100..].fill(0xEE);
    std::fs::write(folder.path(), bytes).unwrap();
    refused(folder.options(), &["damaged", "backup"]).await;
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let folder = Folder::new();
    refused(OpenOptions::new(folder.path().join("none/sync.db"), key()), &["directory"]).await;
}

#[test]
fn only_the_base64_of_32_bytes_is_a_key() {
    for text in ["", "secret", "AQEB", &format!("{OTHER_KEY}{OTHER_KEY}")] {
        let error = MasterKey::from_base64(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!error.to_string().contains("secret") && error.to_string().contains("openssl rand"), "{error}");
    }
    assert!(MasterKey::from_base64(&format!(" {OTHER_KEY}\n")).is_ok(), "as a file holds it");
}

#[tokio::test]
async fn a_key_file_is_made_once_beside_a_new_database() {
    let folder = Folder::new();
    let made = MasterKey::beside(folder.path()).unwrap();
    assert!(made.created);
    SqliteStore::open(OpenOptions::new(folder.path(), made.key)).await.unwrap().close().await;
    let found = MasterKey::beside(folder.path()).unwrap();
    assert!(!found.created);
    SqliteStore::open(OpenOptions::new(folder.path(), found.key)).await.unwrap().close().await;

    std::fs::remove_file(found.path).unwrap();
    let lost = MasterKey::beside(folder.path()).unwrap_err().to_string();
    assert!(lost.contains("missing") && lost.contains("sync.db.key"), "a lost key is not replaced: {lost}");
    assert_eq!(std::fs::read_dir(folder.path().parent().unwrap()).unwrap().count(), 1, "nothing is left behind but the database");
}

#[cfg(unix)]
mod modes {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn all_files_are_for_their_owner_only() {
        let folder = Folder::new();
        let made = MasterKey::beside(folder.path()).unwrap();
        std::fs::write(folder.path(), "").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        let store = SqliteStore::open(OpenOptions::new(folder.path(), made.key)).await.unwrap();
        store.commit(&TENANT, storing([half(1, "L1")])).await.unwrap();
        for suffix in ["", "-wal", "-shm", ".key"] {
            let mut path = folder.path().into_os_string();
            path.push(suffix);
            assert_eq!(mode(Path::new(&path)), 0o600, "{suffix:?}");
        }
    }

    #[tokio::test]
    async fn a_key_file_that_others_can_read_is_refused() {
        let folder = Folder::new();
        let made = MasterKey::beside(folder.path()).unwrap();
        std::fs::set_permissions(&made.path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = MasterKey::beside(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("chmod 600 {}", made.path.display())), "{error}");
    }
}

#[tokio::test]
async fn a_lock_by_another_process_is_temporary() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut other = raw(&folder.path()).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let locked = store.commit(&TENANT, storing([half(1, "L1")])).await;
    let Err(CommitError::Failed(error)) = locked else { panic!("the database is locked: {locked:?}") };
    assert!(error.is_temporary() && error.to_string().contains("locked by another process"), "{error}");
    assert!(store.heads(&TENANT, &"person".into(), None, 9).await.unwrap().is_empty(), "reading goes on");

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.commit(&TENANT, storing([half(1, "L1")])).await.unwrap();
}

#[tokio::test]
async fn opening_a_locked_file_is_temporary() {
    let folder = Folder::new();
    folder.open().await.close().await;
    let mut other = raw(&folder.path()).await;
    sqlx::raw_sql("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT").execute(&mut other).await.unwrap();
    let error = SqliteStore::open(folder.options()).await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("sync.db"), "{error}");
    other.close().await.unwrap();
    folder.open().await;
}

/// The files as they are on the disk at some moment are what a process that is killed then leaves behind.
#[tokio::test]
async fn a_killed_process_keeps_what_was_answered() {
    let (folder, after) = (Folder::new(), Folder::new());
    let store = folder.open().await;
    store.commit(&TENANT, Changes { durable: true, ..storing([half(1, "L1")]) }).await.unwrap();
    store.commit(&TENANT, storing([half(2, "L2")])).await.unwrap();
    store.push(&[(hint("L3"), Urgency::Live)], at(0)).await.unwrap();
    for file in std::fs::read_dir(folder.path().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), after.path().with_file_name(file.file_name())).unwrap();
    }

    let store = after.open().await;
    let links = store.links(&TENANT, &LinkQuery::Ids([1, 2].map(link_id).to_vec())).await.unwrap();
    assert_eq!(links.len(), 2);
    assert_eq!(store.depth(&TENANT).await.unwrap().waiting, 1);
}

#[test]
fn a_store_that_is_dropped_with_its_runtime_keeps_what_was_answered() {
    let folder = Folder::new();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime().block_on(async {
        let store = folder.open().await;
        store.commit(&TENANT, Changes { durable: true, ..storing([half(1, "L1")]) }).await.unwrap();
    });
    let links = runtime().block_on(async { folder.open().await.links(&TENANT, &LinkQuery::Ids(vec![link_id(1)])).await.unwrap() });
    assert_eq!(links.len(), 1);
}
