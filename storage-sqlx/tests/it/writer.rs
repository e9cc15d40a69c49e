//! Group commit.

use std::sync::Arc;

use futures::future::join_all;
use sync_core::testing::sample::{PERSON, TENANT, at, half, hint, storing};
use sync_core::{Changes, CommitError, Link, Urgency};

use crate::place::{Place, on_every_store};

on_every_store![
    commits_that_wait_together_are_all_there,
    a_stale_commit_fails_alone,
    closing_waits_for_what_was_asked_and_refuses_the_rest,
    a_caller_that_stops_waiting_stops_nobody_else,
];

async fn commits_that_wait_together_are_all_there(place: &Place) {
    let store = Arc::new(place.open().await);
    let commits = (0..64).map(|number| {
        let store = Arc::clone(&store);
        let changes = Changes { durable: number % 2 == 0, ..storing([half(number, &format!("L{number}"))]) };
        tokio::spawn(async move { store.commit(&TENANT, changes).await })
    });
    for done in join_all(commits).await {
        done.unwrap().unwrap();
    }
    store.close().await;
    assert_eq!(place.open().await.heads(&TENANT, &PERSON, None, 100).await.unwrap().len(), 64);
}

async fn a_stale_commit_fails_alone(place: &Place) {
    let (store, tenant) = (place.open().await, TENANT);
    // Polled together, they wait together. The second stores a link before it turns out stale.
    let stale = storing([half(7, "L7"), Link { version: 5, ..half(1, "L1") }]);
    let (first, second, third) = tokio::join!(
        store.commit(&tenant, storing([half(1, "L1")])),
        store.commit(&tenant, stale),
        store.commit(&tenant, storing([half(2, "L2")])),
    );
    assert!(first.is_ok() && matches!(second, Err(CommitError::Stale)) && third.is_ok());
    let heads = store.heads(&TENANT, &PERSON, None, 9).await.unwrap();
    assert_eq!(heads.iter().map(|head| head.link).collect::<Vec<_>>(), [half(1, "").id, half(2, "").id]);
}

async fn closing_waits_for_what_was_asked_and_refuses_the_rest(place: &Place) {
    let (store, tenant) = (place.open().await, TENANT);
    let (done, ()) = tokio::join!(store.commit(&tenant, storing([half(1, "L1")])), store.close());
    done.unwrap();
    let late = store.commit(&TENANT, storing([half(2, "L2")])).await.unwrap_err();
    assert!(late.to_string().contains("closed"), "{late}");
    assert!(store.push(&[(hint("L3"), Urgency::Live)], at(0)).await.is_err(), "a hint that is not kept is not accepted");
    assert!(store.heads(&TENANT, &PERSON, None, 9).await.is_err());
    store.close().await;
}

async fn a_caller_that_stops_waiting_stops_nobody_else(place: &Place) {
    let (store, tenant) = (place.open().await, TENANT);
    let gave_up = tokio::select! {
        biased;
        done = store.commit(&tenant, storing([half(1, "L1")])) => Some(done),
        () = std::future::ready(()) => None,
    };
    assert!(gave_up.is_none());
    store.commit(&TENANT, storing([half(2, "L2")])).await.unwrap();
}
