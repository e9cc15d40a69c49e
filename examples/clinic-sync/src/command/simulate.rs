//! `simulate`: the whole service in a world in which everything goes wrong.

use std::process::ExitCode;

use clap::Args;

use crate::Result;
use crate::simulate::{History, Minimised, minimised, play, play_many};

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Simulate {
    /// How many seeds.
    #[arg(long, default_value_t = 100, conflicts_with = "seed")]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this one, with everything that happens.
    #[arg(long)]
    seed: Option<u64>,
    /// On so many threads; on all that there are, unless given.
    #[arg(long)]
    threads: Option<usize>,
}

impl Simulate {
    /// On threads of its own: every history has a clock of its own.
    pub(crate) async fn run(self) -> Result<ExitCode> {
        let played = tokio::task::spawn_blocking(move || self.play()).await;
        played.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn play(self) -> Result<ExitCode> {
        if let Some(seed) = self.seed {
            let played = play(&History::of(seed))?;
            for line in played.trace.lines() {
                println!("{line}");
            }
            for finding in &played.findings {
                println!("{}: {}", finding.invariant, finding.what);
            }
            return Ok(if played.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        let many = play_many(self.from..self.from + self.seeds, self.threads())?;
        for (seed, finding) in &many.findings {
            println!("{seed}: {}: {}", finding.invariant, finding.what);
        }
        println!("{}", many.coverage);
        println!("{} of {} seeds broke a promise", many.broken().len(), self.seeds);
        let Some((seed, finding)) = many.findings.first() else { return Ok(ExitCode::SUCCESS) };
        print_shortest(*seed, finding.invariant)?;
        println!("repeat it: clinic-sync simulate --seed {seed}");
        Ok(ExitCode::FAILURE)
    }

    fn threads(&self) -> usize {
        self.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1)
    }
}

/// How a promise is broken, with as little as it takes.
fn print_shortest(seed: u64, invariant: &str) -> Result<()> {
    let Some(Minimised { history, is_least }) = minimised(&History::of(seed), invariant)? else {
        println!("{invariant} is broken under seed {seed}: the same short history, told in two ways, ends in two ways");
        return Ok(());
    };
    let how = if is_least { "the least" } else { "what is left of the history, and may not be the least," };
    println!("{how} that breaks {invariant} under seed {seed}:");
    (1..).zip(&history.steps).for_each(|(number, step)| println!("{number:>4}. {step}"));
    Ok(())
}
