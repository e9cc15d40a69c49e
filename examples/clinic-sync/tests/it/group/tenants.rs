//! Practices that share a database have nothing else in common.

use serde_json::json;

use super::{Group, until};
use crate::house::{House, person};

#[tokio::test(flavor = "multi_thread")]
async fn practices_are_added_listed_paused_and_removed_and_no_account_is_in_two() {
    let mut group = Group::of(2, 3).await;
    group.add_all().await;
    let listed = group.run(&["tenant", "list"]).await;
    assert!(listed.says(&["practice-0", "practice-1", "served"]), "{listed:?}");
    group.houses[1].tenant = Some("twice".to_owned());
    let twice = group.add(&group.houses[1]).await;
    assert!(twice.code == Some(1) && twice.says(&["practice-1 has the same account"]), "{twice:?}");
    group.houses[1].tenant = Some("practice-1".to_owned());

    let synced = group.run(&["--tenant", "practice-0", "sync", "--first-sync"]).await;
    assert_eq!(synced.code, Some(0), "{synced:?}");
    assert_eq!((group.houses[0].contacts(), group.houses[1].contacts()), (3, 0), "one practice is another's stranger");
    let nobody = group.run(&["--tenant", "nobody", "plan"]).await;
    assert!(nobody.code == Some(64) && nobody.says(&["no practice nobody"]), "{nobody:?}");

    let paused = group.run(&["tenant", "pause", "practice-1"]).await;
    assert_eq!(paused.code, Some(0), "{paused:?}");
    assert!(group.run(&["tenant", "list"]).await.says(&["paused"]));
    let careless = group.run(&["tenant", "remove", "practice-0"]).await;
    assert_eq!(careless.code, Some(64), "it is not done by mistake");
    let removed = group.run(&["tenant", "remove", "practice-0", "--yes"]).await;
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert!(!group.run(&["tenant", "list"]).await.says(&["practice-0"]));
    assert_eq!(group.houses[0].contacts(), 3, "the records in both systems stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn practices_are_served_by_several_processes_and_nothing_crosses() {
    let group = Group::of(3, 8).await;
    group.add_all().await;
    let receiver = group.start(&["serve", "--no-worker", "--no-scheduler"]);
    let _workers = [group.start(&["worker"]), group.start(&["worker"])];
    let _scheduler = group.start(&["scheduler"]);
    group.synced(8).await;
    let _hearing = group.hear(&receiver.url);
    group.idle().await;

    let marks: Vec<_> = group.houses.iter().map(|house| house.mark()).collect();
    let house = &group.houses[1];
    let contact = house.clinic.ghl.front_desk().contacts().into_iter().find(|contact| contact.email == Some(person(2).email)).unwrap();
    house.in_ghl(&contact.id, json!({ "phone": "+41791112233" }));
    let practice = house.clinic.ephysio.practice();
    until(async || practice.patients().iter().any(|patient| patient.phone == "+41791112233")).await;
    group.idle().await;
    for (number, house) in group.houses.iter().enumerate() {
        assert_eq!(house.written(marks[number]) > 0, number == 1, "practice {number}");
        house.assert_whole().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_practice_keeps_what_comes_in_and_catches_up_afterwards() {
    let group = Group::of(1, 4).await;
    group.add_all().await;
    let mut server = group.start(&["serve"]);
    group.synced(4).await;
    group.idle().await;
    let figures = server.figures().await;
    assert!(figures.contains("clinic_sync_inbox{tenant=\"practice-0\",state=\"waiting\"} 0"), "{figures}");
    let _hearing = group.hear(&server.url);
    assert_eq!(group.run(&["tenant", "pause", "practice-0"]).await.code, Some(0));
    let house = &group.houses[0];
    let mark = house.mark();
    let contact = house.clinic.ghl.front_desk().contacts().remove(0);
    house.in_ghl(&contact.id, json!({ "phone": "+41791112233" }));
    until(async || {
        let waiting = "SELECT count(*) FROM clinic_sync.hint WHERE tenant = 'practice-0'";
        sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut group.raw().await).await.unwrap() == 1
    })
    .await;
    assert_eq!(house.written(mark), 0);
    assert_eq!(group.run(&["tenant", "resume", "practice-0"]).await.code, Some(0));
    let practice = house.clinic.ephysio.practice();
    until(async || practice.patients().iter().any(|patient| patient.phone == "+41791112233")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_synced_for_the_first_time_unless_it_was_said() {
    let group = Group::of(2, 3).await;
    assert_eq!(group.add_with(&group.houses[0], &[]).await.code, Some(0));
    assert_eq!(group.add(&group.houses[1]).await.code, Some(0));
    let mut db = group.raw().await;
    let _server = group.start(&["serve"]);
    until(async || group.houses[1].contacts() == 3).await;
    // Somebody looked at the other one too: its job is done, or waits for the next minute.
    let mut looked = async || {
        let waiting = "SELECT count(*) FROM graphile_worker._private_jobs WHERE key = 'drain:practice-0' AND run_at <= now()";
        sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut db).await.unwrap() == 0
    };
    while !looked().await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(group.houses[0].contacts(), 0);
    assert_eq!(group.add(&group.houses[0]).await.code, Some(0), "now it was said");
    until(async || group.houses[0].contacts() == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_and_practices_need_a_server_and_a_practice_and_it_says_so() {
    let (house, _) = House::of(0).await;
    for command in [&["serve", "--no-worker"][..], &["serve", "--no-scheduler"], &["worker"], &["scheduler"], &["tenant", "list"]] {
        let ran = house.run(command).await;
        assert!(ran.code == Some(64) && ran.says(&["DATABASE_URL", "postgres://"]), "{command:?}: {ran:?}");
    }
    let group = Group::of(1, 0).await;
    let ran = group.run(&["worker"]).await;
    assert!(ran.code == Some(1) && ran.says(&["there is no practice", "the GHL location is missing"]), "{ran:?}");
}
