//! Checks of [`MappingStore`](crate::MappingStore).

use std::collections::BTreeSet;

use super::sample::{
    APPOINTMENT, OTHER_TENANT, PERSON, TENANT, at, fullest_link, half, half_on, intent, link_id, mark, operation, pre_image, review, run,
    storing, token,
};
use super::{AnyStore, Check, checks};
use crate::{
    Changes, CommitError, Decision, End, Head, Link, LinkId, LinkQuery, Outcome, Review, ReviewQuery, RunState, Side, Standing, TenantId,
};

/// The checks of mappings, review items and journals.
#[must_use]
pub fn mapping_checks() -> Vec<Check> {
    checks![
        an_empty_store_has_nothing,
        a_link_comes_back_as_it_was_committed,
        a_commit_counts_the_version,
        a_stale_version_commits_nothing,
        an_unknown_link_cannot_be_replaced,
        an_id_is_inserted_once,
        an_end_belongs_to_one_link_only,
        an_end_moves_between_links_in_one_commit,
        joining_two_half_links_is_one_commit,
        a_stale_removal_commits_nothing,
        a_commit_is_all_or_nothing,
        tenants_do_not_see_each_other,
        heads_come_in_order_and_page,
        heads_tell_what_the_link_tells,
        links_are_found_by_ids_and_ends,
        links_are_found_by_marks,
        links_are_found_by_token_and_open_intent,
        many_links_go_in_one_commit,
        reviews_keep_their_opening_time_and_close,
        reviews_are_found_by_id_kind_and_link,
        values_are_returned_only_when_asked_for,
        runs_come_newest_first_and_are_replaced,
        the_journal_keeps_its_order,
        pre_images_keep_their_values,
        erasing_a_person_forgets_the_values,
    ]
}

async fn commit(store: &dyn AnyStore, changes: Changes) {
    store.commit(&TENANT, changes).await.expect("the commit goes through");
}

async fn refuse(store: &dyn AnyStore, changes: Changes, why: &str) {
    let outcome = store.commit(&TENANT, changes).await;
    assert!(matches!(outcome, Err(CommitError::Stale)), "{why}: the commit must be stale, not {outcome:?}");
}

async fn find(store: &dyn AnyStore, query: &LinkQuery) -> Vec<Link> {
    store.links(&TENANT, query).await.expect("links can be read")
}

async fn by_id(store: &dyn AnyStore, number: u32) -> Option<Link> {
    find(store, &LinkQuery::Ids(vec![link_id(number)])).await.pop()
}

async fn heads(store: &dyn AnyStore, tenant: &TenantId, after: Option<LinkId>, limit: usize) -> Vec<Head> {
    store.heads(tenant, &PERSON, after, limit).await.expect("heads can be read")
}

async fn reviews(store: &dyn AnyStore, query: ReviewQuery) -> Vec<Review> {
    store.reviews(&TENANT, &query).await.expect("review items can be read")
}

/// A link as it is once it was stored.
fn stored(link: &Link) -> Link {
    Link { version: link.version + 1, ..link.clone() }
}

fn numbers(links: &[Link]) -> Vec<LinkId> {
    links.iter().map(|link| link.id).collect()
}

async fn an_empty_store_has_nothing(store: &dyn AnyStore) {
    assert!(heads(store, &TENANT, None, 10).await.is_empty());
    assert!(find(store, &LinkQuery::OpenIntents(PERSON)).await.is_empty());
    assert!(find(store, &LinkQuery::Ids(Vec::new())).await.is_empty());
    assert!(reviews(store, ReviewQuery::default()).await.is_empty());
    commit(store, Changes::default()).await;
}

