//! What a webhook costs in calls and bytes, in a small practice and in a large one.
//!
//! `cargo bench -p benches --bench webhook_cost [PATIENTS …]`
//!
//! Both systems run in this process, without sockets and without limits. The look at one record is counted apart from the
//! listing of e-Physio that all waiting records share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use clinic_sync::demo::{Behaviour, Clinic};
use clinic_sync::{Clients, Service};
use ephysio_emulator::NewPatient;
use futures::StreamExt;
use serde_json::json;
use sync_core::{Engine, Reconciled, RecordId, Side};
use sync_http::{Body, ServiceTransport, Transport, TransportError};

const PRACTICES: [u64; 3] = [1_000, 10_000, 100_000];

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A transport that counts what goes through it.
struct Counted<T> {
    inner: T,
    calls: AtomicU64,
    bytes: Arc<AtomicU64>,
}

impl<T> Counted<T> {
    fn new(inner: T) -> Arc<Self> {
        Arc::new(Self { inner, calls: AtomicU64::new(0), bytes: Arc::default() })
    }

    /// The calls and bytes since the last time.
    fn take(&self) -> (u64, u64) {
        (self.calls.swap(0, Ordering::AcqRel), self.bytes.swap(0, Ordering::AcqRel))
    }
}

#[async_trait]
impl<T: Transport> Transport for Counted<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        self.calls.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(request.body().len() as u64, Ordering::AcqRel);
        let bytes = self.bytes.clone();
        let count = move |piece: &Result<Bytes, TransportError>| {
            bytes.fetch_add(piece.as_ref().map_or(0, |piece| piece.len() as u64), Ordering::AcqRel);
        };
        Ok(self.inner.send(request).await?.map(|body| body.inspect(count).boxed()))
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let practices = if arguments.is_empty() { PRACTICES.to_vec() } else { arguments };
    println!(
        "{:<30} {:>9} {:>10} {:>12} {:>14} {:>16}",
        "a webhook about", "patients", "GHL calls", "GHL bytes", "e-Physio calls", "e-Physio bytes"
    );
    for patients in practices {
        measure(patients).await?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
async fn measure(patients: u64) -> Result<(), Failure> {
    let clinic = Clinic::build(patients, 1, Behaviour { rate_limit: None, ..Behaviour::default() });
    let named = NewPatient { email: "edwin.zaugg@example.ch".to_owned(), ..NewPatient::named("Edwin", "Zaugg") };
    let patient = clinic.ephysio.practice().create(named);
    let directory = tempfile::tempdir()?;
    let mut settings = clinic.settings("http://127.0.0.1:1", "http://127.0.0.1:2", &directory.path().join("clinic.db"));
    settings.ghl.calls_per_10_seconds = 10_000_000;
    settings.ephysio.calls_per_2_seconds = 1_000_000;
    let ephysio = Counted::new(ServiceTransport::new(clinic.ephysio.stage()));
    let ghl = Counted::new(ServiceTransport::new(clinic.ghl.stage()));
    let service = Service::open(settings).await?;
    let clients = Clients::with_transports(service.settings(), ephysio.clone(), ghl.clone())?;
    let engine = service.engine(&clients).await?;
    engine.sweep().await?;
    let line = |what: &str| {
        let ((ghl_calls, ghl_bytes), (calls, bytes)) = (ghl.take(), ephysio.take());
        println!("{what:<30} {patients:>9} {ghl_calls:>10} {ghl_bytes:>12} {calls:>14} {bytes:>16}");
    };
    let contact = contact_of(&engine, patient).await?;
    let _ = (ghl.take(), ephysio.take());

    engine.reconcile(Side::Right, &contact).await?;
    line("what we wrote ourselves");

    clinic.ghl.front_desk().update(contact.as_str(), json!({ "phone": "+41791110000" }));
    let reconciled = engine.reconcile(Side::Right, &contact).await?;
    line("an edit of a linked contact");
    assert_eq!(reconciled, Reconciled::NeedsListing);
    engine.catch_up(Side::Right, &[contact].into()).await?;
    line("  with the shared listing");

    let fresh =
        RecordId::new(clinic.ghl.front_desk().create(json!({ "firstName": "Lea", "lastName": "Neu", "email": "lea.neu@example.ch" })));
    engine.reconcile(Side::Right, &fresh).await?;
    line("an unknown contact");
    engine.catch_up(Side::Right, &[fresh].into()).await?;
    line("  with the shared listing");
    Ok(())
}

/// The contact of a patient who is the same in every practice.
async fn contact_of(engine: &Engine, patient: u64) -> Result<RecordId, Failure> {
    let link = engine.desk().find(Side::Left, &RecordId::new(patient.to_string())).await?;
    let end = link.and_then(|link| link.ends.right);
    Ok(end.ok_or("the first sync made no such contact")?.id)
}
