//! A holder whose lease was taken over, and what it leaves to its successor.

use storage_sqlx::Store;
use sync_core::testing::sample::{PERSON, TENANT, at, half, intent, link_id, storing};
use sync_core::{Changes, CommitError, End, Fence, Link, LinkQuery, Side};

use crate::place::{Place, on_every_store};

on_every_store![
    what_a_late_holder_learned_is_not_committed,
    the_successor_finds_the_open_creates,
    the_successor_settles_a_create_and_the_late_holder_does_not_open_it_again,
    a_late_holder_gives_back_nothing,
];

/// A link whose record on the right is being made.
fn creating() -> Link {
    Link { intent: Some(intent(Side::Right, 7)), ..half(1, "L1") }
}

/// The same link once the answer came.
fn made(record: &str) -> Link {
    let mut link = Link { intent: None, version: 1, ..creating() };
    link.ends.right = Some(End::present(record.into()));
    link
}

fn under(fence: Fence, link: Link) -> Changes {
    Changes { fence: Some(fence), durable: true, ..storing([link]) }
}

/// Two processes: the first noted that it creates something, then stood still until the second had its lease.
async fn stopped_in_a_create(place: &Place) -> ((Box<dyn Store>, Fence), (Box<dyn Store>, Fence)) {
    let (first, second) = (place.open().await, place.open().await);
    let old = first.acquire(&TENANT, "host-a", at(0), at(60)).await.unwrap().unwrap();
    first.commit(&TENANT, under(old, creating())).await.unwrap();
    let new = second.acquire(&TENANT, "host-b", at(60), at(120)).await.unwrap().unwrap();
    ((first, old), (second, new))
}

async fn open_creates(store: &dyn Store) -> Vec<Link> {
    store.links(&TENANT, &LinkQuery::OpenIntents(PERSON)).await.unwrap()
}

async fn what_a_late_holder_learned_is_not_committed(place: &Place) {
    let ((first, old), (second, _)) = stopped_in_a_create(place).await;
    let late = first.commit(&TENANT, under(old, made("R1"))).await;
    assert!(matches!(late, Err(CommitError::Fenced)), "{late:?}");
    let another = first.commit(&TENANT, under(old, half(2, "L2"))).await;
    assert!(matches!(another, Err(CommitError::Fenced)), "{another:?}");
    assert_eq!(second.heads(&TENANT, &PERSON, None, 9).await.unwrap().len(), 1);
}

async fn the_successor_finds_the_open_creates(place: &Place) {
    let (_, (second, _)) = stopped_in_a_create(place).await;
    let open = open_creates(&*second).await;
    assert_eq!(open, [Link { version: 1, ..creating() }], "with its token, by which the record is searched for");
    let token = creating().intent.unwrap().token;
    assert_eq!(second.links(&TENANT, &LinkQuery::Token(token)).await.unwrap(), open, "a record that bears it is recognised");
}

async fn the_successor_settles_a_create_and_the_late_holder_does_not_open_it_again(place: &Place) {
    let ((first, old), (second, new)) = stopped_in_a_create(place).await;
    second.commit(&TENANT, under(new, made("R1"))).await.unwrap();
    let late = first.commit(&TENANT, under(old, made("R2"))).await;
    assert!(matches!(late, Err(CommitError::Fenced)), "{late:?}");
    assert!(open_creates(&*second).await.is_empty());
    let links = first.links(&TENANT, &LinkQuery::Ids(vec![link_id(1)])).await.unwrap();
    assert_eq!(links[0].ends.right.as_ref().unwrap().id.as_str(), "R1");
}

async fn a_late_holder_gives_back_nothing(place: &Place) {
    let ((first, old), (second, new)) = stopped_in_a_create(place).await;
    first.release(&TENANT, old).await.unwrap();
    second.commit(&TENANT, under(new, made("R1"))).await.unwrap();
    let again = first.acquire(&TENANT, "host-a", at(119), at(180)).await.unwrap();
    assert_eq!(again.unwrap_err().by, "host-b");
}
