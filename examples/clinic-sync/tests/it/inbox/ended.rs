//! Processes that end while they look at records.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clinic_sync::TENANT;
use serde_json::json;
use sync_core::testing::SeededEnv;
use sync_core::vocabulary::person;
use sync_core::{Changes, Env, Run, RunId, RunState, Sides};

use super::{ATTEMPTS, Database, LEASE, clock, hint, looks, most_at_once, on_both_databases, push, slow_down, webhooks};
use crate::live::{Live, house, until};

on_both_databases![
    after_a_kill_in_the_middle_records_are_looked_at_one_at_a_time_until_none_is_due_and_then_several_again,
    a_record_that_is_a_defect_of_ours_is_given_up_and_takes_no_other_with_it,
    a_record_that_ends_the_process_each_time_is_given_up_and_takes_no_other_with_it,
    records_that_shared_the_end_of_many_processes_are_looked_at_and_none_is_given_up,
];

async fn after_a_kill_in_the_middle_records_are_looked_at_one_at_a_time_until_none_is_due_and_then_several_again(database: Database) {
    const RECORDS: usize = 10;
    const PARALLEL: usize = 4;
    let mut house = database.house(RECORDS).await;
    house.set("ghl.parallel", i64::try_from(PARALLEL).unwrap());
    let contacts = house.clinic.ghl.front_desk().contacts();
    push(&house, &contacts).await;
    let env = Arc::new(clock());
    slow_down(&house, RECORDS, Duration::from_secs(60));
    let mark = house.mark();
    let live = Live::start_at(&house, env.clone()).await;
    // All of them are counted here: none arrives after the process that sent it has ended.
    assert_eq!(most_at_once(&house, mark, PARALLEL).await, PARALLEL, "several at a time");
    live.kill().await;

    house.clinic.ghl.faults().clear();
    slow_down(&house, RECORDS, Duration::from_millis(200));
    env.advance(LEASE);
    let mark = house.mark();
    let live = Live::start_at(&house, env.clone()).await;
    assert_eq!(most_at_once(&house, mark, RECORDS).await, 1, "one of them may be what ended the process");
    live.idle().await;
    assert!(contacts.iter().all(|contact| looks(&house, mark, &contact.id) == 1), "each once");

    slow_down(&house, RECORDS, Duration::from_millis(200));
    let deliveries = webhooks(&house, &live);
    let mark = house.mark();
    for contact in &contacts {
        house.in_ghl(&contact.id, json!({ "city": "Thun" }));
    }
    deliveries.deliver_all().await;
    assert!(most_at_once(&house, mark, RECORDS).await > 1, "nothing was due any more in between");
    live.idle().await;
    assert_eq!(live.figure("clinic_sync_inbox{state=\"dead\"}").await, 0);
    live.end().await;
}

/// Time as it is, and chance that fails wherever a record is seen for the first time.
struct Defect(SeededEnv);

impl Env for Defect {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn fill(&self, buffer: &mut [u8]) {
        assert_ne!(buffer.len(), 16, "a defect, as this test wants it");
        self.0.fill(buffer);
    }
}

impl fmt::Debug for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

async fn a_record_that_is_a_defect_of_ours_is_given_up_and_takes_no_other_with_it(database: Database) {
    let house = database.house(1).await;
    let known = house.clinic.ghl.front_desk().contacts().remove(0).id;
    let lead = house.clinic.ghl.front_desk().create(json!({ "firstName": "Lea", "email": "lea@example.ch" }));
    push(&house, &house.clinic.ghl.front_desk().contacts()).await;
    let mark = house.mark();
    let env = Arc::new(Defect(clock()));
    let (service, _) = house.open().await;
    let given_up = async || service.store().depth(&TENANT).await.unwrap().dead == 1;
    let mut ends = 0;
    while !given_up().await {
        let live = Live::start_at(&house, env.clone()).await;
        until(async || live.is_over() || given_up().await).await;
        ends += usize::from(live.is_over());
        live.kill().await;
        env.0.advance(LEASE);
    }
    // At the first end there were two, and nobody knew whose it was.
    assert!((ATTEMPTS..=ATTEMPTS + 1).contains(&ends), "{ends} ends");
    assert_eq!(looks(&house, mark, &lead), ends);
    assert!(looks(&house, mark, &known) > 0);
    assert_eq!(service.store().depth(&TENANT).await.unwrap().waiting, 0, "the other one is done");
    service.store().close().await;
}

