//! What is refused when a store is opened, and what is there when it is opened again.

use storage_sqlx::MasterKey;
use sync_core::LinkQuery;
use sync_core::testing::sample::{TENANT, at, fullest_link, link_id, storing};

use crate::place::{Place, on_every_store};
use crate::{OTHER_KEY, key};

on_every_store![
    a_newer_version_is_refused_and_both_are_named,
    another_programs_database_is_refused_and_left_alone,
    a_wrong_key_is_refused,
    what_was_committed_is_there_after_reopening,
    the_second_process_is_told_who_holds_the_lease,
    many_processes_may_open_a_new_database_at_once,
    a_store_shows_where_it_is_and_no_key,
];

/// Opening fails for good, and the message has all of these words.
async fn refused(place: &Place, key: MasterKey, words: &[&str]) {
    let error = place.open_with(key).await.unwrap_err();
    assert!(!error.is_temporary(), "{error}");
    for word in words.iter().chain(&[place.name().as_str()]) {
        assert!(error.to_string().contains(word), "no {word:?} in: {error}");
    }
}

async fn a_newer_version_is_refused_and_both_are_named(place: &Place) {
    place.open().await.close().await;
    place
        .execute(match place {
            Place::Sqlite(_) => "PRAGMA user_version = 99",
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => "UPDATE schema_version SET version = 99",
        })
        .await;
    let known = match place {
        Place::Sqlite(_) => "up to 1",
        #[cfg(feature = "postgres")]
        Place::Postgres(_) => "up to 2",
    };
    refused(place, key(), &["version 99", known]).await;
}

async fn another_programs_database_is_refused_and_left_alone(place: &Place) {
    place
        .execute(match place {
            Place::Sqlite(_) => "CREATE TABLE theirs (x); PRAGMA user_version = 1",
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => "CREATE SCHEMA clinic_sync; CREATE TABLE clinic_sync.theirs (x INTEGER)",
        })
        .await;
    refused(place, key(), &["another program"]).await;
    // Fails where a table of ours is beside it.
    place
        .execute(match place {
            Place::Sqlite(_) => "CREATE TABLE link (x)",
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => "DROP TABLE clinic_sync.theirs; DROP SCHEMA clinic_sync",
        })
        .await;
}

async fn a_wrong_key_is_refused(place: &Place) {
    place.open().await.close().await;
    refused(place, MasterKey::from_base64(OTHER_KEY).unwrap(), &["vault key does not fit"]).await;
    place.open().await.close().await;
}

async fn what_was_committed_is_there_after_reopening(place: &Place) {
    let store = place.open().await;
    store.commit(&TENANT, storing([fullest_link(1)])).await.unwrap();
    let query = LinkQuery::Ids(vec![link_id(1)]);
    let (link, key) = (store.links(&TENANT, &query).await.unwrap(), store.tenant_key(&TENANT).await.unwrap());
    assert_eq!(link.len(), 1);
    store.close().await;

    let store = place.open().await;
    assert_eq!(store.links(&TENANT, &query).await.unwrap(), link);
    assert_eq!(store.tenant_key(&TENANT).await.unwrap().bytes(), key.bytes());
}

async fn the_second_process_is_told_who_holds_the_lease(place: &Place) {
    let (one, two) = (place.open().await, place.open().await);
    one.acquire(&TENANT, "host-a", at(0), at(60)).await.unwrap().unwrap();
    let held = two.acquire(&TENANT, "host-b", at(1), at(61)).await.unwrap().unwrap_err();
    assert_eq!((held.by.as_str(), held.until), ("host-a", at(60)));
}

async fn many_processes_may_open_a_new_database_at_once(place: &Place) {
    // At worst one is told to try again.
    let open = async || loop {
        match place.open_with(key()).await {
            Ok(store) => break store,
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    };
    let (one, two, three) = tokio::join!(open(), open(), open());
    one.commit(&TENANT, storing([fullest_link(1)])).await.unwrap();
    for store in [two, three] {
        assert_eq!(store.links(&TENANT, &LinkQuery::Ids(vec![link_id(1)])).await.unwrap().len(), 1);
    }
}

async fn a_store_shows_where_it_is_and_no_key(place: &Place) {
    let store = place.open().await;
    assert!(store.place().contains(&place.name()), "{}", store.place());
    let shown = format!("{store:?} {:?}", store.vault());
    assert!(shown.contains(&place.name()) && !shown.contains("master"), "{shown}");
}
