//! The minute's tick, and what it finds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Local, TimeDelta, TimeZone};
use clinic_sync::serve::CRONTAB;
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

/// Puts the ticks of so many minutes, as schedulers do whose clocks this test moves: one of them stands still in between.
async fn put(pool: &PgPool, clocks: &[Hands; 3]) {
    let minute = |number: i64| noon() + TimeDelta::minutes(number);
    let seen = async |minute: DateTime<Local>, clocks: &[Hands]| {
        until(async || clocks.iter().all(|clock| clock.sleeps_until() == minute)).await;
    };
    seen(minute(1), clocks).await;
    for number in 1..=2 {
        clocks.iter().for_each(|clock| clock.set(minute(number)));
        seen(minute(number + 1), clocks).await;
        assert_eq!(ticks(pool).await, number);
    }
    for number in 3..=5 {
        clocks[..2].iter().for_each(|clock| clock.set(minute(number)));
        seen(minute(number + 1), &clocks[..2]).await;
    }
    clocks[2].set(minute(5));
    seen(minute(6), clocks).await;
    assert_eq!(ticks(pool).await, 5, "what it catches up was put by the others");
}

/// Some time that is over.
fn noon() -> DateTime<Local> {
    Local.with_ymd_and_hms(2026, 3, 4, 12, 0, 0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_schedulers_put_each_tick_once_also_when_one_of_them_is_late_and_each_is_carried_out() {
    let group = Group::of(1, 0).await;
    group.add_all().await;
    let pool = PgPool::connect(&group.address).await.unwrap();
    let clocks = [1, 20, 50].map(|seconds| Hands::at(noon() + TimeDelta::seconds(seconds)));
    let (crontabs, hooks) = (parse_crontab(CRONTAB).unwrap(), HookRegistry::new());
    let runner = |clock: &Hands| CronRunner::new(&pool, Schema::default(), &crontabs, &hooks).with_clock(clock.clone());
    tokio::select! {
        _ = join_all(clocks.iter().map(|clock| runner(clock).run(pending().boxed().shared()))) => panic!("a scheduler ended"),
        () = put(&pool, &clocks) => {}
    }
    let _scheduler = group.start(&["scheduler"]);
    until(async || ticks(&pool).await == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_finds_the_practice_whose_job_was_lost_and_deletes_the_jobs_that_nobody_runs() {
    let group = Group::of(1, 3).await;
    group.add_all().await;
    let _scheduler = group.start(&["scheduler"]);
    let _worker = group.start(&["worker"]);
    group.synced(3).await;
    group.idle().await;
    let mut db = group.raw().await;
    let lose = "DELETE FROM graphile_worker._private_jobs";
    let hint = "INSERT INTO clinic_sync.hint (tenant, kind, side, record, urgency, due, newest, generation) \
                VALUES ('practice-0', 'person', 'right', 'nobody', 0, 0, 0, 1)";
    let failed = "SELECT graphile_worker.permanently_fail_jobs(ARRAY[(graphile_worker.add_job('drain', '{}')).id])";
    for statement in [lose, hint, failed, "SELECT graphile_worker.add_job('tick', '{}')"] {
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }
    group.idle().await;
    until(async || {
        let dead = "SELECT count(*) FROM graphile_worker.jobs WHERE attempts >= max_attempts";
        sqlx::query_scalar::<_, i64>(dead).fetch_one(&mut group.raw().await).await.unwrap() == 0
    })
    .await;
}
