//! Checks of [`Leases`](crate::Leases), and of what a lost lease does to a commit.

use super::sample::{OTHER_TENANT, TENANT, at, half, storing};
use super::{AnyStore, Check, checks};
use crate::{Changes, CommitError, Fence, Held, LinkQuery, TenantId};

/// The checks of leases.
#[must_use]
pub fn lease_checks() -> Vec<Check> {
    checks![
        one_holder_at_a_time_and_the_other_is_told_who,
        the_holder_renews_under_the_same_fence,
        a_lease_that_ran_out_is_taken_under_a_higher_fence,
        a_released_lease_is_free_and_the_fence_still_rises,
        a_late_release_takes_nothing_from_the_successor,
        a_tenants_lease_says_nothing_about_another_tenant,
        a_lost_lease_cannot_commit,
        a_released_lease_cannot_commit,
        a_held_lease_commits,
    ]
}

async fn acquire(store: &dyn AnyStore, tenant: &TenantId, holder: &str, now: i64, until: i64) -> Result<Fence, Held> {
    store.acquire(tenant, holder, at(now), at(until)).await.expect("a lease can be asked for")
}

async fn must_acquire(store: &dyn AnyStore, holder: &str, now: i64, until: i64) -> Fence {
    acquire(store, &TENANT, holder, now, until).await.expect("the lease is free")
}

fn under(fence: Fence) -> Changes {
    Changes { fence: Some(fence), ..storing([half(1, "L1")]) }
}

async fn stored(store: &dyn AnyStore) -> usize {
    store.links(&TENANT, &LinkQuery::Ids(vec![super::sample::link_id(1)])).await.expect("links can be read").len()
}

async fn one_holder_at_a_time_and_the_other_is_told_who(store: &dyn AnyStore) {
    must_acquire(store, "host-a", 0, 60).await;
    let refused = acquire(store, &TENANT, "host-b", 59, 120).await;
    assert_eq!(refused, Err(Held { by: "host-a".to_owned(), until: at(60) }), "the second is told who holds it, and until when");
}

async fn the_holder_renews_under_the_same_fence(store: &dyn AnyStore) {
    let first = must_acquire(store, "host-a", 0, 60).await;
    assert_eq!(must_acquire(store, "host-a", 30, 90).await, first, "renewing keeps the fence");
    let refused = acquire(store, &TENANT, "host-b", 61, 120).await;
    assert_eq!(refused.map_err(|held| held.until), Err(at(90)), "a renewed lease holds until its new end");
}

async fn a_lease_that_ran_out_is_taken_under_a_higher_fence(store: &dyn AnyStore) {
    let first = must_acquire(store, "host-a", 0, 60).await;
    let second = must_acquire(store, "host-b", 60, 120).await;
    assert!(second > first, "a new holder has a higher fence");
}

async fn a_released_lease_is_free_and_the_fence_still_rises(store: &dyn AnyStore) {
    let first = must_acquire(store, "host-a", 0, 60).await;
    store.release(&TENANT, first).await.expect("a lease can be given back");
    let second = must_acquire(store, "host-b", 1, 60).await;
    assert!(second > first, "a released lease leaves its fence behind");
}

async fn a_late_release_takes_nothing_from_the_successor(store: &dyn AnyStore) {
    let first = must_acquire(store, "host-a", 0, 60).await;
    must_acquire(store, "host-b", 60, 120).await;
    store.release(&TENANT, first).await.expect("a late release is no failure");
    let third = acquire(store, &TENANT, "host-c", 61, 120).await;
    assert_eq!(third.map_err(|held| held.by), Err("host-b".to_owned()), "a release under an old fence does nothing");
}

async fn a_tenants_lease_says_nothing_about_another_tenant(store: &dyn AnyStore) {
    must_acquire(store, "host-a", 0, 60).await;
    assert!(acquire(store, &OTHER_TENANT, "host-b", 0, 60).await.is_ok(), "each tenant has its own lease");
}

async fn a_lost_lease_cannot_commit(store: &dyn AnyStore) {
    let first = must_acquire(store, "host-a", 0, 60).await;
    let second = must_acquire(store, "host-b", 60, 120).await;
    let late = store.commit(&TENANT, under(first)).await;
    assert!(matches!(late, Err(CommitError::Fenced)), "a commit under a lost lease is fenced, not {late:?}");
    assert_eq!(stored(store).await, 0, "a fenced commit writes nothing");
    store.commit(&TENANT, under(second)).await.expect("the successor commits");
}

async fn a_released_lease_cannot_commit(store: &dyn AnyStore) {
    let fence = must_acquire(store, "host-a", 0, 60).await;
    store.release(&TENANT, fence).await.expect("a lease can be given back");
    let late = store.commit(&TENANT, under(fence)).await;
    assert!(matches!(late, Err(CommitError::Fenced)), "a commit under a released lease is fenced, not {late:?}");
    let invented = store.commit(&OTHER_TENANT, under(Fence(0))).await;
    assert!(matches!(invented, Err(CommitError::Fenced)), "a commit under a lease that never was is fenced, not {invented:?}");
}

async fn a_held_lease_commits(store: &dyn AnyStore) {
    let fence = must_acquire(store, "host-a", 0, 60).await;
    store.commit(&TENANT, under(fence)).await.expect("a commit under the lease is done");
    assert_eq!(stored(store).await, 1);
}
