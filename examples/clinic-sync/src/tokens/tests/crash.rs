//! Crash points: a process that dies before, amid or after each step of a renewal of GHL's tokens.
//!
//! A process syncs a day after the last one, so it has to renew first. It ends at one of the steps, with all its tasks, and another process
//! goes on over the same database: at once, while GHL still answers the same new tokens to the spent refresh token, or later.

mod fuse;
mod world;

use std::time::Duration;

use futures::future::join_all;

use self::fuse::{Fuse, Moment, Step};
use self::world::{Picture, World};

/// Longer than GHL remembers to whom it gave what.
const TOO_LATE: Duration = Duration::from_secs(31);

/// A point at which a process dies, and how long it takes until another one goes on.
#[derive(Clone, Copy, Debug)]
struct Point {
    step: Step,
    moment: Moment,
    pause: Duration,
}

impl Point {
    fn all() -> impl Iterator<Item = Self> {
        let pauses = |step, moment| [Duration::ZERO, TOO_LATE].map(|pause| Self { step, moment, pause });
        Step::ALL.into_iter().flat_map(move |step| Moment::ALL.into_iter().flat_map(move |moment| pauses(step, moment)))
    }
}

async fn a_renewal_survives_wherever_its_process_dies(world: impl AsyncFn() -> World) {
    let undisturbed = world().await;
    let fuse = Fuse::long();
    undisturbed.process(&fuse).await.unwrap();
    assert_eq!(fuse.steps(), Step::ALL, "a renewal has other steps than those at which the process dies");
    let expected = undisturbed.picture().await;

    let points: Vec<Point> = Point::all().collect();
    assert_eq!(points.len(), 18);
    let lost = join_all(points.iter().map(|point| died(&world, *point, &expected))).await;
    assert!(lost.contains(&true), "no answer was lost for longer than GHL remembers it");
}

/// Says whether the access was lost.
async fn died(world: impl AsyncFn() -> World, point: Point, expected: &Picture) -> bool {
    let world = world().await;
    let known = world.picture().await;
    world.dying(&Fuse::lit(point.step, point.moment));
    world.wait(point.pause);
    // What GHL gave out, and nobody has stored.
    let lost = point.pause > Duration::ZERO && world.is_spent() && !world.has_new_tokens().await;
    let resumed = world.process(&Fuse::long()).await;
    assert_eq!(resumed.is_err(), lost, "{point:?}: {resumed:?}");
    if let Err(error) = resumed {
        let message = error.to_string();
        assert!(message.contains("has to be connected again"), "{point:?}: {message}");
        assert_eq!(world.picture().await, known, "{point:?}: more was lost than the access");
        world.connect().await;
        world.process(&Fuse::long()).await.unwrap();
    }
    assert_eq!(world.picture().await, *expected, "{point:?}");
    let counters = world.clinic.ghl.token_counters();
    assert_eq!((counters.refreshes, counters.refusals), (1, u64::from(lost)), "{point:?}");
    assert_eq!(lost, point.loses(lost), "{point:?}");
    // What is stored is what GHL goes by: the next renewal needs no luck.
    world.wait(world::DAY);
    world.process(&Fuse::long()).await.unwrap();
    assert_eq!(world.clinic.ghl.token_counters().refusals, u64::from(lost), "{point:?}");
    lost
}

impl Point {
    /// Whether the access must be lost here: GHL has spent the refresh token, nothing was stored, and its memory is over. Amid a step
    /// both is possible.
    fn loses(self, seen: bool) -> bool {
        let late = self.pause > Duration::ZERO;
        match (self.step, self.moment) {
            (Step::Call, Moment::After) | (Step::Swap, Moment::Before) => late,
            (Step::Call | Step::Swap, Moment::Amid) => late && seen,
            _ => false,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_file_a_renewal_survives_wherever_its_process_dies() {
    a_renewal_survives_wherever_its_process_dies(World::in_a_file).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_server_a_renewal_survives_wherever_its_process_dies() {
    a_renewal_survives_wherever_its_process_dies(World::on_a_server).await;
}
