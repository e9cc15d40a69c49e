//! `simulate`: the whole service in a world in which everything goes wrong.

use std::process::ExitCode;

use clap::Args;

use crate::Result;
use crate::simulate::{Coverage, History, play};

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
        let mut coverage = Coverage::default();
        let mut broken = Vec::new();
        for seed in self.from..self.from + self.seeds {
            let played = play(&History::of(seed))?;
            coverage.add(&played.coverage);
            for finding in &played.findings {
                println!("{seed}: {}: {}", finding.invariant, finding.what);
            }
            if !played.findings.is_empty() {
                broken.push(seed);
            }
        }
        println!("{coverage}");
        println!("{} of {} seeds broke a promise", broken.len(), self.seeds);
        let Some(first) = broken.first() else { return Ok(ExitCode::SUCCESS) };
        println!("repeat the first: clinic-sync simulate --seed {first}");
        Ok(ExitCode::FAILURE)
    }
}
