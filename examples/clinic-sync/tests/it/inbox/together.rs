//! Several hints at once, for several records and for one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Database, clock, looks, most_at_once, on_both_databases, push, slow_down, webhooks};
use crate::live::{Live, house_that_updates};

on_both_databases![
    records_of_a_handful_are_looked_at_several_at_a_time_and_each_once,
    a_record_that_is_hinted_at_many_times_is_looked_at_once,
    a_record_that_is_hinted_at_while_it_is_looked_at_is_looked_at_once_more,
    a_clock_that_jumps_ahead_while_records_are_looked_at_has_none_looked_at_twice_and_none_given_up,
];

/// The phone that a contact is given.
fn phone(number: usize) -> String {
    format!("+4176{number:07}")
}

async fn records_of_a_handful_are_looked_at_several_at_a_time_and_each_once(database: Database) {
    const EDITED: usize = 12;
    let (mut house, _) = house_that_updates(EDITED).await;
    // Everybody changes at once, which is no accident here.
    house.set("patients.update_brake.percent", 100);
    house.set("ghl.parallel", 4);
    database.of(&mut house).await;
    house.sync().await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    for (number, contact) in contacts.iter().enumerate() {
        house.in_ghl(&contact.id, json!({ "phone": phone(number) }));
    }
    push(&house, &contacts).await;
    slow_down(&house, EDITED, Duration::from_millis(300));
    let mark = house.mark();
    let live = Live::start(&house).await;
    assert_eq!(most_at_once(&house, mark, EDITED).await, 4, "as many as the settings allow");
    live.idle().await;
    live.end().await;
    let entries = house.clinic.ghl.journal().since(mark.ghl).into_iter();
    let looked: BTreeSet<String> = entries.filter(|entry| entry.fault.is_some()).map(|entry| entry.path).collect();
    assert_eq!(looked.len(), EDITED, "each once");
    assert_eq!(house.writes(mark).0.len(), EDITED);
    let phones: BTreeSet<String> = house.clinic.ephysio.practice().patients().into_iter().map(|patient| patient.phone).collect();
    assert_eq!(phones, (0..EDITED).map(phone).collect());
    house.assert_whole().await;
    house.assert_quiet().await;
}

async fn a_record_that_is_hinted_at_many_times_is_looked_at_once(database: Database) {
    let house = database.house(2).await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    for _ in 0..3 {
        push(&house, &[contacts.clone(), contacts.clone()].concat()).await;
    }
    let mark = house.mark();
    let live = Live::start(&house).await;
    live.idle().await;
    assert!(contacts.iter().all(|contact| looks(&house, mark, &contact.id) == 1));
    live.end().await;
}

async fn a_record_that_is_hinted_at_while_it_is_looked_at_is_looked_at_once_more(database: Database) {
    let house = database.house(1).await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    push(&house, &contacts).await;
    slow_down(&house, 1, Duration::from_secs(2));
    let mark = house.mark();
    let live = Live::start(&house).await;
    most_at_once(&house, mark, 1).await;
    for _ in 0..3 {
        push(&house, &contacts).await;
    }
    assert_eq!(looks(&house, mark, &contacts[0].id), 1, "not at the same time");
    live.idle().await;
    assert_eq!(looks(&house, mark, &contacts[0].id), 2);
    live.end().await;
}

async fn a_clock_that_jumps_ahead_while_records_are_looked_at_has_none_looked_at_twice_and_none_given_up(database: Database) {
    const RECORDS: usize = 4;
    let house = database.house(RECORDS).await;
    let contacts = house.clinic.ghl.front_desk().contacts();
    push(&house, &contacts).await;
    slow_down(&house, RECORDS, Duration::from_secs(1));
    let mark = house.mark();
    let env = Arc::new(clock());
    let live = Live::start_at(&house, env.clone()).await;
    most_at_once(&house, mark, RECORDS).await;
    // Later than what was taken comes back by itself, and than the lease lasts.
    env.advance(Duration::from_secs(30 * 60));
    live.idle().await;
    assert!(contacts.iter().all(|contact| looks(&house, mark, &contact.id) == 1));
    assert_eq!(live.figure("clinic_sync_inbox{state=\"dead\"}").await, 0);
    // It goes on working, under the same lease.
    let deliveries = webhooks(&house, &live);
    house.in_ghl(&contacts[0].id, json!({ "city": "Thun" }));
    deliveries.deliver_all().await;
    live.idle().await;
    assert!(looks(&house, mark, &contacts[0].id) > 1);
    live.end().await;
}