async fn a_link_comes_back_as_it_was_committed(store: &dyn AnyStore) {
    let (full, bare) = (fullest_link(1), half_on(2, PERSON, Side::Right, ""));
    commit(store, storing([full.clone(), bare.clone()])).await;
    assert_eq!(by_id(store, 1).await, Some(stored(&full)), "nothing of a link is lost");
    assert_eq!(by_id(store, 2).await, Some(stored(&bare)), "nothing is invented for a link that has little");
    let plain = Link { ends: stored(&bare).ends, ..half(1, "L1") };
    commit(store, Changes { removed: vec![(link_id(2), 1)], ..storing([Link { version: 1, ..plain.clone() }]) }).await;
    assert_eq!(by_id(store, 1).await, Some(Link { version: 2, ..plain }), "what a replaced link no longer has is gone");
}

async fn a_commit_counts_the_version(store: &dyn AnyStore) {
    commit(store, storing([half(1, "L1")])).await;
    let first = by_id(store, 1).await.expect("the link is stored");
    assert_eq!(first.version, 1, "an inserted link is stored as version 1");
    commit(store, storing([first])).await;
    assert_eq!(by_id(store, 1).await.map(|link| link.version), Some(2), "a replaced link counts on");
}

async fn a_stale_version_commits_nothing(store: &dyn AnyStore) {
    commit(store, storing([half(1, "L1")])).await;
    let read = by_id(store, 1).await.expect("the link is stored");
    commit(store, storing([read.clone()])).await;
    let late = Link { settled: true, ..read };
    refuse(store, storing([late]), "the version has moved").await;
    assert_eq!(by_id(store, 1).await.map(|link| (link.version, link.settled)), Some((2, false)), "a stale commit writes nothing");
}

async fn an_unknown_link_cannot_be_replaced(store: &dyn AnyStore) {
    let link = Link { version: 1, ..half(1, "L1") };
    refuse(store, storing([link]), "the link was never there").await;
    assert_eq!(by_id(store, 1).await, None);
}

async fn an_id_is_inserted_once(store: &dyn AnyStore) {
    commit(store, storing([half(1, "L1")])).await;
    refuse(store, storing([half(1, "L2")]), "the id is taken").await;
    refuse(store, storing([half(2, "L2"), half(2, "L3")]), "the id is twice in one commit").await;
}

async fn an_end_belongs_to_one_link_only(store: &dyn AnyStore) {
    commit(store, storing([half(1, "X")])).await;
    refuse(store, storing([half(2, "X")]), "the record has a link").await;
    refuse(store, storing([half(2, "Y"), half(3, "Y")]), "one record twice in one commit").await;
    let others = [half_on(4, PERSON, Side::Right, "X"), half_on(5, APPOINTMENT, Side::Left, "X"), half(6, "x")];
    commit(store, storing(others)).await;
    store.commit(&OTHER_TENANT, storing([half(1, "X")])).await.expect("another tenant has records of its own");
}

async fn an_end_moves_between_links_in_one_commit(store: &dyn AnyStore) {
    commit(store, storing([half(1, "X"), half(2, "Y")])).await;
    let swapped = [Link { version: 1, ..half(1, "Y") }, Link { version: 1, ..half(2, "X") }];
    commit(store, storing(swapped)).await;
    let query = LinkQuery::Ends { kind: PERSON, side: Side::Left, ids: vec!["X".into()] };
    assert_eq!(numbers(&find(store, &query).await), [link_id(2)], "the order of links within a commit does not matter");
}

async fn joining_two_half_links_is_one_commit(store: &dyn AnyStore) {
    commit(store, storing([half(1, "L"), half_on(2, PERSON, Side::Right, "R")])).await;
    let mut joined = by_id(store, 1).await.expect("the link is stored");
    joined.ends.right = Some(End::present("R".into()));
    commit(store, Changes { removed: vec![(link_id(2), 1)], ..storing([joined.clone()]) }).await;
    let query = LinkQuery::Ends { kind: PERSON, side: Side::Right, ids: vec!["R".into()] };
    assert_eq!(find(store, &query).await, [stored(&joined)], "the removed half frees its record for the joined link");
    assert_eq!(by_id(store, 2).await, None);
}

