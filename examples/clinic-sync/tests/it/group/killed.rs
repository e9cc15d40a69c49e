//! Processes that end, stop or lose their database in the middle of it.

use std::time::Duration;

use emulator_kit::{Fault, Rule};
use http::Method;

use super::{Group, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_stopped_past_its_lease_commits_nothing_any_more() {
    let group = Group::of(1, 1).await;
    group.add_all().await;
    let house = &group.houses[0];
    // A create is under way for a long time, as a search is: its process is stopped then.
    house.clinic.ghl.faults().add(Rule::on("/contacts/", Fault::DelayAfter(Duration::from_secs(2))).method(Method::POST).times(100));
    let stopped = group.start(&["serve"]);
    until(async || house.contacts() == 1).await;
    stopped.signal("-STOP");
    let mut db = group.raw().await;
    let fence = "SELECT fence FROM clinic_sync.lease WHERE tenant = 'practice-0'";
    let before: i64 = sqlx::query_scalar(fence).fetch_one(&mut db).await.unwrap();
    // Its time is up.
    sqlx::query("UPDATE clinic_sync.lease SET until = 0").execute(&mut db).await.unwrap();
    let successor = group.start(&["serve"]);
    until(async || {
        let link = "SELECT count(*) FROM clinic_sync.link WHERE right_id IS NOT NULL AND intent IS NULL";
        sqlx::query_scalar::<_, i64>(link).fetch_one(&mut group.raw().await).await.unwrap() == 1
    })
    .await;
    let after: i64 = sqlx::query_scalar(fence).fetch_one(&mut db).await.unwrap();
    assert!(after > before, "the practice has another holder");
    assert_eq!(house.contacts(), 1, "the successor found the record that the stopped one had asked for, by its token");
    let version = "SELECT version FROM clinic_sync.link";
    let settled: i64 = sqlx::query_scalar(version).fetch_one(&mut db).await.unwrap();
    stopped.signal("-CONT");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(sqlx::query_scalar::<_, i64>(version).fetch_one(&mut db).await.unwrap(), settled, "the answer came too late");
    drop((stopped, successor));
    house.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_that_drops_every_connection_again_and_again_is_survived() {
    let group = Group::of(2, 60).await;
    group.add_all().await;
    for house in &group.houses {
        house.clinic.ghl.faults().add(Rule::on("/contacts/", Fault::DelayBefore(Duration::from_millis(100))).times(usize::MAX));
    }
    let mut server = group.start(&["serve"]);
    let mut db = group.raw().await;
    let arrived = || group.houses.iter().map(|house| house.contacts()).sum::<usize>();
    let mut drops = 0;
    while arrived() < 120 {
        let before = arrived();
        let all =
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(all).execute(&mut db).await.unwrap();
        drops += 1;
        tokio::time::sleep(Duration::from_millis(700)).await;
        // On a busy machine nothing may have been done meanwhile; what is asked is that it goes on.
        until(async || arrived() > before).await;
    }
    assert!(drops > 0, "it was over before a connection was dropped");
    group.idle().await;
    assert!(server.child.try_wait().unwrap().is_none(), "the process lives");
    for house in &group.houses {
        house.assert_whole().await;
    }
}
