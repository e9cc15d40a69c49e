//! Two processes that write at once.

use std::collections::BTreeSet;

use futures::future::{join, join_all};
use storage_sqlx::Store;
use sync_core::testing::sample::{OTHER_TENANT, PERSON, TENANT, at, half, hint, link_id, storing};
use sync_core::{Changes, CommitError, HintKey, Link, LinkQuery, Result, TenantId, Urgency};

use crate::place::{Place, on_every_store};

on_every_store![
    of_two_links_for_one_record_one_is_kept,
    of_two_changes_to_one_version_one_is_kept,
    every_hint_for_one_record_counts,
    a_hint_is_taken_by_one_of_them,
    a_delivery_is_received_by_one_of_them,
    hints_of_two_tenants_may_come_in_any_order,
    a_lease_has_one_holder_and_every_holder_another_fence,
    nothing_is_committed_under_a_lease_that_was_taken_over,
    of_two_secrets_one_is_kept,
    a_tenant_has_one_key,
];

/// So often is everything done at once.
const TIMES: u32 = 25;

async fn pair(place: &Place) -> (Box<dyn Store>, Box<dyn Store>) {
    (place.open().await, place.open().await)
}

/// Of two commits, exactly one went through, and the other is stale.
fn one_of(one: &Result<(), CommitError>, two: &Result<(), CommitError>) {
    assert!(
        matches!((one, two), (Ok(()), Err(CommitError::Stale)) | (Err(CommitError::Stale), Ok(()))),
        "one is kept and the other is stale, not {one:?} and {two:?}"
    );
}

async fn of_two_links_for_one_record_one_is_kept(place: &Place) {
    let (one, two) = pair(place).await;
    for number in 0..TIMES {
        let record = format!("L{number}");
        let commit = async |store: &dyn Store, id| store.commit(&TENANT, storing([half(id, &record)])).await;
        let (first, second) = join(commit(&*one, 2 * number), commit(&*two, 2 * number + 1)).await;
        one_of(&first, &second);
    }
    assert_eq!(one.heads(&TENANT, &PERSON, None, 1000).await.unwrap().len(), TIMES as usize);
}

async fn of_two_changes_to_one_version_one_is_kept(place: &Place) {
    let (one, two) = pair(place).await;
    one.commit(&TENANT, storing([half(1, "L"), half(2, "M")])).await.unwrap();
    for version in 1..=u64::from(TIMES) {
        // They name the two links in different orders, as sweeps and hints do.
        let both = [Link { version, ..half(1, "L") }, Link { version, ..half(2, "M") }];
        let reversed = [both[1].clone(), both[0].clone()];
        let (first, second) = join(one.commit(&TENANT, storing(both)), two.commit(&TENANT, storing(reversed))).await;
        one_of(&first, &second);
    }
    let links = two.links(&TENANT, &LinkQuery::Ids(vec![link_id(1), link_id(2)])).await.unwrap();
    assert_eq!(links.iter().map(|link| link.version).collect::<Vec<_>>(), [u64::from(TIMES) + 1; 2]);
}

async fn every_hint_for_one_record_counts(place: &Place) {
    let (one, two) = pair(place).await;
    let hints = [(hint("A"), Urgency::Live), (hint("B"), Urgency::Backfill)];
    let reversed = [hints[1].clone(), hints[0].clone()];
    let pushes = (0..TIMES).map(|_| async {
        let (first, second) = join(one.push(&hints, at(0)), two.push(&reversed, at(0))).await;
        first.and(second).unwrap();
    });
    join_all(pushes).await;
    let taken = one.take(&TENANT, 9, at(0), at(60)).await.unwrap();
    assert_eq!(taken.iter().map(|taken| taken.generation).collect::<Vec<_>>(), [u64::from(2 * TIMES); 2]);
}

async fn a_hint_is_taken_by_one_of_them(place: &Place) {
    let (one, two) = pair(place).await;
    let records: Vec<_> = (0..4 * TIMES).map(|number| format!("L{number}")).collect();
    one.push(&records.iter().map(|record| (hint(record), Urgency::Live)).collect::<Vec<_>>(), at(0)).await.unwrap();
    let mut taken = Vec::new();
    loop {
        let (first, second) = join(one.take(&TENANT, 7, at(0), at(60)), two.take(&TENANT, 7, at(0), at(60))).await;
        let before = taken.len();
        taken.extend(first.unwrap().into_iter().chain(second.unwrap()).map(|taken| taken.key.id));
        if taken.len() == before {
            break;
        }
    }
    assert_eq!(taken.len(), records.len(), "each once");
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), records.len(), "and all of them");
}