async fn a_stale_removal_commits_nothing(store: &dyn AnyStore) {
    commit(store, storing([half(1, "L1")])).await;
    refuse(store, Changes { removed: vec![(link_id(1), 2)], ..Changes::default() }, "another version").await;
    refuse(store, Changes { removed: vec![(link_id(9), 1)], ..Changes::default() }, "an unknown link").await;
    assert!(by_id(store, 1).await.is_some(), "a stale removal removes nothing");
}

async fn a_commit_is_all_or_nothing(store: &dyn AnyStore) {
    commit(store, Changes { opened: vec![review(1, None, 0)], ..storing([half(1, "L1"), half(2, "L2")]) }).await;
    let all = Changes {
        links: vec![half(3, "L3"), Link { version: 7, ..half(1, "L1") }],
        removed: vec![(link_id(2), 1)],
        opened: vec![review(2, Some(link_id(3)), 0)],
        closed: vec![review(1, None, 0).id],
        operations: vec![operation(link_id(3), 0, Outcome::Done)],
        pre_images: vec![pre_image(link_id(3), Some("before"), 0)],
        run: Some(run(1, 0)),
        durable: true,
        ..Changes::default()
    };
    refuse(store, all, "one of its links is stale").await;
    assert_eq!(by_id(store, 3).await, None, "no link is inserted");
    assert!(by_id(store, 2).await.is_some(), "no link is removed");
    let open: Vec<_> = reviews(store, ReviewQuery::default()).await.iter().map(|review| review.id).collect();
    assert_eq!(open, [review(1, None, 0).id], "no item is opened or closed");
    assert!(store.operations(&TENANT, link_id(3)).await.expect("readable").is_empty(), "no operation is noted");
    assert!(store.pre_images(&TENANT, link_id(3)).await.expect("readable").is_empty(), "no value is kept");
    assert!(store.runs(&TENANT, &PERSON, 9).await.expect("readable").is_empty(), "no run is noted");
}

async fn tenants_do_not_see_each_other(store: &dyn AnyStore) {
    let link = fullest_link(1);
    let changes = Changes {
        opened: vec![review(1, Some(link.id), 0)],
        operations: vec![operation(link.id, 0, Outcome::Done)],
        pre_images: vec![pre_image(link.id, Some("before"), 0)],
        run: Some(run(1, 0)),
        ..storing([link.clone()])
    };
    commit(store, changes).await;
    let query = |query| async move { store.links(&OTHER_TENANT, &query).await.expect("readable") };
    assert!(query(LinkQuery::Ids(vec![link.id])).await.is_empty(), "links by id");
    assert!(query(LinkQuery::Token(token(1))).await.is_empty(), "links by token");
    assert!(query(LinkQuery::OpenIntents(PERSON)).await.is_empty(), "links by intent");
    let marks = BTreeSet::from([mark("email", 1)]);
    assert!(query(LinkQuery::Marks { kind: PERSON, side: Side::Left, marks }).await.is_empty(), "links by mark");
    assert!(heads(store, &OTHER_TENANT, None, 9).await.is_empty(), "heads");
    assert!(store.reviews(&OTHER_TENANT, &ReviewQuery::default()).await.expect("readable").is_empty(), "review items");
    assert!(store.operations(&OTHER_TENANT, link.id).await.expect("readable").is_empty(), "operations");
    assert!(store.pre_images(&OTHER_TENANT, link.id).await.expect("readable").is_empty(), "values");
    assert!(store.runs(&OTHER_TENANT, &PERSON, 9).await.expect("readable").is_empty(), "runs");
    let theirs = store.commit(&OTHER_TENANT, storing([Link { version: 1, ..link.clone() }])).await;
    assert!(matches!(theirs, Err(CommitError::Stale)), "a tenant cannot replace another's link");
    store.commit(&OTHER_TENANT, Changes { closed: vec![review(1, None, 0).id], ..Changes::default() }).await.expect("closes nothing");
    assert_eq!(reviews(store, ReviewQuery::default()).await.len(), 1, "a tenant cannot close another's item");
}

