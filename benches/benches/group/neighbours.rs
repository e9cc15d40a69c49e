//! What a practice's webhooks wait for while another practice of the same worker has its first sync, beside the same without it.
//!
//! `cargo bench -p benches --bench group neighbours [PATIENTS]`

use std::time::{Duration, Instant};

use crate::Failure;
use crate::group::{Group, until};
use crate::practice::{Kind, Practice};

/// Of the practice that has its first sync.
const PATIENTS: usize = 100_000;
/// Webhooks that are timed.
const WEBHOOKS: usize = 30;
const PAUSE: Duration = Duration::from_millis(300);

#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
pub(crate) async fn bench(numbers: &[usize]) -> Result<(), Failure> {
    let large = numbers.first().copied().unwrap_or(PATIENTS);
    let kind = |patients| Kind { patients, limited: false, latency: Duration::ZERO };
    let mut group = Group::of(&[kind(2 * WEBHOOKS), kind(large)]).await?;
    group.add(&group.practices[0]).await?;
    let server = group.start(&["serve"])?;
    until(async || group.practices[0].contacts() == 2 * WEBHOOKS).await;
    group.idle().await?;
    let _hearing = group.practices[0].hear(server.url())?;
    group.practices[0].begin();
    let floor = delays(&group.practices[0], 0).await;
    group.add(&group.practices[1]).await?;
    until(async || group.practices[1].contacts() > 0).await;
    let before = group.practices[1].contacts();
    let beside = delays(&group.practices[0], WEBHOOKS).await;
    let after = group.practices[1].contacts();
    println!("{WEBHOOKS} webhooks, from the change in GHL to the change in e-Physio; one process serves both practices");
    println!("the first sync of {large} patients went from {before} contacts to {after} meanwhile");
    println!("{:<28} {:>10} {:>10} {:>8}", "", "p50 ms", "max ms", "ratio");
    for (name, delays) in [("nothing else to do", &floor), ("beside the first sync", &beside)] {
        let ms = |delay: Duration| delay.as_secs_f64() * 1000.0;
        let (p50, max) = (ms(delays[WEBHOOKS / 2]), ms(delays[WEBHOOKS - 1]));
        println!("{name:<28} {p50:>10.0} {max:>10.0} {:>8.2}", p50 / ms(floor[WEBHOOKS / 2]));
    }
    drop(server);
    group.close().await
}

/// How long each of some changes takes to arrive, the shortest first.
async fn delays(practice: &Practice, first: usize) -> Vec<Duration> {
    let mut delays = Vec::new();
    for number in first..first + WEBHOOKS {
        let begun = Instant::now();
        practice.edit(number);
        until(async || practice.has(number)).await;
        delays.push(begun.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    delays.sort_unstable();
    delays
}
