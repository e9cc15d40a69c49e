//! Checks of [`HintQueue`](crate::HintQueue).

use super::sample::{OTHER_TENANT, TENANT, at, half, hint, storing};
use super::{AnyStore, Check, checks};
use crate::{Changes, CommitError, Depth, Handled, HintKey, Taken, TenantId, Urgency};

/// The checks of the inbox.
#[must_use]
pub fn queue_checks() -> Vec<Check> {
    checks![
        hints_for_one_record_coalesce,
        hints_with_different_keys_stay_apart,
        live_goes_before_backfill,
        the_oldest_goes_first_and_the_limit_holds,
        a_live_hint_hurries_a_waiting_backfill,
        a_taken_hint_is_invisible_until_it_is_handled,
        a_taken_hint_comes_back_after_its_time,
        a_hint_during_its_work_runs_once_more,
        a_hint_during_the_last_attempt_is_not_given_up_with_it,
        hints_from_before_a_sweep_are_dropped,
        a_delivery_counts_once_for_a_week,
        a_retry_waits_for_its_time_and_counts,
        a_wait_comes_back_in_time_and_counts_nothing,
        what_was_taken_and_never_handled_can_be_reclaimed,
        of_several_that_are_reclaimed_none_is_to_blame,
        new_hints_reset_neither_attempts_nor_delay,
        dead_hints_wait_for_replay,
        a_new_hint_revives_a_dead_one,
        handling_an_unknown_hint_does_nothing,
        tenants_do_not_see_each_others_hints,
        a_commit_wakes_hints_at_once,
        a_stale_commit_wakes_nothing,
    ]
}

async fn push(store: &dyn AnyStore, records: &[&str], urgency: Urgency, now: i64) {
    let hints: Vec<_> = records.iter().map(|record| (hint(record), urgency)).collect();
    store.push(&hints, at(now)).await.expect("hints can be added");
}

/// Takes hints that come back a minute later.
async fn take(store: &dyn AnyStore, now: i64) -> Vec<Taken> {
    take_of(store, &TENANT, 100, now).await
}

async fn take_of(store: &dyn AnyStore, tenant: &TenantId, limit: usize, now: i64) -> Vec<Taken> {
    store.take(tenant, limit, at(now), at(now + 60)).await.expect("hints can be taken")
}

async fn take_one(store: &dyn AnyStore, now: i64) -> Taken {
    let mut taken = take(store, now).await;
    assert_eq!(taken.len(), 1, "exactly one hint is due");
    taken.remove(0)
}

async fn handle(store: &dyn AnyStore, taken: &Taken, outcome: Handled) {
    store.handled(taken, outcome).await.expect("an outcome can be recorded");
}

async fn depth(store: &dyn AnyStore) -> (usize, usize) {
    let Depth { waiting, dead, .. } = store.depth(&TENANT).await.expect("the depth can be read");
    (waiting, dead)
}

fn ids(taken: &[Taken]) -> Vec<&str> {
    taken.iter().map(|taken| taken.key.id.as_str()).collect()
}

async fn hints_for_one_record_coalesce(store: &dyn AnyStore) {
    push(store, &["A", "A"], Urgency::Live, 0).await;
    push(store, &["A"], Urgency::Live, 1).await;
    assert_eq!(depth(store).await, (1, 0), "one row per record, within one push and over several");
    let taken = take_one(store, 1).await;
    handle(store, &taken, Handled::Done).await;
    assert_eq!(depth(store).await, (0, 0), "hints before the work are done with it");
}

async fn hints_with_different_keys_stay_apart(store: &dyn AnyStore) {
    let one = hint("A");
    let keys = [
        HintKey { kind: "appointment".into(), ..one.clone() },
        HintKey { side: one.side.opposite(), ..one.clone() },
        HintKey { id: "a".into(), ..one.clone() },
        one,
    ];
    let hints: Vec<_> = keys.iter().map(|key| (key.clone(), Urgency::Live)).collect();
    store.push(&hints, at(0)).await.expect("hints can be added");
    let taken: Vec<_> = take(store, 0).await.into_iter().map(|taken| taken.key).collect();
    assert_eq!(taken, keys, "kind, side and exact id tell records apart, and they come in their order");
}

