//! `demo`: the whole story, on an emulated clinic.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ephysio_emulator::{Quirks, UpdatePatient};
use sync_core::ReviewQuery;
use tokio_util::sync::CancellationToken;

use super::What;
use super::sync::{print_report, sync_once};
use super::words::{reason, table_of_operations};
use crate::demo::{Behaviour, Clinic, bookings, check, check_calendars, live, morning, one, pairs, waiting, waiting_bookings};
use crate::{Clients, Result, Service};

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Demo {
    /// How many patients the clinic has.
    #[arg(long, default_value_t = 120)]
    patients: u64,
    /// Which clinic: the same seed, the same people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End after the story, instead of going on every two seconds.
    #[arg(long)]
    once: bool,
}

/// How often a demo that goes on syncs.
const PAUSE: Duration = Duration::from_secs(2);

impl Demo {
    /// 0 if the final check finds no double and no loss.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<ExitCode> {
        let directory = Directory::new()?;
        let quirks = Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() };
        let mut clinic = Clinic::build(self.patients, self.seed, Behaviour { quirks, ..Behaviour::default() });
        let (ephysio, ghl) = clinic.serve().await.map_err(no_port)?;
        println!("an emulated e-Physio at {} and an emulated GHL at {}", ephysio.url(), ghl.url());
        println!("{} patients, {} contacts\n", clinic.ephysio.practice().patients().len(), clinic.ghl.front_desk().contacts().len());
        let settings = clinic.settings(&ephysio.url(), &ghl.url(), &directory.path.join("demo.db"));
        let clients = Clients::new(&settings)?;
        let service = Service::open(settings).await?;

        println!("what a first sync would do:");
        for engine in service.engines(&clients).await? {
            println!("{}\n", table_of_operations(&engine.plan().await?));
        }
        println!("the first sync:");
        print_report(&sync_once(&service, &clients, What::All, stop.clone(), true).await?);

        println!("\nmeanwhile, people work:");
        let mut edits = morning(&mut clinic, &pairs(&service).await?);
        edits.iter().for_each(|edit| println!("  {}", edit.what));
        let moves = clinic.morning_in_calendars(&pairs(&service).await?, &bookings(&service).await?);
        moves.iter().for_each(|what| println!("  {what}"));
        println!("\nthe next sync:");
        print_report(&sync_once(&service, &clients, What::All, stop.clone(), true).await?);
        sync_once(&service, &clients, What::All, stop.clone(), false).await?;
        print_conflict(&service).await?;

        println!("\nnow the service runs, and may write to e-Physio:");
        if let Some((edit, took)) = live(&mut clinic, service.settings(), &pairs(&service).await?).await? {
            let took = took.map_or_else(|| "not yet".to_owned(), |took| format!("{} ms later", took.as_millis()));
            println!("  {}; by a webhook, e-Physio showed it {took}", edit.what);
            edits.push(edit);
        }

        if !self.once {
            go_on(&clinic, &service, &clients, stop).await?;
        }
        let linked = pairs(&service).await?;
        let mut verdict = check(&clinic, &linked, &waiting(&service).await?, &edits);
        check_calendars(&clinic, &linked, &bookings(&service).await?, &waiting_bookings(&service).await?, &mut verdict);
        println!("\nthe check, made in both systems themselves:\n{verdict}");
        let well = verdict.duplicates.is_empty() && verdict.lost.is_empty();
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn print_conflict(service: &Service) -> Result<()> {
    let query = ReviewQuery { values: true, ..ReviewQuery::default() };
    let reviews = service.store().reviews(service.tenant(), &query).await?;
    let Some(conflict) = reviews.iter().find(|review| review.reason.name() == "conflict") else { return Ok(()) };
    println!("\none of the questions for a person ({}):\n  {}", &conflict.id.to_string()[..8], reason(&conflict.kind, &conflict.reason));
    for (field, values) in &conflict.values.0 {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        println!("  {field}: e-Physio says {}, GHL says {}", value(&values.left), value(&values.right));
    }
    Ok(())
}

async fn go_on(clinic: &Clinic, service: &Service, clients: &Clients, stop: CancellationToken) -> Result<()> {
    println!("\nit goes on every two seconds; Ctrl-C ends it");
    let linked = pairs(service).await?;
    let linked: Vec<_> = linked.into_iter().filter(|pair| !pair.retired).collect();
    for round in 1.. {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(PAUSE) => {}
        }
        if let Some(what) = one(clinic, &linked, round) {
            println!("  {what}");
        }
        // Once a sync has begun it is finished, so that the check sees no half-done work.
        let report = sync_once(service, clients, What::All, CancellationToken::new(), false).await?;
        let changed: usize = report.kinds.iter().map(|kind| kind.ghl.updated + kind.ghl.created).sum();
        println!("  synced: {changed} changed in GHL, {} wait for a person", report.open_reviews);
    }
    Ok(())
}

fn no_port(error: std::io::Error) -> crate::Error {
    let message = "no loopback port is free for the emulators";
    crate::Error::Failed(sync_core::Error::permanent(sync_core::ErrorKind::Configuration, message).with_source(error))
}

/// A directory for the demo's database, removed at the end.
struct Directory {
    path: std::path::PathBuf,
}

impl Directory {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("clinic-sync-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| {
            let message = format!("the directory {} cannot be made: {error}", path.display());
            crate::Error::Failed(sync_core::Error::permanent(sync_core::ErrorKind::Store, message))
        })?;
        Ok(Self { path })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed from a temporary directory is removed by the system.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