async fn a_delivery_is_received_by_one_of_them(place: &Place) {
    let (one, two) = pair(place).await;
    for number in 0..TIMES {
        let (delivery, hints) = (format!("delivery-{number}"), [(hint("A"), Urgency::Live)]);
        let receive = async |store: &dyn Store| store.receive(&TENANT, &delivery, &hints, at(0)).await.unwrap();
        let (first, second) = join(receive(&*one), receive(&*two)).await;
        assert_ne!(first, second);
    }
    let [taken] = &one.take(&TENANT, 9, at(0), at(60)).await.unwrap()[..] else { panic!("one hint") };
    assert_eq!(taken.generation, u64::from(TIMES), "a second delivery adds nothing");
}

async fn hints_of_two_tenants_may_come_in_any_order(place: &Place) {
    let (one, two) = pair(place).await;
    let of = |tenant: TenantId| (HintKey { tenant, ..hint("A") }, Urgency::Live);
    let (hints, reversed) = ([of(TENANT), of(OTHER_TENANT)], [of(OTHER_TENANT), of(TENANT)]);
    let pushes = (0..TIMES).map(|_| join(one.push(&hints, at(0)), two.push(&reversed, at(0))));
    for (first, second) in join_all(pushes).await {
        first.and(second).unwrap();
    }
    for tenant in [TENANT, OTHER_TENANT] {
        assert_eq!(one.take(&tenant, 9, at(0), at(60)).await.unwrap()[0].generation, u64::from(2 * TIMES));
    }
}

async fn a_lease_has_one_holder_and_every_holder_another_fence(place: &Place) {
    let (one, two) = pair(place).await;
    let mut last = 0;
    for time in (0..i64::from(TIMES)).map(|number| number * 100) {
        let acquire = async |store: &dyn Store, holder| store.acquire(&TENANT, holder, at(time), at(time + 60)).await.unwrap();
        let (first, second) = join(acquire(&*one, "host-a"), acquire(&*two, "host-b")).await;
        let fence = match (first, second) {
            (Ok(fence), Err(held)) => (fence, held.by == "host-a"),
            (Err(held), Ok(fence)) => (fence, held.by == "host-b"),
            both => panic!("one of them gets it, not {both:?}"),
        };
        assert!(fence.1, "the other is told who has it");
        // The same holder may have renewed it.
        assert!(fence.0.0 >= last);
        last = fence.0.0;
        // The third is always another one.
        let third = one.acquire(&TENANT, "host-c", at(time + 60), at(time + 90)).await.unwrap().unwrap();
        assert_eq!(third.0, last + 1);
        last = third.0;
    }
}

async fn nothing_is_committed_under_a_lease_that_was_taken_over(place: &Place) {
    let (one, two) = pair(place).await;
    let old = one.acquire(&TENANT, "host-a", at(0), at(60)).await.unwrap().unwrap();
    let commits = (0..4 * TIMES).map(async |number| {
        let changes = Changes { fence: Some(old), durable: number % 2 == 0, ..storing([half(number, &format!("L{number}"))]) };
        one.commit(&TENANT, changes).await
    });
    let count = async || two.heads(&TENANT, &PERSON, None, 1000).await.unwrap().len();
    let takeover = async {
        // Somewhere in the middle.
        while count().await == 0 {
            tokio::task::yield_now().await;
        }
        two.acquire(&TENANT, "host-b", at(60), at(120)).await.unwrap().unwrap();
        count().await
    };
    let (commits, seen) = join(join_all(commits), takeover).await;
    let done = commits.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(commits.iter().all(|outcome| matches!(outcome, Ok(()) | Err(CommitError::Fenced))), "{commits:?}");
    assert_eq!(count().await, done, "what was answered is there, and nothing else");
    assert_eq!(seen, done, "nothing came in after the successor had the lease");
}

async fn of_two_secrets_one_is_kept(place: &Place) {
    let (one, two) = pair(place).await;
    let mut kept: Option<secrecy::SecretString> = None;
    for number in 0..TIMES {
        let swap = async |store: &dyn Store, new: &str| store.vault().swap(&TENANT, "token", kept.as_ref(), &new.into()).await.unwrap();
        let (ours, theirs) = (format!("one-{number}"), format!("two-{number}"));
        let (first, second) = join(swap(&*one, &ours), swap(&*two, &theirs)).await;
        assert_ne!(first, second, "of two at once, one wins");
        kept = Some(if first { ours } else { theirs }.into());
    }
    let found = two.vault().get(&TENANT, "token").await.unwrap();
    assert_eq!(found.as_ref().map(secrecy::ExposeSecret::expose_secret), kept.as_ref().map(secrecy::ExposeSecret::expose_secret));
}

async fn a_tenant_has_one_key(place: &Place) {
    let (one, two) = pair(place).await;
    for number in 0..TIMES {
        let tenant = TenantId::from(format!("practice {number}").as_str());
        let (first, second) = join(one.tenant_key(&tenant), two.tenant_key(&tenant)).await;
        assert_eq!(first.unwrap().bytes(), second.unwrap().bytes());
    }
}
