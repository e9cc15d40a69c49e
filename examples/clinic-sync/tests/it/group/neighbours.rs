//! A practice with much to do, and another one beside it.

use std::time::Duration;

use emulator_kit::{Fault, Rule};
use http::Method;
use serde_json::json;

use super::{Group, until};

/// Of the practice with much to do.
const PATIENTS: usize = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_one_practice_is_done_long_before_the_first_sync_of_another_one() {
    let group = Group::of(2, 4).await;
    let [small, large] = &group.houses[..] else { panic!("two practices") };
    assert_eq!(group.add(small).await.code, Some(0));
    let server = group.start(&["serve"]);
    until(async || small.contacts() == 4).await;
    group.idle().await;
    let _hearing = group.hear(&server.url);

    for number in 4..PATIENTS {
        large.admit(number);
    }
    let slow = Rule::on("/contacts/", Fault::DelayBefore(Duration::from_millis(50))).method(Method::POST);
    large.clinic.ghl.faults().add(slow.times(usize::MAX));
    assert_eq!(group.add(large).await.code, Some(0));
    until(async || large.contacts() > 0).await;
    let contact = small.clinic.ghl.front_desk().contacts().remove(0);
    small.in_ghl(&contact.id, json!({ "phone": "+41791112233" }));
    until(async || small.clinic.ephysio.practice().patients().iter().any(|patient| patient.phone == "+41791112233")).await;
    let meanwhile = large.contacts();
    assert!(meanwhile < PATIENTS / 2, "the webhook waited for the other practice: {meanwhile} of {PATIENTS}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_works_for_one_practice_at_a_time_begins_the_next_when_nothing_is_left_to_do_for_the_first() {
    let mut group = Group::of(2, 3).await;
    group.houses[0].env("CLINIC_SYNC_PRACTICES_AT_ONCE", "0");
    let refused = group.run(&["worker"]).await;
    assert!(refused.code == Some(1) && refused.says(&["CLINIC_SYNC_PRACTICES_AT_ONCE must be a number, and at least 1"]), "{refused:?}");
    group.houses[0].env("CLINIC_SYNC_PRACTICES_AT_ONCE", "1");
    group.houses.iter_mut().for_each(|house| house.set("ghl.parallel", 1));
    group.add_all().await;
    for house in &group.houses {
        let slow = Rule::on("/contacts/", Fault::DelayBefore(Duration::from_millis(400))).method(Method::POST);
        house.clinic.ghl.faults().add(slow.times(usize::MAX));
    }
    let _workers = group.start(&["worker"]);
    until(async || {
        let begun = group.houses.iter().filter(|house| (1..3).contains(&house.contacts())).count();
        assert!(begun < 2, "both are under way");
        group.houses.iter().all(|house| house.contacts() == 3)
    })
    .await;
}
