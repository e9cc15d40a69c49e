//! The running service as a process: what it says, and how it ends.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use emulator_kit::Rule;
use ghl_emulator::{Grantor, Receiver, WebhookSettings};
use serde_json::json;

use crate::house::House;

/// The binary, serving.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(house: &House) -> Self {
        let mut command = house.command(&["serve", "--first-sync"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening at ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, url }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

async fn serving_house(patients: usize) -> House {
    let (mut house, _) = House::of(patients).await;
    house.set("serve.listen", "127.0.0.1:0");
    house.set("serve.webhook_public_keys", vec![house.clinic.ghl.webhook_public_key()]);
    house.set("patients.freshness_seconds", 0);
    house
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..4_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to that");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_in_the_middle_of_a_sync_it_ends_in_time_and_loses_nothing() {
    let house = serving_house(80).await;
    let mut process = Process::start(&house);
    let second = house.run(&["sync", "--first-sync"]).await;
    assert!(second.code == Some(1) && second.says(&["process ", "works on this practice"]), "{second:?}");
    until(|| house.contacts() > 10).await;
    process.signal("-TERM");
    let asked = Instant::now();
    let status = process.child.wait().unwrap();
    assert!(status.success() && asked.elapsed() < Duration::from_secs(10), "{status} after {:?}", asked.elapsed());
    house.sync().await;
    house.assert_whole().await;
}

/// So many contacts are edited at once.
const EDITED: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_handles_webhooks_it_goes_on_after_a_restart() {
    let mut house = serving_house(EDITED).await;
    house.set("ghl.calls_per_10_seconds", 1_000_000);
    house.sync().await;
    let mut process = Process::start(&house);
    let receiver = Receiver::url(&format!("{}/api/webhooks/", process.url)).unwrap();
    let deliveries = house.clinic.ghl.send_webhooks("appdemo-m0000000", receiver, WebhookSettings::default()).unwrap();
    house.clinic.ghl.front_desk().authorize("appdemo-m0000000", Grantor::Location);
    // Each look takes a while, so that the kill meets some under way and some waiting.
    let slow = emulator_kit::Fault::DelayBefore(Duration::from_millis(20));
    house.clinic.ghl.faults().add(Rule::on("/contacts/", slow).method(http::Method::GET).times(10_000));
    for (number, contact) in house.clinic.ghl.front_desk().contacts().iter().enumerate() {
        house.in_ghl(&contact.id, json!({ "phone": format!("+4179{:07}", 5_000_000 + number) }));
    }
    let mark = house.mark();
    deliveries.deliver_all().await;
    let looked_at = || {
        let entries = house.clinic.ghl.journal().since(mark.ghl);
        let read = entries.iter().filter(|entry| entry.method == http::Method::GET && entry.path.starts_with("/contacts/"));
        read.map(|entry| entry.path.clone()).collect::<BTreeSet<_>>().len()
    };
    until(|| looked_at() > EDITED / 10).await;
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    let before = looked_at();
    assert!(before < EDITED, "it was killed in the middle");
    house.clinic.ghl.faults().clear();

    let mut process = Process::start(&house);
    until(|| looked_at() == EDITED).await;
    let listed = || house.clinic.ephysio.journal().since(mark.ephysio).iter().any(|entry| entry.path.ends_with("/patients"));
    until(listed).await;
    process.signal("-TERM");
    process.child.wait().unwrap();
    house.sync().await;
    let reviews = house.reviews().await;
    assert_eq!(reviews.iter().filter(|review| review["reason"] == "manual").count(), EDITED, "every edit is known");
    house.assert_quiet().await;
}