async fn heads_come_in_order_and_page(store: &dyn AnyStore) {
    let links = [300, 1, 70_000, 2].map(|number| half(number, &format!("L{number}")));
    commit(store, storing(links)).await;
    commit(store, storing([half_on(3, APPOINTMENT, Side::Left, "A")])).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = heads(store, &TENANT, after, 3).await;
        assert!(page.len() <= 3, "a page has as many heads as asked for");
        seen.extend(page.iter().map(|head| head.link));
        assert!(seen.len() <= 4, "a page begins after the head that was named");
        let Some(last) = page.last() else { break };
        after = Some(last.link);
    }
    assert_eq!(seen, [1, 2, 300, 70_000].map(link_id), "every link of the kind once, in the order of the ids");
}

async fn heads_tell_what_the_link_tells(store: &dyn AnyStore) {
    let links = [fullest_link(1), half_on(2, PERSON, Side::Right, "R")];
    commit(store, storing(links.clone())).await;
    assert_eq!(heads(store, &TENANT, None, 9).await, links.each_ref().map(Head::from));
}

async fn links_are_found_by_ids_and_ends(store: &dyn AnyStore) {
    let others = [half_on(4, PERSON, Side::Right, "L1"), half_on(5, APPOINTMENT, Side::Left, "L1")];
    commit(store, storing([half(2, "L2"), half(1, "L1"), half(3, "L3")].into_iter().chain(others))).await;
    let ids = LinkQuery::Ids([2, 99, 1, 2].map(link_id).to_vec());
    assert_eq!(numbers(&find(store, &ids).await), [1, 2].map(link_id), "known ones once each, in the order of their ids");
    let ids = ["L3", "L1", "l2", "", "L3"].map(Into::into).to_vec();
    let ends = LinkQuery::Ends { kind: PERSON, side: Side::Left, ids };
    assert_eq!(numbers(&find(store, &ends).await), [1, 3].map(link_id), "by exact id, kind and side");
}

async fn links_are_found_by_marks(store: &dyn AnyStore) {
    commit(store, storing([fullest_link(1), fullest_link(2), fullest_link(9)])).await;
    let marks = |marks: &[(&str, u32)]| LinkQuery::Marks {
        kind: PERSON,
        side: Side::Left,
        marks: marks.iter().map(|(scheme, number)| mark(scheme, *number)).collect(),
    };
    // Link n has the marks (email, n) and (phone, n + 1).
    assert_eq!(numbers(&find(store, &marks(&[("email", 1), ("phone", 2)])).await), [link_id(1)], "a link once, however many marks it has");
    assert_eq!(numbers(&find(store, &marks(&[("email", 2), ("phone", 2)])).await), [1, 2].map(link_id), "links with any of the marks");
    assert!(find(store, &marks(&[("phone", 1), ("email", 3)])).await.is_empty(), "a digest counts under its own scheme only");
    assert!(find(store, &marks(&[])).await.is_empty(), "no marks, no links");
    let other = LinkQuery::Marks { kind: APPOINTMENT, side: Side::Left, marks: BTreeSet::from([mark("email", 1)]) };
    assert!(find(store, &other).await.is_empty(), "of the kind asked for");

    let mut changed = by_id(store, 1).await.expect("the link is stored");
    changed.ends.left.as_mut().expect("it has a left end").identity = BTreeSet::from([mark("email", 50)]);
    commit(store, Changes { removed: vec![(link_id(2), 1)], ..storing([changed]) }).await;
    assert!(find(store, &marks(&[("email", 1), ("email", 2)])).await.is_empty(), "old marks and removed links are not found");
    assert_eq!(numbers(&find(store, &marks(&[("email", 50)])).await), [link_id(1)], "new marks are");
    let right = LinkQuery::Marks { kind: PERSON, side: Side::Right, marks: BTreeSet::from([mark("email", 1)]) };
    assert_eq!(numbers(&find(store, &right).await), [link_id(1)], "the other side keeps its own");
}

