//! `sync`: once, under the tenant's lease.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use sync_core::observer::{Observer, Silent};
use sync_core::vocabulary::person;
use sync_core::{Engine, Report, RunState, Side};
use tokio_util::sync::CancellationToken;

use super::progress::Bar;
use super::words::{reason, system};
use super::{Form, What, print_json};
use crate::{Clients, Error, Lease, Result, Service, Settings, SyncReport};

/// So often at most is everything read in one sync. A person pulled in by an appointment is there after the second time.
const ROUNDS: usize = 3;

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct SyncArgs {
    /// What to sync.
    #[arg(value_enum, default_value_t = What::All)]
    what: What,
    #[command(flatten)]
    form: Form,
    /// Go ahead with the very first sync, which may create many contacts.
    #[arg(long)]
    first_sync: bool,
}

impl SyncArgs {
    /// 0: done. 3: done, with open review items. 1: some writes did not succeed; the next sync looks at them again.
    pub(crate) async fn run(self, settings: Settings, stop: CancellationToken) -> Result<ExitCode> {
        settings.check()?;
        let service = Service::open(settings).await?;
        let clients = Clients::of(&service)?;
        if !self.first_sync && !has_synced(&service).await? {
            return Err(first_sync_is_special(&service));
        }
        let report = sync_once(&service, &clients, self.what, stop, !self.form.json).await?;
        if self.form.json {
            print_json(&report)?;
        } else {
            print_report(&report);
        }
        Ok(match (report.failed(), report.open_reviews) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => ExitCode::from(3),
            _ => ExitCode::FAILURE,
        })
    }
}

pub(crate) async fn has_synced(service: &Service) -> Result<bool> {
    let runs = service.store().runs(service.tenant(), &person::KIND, 1).await?;
    Ok(runs.iter().any(|run| run.state != RunState::Failed))
}

pub(crate) fn first_sync_is_special(service: &Service) -> Error {
    let source = &service.settings().ghl.source;
    Error::Usage(format!(
        "this would be the first sync. It may create many contacts in GHL, each with the source \"{source}\": \
         let your workflows leave that source out, look at `clinic-sync plan`, and then run `clinic-sync sync --first-sync`"
    ))
}

/// One sync of everything, under the lease.
pub(crate) async fn sync_once(service: &Service, clients: &Clients, what: What, stop: CancellationToken, show: bool) -> Result<SyncReport> {
    let started = tokio::time::Instant::now();
    let before = clients.counts();
    let lease = service.lease(&stop).await?;
    let bar = Arc::new(Bar::new(service.settings().ghl.calls_per_10_seconds));
    let observer: Arc<dyn Observer> = if show { bar.clone() } else { Arc::new(Silent) };
    let outcome = sweep(service, clients, what, &lease, &observer).await;
    bar.finish();
    lease.release().await?;
    let reports = outcome?;
    service.store().purge(chrono::Utc::now()).await?;
    let counts = clients.counts().since(&before);
    Ok(SyncReport::new(&reports, &counts, started.elapsed()))
}

async fn sweep(service: &Service, clients: &Clients, what: What, lease: &Lease, observer: &Arc<dyn Observer>) -> Result<Vec<Report>> {
    sweep_kinds(&service.leased_engines(clients, lease, observer).await?, what).await
}

/// Every kind after those it refers to; and once more, where an appointment needs its person on the other side.
pub(crate) async fn sweep_kinds(engines: &[Engine], what: What) -> Result<Vec<Report>> {
    let mut reports: Vec<Report> = Vec::new();
    for _ in 0..ROUNDS {
        let mut pulled = 0;
        let before = std::mem::take(&mut reports);
        for engine in engines.iter().filter(|engine| what.covers(engine.kind())) {
            let report = engine.sweep().await?;
            pulled += report.pulled;
            let earlier = before.iter().find(|earlier| earlier.kind == report.kind);
            reports.push(earlier.map_or(report.clone(), |earlier| report.after(earlier)));
        }
        if pulled == 0 {
            break;
        }
    }
    Ok(reports)
}

/// Says what was done, for people.
pub(crate) fn print_report(report: &SyncReport) {
    for kind in &report.kinds {
        for (side, counts) in [(Side::Left, kind.ephysio), (Side::Right, kind.ghl)] {
            println!(
                "{:<11} {:<9} {} seen, {} unchanged, {} created, {} changed, {} waiting, {} failed",
                kind.kind,
                system(side),
                counts.scanned,
                counts.unchanged,
                counts.created,
                counts.updated,
                counts.parked,
                counts.failed
            );
        }
        kind.brakes.iter().for_each(|brake| println!("stopped: {}", reason(&kind.kind, brake)));
    }
    let calls: Vec<String> = report.calls.iter().filter(|(_, calls)| **calls > 0).map(|(name, calls)| format!("{name} {calls}")).collect();
    println!("calls: {}; {} sent again; {:.1} s", calls.join(", "), report.retries, report.duration_ms as f64 / 1000.0);
    match report.open_reviews {
        0 => {}
        1 => println!("1 item waits for a person: `clinic-sync review list`"),
        open => println!("{open} items wait for a person: `clinic-sync review list`"),
    }
}
