//! Workers that are killed with -9 every three seconds while staff change contacts, beside the same work undisturbed: what was
//! lost, what was doubled, and how much longer it took.
//!
//! `cargo bench -p benches --bench group kills [PRACTICES CHANGES]`

use std::time::{Duration, Instant};

use crate::Failure;
use crate::group::{Group, until};
use crate::practice::{Kind, Practice};
use crate::process::Process;

const PRACTICES: usize = 8;
const CHANGES: usize = 2_000;
const WORKERS: usize = 3;
/// From one kill to the next.
const APART: Duration = Duration::from_secs(3);
/// From one change to the next, in all practices at the same time.
const PACE: Duration = Duration::from_millis(100);
const LATENCY: Duration = Duration::from_millis(20);

struct Outcome {
    took: Duration,
    kills: usize,
    arrived: usize,
    doubled: usize,
    given_up: i64,
    refused: usize,
}

#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
pub(crate) async fn bench(numbers: &[usize]) -> Result<(), Failure> {
    let (practices, changes) = if let [practices, changes] = *numbers { (practices, changes) } else { (PRACTICES, CHANGES) };
    let patients = changes.div_ceil(practices);
    println!("{} changes in {practices} practices, {WORKERS} workers, 100 calls per 10 s and practice", patients * practices);
    println!("{:<20} {:>8} {:>8} {:>8} {:>8} {:>9} {:>6} {:>7}", "", "s", "kills", "arrived", "doubled", "given up", "429s", "ratio");
    let floor = run(practices, patients, None).await?;
    let killed = run(practices, patients, Some(APART)).await?;
    for (name, outcome) in [("undisturbed", &floor), ("killed every 3 s", &killed)] {
        let Outcome { took, kills, arrived, doubled, given_up, refused } = outcome;
        let (took, ratio) = (took.as_secs_f64(), took.as_secs_f64() / floor.took.as_secs_f64());
        println!("{name:<20} {took:>8.1} {kills:>8} {arrived:>8} {doubled:>8} {given_up:>9} {refused:>6} {ratio:>7.2}");
    }
    Ok(())
}

async fn run(practices: usize, patients: usize, apart: Option<Duration>) -> Result<Outcome, Failure> {
    let mut group = Group::of(&vec![Kind { patients, limited: true, latency: LATENCY, freshness: 0 }; practices]).await?;
    for practice in &group.practices {
        group.add(practice).await?;
    }
    let receiver = group.start(&["serve", "--no-worker"])?;
    let mut workers = (0..WORKERS).map(|_| group.start(&["worker"])).collect::<Result<Vec<_>, _>>()?;
    until(async || group.practices.iter().all(|practice| practice.contacts() == patients)).await;
    group.idle().await?;
    let _hearing = group.practices.iter().map(|practice| practice.hear(receiver.url())).collect::<Result<Vec<_>, _>>()?;
    group.practices.iter_mut().for_each(Practice::begin);
    let begun = Instant::now();
    let (kills, ()) = tokio::join!(kill(&group, &mut workers, apart), edit(&group.practices));
    let took = begun.elapsed();
    let kills = kills?;
    group.idle().await?;
    let sum = |of: fn(&Practice) -> usize| group.practices.iter().map(of).sum::<usize>();
    let (arrived, doubled, refused) = (practices * patients - sum(Practice::missing), sum(Practice::doubled), sum(Practice::refused));
    let outcome = Outcome { took, kills, arrived, doubled, given_up: group.given_up().await?, refused };
    drop((workers, receiver));
    group.close().await?;
    Ok(outcome)
}

async fn edit(practices: &[Practice]) {
    for number in 0..practices[0].patients() {
        practices.iter().for_each(|practice| practice.edit(number));
        tokio::time::sleep(PACE).await;
    }
}

/// Until every change has arrived, or been given up. Says how many workers were killed.
async fn kill(group: &Group, workers: &mut [Process], apart: Option<Duration>) -> Result<usize, Failure> {
    let mut kills = 0;
    let mut next = apart.map(|apart| Instant::now() + apart);
    loop {
        let missing = group.practices.iter().map(Practice::missing).sum::<usize>();
        if missing == usize::try_from(group.given_up().await?)? {
            return Ok(kills);
        }
        if let (Some(due), Some(apart)) = (next, apart)
            && due <= Instant::now()
        {
            // The new one takes its place, and the old one is killed.
            workers[kills % WORKERS] = group.start(&["worker"])?;
            (kills, next) = (kills + 1, Some(due + apart));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