async fn links_are_found_by_token_and_open_intent(store: &dyn AnyStore) {
    let open = Link { intent: Some(intent(Side::Right, 70)), ..half(1, "L1") };
    let made = Link { token: Some(token(80)), ..half(2, "L2") };
    commit(store, storing([made, open, half(3, "L3")])).await;
    assert_eq!(numbers(&find(store, &LinkQuery::Token(token(70))).await), [link_id(1)], "by the token of an open create");
    assert_eq!(numbers(&find(store, &LinkQuery::Token(token(80))).await), [link_id(2)], "by the token of a done create");
    assert!(find(store, &LinkQuery::Token(token(90))).await.is_empty());
    assert_eq!(numbers(&find(store, &LinkQuery::OpenIntents(PERSON)).await), [link_id(1)]);
    assert!(find(store, &LinkQuery::OpenIntents(APPOINTMENT)).await.is_empty());
    let settled = Link { intent: None, ..by_id(store, 1).await.expect("the link is stored") };
    commit(store, storing([settled])).await;
    assert!(find(store, &LinkQuery::OpenIntents(PERSON)).await.is_empty(), "a settled create is not open");
}

async fn many_links_go_in_one_commit(store: &dyn AnyStore) {
    commit(store, storing((0..233).map(fullest_link))).await;
    let all = find(store, &LinkQuery::Ids((0..233).map(link_id).collect())).await;
    assert_eq!(all, (0..233).map(|number| stored(&fullest_link(number))).collect::<Vec<_>>());
}

async fn reviews_keep_their_opening_time_and_close(store: &dyn AnyStore) {
    let first = review(1, None, 10);
    commit(store, Changes { opened: vec![first.clone(), review(2, None, 5)], ..Changes::default() }).await;
    let mut again = Review { opened_at: at(99), decision: Some(Decision::Take(Side::Right)), ..first.clone() };
    again.values.0.clear();
    commit(store, Changes { opened: vec![again.clone()], ..Changes::default() }).await;
    let wanted = [review(2, None, 5), Review { opened_at: first.opened_at, ..again }];
    let query = ReviewQuery { values: true, ..ReviewQuery::default() };
    assert_eq!(reviews(store, query.clone()).await, wanted, "replaced in all but the opening time; oldest first");
    commit(store, Changes { closed: vec![first.id], ..Changes::default() }).await;
    assert_eq!(reviews(store, query).await, wanted[..1], "a closed item is gone");
    commit(store, Changes { closed: vec![first.id], ..Changes::default() }).await;
}

async fn reviews_are_found_by_id_kind_and_link(store: &dyn AnyStore) {
    let about = Review { kind: APPOINTMENT, ..review(2, Some(link_id(5)), 2) };
    commit(store, Changes { opened: vec![review(1, None, 1), about.clone()], ..Changes::default() }).await;
    let queries = [
        ReviewQuery { id: Some(about.id), ..ReviewQuery::default() },
        ReviewQuery { kind: Some(APPOINTMENT), ..ReviewQuery::default() },
        ReviewQuery { link: Some(link_id(5)), ..ReviewQuery::default() },
    ];
    for query in queries {
        let found: Vec<_> = reviews(store, query.clone()).await.iter().map(|review| review.id).collect();
        assert_eq!(found, [about.id], "{query:?} finds one");
    }
    let none = ReviewQuery { id: Some(about.id), kind: Some(PERSON), ..ReviewQuery::default() };
    assert!(reviews(store, none).await.is_empty(), "all conditions hold at once");
}

