//! The minute's tick, whatever the number of processes that see to it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Local, TimeDelta, TimeZone};
use futures::FutureExt;
use futures::future::{join_all, pending};
use graphile_worker::{HookRegistry, Schema, parse_crontab};
use graphile_worker_crontab_runner::{Clock, CronRunner};
use sqlx::PgPool;

use super::{Group, until};

/// A scheduler's clock, which a test moves.
#[derive(Clone)]
struct Hands(Arc<Mutex<(DateTime<Local>, DateTime<Local>)>>);

impl Hands {
    fn at(time: DateTime<Local>) -> Self {
        Self(Arc::new(Mutex::new((time, time))))
    }

    fn set(&self, time: DateTime<Local>) {
        self.0.lock().unwrap().0 = time;
    }

    /// Until when the scheduler has nothing to do.
    fn sleeps_until(&self) -> DateTime<Local> {
        self.0.lock().unwrap().1
    }
}

impl Clock for Hands {
    fn now(&self) -> DateTime<Local> {
        self.0.lock().unwrap().0
    }

    async fn sleep_until(&self, time: DateTime<Local>) {
        self.0.lock().unwrap().1 = time;
        while self.now() < time {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// How many ticks were put so far. Nobody works on them.
async fn ticks(pool: &PgPool) -> i64 {
    let ticks = "SELECT count(*) FROM graphile_worker._private_jobs AS job JOIN graphile_worker._private_tasks AS task \
                 ON job.task_id = task.id WHERE identifier = 'tick'";
    sqlx::query_scalar(ticks).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_schedulers_put_each_tick_once_also_when_one_of_them_is_late() {
    let group = Group::of(1, 0).await;
    group.add_all().await;
    let pool = PgPool::connect(&group.address).await.unwrap();
    let noon = Local.with_ymd_and_hms(2030, 3, 4, 12, 0, 0).unwrap();
    let minute = |number: i64| noon + TimeDelta::minutes(number);
    let clocks = [1, 20, 50].map(|seconds| Hands::at(noon + TimeDelta::seconds(seconds)));
    let (crontabs, hooks) = (parse_crontab("* * * * * tick").unwrap(), HookRegistry::new());
    let runner = |clock: &Hands| CronRunner::new(&pool, Schema::default(), &crontabs, &hooks).with_clock(clock.clone());
    let schedulers = join_all(clocks.iter().map(|clock| runner(clock).run(pending().boxed().shared())));
    let moved = async {
        let seen = async |minute: DateTime<Local>, clocks: &[Hands]| {
            until(async || clocks.iter().all(|clock| clock.sleeps_until() == minute)).await;
        };
        seen(minute(1), &clocks).await;
        for number in 1..=2 {
            clocks.iter().for_each(|clock| clock.set(minute(number)));
            seen(minute(number + 1), &clocks).await;
            assert_eq!(ticks(&pool).await, number);
        }
        // One of them stands still for three minutes, and catches up.
        for number in 3..=5 {
            clocks[..2].iter().for_each(|clock| clock.set(minute(number)));
            seen(minute(number + 1), &clocks[..2]).await;
        }
        clocks[2].set(minute(5));
        seen(minute(6), &clocks).await;
        assert_eq!(ticks(&pool).await, 5);
    };
    tokio::select! {
        _ = schedulers => panic!("a scheduler ended"),
        () = moved => {}
    }
}