async fn live_goes_before_backfill(store: &dyn AnyStore) {
    push(store, &["old"], Urgency::Backfill, 0).await;
    push(store, &["new"], Urgency::Live, 5).await;
    assert_eq!(ids(&take(store, 5).await), ["new", "old"], "live hints go first");
}

async fn the_oldest_goes_first_and_the_limit_holds(store: &dyn AnyStore) {
    push(store, &["C", "A"], Urgency::Live, 0).await;
    push(store, &["B"], Urgency::Live, 0).await;
    push(store, &["C"], Urgency::Live, 1).await;
    assert_eq!(store.depth(&TENANT).await.expect("the depth can be read").oldest, Some(at(0)));
    assert_eq!(ids(&take_of(store, &TENANT, 2, 1).await), ["C", "A"], "in the order of the first hint for each");
    assert_eq!(ids(&take_of(store, &TENANT, 2, 1).await), ["B"], "the rest comes next");
}

async fn a_live_hint_hurries_a_waiting_backfill(store: &dyn AnyStore) {
    push(store, &["A", "B"], Urgency::Backfill, 0).await;
    push(store, &["B"], Urgency::Live, 1).await;
    push(store, &["B"], Urgency::Backfill, 2).await;
    let taken = take(store, 2).await;
    assert_eq!(ids(&taken), ["B", "A"], "the more urgent of two hints counts");
    assert_eq!(taken[0].urgency, Urgency::Live);
}

async fn a_taken_hint_is_invisible_until_it_is_handled(store: &dyn AnyStore) {
    push(store, &["A"], Urgency::Live, 0).await;
    let taken = take_one(store, 0).await;
    assert_eq!((taken.attempts, taken.urgency), (0, Urgency::Live));
    push(store, &["A"], Urgency::Live, 1).await;
    assert_eq!(ids(&take(store, 59).await), [""; 0], "a record is worked on once at a time");
    assert_eq!(depth(store).await, (1, 0), "a taken hint still counts as waiting");
}

async fn a_taken_hint_comes_back_after_its_time(store: &dyn AnyStore) {
    push(store, &["A"], Urgency::Live, 0).await;
    take_one(store, 0).await;
    let again = take_one(store, 60).await;
    assert_eq!(again.attempts, 1, "work that was never handled counts as an attempt");
    assert_eq!(take_one(store, 120).await.attempts, 2);
}

async fn a_hint_during_its_work_runs_once_more(store: &dyn AnyStore) {
    push(store, &["A"], Urgency::Live, 0).await;
    let first = take_one(store, 0).await;
    push(store, &["A"], Urgency::Live, 1).await;
    push(store, &["A"], Urgency::Live, 2).await;
    handle(store, &first, Handled::Done).await;
    let second = take_one(store, 3).await;
    assert!(second.generation > first.generation, "the generation rises with every hint");
    assert_eq!(second.attempts, 0, "the work before was done");
    handle(store, &second, Handled::Done).await;
    assert_eq!(depth(store).await, (0, 0), "once more, not twice");
}

async fn a_retry_waits_for_its_time_and_counts(store: &dyn AnyStore) {
    push(store, &["A"], Urgency::Live, 0).await;
    let first = take_one(store, 0).await;
    handle(store, &first, Handled::Retry { due: at(30) }).await;
    assert!(take(store, 29).await.is_empty(), "a retry waits until it is due");
    let again = take_one(store, 30).await;
    assert_eq!(again.attempts, 1, "a retry counts as an attempt");
    handle(store, &again, Handled::Done).await;
    assert_eq!(depth(store).await, (0, 0));
}

async fn a_wait_comes_back_in_time_and_counts_nothing(store: &dyn AnyStore) {
    push(store, &["A"], Urgency::Live, 0).await;
    let first = take_one(store, 0).await;
    handle(store, &first, Handled::Wait { due: at(30) }).await;
    assert!(take(store, 29).await.is_empty(), "it waits until it is due");
    assert_eq!(take_one(store, 30).await.attempts, 0, "nothing failed");
}

