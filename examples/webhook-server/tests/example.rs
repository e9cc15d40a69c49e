//! The example, between the two emulators.

use std::sync::Arc;
use std::time::Duration;

use ghl_client::webhook::Verifier;
use ghl_emulator::{Grantor, Receiver, WebhookSettings};
use serde_json::json;
use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};
use webhook_server::{Embedded, router, work};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_makes_the_engine_look_at_its_contact() {
    let practice = ephysio_emulator::Emulator::new(ephysio_emulator::Config::default());
    let patient = ephysio_emulator::NewPatient {
        email: "anna@example.ch".to_owned(),
        phone: "+41791234567".to_owned(),
        ..ephysio_emulator::NewPatient::named("Anna", "Muster")
    };
    practice.practice().create(patient);
    let ghl = ghl_emulator::Emulator::new(ghl_emulator::Config::default());
    let (left, right) = (practice.serve().await.unwrap(), ghl.serve().await.unwrap());
    let ephysio = ephysio_client::Config {
        base_url: format!("{}/api/1.0", left.url()).parse().unwrap(),
        ..ephysio_client::Config::new("praxis@example.ch", "demo-password").unwrap()
    };
    let config = ghl_client::Config { base_url: right.url().parse().unwrap(), ..ghl_client::Config::new("loc-demo", "pit-demo").unwrap() };
    let (ephysio, client) = (ephysio_client::Client::new(ephysio).unwrap(), ghl_client::Client::new(config).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("example.db");
    let store = SqliteStore::open(OpenOptions::new(path.clone(), MasterKey::beside(&path).unwrap().key)).await.unwrap();
    let verifier = Verifier::new([ghl.webhook_public_key().parse().unwrap()]);
    let embedded = Arc::new(Embedded::new(ephysio, client, Arc::new(store), verifier).await.unwrap());
    embedded.engine().sweep().await.unwrap();
    assert_eq!(ghl.front_desk().contacts().len(), 1, "the first sweep created the contact");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router(embedded.clone())).into_future());
    let worker = embedded.clone();
    tokio::spawn(async move { work(&worker).await });
    let deliveries = ghl.send_webhooks("appdemo-m0000000", Receiver::url(&url).unwrap(), WebhookSettings::default()).unwrap();
    ghl.front_desk().authorize("appdemo-m0000000", Grantor::Location);
    let contact = ghl.front_desk().contacts().remove(0);
    let mark = ghl.journal().len();
    ghl.front_desk().update(&contact.id, json!({ "phone": "+41791112233" }));
    deliveries.deliver_all().await;
    for _ in 0..2_000 {
        if ghl.journal().since(mark).iter().any(|entry| entry.path == format!("/contacts/{}", contact.id)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody looked at the contact");
}
