//! How fast one, two and four worker processes are, with and without the systems' limits, and what keeps them from being faster.
//!
//! `cargo bench -p benches --bench group workers [PRACTICES PATIENTS [AT_ONCE]]`
//!
//! A worker works for as many practices at a time as it does by itself, or for AT_ONCE of them: then it takes several workers to
//! work for all.
//! Each practice is synced for the first time, and then staff change every contact at once. The emulators, which this process is, and
//! the PostgreSQL server share the cores with the workers.

use std::time::{Duration, Instant};

use crate::Failure;
use crate::group::{Group, until};
use crate::practice::{Kind, Practice};
use crate::process::Process;

const PRACTICES: usize = 8;
/// In each practice.
const CHANGES: usize = 150;
const LATENCY: Duration = Duration::from_millis(20);
/// What GHL allows a location in a second.
const ALLOWED: f64 = 10.0;

/// What some workers did.
struct Phase {
    records: usize,
    took: Duration,
    /// What the workers used of the cores.
    cpu: Duration,
    /// How busy all cores were, whoever used them.
    busy: f64,
    calls: usize,
}

struct Outcome {
    phases: [Phase; 2],
    refused: usize,
    doubled: usize,
    missing: usize,
}

#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
pub(crate) async fn bench(numbers: &[usize]) -> Result<(), Failure> {
    let (practices, changes, at_once) = match *numbers {
        [practices, changes] => (practices, changes, None),
        [practices, changes, at_once] => (practices, changes, Some(at_once)),
        _ => (PRACTICES, CHANGES, None),
    };
    println!("{practices} practices with {changes} patients each, {} ms for each answer", LATENCY.as_millis());
    if let Some(at_once) = at_once {
        println!("each worker works for {at_once} practices at a time");
    }
    for limited in [true, false] {
        println!("\n{}", if limited { "100 calls per 10 s and practice" } else { "without limits" });
        println!(
            "{:<8} {:<10} {:>9} {:>7} {:>10} {:>11} {:>9} {:>6} {:>8} {:>8}",
            "workers", "", "records/s", "ratio", "cores used", "of all busy", "of budget", "429s", "doubled", "missing"
        );
        let mut floor = None;
        for workers in [1, 2, 4] {
            let outcome = run(practices, changes, workers, at_once, limited).await?;
            let rates = outcome.phases.each_ref().map(|phase| phase.records as f64 / phase.took.as_secs_f64());
            let floor = *floor.get_or_insert(rates);
            for (number, name) in ["first sync", "changes"].into_iter().enumerate() {
                let (phase, rate) = (&outcome.phases[number], rates[number]);
                let (took, ratio) = (phase.took.as_secs_f64(), rate / floor[number]);
                let budget = phase.calls as f64 / (ALLOWED * practices as f64 * took);
                let budget = if limited { format!("{:.0} %", budget * 100.0) } else { "-".to_owned() };
                println!(
                    "{workers:<8} {name:<10} {rate:>9.1} {ratio:>7.2} {:>10.2} {:>9.0} % {budget:>9} {:>6} {:>8} {:>8}",
                    phase.cpu.as_secs_f64() / took,
                    phase.busy * 100.0,
                    outcome.refused,
                    outcome.doubled,
                    outcome.missing
                );
            }
        }
    }
    Ok(())
}

fn start(group: &Group, at_once: Option<usize>) -> Result<Process, Failure> {
    let mut worker = group.command(&["worker"])?;
    if let Some(at_once) = at_once {
        worker.env("CLINIC_SYNC_PRACTICES_AT_ONCE", at_once.to_string());
    }
    Process::start(worker)
}

async fn run(practices: usize, patients: usize, workers: usize, at_once: Option<usize>, limited: bool) -> Result<Outcome, Failure> {
    let mut group = Group::of(&vec![Kind { patients, limited, latency: LATENCY, freshness: 0 }; practices]).await?;
    for practice in &group.practices {
        group.add(practice).await?;
    }
    let receiver = group.start(&["serve", "--no-worker"])?;
    let workers = (0..workers).map(|_| start(&group, at_once)).collect::<Result<Vec<_>, _>>()?;
    let first = phase(&group.practices, &workers, async || {
        until(async || group.practices.iter().all(|practice| practice.contacts() == patients)).await;
    })
    .await?;
    group.idle().await?;
    let _hearing = group.practices.iter().map(|practice| practice.hear(receiver.url())).collect::<Result<Vec<_>, _>>()?;
    group.practices.iter_mut().for_each(Practice::begin);
    let changes = phase(&group.practices, &workers, async || {
        (0..patients).for_each(|number| group.practices.iter().for_each(|practice| practice.edit(number)));
        until(async || group.practices.iter().all(|practice| practice.missing() == 0)).await;
    })
    .await?;
    group.idle().await?;
    let sum = |of: fn(&Practice) -> usize| group.practices.iter().map(of).sum::<usize>();
    let outcome = Outcome {
        phases: [first, changes],
        refused: sum(Practice::refused),
        doubled: sum(Practice::doubled),
        missing: sum(Practice::missing),
    };
    drop((workers, receiver));
    group.close().await?;
    Ok(outcome)
}

async fn phase(practices: &[Practice], workers: &[Process], work: impl AsyncFnOnce()) -> Result<Phase, Failure> {
    let cpu = || workers.iter().map(Process::cpu).sum::<Result<Duration, Failure>>();
    let calls = || practices.iter().map(Practice::calls).sum::<usize>();
    let (begun, cpu_before, calls_before, (busy, all)) = (Instant::now(), cpu()?, calls(), cores()?);
    work().await;
    let (took, (busy_now, all_now)) = (begun.elapsed(), cores()?);
    Ok(Phase {
        records: practices.iter().map(Practice::patients).sum(),
        took,
        cpu: cpu()?.saturating_sub(cpu_before),
        busy: (busy_now - busy) / (all_now - all),
        calls: calls() - calls_before,
    })
}

/// How long all cores together were busy so far, and how long there were any.
fn cores() -> Result<(f64, f64), Failure> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().ok_or("the kernel does not tell how busy it is")?;
    let times: Vec<f64> = line.split_whitespace().skip(1).take(8).filter_map(|time| time.parse().ok()).collect();
    let all: f64 = times.iter().sum();
    let idle: f64 = times.iter().skip(3).take(2).sum();
    Ok((all - idle, all))
}