async fn what_was_taken_and_never_handled_can_be_reclaimed(store: &dyn AnyStore) {
    let theirs = HintKey { tenant: OTHER_TENANT, ..hint("A") };
    store.push(&[(theirs, Urgency::Live)], at(0)).await.expect("hints can be added");
    take_of(store, &OTHER_TENANT, 10, 0).await;
    push(store, &["taken"], Urgency::Live, 0).await;
    take_one(store, 0).await;
    push(store, &["waiting"], Urgency::Live, 0).await;
    assert_eq!(store.reclaim(&TENANT).await.expect("hints can be reclaimed"), 1, "only what somebody had taken");
    let again: Vec<_> = take(store, 1).await.into_iter().map(|taken| taken.attempts).collect();
    assert_eq!(again, [1, 0], "due at once; work that was never handled counts as an attempt");
    assert!(take_of(store, &OTHER_TENANT, 10, 1).await.is_empty(), "another tenant's hints stay with who has them");
}

async fn of_several_that_are_reclaimed_none_is_to_blame(store: &dyn AnyStore) {
    push(store, &["A", "B"], Urgency::Live, 0).await;
    for _ in 0..3 {
        assert_eq!(take(store, 0).await.len(), 2);
        assert_eq!(store.reclaim(&TENANT).await.expect("hints can be reclaimed"), 2);
    }
    let again: Vec<_> = take(store, 1).await.into_iter().map(|taken| taken.attempts).collect();
    assert_eq!(again, [0, 0], "at most one of them was worked on, and nobody knows which");
}

async fn new_hints_reset_neither_attempts_nor_delay(store: &dyn AnyStore) {
    push(store, &["A"], Urgency::Live, 0).await;
    let first = take_one(store, 0).await;
    push(store, &["A"], Urgency::Live, 1).await;
    handle(store, &first, Handled::Retry { due: at(30) }).await;
    push(store, &["A"], Urgency::Live, 2).await;
    assert!(take(store, 29).await.is_empty(), "new hints do not shorten a delay");
    assert_eq!(take_one(store, 30).await.attempts, 1, "new hints do not reset the attempts");
}

async fn bury(store: &dyn AnyStore, record: &str) {
    push(store, &[record], Urgency::Live, 0).await;
    let taken = take_one(store, 0).await;
    handle(store, &taken, Handled::Retry { due: at(0) }).await;
    let taken = take_one(store, 0).await;
    handle(store, &taken, Handled::Dead { reason: "gave up".to_owned() }).await;
}

async fn dead_hints_wait_for_replay(store: &dyn AnyStore) {
    bury(store, "A").await;
    assert_eq!(depth(store).await, (0, 1), "a dead hint is kept");
    assert!(take(store, 1000).await.is_empty(), "a dead hint is not due");
    assert_eq!(store.replay(&OTHER_TENANT, at(1000)).await.expect("replay works"), 0, "another tenant has none");
    assert_eq!(store.replay(&TENANT, at(1000)).await.expect("replay works"), 1, "replay says how many");
    assert!(take(store, 999).await.is_empty(), "due from the moment of the replay");
    assert_eq!(take_one(store, 1000).await.attempts, 0, "a replayed hint starts anew");
    assert_eq!(depth(store).await, (1, 0));
}

async fn a_new_hint_revives_a_dead_one(store: &dyn AnyStore) {
    bury(store, "A").await;
    push(store, &["A"], Urgency::Live, 50).await;
    assert!(take(store, 49).await.is_empty(), "due from the moment of the hint");
    assert_eq!(take_one(store, 50).await.attempts, 1, "it gets another attempt, not a new count");
}

async fn a_hint_during_the_last_attempt_is_not_given_up_with_it(store: &dyn AnyStore) {
    push(store, &["A"], Urgency::Live, 0).await;
    let taken = take_one(store, 0).await;
    push(store, &["A"], Urgency::Live, 1).await;
    handle(store, &taken, Handled::Dead { reason: "gave up".to_owned() }).await;
    assert_eq!(depth(store).await, (1, 0), "what came in later was never tried");
    let again = take_one(store, 1).await;
    handle(store, &again, Handled::Dead { reason: "gave up".to_owned() }).await;
    assert_eq!(depth(store).await, (0, 1));
}

