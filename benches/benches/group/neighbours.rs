//! What a practice's webhooks wait for while another practice of the same worker has its first sync, beside the same without it.
//!
//! `cargo bench -p benches --bench group neighbours [PATIENTS]`

use std::time::{Duration, Instant};

use crate::Failure;
use crate::group::{Group, until};
use crate::practice::{Kind, Practice};

/// Of the practice that has its first sync.
const PATIENTS: usize = 100_000;
/// Webhooks that are timed, at most.
const WEBHOOKS: usize = 30;
const PAUSE: Duration = Duration::from_millis(200);

#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
pub(crate) async fn bench(numbers: &[usize]) -> Result<(), Failure> {
    let large = numbers.first().copied().unwrap_or(PATIENTS);
    // What is timed needs a listing each time; a first sync that lists again and again is none.
    let kind = |patients, freshness| Kind { patients, limited: false, latency: Duration::ZERO, freshness };
    let mut group = Group::of(&[kind(3 * WEBHOOKS, 0), kind(large, 300)]).await?;
    group.add(&group.practices[0]).await?;
    let server = group.start(&["serve"])?;
    until(async || group.practices[0].contacts() == 3 * WEBHOOKS).await;
    group.idle().await?;
    let _hearing = group.practices[0].hear(server.url())?;
    group.practices[0].begin();
    let [small, other] = &group.practices[..] else { return Err("two practices".into()) };
    let floor = delays(small, 0, || true).await;
    group.add(other).await?;
    let listing = delays(small, WEBHOOKS, || other.contacts() == 0).await;
    until(async || other.contacts() > 0).await;
    let before = other.contacts();
    let creating = delays(small, 2 * WEBHOOKS, || true).await;
    println!("from the change in GHL to the change in e-Physio; one process serves both practices");
    println!("of {large} patients, {} became contacts while the last row was measured", other.contacts() - before);
    println!("{:<28} {:>8} {:>10} {:>10} {:>8}", "", "webhooks", "p50 ms", "max ms", "ratio");
    let ms = |delay: Option<&Duration>| delay.map_or(0.0, |delay| delay.as_secs_f64() * 1000.0);
    let middle = |delays: &[Duration]| ms(delays.get(delays.len() / 2));
    for (name, delays) in [("nothing else to do", &floor), ("beside lists and plans", &listing), ("beside creates", &creating)] {
        let (p50, max) = (middle(delays), ms(delays.last()));
        println!("{name:<28} {:>8} {p50:>10.0} {max:>10.0} {:>8.2}", delays.len(), p50 / middle(&floor));
    }
    drop(server);
    group.close().await
}

/// How long each of some changes takes to arrive, the shortest first; no more are made when it is over.
async fn delays(practice: &Practice, first: usize, goes_on: impl Fn() -> bool) -> Vec<Duration> {
    let mut delays = Vec::new();
    for number in (first..first + WEBHOOKS).take_while(|_| goes_on()) {
        let begun = Instant::now();
        practice.edit(number);
        until(async || practice.has(number)).await;
        delays.push(begun.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    delays.sort_unstable();
    delays
}
