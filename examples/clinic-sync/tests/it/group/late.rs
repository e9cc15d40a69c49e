//! A create that its system carries out only after the process that asked for it was given up, and another one has asked again.

use std::time::Duration;

use emulator_kit::{Fault, Rule};
use http::Method;
use serde_json::Value;

use super::{Group, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_takes_effect_after_the_successors_is_found_by_its_token_and_put_to_a_person() {
    let group = Group::of(1, 1).await;
    group.add_all().await;
    let house = &group.houses[0];
    let ghl = &house.clinic.ghl;
    // Otherwise GHL itself would refuse the second one.
    ghl.set_allow_duplicates(true);
    // The search of the first sync passes, and the create takes longer than a successor does.
    let late = Rule::on("/contacts/", Fault::SlowWork(Duration::from_secs(20))).method(Method::POST);
    ghl.faults().add(late.after(1));
    let stopped = group.start(&["serve"]);
    until(async || ghl.faults().waiting() == 0).await;
    stopped.signal("-STOP");
    let held: Vec<_> = ghl.journal().entries().into_iter().filter(|entry| entry.fault.is_some()).collect();
    assert!(matches!(&held[..], [entry] if entry.path == "/contacts/"), "it is a create that was sent: {held:?}");

    sqlx::query("UPDATE clinic_sync.lease SET until = 0").execute(&mut group.raw().await).await.unwrap();
    let successor = group.start(&["serve"]);
    until(async || house.contacts() == 1).await;
    assert!(ghl.journal().entries().iter().all(|entry| entry.fault.is_none() || entry.status.is_none()), "it is the successor's");
    until(async || house.contacts() == 2).await;
    stopped.signal("-CONT");
    group.idle().await;

    let here = async |arguments: &[&str]| group.run(&[&["--tenant", "practice-0"], arguments].concat()).await;
    for _ in 0..2 {
        let synced = here(&["sync"]).await;
        assert!(matches!(synced.code, Some(0 | 3)), "{synced:?}");
        let reviews = here(&["review", "list", "--json"]).await.json();
        let reasons: Vec<&Value> = reviews.as_array().unwrap().iter().map(|review| &review["reason"]).collect();
        assert_eq!(reasons, ["double_token"], "{reviews}");
        assert_eq!(house.contacts(), 2, "no third one is made");
    }
    drop((stopped, successor));
}
