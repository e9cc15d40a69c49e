//! Workers that are killed again and again while there is work.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{Group, Process, until};
use crate::house::{House, Mark, person};

const PRACTICES: usize = 4;
const PATIENTS: usize = 50;
/// From one kill to the next.
const APART: Duration = Duration::from_secs(3);
/// After so many it has to come to an end undisturbed.
const KILLS: usize = 10;

/// The phone that a contact is given.
fn phone(number: usize) -> String {
    format!("+4176{number:07}")
}

/// Staff give everybody another phone, everywhere at the same time, and take a while for it.
async fn edit(houses: &[House]) {
    let contacts = |house: &House| {
        let all = house.clinic.ghl.front_desk().contacts().into_iter();
        all.filter_map(|contact| Some((contact.email?, contact.id))).collect::<BTreeMap<_, _>>()
    };
    let contacts: Vec<_> = houses.iter().map(contacts).collect();
    for number in 0..PATIENTS {
        for (house, contacts) in houses.iter().zip(&contacts) {
            house.in_ghl(&contacts[&person(number).email], json!({ "phone": phone(number) }));
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
}

/// How many patients have not got their new phone.
fn missing(house: &House) -> usize {
    let patients = house.clinic.ephysio.practice().patients();
    PATIENTS - patients.iter().filter(|patient| patient.phone.starts_with("+4176")).count()
}

/// Kills one worker after another, and starts a new one for each, for as long as there is work; says how many were killed.
async fn kill(group: &Group, workers: &mut [Process]) -> usize {
    let mut kills = 0;
    while kills < KILLS && group.houses.iter().any(|house| missing(house) > 0) {
        tokio::time::sleep(APART).await;
        let worker = &mut workers[kills % 3];
        worker.signal("-KILL");
        *worker = group.start(&["worker"]);
        kills += 1;
    }
    kills
}

/// How often each patient was written to.
fn writes(house: &House, since: Mark) -> BTreeMap<String, usize> {
    let mut writes = BTreeMap::new();
    let (written, _) = house.writes(since);
    assert!(written.iter().all(|entry| entry.method == Method::PUT), "nobody was created");
    written.into_iter().for_each(|entry| *writes.entry(entry.path).or_default() += 1);
    writes
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_killed_every_three_seconds_lose_no_change_and_double_none() {
    let mut group = Group::of(PRACTICES, PATIENTS).await;
    for house in &mut group.houses {
        // Everybody changes at once, which is no accident here; and it takes longer than from one kill to the next.
        house.set("patients.update_brake.percent", 100);
        house.set("ghl.calls_per_10_seconds", 80);
    }
    group.add_all().await;
    let receiver = group.start(&["serve", "--no-worker"]);
    let mut workers = [group.start(&["worker"]), group.start(&["worker"]), group.start(&["worker"])];
    group.synced(PATIENTS).await;
    group.idle().await;
    let _hearing = group.hear(&receiver.url);
    let marks: Vec<_> = group.houses.iter().map(House::mark).collect();

    let (kills, ()) = tokio::join!(kill(&group, &mut workers), edit(&group.houses));
    assert!(kills >= 3, "it was over too soon: {kills} kills");
    until(async || group.houses.iter().all(|house| missing(house) == 0)).await;
    group.idle().await;
    let given_up = "SELECT count(*) FROM clinic_sync.hint WHERE dead";
    assert_eq!(sqlx::query_scalar::<_, i64>(given_up).fetch_one(&mut group.raw().await).await.unwrap(), 0, "nothing is given up");
    for (house, mark) in group.houses.iter().zip(marks) {
        let phones: BTreeMap<_, _> =
            house.clinic.ephysio.practice().patients().into_iter().map(|patient| (patient.email, patient.phone)).collect();
        assert_eq!(phones, (0..PATIENTS).map(|number| (person(number).email, phone(number))).collect());
        let written = writes(house, mark);
        assert!(written.len() == PATIENTS && written.values().all(|times| *times == 1), "each once: {written:?}");
        house.assert_whole().await;
        let quiet = house.mark();
        let again = group.run(&["--tenant", house.tenant.as_deref().unwrap(), "sync"]).await;
        assert_eq!((again.code, house.written(quiet)), (Some(0), 0), "{again:?}");
    }
}
