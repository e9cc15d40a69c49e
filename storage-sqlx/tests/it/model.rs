//! Whatever is committed, a store then tells the same as the one in memory.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use sync_core::testing::AnyStore;
use sync_core::testing::sample::{
    APPOINTMENT, PERSON, TENANT, at, digest, fullest_link, half_on, hint, intent, link_id, mark, operation, pre_image, review, run,
    storing, token,
};
use sync_core::{
    Base, Changes, CommitError, End, EndState, Fence, FieldName, Handled, Link, LinkQuery, MappingReader, MappingStore, MemoryStore,
    Outcome, RecordId, ReviewQuery, Settled, Side, Sides, Standing, Urgency,
};

/// So few ids that they meet.
const IDS: u32 = 5;

#[derive(Clone, Debug)]
enum Step {
    Commit(Box<Changes>, bool),
    Acquire(&'static str, i64),
    Release(Fence),
    Push(Vec<(&'static str, Urgency)>, i64),
    Take(usize, i64),
    Handle(Index, Handled),
    Replay(i64),
    Reclaim,
}

fn end_state() -> impl Strategy<Value = EndState> {
    prop_oneof![
        Just(EndState::Present),
        (0..99i64).prop_map(|since| EndState::Pending { since: at(since) }),
        (0..99i64).prop_map(|since| EndState::Missing { since: at(since) }),
        Just(EndState::Inactive),
        Just(EndState::Gone),
    ]
}

fn end() -> impl Strategy<Value = End> {
    let marks =
        prop::collection::btree_set((select(vec!["email", "phone"]), 0..4u32).prop_map(|(scheme, number)| mark(scheme, number)), 0..3);
    (select(vec!["A", "B", "C", "ä'\"\\"]), end_state(), prop::option::of(0..9u32), marks).prop_map(|(id, state, raw, identity)| End {
        id: id.into(),
        state,
        raw: raw.map(digest),
        identity,
        references: raw.map(|number| (PERSON, RecordId::new(format!("P{number}")))).into_iter().collect(),
        expires: raw.and_then(|number| chrono::NaiveDate::from_yo_opt(2027, number + 1)),
    })
}

fn base() -> impl Strategy<Value = Base> {
    let shown = || prop::option::of((0..9u32).prop_map(digest));
    let side = || select(vec![Side::Left, Side::Right]);
    let settled = prop_oneof![
        Just(Settled::Agreed),
        Just(Settled::Apart),
        side().prop_map(Settled::Withheld),
        (side(), shown()).prop_map(|(side, prior)| Settled::Unconfirmed { side, prior }),
    ];
    (shown(), shown(), settled).prop_map(|(left, right, settled)| Base { shown: Sides::new(left, right), settled })
}

fn link() -> impl Strategy<Value = Link> {
    let standing = select(vec![Standing::Active, Standing::Paused, Standing::Unlinked, Standing::Erased]);
    let bases = prop::collection::btree_map(".{1,8}".prop_map(FieldName::new), base(), 0..4);
    let ends = (prop::option::of(end()), prop::option::of(end()));
    let tokens = (prop::option::of(0..3u32), prop::option::of(0..3u32));
    let times = (prop::option::of(0..99i64), any::<bool>(), any::<u64>());
    let keys = (0..IDS, select(vec![PERSON, APPOINTMENT]), 0..3u64);
    (keys, ends, standing, bases, tokens, times).prop_map(|((number, kind, version), ends, standing, bases, tokens, times)| {
        let mut link = half_on(number, kind, Side::Left, "replaced");
        link.ends = Sides::new(ends.0, ends.1);
        (link.standing, link.bases, link.version) = (standing, bases, version);
        (link.intent, link.token) = (tokens.0.map(|number| intent(Side::Right, number)), tokens.1.map(token));
        (link.settled_at, link.settled, link.eyes.policy) = (times.0.map(at), times.1, times.2);
        (link.pulled, link.lineage) = (!times.1, tokens.1.map(digest));
        link.parents = tokens.0.map(|number| (PERSON, link_id(number))).into_iter().collect();
        link
    })
}

fn changes() -> impl Strategy<Value = Changes> {
    let number = || 0..IDS;
    let outcome = select(vec![Outcome::Begun, Outcome::Done, Outcome::Unknown]);
    let links = prop::collection::vec(link(), 0..4);
    let removed = prop::collection::vec((number().prop_map(link_id), 1..3u64), 0..2);
    let opened = prop::collection::vec((number(), prop::option::of(number().prop_map(link_id)), 0..9i64), 0..3);
    let closed = prop::collection::vec(number(), 0..2);
    let operations = prop::collection::vec((number().prop_map(link_id), 0..9i64, outcome), 0..3);
    let images = prop::collection::vec((number().prop_map(link_id), prop::option::of(".{0,5}"), 0..9i64), 0..2);
    let rest = (prop::option::of((number(), 0..9i64)), prop::option::of(1..3u64), any::<bool>(), prop::option::of(select(vec!["A", "B"])));
    (links, removed, opened, closed, operations, images, rest).prop_map(|(links, removed, opened, closed, operations, images, rest)| {
        Changes {
            fence: rest.1.map(Fence),
            removed,
            opened: opened.into_iter().map(|(number, link, opened)| review(number, link, opened)).collect(),
            closed: closed.into_iter().map(|number| review(number, None, 0).id).collect(),
            operations: operations.into_iter().map(|(link, when, outcome)| operation(link, when, outcome)).collect(),
            pre_images: images.into_iter().map(|(link, value, when)| pre_image(link, value.as_deref(), when)).collect(),
            run: rest.0.map(|(number, started)| run(number, started)),
            woken: rest.3.map(|record| (hint(record), Urgency::Backfill)).into_iter().collect(),
            durable: rest.2,
            ..storing(links)
        }
    })
}

fn handled() -> impl Strategy<Value = Handled> {
    prop_oneof![
        3 => Just(Handled::Done),
        2 => (0..50i64).prop_map(|due| Handled::Retry { due: at(due) }),
        1 => (0..50i64).prop_map(|due| Handled::Wait { due: at(due) }),
        1 => Just(Handled::Dead { reason: "gave up".to_owned() }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let hints = prop::collection::vec((select(vec!["A", "B", "C"]), select(vec![Urgency::Live, Urgency::Backfill])), 1..4);
    prop_oneof![
        8 => (changes(), any::<bool>()).prop_map(|(changes, fits)| Step::Commit(Box::new(changes), fits)),
        1 => (select(vec!["a", "b"]), 0..50i64).prop_map(|(holder, now)| Step::Acquire(holder, now)),
        1 => (1..4u64).prop_map(|fence| Step::Release(Fence(fence))),
        2 => (hints, 0..50i64).prop_map(|(hints, now)| Step::Push(hints, now)),
        2 => (1..4usize, 0..50i64).prop_map(|(limit, now)| Step::Take(limit, now)),
        2 => (any::<Index>(), handled()).prop_map(|(which, outcome)| Step::Handle(which, outcome)),
        1 => (0..50i64).prop_map(Step::Replay),
        1 => Just(Step::Reclaim),
    ]
}

/// Gives the changes versions that fit, so that many of them go through.
async fn fit(store: &MemoryStore, changes: &mut Changes) {
    changes.fence = None;
    let mut seen = BTreeSet::new();
    changes.links.retain(|link| seen.insert(link.id));
    changes.removed.retain(|(id, _)| seen.insert(*id));
    let ids = (0..IDS).map(link_id).collect();
    let known = store.links(&TENANT, &LinkQuery::Ids(ids)).await.unwrap();
    let version = |id| known.iter().find(|known| known.id == id).map(|known| known.version);
    changes.links.iter_mut().for_each(|link| link.version = version(link.id).unwrap_or(0));
    changes.removed = changes.removed.iter().filter_map(|(id, _)| Some((*id, version(*id)?))).collect();
}

/// Does a step on both, and compares the answers.
async fn both<S: AnyStore>(memory: &MemoryStore, tested: &S, step: Step, taken: &mut Vec<sync_core::Taken>) {
    match step {
        Step::Commit(mut changes, fits) => {
            if fits {
                fit(memory, &mut changes).await;
            }
            let (one, other) = (memory.commit(&TENANT, (*changes).clone()).await, tested.commit(&TENANT, *changes).await);
            assert!(!matches!(other, Err(CommitError::Failed(_))), "{other:?}");
            assert_eq!(format!("{one:?}"), format!("{other:?}"));
        }
        Step::Handle(which, outcome) if !taken.is_empty() => {
            let taken = taken.remove(which.index(taken.len()));
            answer(memory, tested, async |store| store.handled(&taken, outcome.clone()).await.unwrap()).await;
        }
        Step::Handle(..) => {}
        Step::Acquire(holder, now) => {
            let _ = answer(memory, tested, async |store| store.acquire(&TENANT, holder, at(now), at(now + 10)).await.unwrap()).await;
        }
        Step::Release(fence) => answer(memory, tested, async |store| store.release(&TENANT, fence).await.unwrap()).await,
        Step::Push(hints, now) => {
            let hints: Vec<_> = hints.iter().map(|(record, urgency)| (hint(record), *urgency)).collect();
            answer(memory, tested, async |store| store.push(&hints, at(now)).await.unwrap()).await;
        }
        Step::Take(limit, now) => {
            taken.extend(answer(memory, tested, async |store| store.take(&TENANT, limit, at(now), at(now + 5)).await.unwrap()).await);
        }
        Step::Reclaim => drop(answer(memory, tested, async |store| store.reclaim(&TENANT).await.unwrap()).await),
        Step::Replay(now) => drop(answer(memory, tested, async |store| store.replay(&TENANT, at(now)).await.unwrap()).await),
    }
}

async fn answer<S: AnyStore, T: PartialEq + std::fmt::Debug>(memory: &MemoryStore, tested: &S, ask: impl AsyncFn(&dyn AnyStore) -> T) -> T {
    let (one, other) = (ask(memory).await, ask(tested).await);
    assert_eq!(one, other);
    one
}

fn queries() -> Vec<LinkQuery> {
    let ids = ["A", "C", "ä'\"\\", "none"];
    let mut queries =
        vec![LinkQuery::Ids((0..IDS).map(link_id).collect()), LinkQuery::OpenIntents(PERSON), LinkQuery::OpenIntents(APPOINTMENT)];
    queries.extend((0..3).map(|number| LinkQuery::Token(token(number))));
    for (kind, side) in [(PERSON, Side::Left), (PERSON, Side::Right), (APPOINTMENT, Side::Left), (APPOINTMENT, Side::Right)] {
        queries.push(LinkQuery::Ends { kind: kind.clone(), side, ids: ids.map(Into::into).to_vec() });
        queries.push(LinkQuery::Marks { kind, side, marks: BTreeSet::from([mark("email", 1), mark("phone", 2)]) });
    }
    queries
}

/// Reads everything from both, and compares.
async fn compare<S: AnyStore>(memory: &MemoryStore, tested: &S) {
    for query in queries() {
        answer(memory, tested, async |store| store.links(&TENANT, &query).await.unwrap()).await;
    }
    for kind in [PERSON, APPOINTMENT] {
        answer(memory, tested, async |store| store.heads(&TENANT, &kind, Some(link_id(1)), 2).await.unwrap()).await;
        answer(memory, tested, async |store| store.heads(&TENANT, &kind, None, 9).await.unwrap()).await;
        answer(memory, tested, async |store| store.runs(&TENANT, &kind, 3).await.unwrap()).await;
    }
    for values in [false, true] {
        let query = ReviewQuery { values, ..ReviewQuery::default() };
        answer(memory, tested, async |store| store.reviews(&TENANT, &query).await.unwrap()).await;
    }
    for id in (0..IDS).map(link_id) {
        answer(memory, tested, async |store| store.operations(&TENANT, id).await.unwrap()).await;
        answer(memory, tested, async |store| store.pre_images(&TENANT, id).await.unwrap()).await;
    }
    answer(memory, tested, async |store| store.depth(&TENANT).await.unwrap()).await;
}

async fn tells_what_memory_tells<S: AnyStore>(tested: &S, steps: Vec<Step>) {
    let (memory, mut taken) = (MemoryStore::new(), Vec::new());
    for step in steps {
        both(&memory, tested, step, &mut taken).await;
        compare(&memory, tested).await;
    }
}

async fn gives_back_what_was_committed<S: AnyStore>(tested: &S, links: Vec<Link>) {
    for (number, mut link) in links.into_iter().enumerate() {
        link.version = 0;
        // A tenant of its own, so that ids do not meet.
        let tenant = format!("practice {number}").as_str().into();
        tested.commit(&tenant, storing([link.clone(), fullest_link(900)])).await.unwrap();
        link.version = 1;
        assert_eq!(tested.links(&tenant, &LinkQuery::Ids(vec![link.id])).await.unwrap(), [link]);
    }
}

/// The two properties of a store that is made like this, tried so often.
macro_rules! properties {
    ($cases:literal, $make:expr) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: $cases, ..ProptestConfig::default() })]

            #[test]
            fn the_store_tells_what_the_one_in_memory_tells(steps in prop::collection::vec(step(), 1..25)) {
                on_a_runtime(async {
                    let (_kept, store) = $make.await;
                    tells_what_memory_tells(&store, steps).await;
                });
            }

            #[test]
            fn a_link_comes_back_as_it_was_committed(links in prop::collection::vec(link(), 1..8)) {
                on_a_runtime(async {
                    let (_kept, store) = $make.await;
                    gives_back_what_was_committed(&store, links).await;
                });
            }
        }
    };
}

fn on_a_runtime(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

mod sqlite {
    use super::*;
    use crate::place::Folder;

    properties!(48, async {
        let folder = Folder::new();
        let store = folder.open().await;
        (folder, store)
    });
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;
    use crate::server::Database;

    // Making a database takes longer than what is done in it.
    properties!(8, async {
        let database = Database::new().await;
        let store = database.open().await;
        (database, store)
    });
}
