//! A service that runs in this process, whose GHL sends webhooks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clinic_sync::Service;
use clinic_sync::serve::Server;
use ephysio_emulator::{Quirks, UpdatePatient};
use ghl_emulator::{Deliveries, Grantor, Receiver, Sending, Webhook, WebhookSettings};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use sync_core::{Env, SystemEnv};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::house::House;

/// The client id of the app that is installed in the emulated GHL.
pub(crate) const CLIENT: &str = "appdemo-m0000000";

/// A service that runs in this process.
pub(crate) struct Live {
    pub(crate) url: String,
    pub(crate) metrics: String,
    stop: CancellationToken,
    task: JoinHandle<clinic_sync::Result<()>>,
}

/// The settings of a clinic whose GHL sends webhooks.
pub(crate) async fn house(patients: usize) -> (House, Vec<u64>) {
    house_with(Quirks::default(), patients).await
}

pub(crate) async fn house_with(quirks: Quirks, patients: usize) -> (House, Vec<u64>) {
    let mut house = House::with(quirks).await;
    let ids = (0..patients).map(|number| house.admit(number)).collect();
    serving(&mut house);
    (house, ids)
}

/// Adds the settings of the running service.
pub(crate) fn serving(house: &mut House) {
    house.set("serve.listen", "127.0.0.1:0");
    house.set("serve.metrics", "127.0.0.1:0");
    house.set("serve.webhook_public_keys", vec![house.clinic.ghl.webhook_public_key()]);
    house.set("patients.freshness_seconds", 0);
}

impl Live {
    pub(crate) async fn start(house: &House) -> Self {
        Self::start_at(house, Arc::new(SystemEnv)).await
    }

    /// Starts it by another clock.
    pub(crate) async fn start_at(house: &House, env: Arc<dyn Env>) -> Self {
        let service = Service::open(house.parsed()).await.unwrap().with_env(env);
        let stop = CancellationToken::new();
        let server = Server::start(service, stop.clone()).await.unwrap();
        let (url, metrics) = (format!("http://{}", server.address()), format!("http://{}/metrics", server.metrics_address().unwrap()));
        Self { url, metrics, stop, task: tokio::spawn(server.run()) }
    }

    /// Starts it together with GHL's webhooks; the first sync is over then.
    pub(crate) async fn hearing(house: &House) -> (Self, Deliveries, Sending) {
        let live = Self::start(house).await;
        let receiver = Receiver::url(&format!("{}/api/webhooks/", live.url)).unwrap();
        let deliveries = house.clinic.ghl.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
        house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location);
        let sending = deliveries.start();
        live.idle().await;
        (live, deliveries, sending)
    }

    pub(crate) async fn figure(&self, line: &str) -> u64 {
        let text = reqwest::get(&self.metrics).await.unwrap().text().await.unwrap();
        let found = text.lines().find_map(|shown| shown.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("{line} is not in {text}"))
    }

    pub(crate) async fn webhooks(&self, outcome: &str) -> u64 {
        self.figure(&format!("clinic_sync_webhooks_total{{outcome=\"{outcome}\"}}")).await
    }

    /// Until a sync of patients has succeeded, and the inbox is empty.
    pub(crate) async fn idle(&self) {
        until(async || {
            let text = reqwest::get(&self.metrics).await.unwrap().text().await.unwrap();
            text.contains("clinic_sync_last_success_timestamp_seconds{kind=\"person\"}")
                && self.figure("clinic_sync_inbox{state=\"waiting\"}").await == 0
        })
        .await;
    }

    pub(crate) async fn post(&self, headers: HeaderMap, body: impl Into<reqwest::Body>) -> StatusCode {
        let client = reqwest::Client::new();
        client.post(format!("{}/api/webhooks/", self.url)).headers(headers).body(body).send().await.unwrap().status()
    }

    /// Ends it as a kill does: nothing more is done, and the lease is not given back.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Whether it ended by itself.
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

pub(crate) async fn until(condition: impl AsyncFn() -> bool) {
    for _ in 0..2_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to that");
}

/// A webhook that GHL has signed.
pub(crate) async fn signed(house: &House) -> Webhook {
    let list = Arc::new(Mutex::new(Vec::new()));
    let kept = list.clone();
    let receiver = Receiver::new(move |webhook| {
        kept.lock().unwrap().push(webhook);
        std::future::ready(Some(StatusCode::OK))
    });
    let deliveries = house.clinic.ghl.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location);
    house.clinic.ghl.front_desk().create(json!({ "firstName": "Lea", "email": "lea@example.ch" }));
    deliveries.deliver_all().await;
    list.lock().unwrap().pop().unwrap()
}

/// An e-Physio whose patients can be changed, and a clinic whose settings say how.
pub(crate) async fn house_that_updates(patients: usize) -> (House, Vec<u64>) {
    let quirks = Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() };
    let (mut house, ids) = house_with(quirks, patients).await;
    house.set("ephysio.operations.update_patient.support", "enabled");
    house.set("ephysio.operations.update_patient.method", "PUT");
    house.set("ephysio.operations.update_patient.path", "/patients/{id}");
    house.set("ephysio.operations.update_patient.body", "patch");
    house.set("ephysio.operations.update_patient.success", vec![200, 204]);
    (house, ids)
}
