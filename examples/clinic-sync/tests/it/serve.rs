//! The running service, and GHL's webhooks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clinic_sync::Service;
use clinic_sync::serve::Server;
use emulator_kit::{Fault, Rule};
use ephysio_emulator::{Quirks, UpdatePatient};
use ghl_emulator::{Deliveries, Grantor, Receiver, Sending, Webhook, WebhookSettings};
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use sync_core::{Env, SystemEnv};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::house::{House, person};

pub(crate) const CLIENT: &str = "appdemo-m0000000";

/// A service that runs in this process.
pub(crate) struct Live {
    pub(crate) url: String,
    metrics: String,
    stop: CancellationToken,
    task: JoinHandle<clinic_sync::Result<()>>,
}

/// The settings of a clinic whose GHL sends webhooks.
pub(crate) async fn house(patients: usize) -> (House, Vec<u64>) {
    house_with(Quirks::default(), patients).await
}

async fn house_with(quirks: Quirks, patients: usize) -> (House, Vec<u64>) {
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

    async fn post(&self, headers: HeaderMap, body: impl Into<reqwest::Body>) -> StatusCode {
        let client = reqwest::Client::new();
        client.post(format!("{}/api/webhooks/", self.url)).headers(headers).body(body).send().await.unwrap().status()
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
async fn signed(house: &House) -> Webhook {
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

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_ghl_reaches_the_practice_by_its_webhook() {
    let quirks = Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() };
    let (mut house, patients) = house_with(quirks, 3).await;
    house.set("ephysio.operations.update_patient.support", "enabled");
    house.set("ephysio.operations.update_patient.method", "PUT");
    house.set("ephysio.operations.update_patient.path", "/patients/{id}");
    house.set("ephysio.operations.update_patient.body", "patch");
    house.set("ephysio.operations.update_patient.success", vec![200, 204]);
    let (live, _deliveries, _sending) = Live::hearing(&house).await;
    let contact = house.clinic.ghl.front_desk().contacts().into_iter().find(|contact| contact.email == Some(person(1).email)).unwrap();
    house.in_ghl(&contact.id, json!({ "phone": "+41791112233" }));
    let practice = house.clinic.ephysio.practice();
    until(async || practice.patient(patients[1]).unwrap().phone == "+41791112233").await;
    assert!(live.figure("clinic_sync_webhook_lag_seconds").await < 60);
    live.end().await;
    house.assert_whole().await;
}

/// The GHL calls of a first sync of so many, and how many of its own writes the service was told of.
async fn first_sync(patients: usize, with_webhooks: bool, late: bool) -> (usize, u64) {
    let (mut house, _) = house(patients).await;
    house.set("ghl.calls_per_10_seconds", 1_000_000);
    if late {
        // The answer comes later than the webhook about what it says.
        let late = Rule::on("/contacts/", Fault::DelayAfter(Duration::from_millis(40))).method(Method::POST);
        house.clinic.ghl.faults().add(late.times(patients));
    }
    let mark = house.mark();
    let live = if with_webhooks {
        let (live, deliveries, _sending) = Live::hearing(&house).await;
        until(async || deliveries.waiting() == 0).await;
        live
    } else {
        Live::start(&house).await
    };
    live.idle().await;
    let told = live.webhooks("taken").await + live.webhooks("echo").await;
    live.end().await;
    house.assert_whole().await;
    (house.clinic.ghl.journal().since(mark.ghl).len(), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_writes_come_back_and_cost_nothing_worth_speaking_of_even_if_they_overtake_the_answer() {
    let (without, _) = first_sync(300, false, false).await;
    for late in [false, true] {
        let (with, told) = first_sync(300, true, late).await;
        assert!(told >= 300, "each create came back: {told}");
        assert!(with <= without + without / 20, "{with} calls with webhooks, {without} without");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ghls_or_not_for_us_is_refused_or_ignored_and_writes_nothing() {
    let (house, _) = house(1).await;
    let Webhook { headers, body } = signed(&house).await;
    let live = Live::start(&house).await;
    live.idle().await;
    let mark = house.mark();
    assert_eq!(live.post(HeaderMap::new(), body.clone()).await, StatusCode::UNAUTHORIZED, "unsigned");
    let altered = String::from_utf8(body.to_vec()).unwrap().replace("lea@", "eva@");
    assert_eq!(live.post(headers.clone(), altered).await, StatusCode::UNAUTHORIZED, "altered");
    let mut forged = headers.clone();
    forged.insert("x-ghl-signature", "AAAA".parse().unwrap());
    assert_eq!(live.post(forged, body.clone()).await, StatusCode::UNAUTHORIZED, "forged");
    assert_eq!(live.post(headers.clone(), vec![b' '; 2 << 20]).await, StatusCode::PAYLOAD_TOO_LARGE, "too large");
    assert_eq!(live.post(headers.clone(), "no JSON").await, StatusCode::UNAUTHORIZED, "not JSON, and so not signed");
    assert_eq!((live.webhooks("refused").await, live.webhooks("taken").await), (4, 0));
    assert_eq!(live.post(headers.clone(), body.clone()).await, StatusCode::OK);
    assert_eq!(live.post(headers, body).await, StatusCode::OK, "once more");
    assert_eq!((live.webhooks("taken").await, live.webhooks("duplicate").await), (1, 1));
    live.idle().await;
    assert_eq!(house.written(mark), 0, "a lead is looked at and left alone");
    live.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_another_location_is_answered_and_left_alone() {
    let (mut house, _) = house(1).await;
    let Webhook { headers, body } = signed(&house).await;
    house.set("ghl.location_id", "loc-other");
    let live = Live::start(&house).await;
    assert_eq!(live.post(headers, body).await, StatusCode::OK);
    assert_eq!((live.webhooks("unroutable").await, live.webhooks("taken").await), (1, 0));
    live.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_doubled_and_reordered_stream_of_webhooks_ends_in_the_same_state() {
    let (house, _) = house(20).await;
    let (live, deliveries, _sending) = Live::hearing(&house).await;
    let storm = WebhookSettings { duplicated: 40, lost: 20, jitter: Duration::from_millis(50), ..WebhookSettings::default() };
    deliveries.configure(storm);
    for contact in house.clinic.ghl.front_desk().contacts() {
        for round in 0..3 {
            house.in_ghl(&contact.id, json!({ "city": format!("Ort {round}") }));
        }
    }
    until(async || deliveries.waiting() == 0).await;
    live.idle().await;
    live.end().await;
    house.sync().await;
    house.assert_whole().await;
    house.assert_quiet().await;
}
