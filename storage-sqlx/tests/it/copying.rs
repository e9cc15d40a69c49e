//! Everything is copied from a file to a server, or nothing.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use storage_sqlx::{PostgresStore, SqliteStore, Store, copy_store};
use sync_core::testing::crash_suite;
use sync_core::testing::sample::{TENANT, at, half, hint, link_id, pre_image, review, storing};
use sync_core::{Changes, HintQueue, Leases, LinkQuery, MappingReader, MappingStore, ReviewQuery, Urgency};

use crate::place::Folder;
use crate::server::Database;

const ALL: ReviewQuery = ReviewQuery { id: None, kind: None, link: None, values: true };

/// A file with something of everything: many tenants' links and runs, sealed values, secrets, hints and deliveries.
async fn full(folder: &Folder) -> Arc<SqliteStore> {
    let store = Arc::new(folder.open().await);
    crash_suite(store.clone()).await;
    let images = vec![pre_image(link_id(1), Some("before"), 0), pre_image(link_id(1), None, 10)];
    let opened = vec![review(1, Some(link_id(1)), 0), review(2, None, 1)];
    store.commit(&TENANT, Changes { opened, pre_images: images, ..storing([half(1, "L1")]) }).await.unwrap();
    store.vault().put(&TENANT, "token", &"geheim".into()).await.unwrap();
    store.receive(&TENANT, "one", &[(hint("a"), Urgency::Live), (hint("b"), Urgency::Backfill)], at(0)).await.unwrap();
    let lease = store.acquire(&TENANT, "somebody", at(0), at(60)).await.unwrap().unwrap();
    store.release(&TENANT, lease).await.unwrap();
    store
}

async fn assert_same(from: &SqliteStore, to: &PostgresStore) {
    let query = LinkQuery::Ids(vec![link_id(1)]);
    assert_eq!(to.links(&TENANT, &query).await.unwrap(), from.links(&TENANT, &query).await.unwrap());
    let reviews = to.reviews(&TENANT, &ALL).await.unwrap();
    assert_eq!(reviews, from.reviews(&TENANT, &ALL).await.unwrap());
    assert!(reviews.iter().any(|review| !review.values.0.is_empty()), "values are unsealed there");
    assert_eq!(to.pre_images(&TENANT, link_id(1)).await.unwrap(), from.pre_images(&TENANT, link_id(1)).await.unwrap());
    assert_eq!(to.vault().get(&TENANT, "token").await.unwrap().unwrap().expose_secret(), "geheim");
    assert_eq!(to.tenant_key(&TENANT).await.unwrap().bytes(), from.tenant_key(&TENANT).await.unwrap().bytes());
    assert_eq!(to.depth(&TENANT).await.unwrap(), from.depth(&TENANT).await.unwrap());
    assert!(!to.receive(&TENANT, "one", &[], at(1)).await.unwrap(), "deliveries are remembered");
    let fence = to.acquire(&TENANT, "another", at(0), at(60)).await.unwrap().unwrap();
    let before = from.acquire(&TENANT, "another", at(0), at(60)).await.unwrap().unwrap();
    assert_eq!(fence, before, "fences go on rising");
}

#[tokio::test]
async fn everything_is_there_afterwards_and_a_second_copy_changes_nothing() {
    let (folder, database) = (Folder::new(), Database::new().await);
    let (from, to) = (full(&folder).await, database.open().await);
    let copied = copy_store(&from, &to).await.unwrap();
    assert!(!copied.already && copied.rows.values().all(|rows| *rows > 0), "{copied:?}");
    let again = copy_store(&from, &to).await.unwrap();
    assert!(again.already && again.rows == copied.rows, "{again:?}");
    assert_same(&from, &to).await;
}

#[tokio::test]
async fn a_copy_that_is_broken_off_leaves_nothing_and_is_made_again() {
    let (folder, database) = (Folder::new(), Database::new().await);
    let (from, to) = (full(&folder).await, database.open().await);
    for millis in [1, 5, 20, 60] {
        let _ = tokio::time::timeout(Duration::from_millis(millis), copy_store(&from, &to)).await;
    }
    copy_store(&from, &to).await.unwrap();
    assert_same(&from, &to).await;
}

#[tokio::test]
async fn a_practice_that_works_there_already_is_left_alone() {
    let (folder, database) = (Folder::new(), Database::new().await);
    let (from, to) = (full(&folder).await, database.open().await);
    to.commit(&TENANT, storing([half(2, "L2")])).await.unwrap();
    let error = copy_store(&from, &to).await.unwrap_err();
    assert!(error.to_string().contains("not a copy of this file"), "{error}");
    assert_eq!(to.links(&TENANT, &LinkQuery::Ids(vec![link_id(1), link_id(2)])).await.unwrap().len(), 1);
}