async fn a_record_that_ends_the_process_each_time_is_given_up_and_takes_no_other_with_it(database: Database) {
    let house = database.house(2).await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    let (service, _) = house.open().await;
    let store = service.store();
    let now = Utc::now();
    store.push(&[hint(&contacts[0].id)], now).await.unwrap();
    // Taken, and never handled: so it is for a process that ended.
    for _ in 0..8 {
        assert_eq!(store.take(&TENANT, 1, now, now).await.unwrap().len(), 1);
    }
    store.push(&[hint(&contacts[1].id)], now).await.unwrap();
    store.close().await;
    let mark = house.mark();
    let live = Live::start(&house).await;
    live.idle().await;
    until(async || live.figure("clinic_sync_inbox{state=\"dead\"}").await == 1).await;
    live.end().await;
    let looked = |number: usize| looks(&house, mark, &contacts[number].id);
    assert_eq!((looked(0), looked(1)), (0, 1), "the one is not touched again, the other is looked at");
}

async fn records_that_shared_the_end_of_many_processes_are_looked_at_and_none_is_given_up(database: Database) {
    let house = database.house(3).await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    let (service, _) = house.open().await;
    let store = service.store();
    let hints: Vec<_> = contacts.iter().map(|contact| hint(&contact.id)).collect();
    let now = Utc::now();
    store.push(&hints, now).await.unwrap();
    for _ in 0..3 * ATTEMPTS {
        // A process takes them, and is killed; its successor takes them over.
        assert_eq!(store.take(&TENANT, 32, now, now).await.unwrap().len(), contacts.len());
        store.reclaim(&TENANT).await.unwrap();
    }
    store.close().await;
    let mark = house.mark();
    let live = Live::start(&house).await;
    live.idle().await;
    assert_eq!(live.figure("clinic_sync_inbox{state=\"dead\"}").await, 0);
    live.end().await;
    assert!(contacts.iter().all(|contact| looks(&house, mark, &contact.id) > 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_that_end_the_process_each_time_wait_and_webhooks_do_not() {
    let (house, patients) = house(1).await;
    house.sync().await;
    let env = Arc::new(clock());
    env.advance(Duration::from_secs(86_400));
    let (service, _) = house.open().await;
    for number in 1..=9 {
        let run = Run {
            id: RunId::from_bytes([number; 16]),
            kind: person::KIND,
            started_at: env.now(),
            ended_at: None,
            state: RunState::Running,
            counts: Sides::default(),
        };
        service.store().commit(&TENANT, Changes { run: Some(run), ..Changes::default() }).await.unwrap();
    }
    let ended = async || {
        let runs = service.store().runs(&TENANT, &person::KIND, 20).await.unwrap();
        runs.iter().filter(|run| run.state == RunState::Completed).count()
    };
    let begun = async || service.store().runs(&TENANT, &person::KIND, 20).await.unwrap().len();
    let before = (begun().await, ended().await);
    let live = Live::start_at(&house, env.clone()).await;
    let deliveries = webhooks(&house, &live);
    let contact = house.contact_of(patients[0]).await;
    house.in_ghl(&contact, json!({ "phone": "+41795550001" }));
    deliveries.deliver_all().await;
    until(async || live.figure("clinic_sync_inbox{state=\"waiting\"}").await == 0).await;
    live.end().await;
    assert_eq!(begun().await, before.0, "a day has passed, and no sync was tried");
    env.advance(Duration::from_secs(180));
    let live = Live::start_at(&house, env.clone()).await;
    until(async || ended().await > before.1).await;
    live.end().await;
    service.store().close().await;
}
