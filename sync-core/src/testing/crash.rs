//! Crash points: a process that dies before or after each call and each commit of a link's life.
//!
//! Each [story](stories) is first told without a crash. Then it is told again for every step, and the process dies there:
//! its future is dropped, and a new engine goes on over the same store and the same two sides.

mod fuse;
mod stories;
mod world;

use std::sync::Arc;

use fuse::{Fuse, Moment};
use stories::{STORIES, Story};
use world::{Picture, World};

use crate::{MappingStore, TenantId};

/// How often a process that goes on after a crash syncs until everything must be as without it.
const CALM: usize = 4;

/// Tells every story once for each point at which a process can die; all in one store, each as a tenant of its own. Gives the
/// number of points.
///
/// # Panics
/// When a story ends otherwise than without the crash, or a further sync still writes. It says where the process had died.
pub async fn crash_suite(store: Arc<dyn MappingStore>) -> usize {
    let mut points = 0;
    for story in STORIES {
        let (expected, steps) = told(&store, story).await;
        for step in 0..steps {
            for moment in [Moment::Before, Moment::After] {
                let point = format!("{}, {moment} step {step}", story.name);
                let found = crashed(&store, story, step, moment, &point).await;
                assert_eq!(found, expected, "{point}");
                points += 1;
            }
        }
    }
    points
}

/// The story without a crash: how it ends, and how many steps it takes.
async fn told(store: &Arc<dyn MappingStore>, story: &Story) -> (Picture, usize) {
    let world = World::new(store.clone(), TenantId::new(story.name), Fuse::long()).await;
    (story.prepare)(&world).await;
    world.fuse.light(usize::MAX, Moment::Before);
    (story.act)(&world).await;
    let steps = world.fuse.steps();
    world.fuse.put_out();
    (ended(&world, story.name).await, steps)
}

async fn crashed(store: &Arc<dyn MappingStore>, story: &Story, step: usize, moment: Moment, point: &str) -> Picture {
    let world = World::new(store.clone(), TenantId::new(point), Fuse::long()).await;
    (story.prepare)(&world).await;
    world.fuse.light(step, moment);
    tokio::select! {
        biased;
        () = (story.act)(&world) => panic!("{point}: the process did not come so far"),
        () = world.fuse.burnt() => {}
    }
    world.fuse.put_out();
    // Whoever had given a command gives it again.
    (story.act)(&world).await;
    ended(&world, point).await
}

async fn ended(world: &World, point: &str) -> Picture {
    for _ in 0..CALM {
        world.sync().await;
    }
    let writes = world.writes();
    world.sync().await;
    assert_eq!(world.writes(), writes, "{point}: all is done, and a sync writes");
    world.picture().await
}
