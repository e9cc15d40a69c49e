//! How many webhooks per second the service acknowledges over loopback, each checked and durable before its answer, beside
//! a bare server that does nothing but check the signature and insert one row by the same writer.
//!
//! `cargo bench -p benches --bench webhooks [WEBHOOKS]`

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clinic_sync::demo::{Behaviour, Clinic};
use clinic_sync::serve::Server;
use clinic_sync::{Service, TENANT};
use ghl_client::webhook::{PublicKey, Verifier};
use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};
use sync_core::vocabulary::person;
use sync_core::{HintKey, HintQueue, Side, Urgency};
use tokio_util::sync::CancellationToken;

const WEBHOOKS: usize = 20_000;
const CONNECTIONS: usize = 32;
/// What an Ed25519 key in DER begins with (RFC 8410).
const DER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One signed webhook.
type Signed = (String, Bytes);

struct Rate {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
async fn main() -> Result<(), Failure> {
    let count = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(WEBHOOKS);
    let key = Ed25519KeyPair::generate().map_err(|_| "no key")?;
    let webhooks: Arc<Vec<Signed>> = Arc::new((0..count).map(|number| signed(&key, number)).collect());
    let raw: [u8; 32] = key.public_key().as_ref().try_into()?;
    let floor = bare(raw, &webhooks).await?;
    let service = whole(raw, &webhooks).await?;
    println!("{count} webhooks over {CONNECTIONS} connections, each durable before its 200");
    println!("{:<32} {:>10} {:>10} {:>10} {:>8}", "", "per s", "p50 ms", "p99 ms", "ratio");
    for (name, rate) in [("signature check and insert", &floor), ("clinic-sync serve", &service)] {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let ratio = rate.per_second / floor.per_second;
        println!("{name:<32} {:>10.0} {:>10.2} {:>10.2} {ratio:>8.2}", rate.per_second, ms(rate.p50), ms(rate.p99));
    }
    Ok(())
}

fn signed(key: &Ed25519KeyPair, number: usize) -> Signed {
    let body = serde_json::json!({
        "type": "ContactUpdate", "locationId": "loc-demo", "id": format!("contact{number:012}"), "webhookId": format!("webhook-{number}"),
        "firstName": "Anna", "lastName": "Muster", "email": format!("p{number}@example.ch"), "phone": "+41791234567",
        "timestamp": "2026-03-02T08:00:00.000Z"
    });
    let body = body.to_string();
    (STANDARD.encode(key.sign(body.as_bytes()).as_ref()), Bytes::from(body))
}

/// The floor.
async fn bare(key: [u8; 32], webhooks: &Arc<Vec<Signed>>) -> Result<Rate, Failure> {
    struct Bare(Verifier, SqliteStore);
    async fn receive(State(bare): State<Arc<Bare>>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let Bare(verifier, store) = bare.as_ref();
        let id = serde_json::from_slice::<serde_json::Value>(&body).ok().and_then(|body| Some(body.get("id")?.as_str()?.to_owned()));
        let (Ok(()), Some(id)) = (verifier.verify(&headers, &body), id) else { return StatusCode::UNAUTHORIZED };
        let key = HintKey { tenant: TENANT, kind: person::KIND, side: Side::Right, id: id.as_str().into() };
        match store.push(&[(key, Urgency::Live)], chrono::Utc::now()).await {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("floor.db");
    let store = SqliteStore::open(OpenOptions::new(path.clone(), MasterKey::beside(&path)?.key)).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let router = axum::Router::new().route("/", post(receive)).with_state(Arc::new(Bare(Verifier::new([PublicKey::new(key)]), store)));
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let rate = fire(&url, webhooks).await;
    server.abort();
    rate
}

/// The service itself, over a clinic without anybody.
async fn whole(key: [u8; 32], webhooks: &Arc<Vec<Signed>>) -> Result<Rate, Failure> {
    let clinic = Clinic::build(0, 1, Behaviour { rate_limit: None, ..Behaviour::default() });
    let (ephysio, ghl) = clinic.serve().await?;
    let directory = tempfile::tempdir()?;
    let mut settings = clinic.settings(&ephysio.url(), &ghl.url(), &directory.path().join("clinic.db"));
    settings.serve.listen = ([127, 0, 0, 1], 0).into();
    settings.serve.webhook_public_keys =
        vec![format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode([&DER[..], &key].concat()))];
    let stop = CancellationToken::new();
    let server = Server::start(Service::open(settings).await?, stop.clone()).await?;
    let url = format!("http://{}/api/webhooks/", server.address());
    let running = tokio::spawn(server.run());
    let rate = fire(&url, webhooks).await;
    stop.cancel();
    running.await??;
    rate
}

async fn fire(url: &str, webhooks: &Arc<Vec<Signed>>) -> Result<Rate, Failure> {
    let client = reqwest::Client::builder().pool_max_idle_per_host(CONNECTIONS).build()?;
    let begun = Instant::now();
    let share = |connection: usize| {
        let (client, url, webhooks) = (client.clone(), url.to_owned(), webhooks.clone());
        tokio::spawn(async move {
            let mut times = Vec::new();
            for (signature, body) in webhooks.iter().skip(connection).step_by(CONNECTIONS) {
                let sent = Instant::now();
                let answer = client.post(&url).header("x-ghl-signature", signature).body(body.clone()).send().await?;
                answer.error_for_status()?;
                times.push(sent.elapsed());
            }
            Ok::<_, reqwest::Error>(times)
        })
    };
    let tasks: Vec<_> = (0..CONNECTIONS).map(share).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let took = begun.elapsed();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    Ok(Rate { per_second: times.len() as f64 / took.as_secs_f64(), p50: at(50), p99: at(99) })
}
