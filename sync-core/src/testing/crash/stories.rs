//! What happens to links: staff prepare something, and a process does its part.

use futures::future::BoxFuture;

use super::world::World;
use crate::{Decision, ReviewQuery, Side};

type Part = for<'a> fn(&'a World) -> BoxFuture<'a, ()>;

/// One story.
pub(super) struct Story {
    pub(super) name: &'static str,
    /// What was before.
    pub(super) prepare: Part,
    /// What the process does, and may not finish. Told twice, it does no more than told once.
    pub(super) act: Part,
}

/// A part of a story, from an async block over a world.
macro_rules! part {
    (|$world:ident| $body:block) => {
        |$world: &World| -> BoxFuture<'_, ()> { Box::pin(async move { $body }) }
    };
}

pub(super) const STORIES: &[Story] = &[
    Story {
        name: "a create",
        prepare: part!(|world| {
            world.add(Side::Left, "Dora");
        }),
        act: part!(|world| { world.sync().await }),
    },
    Story {
        name: "a create on a side without tokens",
        prepare: part!(|world| {
            world.add(Side::Right, "Dora");
        }),
        act: part!(|world| { world.sync().await }),
    },
    Story {
        name: "a create that is refused since somebody has the address",
        prepare: part!(|world| {
            let dora = world.add(Side::Left, "Dora");
            world.left.edit(&dora, "email", "anna@example.ch");
        }),
        act: part!(|world| { world.sync().await }),
    },
    Story {
        name: "a first meeting",
        prepare: part!(|world| {
            world.add(Side::Left, "Dora");
            world.add(Side::Right, "Dora");
        }),
        act: part!(|world| { world.sync().await }),
    },
    Story {
        name: "an update of both sides",
        prepare: part!(|world| {
            let (anna, beat) = (world.find(Side::Left, "Anna"), world.find(Side::Right, "Beat"));
            world.left.edit(&anna, "email", "neu@example.ch");
            world.right.edit(&anna_of(world), "family_name", "Meier");
            world.right.edit(&beat, "phone", "+41791119999");
        }),
        act: part!(|world| { world.sync().await }),
    },
    Story {
        name: "an update by a hint",
        prepare: part!(|world| {
            world.right.edit(&anna_of(world), "family_name", "Meier");
        }),
        act: part!(|world| {
            let hinted = std::collections::BTreeSet::from([anna_of(world)]);
            let _ = world.engine().catch_up(Side::Right, &hinted).await;
        }),
    },
    Story {
        name: "a removal",
        prepare: part!(|world| {
            let anna = world.find(Side::Left, "Anna");
            world.left.remove_by_hand(&anna);
            world.sync().await;
        }),
        act: part!(|world| { world.sync().await }),
    },
    Story {
        name: "an unlink",
        prepare: part!(|_world| {}),
        act: part!(|world| {
            unlink(world, "Anna").await;
            world.sync().await;
        }),
    },
    Story {
        name: "a link",
        prepare: part!(|world| {
            unlink(world, "Anna").await;
            world.sync().await;
        }),
        act: part!(|world| {
            link(world, "Anna", "Anna").await;
            world.sync().await;
        }),
    },
    Story {
        name: "a link with somebody else",
        prepare: part!(|world| {
            unlink(world, "Anna").await;
            unlink(world, "Beat").await;
            world.sync().await;
        }),
        act: part!(|world| {
            link(world, "Anna", "Beat").await;
            world.sync().await;
        }),
    },
    Story {
        name: "a decision",
        prepare: part!(|world| {
            let anna = world.find(Side::Left, "Anna");
            world.left.edit(&anna, "email", "hier@example.ch");
            world.right.edit(&anna_of(world), "email", "dort@example.ch");
            world.sync().await;
            let open = world.store().reviews(world.tenant(), &ReviewQuery::default()).await.expect("the store can be read");
            assert_eq!(open.len(), 1, "a contradiction is a question");
        }),
        act: part!(|world| {
            let open = world.store().reviews(world.tenant(), &ReviewQuery::default()).await.expect("the store can be read");
            for review in open {
                let _ = world.engine().desk().decide(review.id, Decision::Take(Side::Right)).await;
            }
            world.sync().await;
        }),
    },
];

/// Anna's record on the right side.
fn anna_of(world: &World) -> crate::RecordId {
    world.find(Side::Right, "Anna")
}

/// Takes somebody apart, unless that was done.
async fn unlink(world: &World, name: &str) {
    let record = world.find(Side::Left, name);
    let link = world.link_of(Side::Left, &record).await;
    let _ = world.engine().desk().unlink(link).await;
}

/// Says that the one on the left is the other on the right, unless that was said.
async fn link(world: &World, left: &str, right: &str) {
    let (left, right) = (world.find(Side::Left, left), world.find(Side::Right, right));
    let _ = world.engine().desk().link(&left, &right).await;
}