async fn values_are_returned_only_when_asked_for(store: &dyn AnyStore) {
    let (about_link, about_batch) = (review(1, Some(link_id(1)), 1), review(2, None, 2));
    commit(store, Changes { opened: vec![about_link.clone(), about_batch.clone()], ..storing([half(1, "L1")]) }).await;
    let bare = reviews(store, ReviewQuery::default()).await;
    assert!(bare.iter().all(|review| review.values.0.is_empty()), "values stay sealed unless asked for");
    let full = reviews(store, ReviewQuery { values: true, ..ReviewQuery::default() }).await;
    assert_eq!(full, [about_link, about_batch], "values come back as they were");
}

async fn runs_come_newest_first_and_are_replaced(store: &dyn AnyStore) {
    for run in [run(1, 10), run(2, 20), run(3, 30)] {
        commit(store, Changes { run: Some(run), ..Changes::default() }).await;
    }
    let mut ended = run(2, 20);
    (ended.state, ended.ended_at) = (RunState::Completed, Some(at(25)));
    ended.counts.right.created = 4711;
    commit(store, Changes { run: Some(ended.clone()), ..Changes::default() }).await;
    let runs = |limit| async move { store.runs(&TENANT, &PERSON, limit).await.expect("runs can be read") };
    assert_eq!(runs(9).await, [run(3, 30), ended, run(1, 10)], "the one that began last comes first, whenever it was updated");
    assert_eq!(runs(1).await, [run(3, 30)], "as many as asked for");
    assert!(store.runs(&TENANT, &APPOINTMENT, 9).await.expect("runs can be read").is_empty(), "of the kind asked for");
}

async fn the_journal_keeps_its_order(store: &dyn AnyStore) {
    let bare = crate::OperationEntry { run: None, record: None, fields: Vec::new(), ..operation(link_id(1), 2, Outcome::Begun) };
    let entries = [bare, operation(link_id(1), 2, Outcome::Unknown), operation(link_id(1), 3, Outcome::Found)];
    for entry in &entries {
        let other = operation(link_id(2), 2, Outcome::Done);
        commit(store, Changes { operations: vec![entry.clone(), other], ..Changes::default() }).await;
    }
    assert_eq!(store.operations(&TENANT, link_id(1)).await.expect("operations can be read"), entries);
}

async fn pre_images_keep_their_values(store: &dyn AnyStore) {
    let images = [pre_image(link_id(1), Some("before"), 1), pre_image(link_id(1), None, 2), pre_image(link_id(1), Some(""), 3)];
    commit(store, Changes { pre_images: images.to_vec(), ..storing([half(1, "L1")]) }).await;
    commit(store, Changes { removed: vec![(link_id(1), 1)], ..Changes::default() }).await;
    let kept = store.pre_images(&TENANT, link_id(1)).await.expect("values can be read");
    assert!(kept == images, "values come back in their order, also after their link was joined into another");
}

async fn erasing_a_person_forgets_the_values(store: &dyn AnyStore) {
    let (erased, other) = (link_id(1), link_id(2));
    let changes = Changes {
        opened: vec![review(1, Some(erased), 1), review(2, Some(other), 2), review(3, None, 3)],
        pre_images: vec![pre_image(erased, Some("before"), 0), pre_image(other, Some("before"), 0)],
        ..storing([half(1, "L1"), half(2, "L2")])
    };
    commit(store, changes).await;
    commit(store, storing([Link { version: 1, standing: Standing::Erased, ..half(1, "L1") }])).await;
    let left = reviews(store, ReviewQuery { values: true, ..ReviewQuery::default() }).await;
    let with_values: Vec<_> = left.iter().map(|review| !review.values.0.is_empty()).collect();
    assert_eq!(with_values, [false, true, true], "the erased person's values are gone from review items, and nobody else's");
    let kept = async |link| store.pre_images(&TENANT, link).await.expect("values can be read").len();
    assert_eq!((kept(erased).await, kept(other).await), (0, 1), "the erased person's overwritten values are gone, and nobody else's");
}
