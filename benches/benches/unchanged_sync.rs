//! What a sync costs in which nothing has changed: CPU and memory of the syncing process, beside those of a process
//! that only fetches and parses the same listings.
//!
//! `cargo bench -p benches --bench unchanged_sync [PATIENTS]`
//!
//! Both systems run in this process, on loopback and without limits. Every measurement is a process of its own, so
//! that neither the emulators nor an earlier measurement count.

use std::path::{Path, PathBuf};
use std::process::Command;

use clinic_sync::demo::{Behaviour, Clinic};
use clinic_sync::{Clients, Service, Settings};
use ephysio_client::PatientStatus;
use futures::TryStreamExt;
use ghl_client::ContactSearch;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::Value;

const PATIENTS: u64 = 5_000;
const ROUNDS: usize = 5;
const CHILD: &str = "as-child";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a process used from its start.
struct Used {
    cpu_ms: f64,
    peak_kib: i64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments[..] {
        [child, task, ephysio, ghl, directory] if child == CHILD => measured(task, ephysio, ghl, Path::new(directory)).await,
        [patients] => compare(patients.parse()?).await,
        _ => compare(PATIENTS).await,
    }
}

#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
async fn compare(patients: u64) -> Result<(), Failure> {
    let clinic = Clinic::build(patients, 1, Behaviour { rate_limit: None, ..Behaviour::default() });
    let (ephysio, ghl) = clinic.serve().await?;
    let directory = tempfile::tempdir()?;
    let run = async |task: &'static str| -> Result<Used, Failure> {
        let (place, ephysio, ghl) = (directory.path().to_owned(), ephysio.url(), ghl.url());
        tokio::task::spawn_blocking(move || child(task, &ephysio, &ghl, place)).await?
    };
    let first = run("sync").await?;
    let contacts = clinic.ghl.front_desk().contacts().len();
    println!("{patients} patients, {contacts} contacts; the first sync took {:.0} ms of CPU", first.cpu_ms);
    println!("{:<24} {:>10} {:>10} {:>14}", "", "CPU ms", "MiB peak", "CPU over floor");
    let idle = median(&run, "idle").await?;
    let second = run("sync").await?;
    let floor = median(&run, "parse").await?;
    let later = median(&run, "sync").await?;
    for (name, used) in [("idle", &idle), ("parsing the listings", &floor), ("second sync", &second), ("later syncs", &later)] {
        let over = (used.cpu_ms - idle.cpu_ms) / (floor.cpu_ms - idle.cpu_ms);
        println!("{name:<24} {:>10.0} {:>10.1} {over:>14.2}", used.cpu_ms, used.peak_kib as f64 / 1024.0);
    }
    println!("second sync over idle: {:.0} ms of CPU, {:.1} MiB", second.cpu_ms - idle.cpu_ms, mib(&second) - mib(&idle));
    Ok(())
}

fn mib(used: &Used) -> f64 {
    used.peak_kib as f64 / 1024.0
}

async fn median(run: &impl AsyncFn(&'static str) -> Result<Used, Failure>, task: &'static str) -> Result<Used, Failure> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(run(task).await?);
    }
    rounds.sort_by(|one, two| one.cpu_ms.total_cmp(&two.cpu_ms));
    Ok(rounds.swap_remove(ROUNDS / 2))
}

fn child(task: &str, ephysio: &str, ghl: &str, directory: PathBuf) -> Result<Used, Failure> {
    let output = Command::new(std::env::current_exe()?).args([CHILD, task, ephysio, ghl]).arg(directory).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let used: Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| used[name].as_i64().ok_or("the child said nothing");
    Ok(Used { cpu_ms: number("cpu_us")? as f64 / 1000.0, peak_kib: number("peak_kib")? })
}

/// Does one task and says what it cost, from the start of the process.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
async fn measured(task: &str, ephysio: &str, ghl: &str, directory: &Path) -> Result<(), Failure> {
    let settings = settings(ephysio, ghl, &directory.join("clinic.db"));
    let clients = Clients::new(&settings)?;
    let service = Service::open(settings).await?;
    match task {
        "sync" => drop(service.engine(&clients).await?.sweep().await?),
        "parse" => parse_listings(&clients).await?,
        _ => {}
    }
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let cpu_us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    println!("{}", serde_json::json!({ "cpu_us": cpu_us, "peak_kib": peak_kib()? }));
    Ok(())
}

/// The most memory that this program ever held. `ru_maxrss` would count the parent's, from before the program was
/// loaded.
fn peak_kib() -> Result<i64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel does not tell the peak of memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn settings(ephysio: &str, ghl: &str, database: &Path) -> Settings {
    let mut settings = Clinic::build(0, 1, Behaviour::default()).settings(ephysio, ghl, database);
    settings.ghl.calls_per_10_seconds = 1_000_000;
    settings
}

/// The floor: the same listings through the same clients, every element parsed, nothing kept.
async fn parse_listings(clients: &Clients) -> Result<(), Failure> {
    let mut patients = clients.ephysio.patients(Some(PatientStatus::ACTIVE)).await?;
    while let Some(element) = patients.try_next().await? {
        serde_json::from_slice::<Value>(&element)?;
    }
    let mut pages = std::pin::pin!(clients.ghl.contacts(ContactSearch::default()));
    while let Some(page) = pages.try_next().await? {
        for element in page.contacts {
            serde_json::from_slice::<Value>(&element)?;
        }
    }
    Ok(())
}
