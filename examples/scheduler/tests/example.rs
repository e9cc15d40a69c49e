//! The example, between the two emulators.

use std::time::Duration;

use scheduler::{engine, every};
use tokio::sync::mpsc;

#[tokio::test(flavor = "multi_thread")]
async fn it_syncs_at_once_and_again_and_finds_nothing_to_do_the_second_time() {
    let practice = ephysio_emulator::Emulator::new(ephysio_emulator::Config::default());
    practice.practice().populate(20);
    let ghl = ghl_emulator::Emulator::new(ghl_emulator::Config::default());
    let (left, right) = (practice.serve().await.unwrap(), ghl.serve().await.unwrap());
    let ephysio = ephysio_client::Config {
        base_url: format!("{}/api/1.0", left.url()).parse().unwrap(),
        ..ephysio_client::Config::new("praxis@example.ch", "demo-password").unwrap()
    };
    let config = ghl_client::Config { base_url: right.url().parse().unwrap(), ..ghl_client::Config::new("loc-demo", "pit-demo").unwrap() };
    let directory = tempfile::tempdir().unwrap();
    let (ephysio, client) = (ephysio_client::Client::new(ephysio).unwrap(), ghl_client::Client::new(config).unwrap());
    let engine = engine(ephysio, client, &directory.path().join("example.db")).await.unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    tokio::spawn(async move { every(Duration::from_millis(10), &engine, |outcome| tell.send(outcome).unwrap()).await });
    let first = told.recv().await.unwrap().unwrap();
    let second = told.recv().await.unwrap().unwrap();
    assert!(first.counts.right.created > 0);
    assert_eq!((second.counts.right.created, second.counts.right.updated), (0, 0));
    assert_eq!(ghl.front_desk().contacts().len(), first.counts.right.created);
}