async fn hints_from_before_a_sweep_are_dropped(store: &dyn AnyStore) {
    bury(store, "dead").await;
    push(store, &["taken"], Urgency::Live, 0).await;
    take_one(store, 0).await;
    push(store, &["old", "again", "new"], Urgency::Live, 1).await;
    push(store, &["again"], Urgency::Live, 9).await;
    push(store, &["new"], Urgency::Live, 10).await;
    let HintKey { kind, side, .. } = hint("old");
    let forget = async |side, before| store.forget(&TENANT, &kind, side, at(before)).await.expect("hints can be dropped");
    assert_eq!(forget(side.opposite(), 100).await, 0, "the other side was not looked at");
    assert_eq!(forget(side, 10).await, 2, "what came in before it began");
    assert_eq!(depth(store).await, (2, 1), "neither what is being worked on, nor what came in since, nor what was given up");
    assert_eq!(forget(side, 11).await, 1);
}

async fn a_delivery_counts_once_for_a_week(store: &dyn AnyStore) {
    const WEEK: i64 = 7 * 86_400;
    let receive = async |tenant, record, second| {
        let hints = [(HintKey { tenant, ..hint(record) }, Urgency::Live)];
        store.receive(&hints[0].0.tenant, "delivery-1", &hints, at(second)).await.expect("a delivery can be received")
    };
    assert!(receive(TENANT, "A", 0).await);
    assert!(!receive(TENANT, "B", 1).await, "the second one adds nothing");
    assert_eq!(depth(store).await, (1, 0));
    assert!(receive(OTHER_TENANT, "A", 1).await, "another tenant's deliveries are others");
    assert!(!receive(TENANT, "B", WEEK - 1).await);
    assert!(receive(TENANT, "B", WEEK).await, "it is remembered for seven days after it was received");
    assert_eq!(depth(store).await, (2, 0));
}

async fn handling_an_unknown_hint_does_nothing(store: &dyn AnyStore) {
    push(store, &["A"], Urgency::Live, 0).await;
    let taken = take_one(store, 0).await;
    handle(store, &taken, Handled::Done).await;
    handle(store, &taken, Handled::Dead { reason: "late".to_owned() }).await;
    handle(store, &taken, Handled::Retry { due: at(0) }).await;
    assert_eq!(depth(store).await, (0, 0), "a late outcome brings nothing back");
}

async fn tenants_do_not_see_each_others_hints(store: &dyn AnyStore) {
    let theirs = HintKey { tenant: OTHER_TENANT, ..hint("A") };
    store.push(&[(hint("A"), Urgency::Live), (theirs.clone(), Urgency::Live)], at(0)).await.expect("hints can be added");
    let mine = take_one(store, 0).await;
    assert_eq!(mine.key, hint("A"));
    handle(store, &mine, Handled::Done).await;
    assert_eq!(depth(store).await, (0, 0));
    let left = take_of(store, &OTHER_TENANT, 10, 0).await;
    assert_eq!(left.len(), 1, "one tenant's work does not touch another's");
    assert_eq!(left[0].key, theirs);
}

async fn a_commit_wakes_hints_at_once(store: &dyn AnyStore) {
    let woken = vec![(hint("B"), Urgency::Backfill), (hint("A"), Urgency::Live)];
    store.commit(&TENANT, Changes { woken, ..Changes::default() }).await.expect("a commit wakes");
    assert_eq!(ids(&take(store, 0).await), ["A", "B"], "woken hints are due whatever the clock says");
}

async fn a_stale_commit_wakes_nothing(store: &dyn AnyStore) {
    let mut link = half(1, "L1");
    link.version = 9;
    let woken = vec![(hint("A"), Urgency::Live)];
    let stale = store.commit(&TENANT, Changes { woken, ..storing([link]) }).await;
    assert!(matches!(stale, Err(CommitError::Stale)), "the link is not there");
    assert_eq!(depth(store).await, (0, 0), "a commit is all or nothing, hints included");
}
