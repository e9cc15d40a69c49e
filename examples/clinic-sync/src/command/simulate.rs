//! `simulate`: the whole service in a world in which everything goes wrong.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::fates::report;
use crate::simulate::{Fates, Finding, History, Minimised, Rules, minimised, play, play_many_under, try_rules};
use crate::{Result, Settings};

/// As many seeds as say something about rules, and do not take long.
const SEEDS: u64 = 100;

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Simulate {
    /// How many seeds.
    #[arg(long, default_value_t = SEEDS, conflicts_with = "seed")]
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
    /// On threads of its own: every history has a clock of its own. With a file, by the rules in it.
    pub(crate) async fn run(self, file: Option<&Path>) -> Result<ExitCode> {
        let settings = file.map(Settings::from_file).transpose()?;
        let rules = settings.map(|settings| Rules::of(&settings)).transpose()?.map(Arc::new);
        if let Some(rules) = rules.clone() {
            tokio::task::spawn_blocking(|| try_rules(rules)).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        let repeat = file.map(|file| format!(" --config {}", file.display())).unwrap_or_default();
        let play = move || match self.seed {
            Some(seed) => play_one(seed, rules.as_ref()),
            None => self.play_all(rules, &repeat),
        };
        tokio::task::spawn_blocking(play).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn play_all(self, rules: Option<Arc<Rules>>, repeat: &str) -> Result<ExitCode> {
        let many = play_many_under(rules.as_ref(), self.from..self.from.saturating_add(self.seeds), self.threads())?;
        for (seed, finding) in &many.findings {
            println!("{seed}: {}: {}", finding.invariant, finding.what);
        }
        match &rules {
            Some(rules) => print_fates(&many.fates, rules, self.seeds, many.coverage.total()),
            None => println!("{}", many.coverage),
        }
        println!("{} of {} seeds broke a promise", many.broken().len(), self.seeds);
        let Some((seed, finding)) = many.findings.first() else { return Ok(ExitCode::SUCCESS) };
        print_shortest(&History::of(*seed).under(rules), finding)?;
        println!("repeat it: clinic-sync simulate --seed {seed}{repeat}");
        Ok(ExitCode::FAILURE)
    }

    fn threads(&self) -> usize {
        self.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1)
    }
}

fn play_one(seed: u64, rules: Option<&Arc<Rules>>) -> Result<ExitCode> {
    let played = play(&History::of(seed).under(rules.cloned()))?;
    for line in played.trace.lines() {
        println!("{line}");
    }
    if let (Some(fates), Some(rules)) = (&played.fates, rules) {
        print_fates(fates, rules, 1, played.coverage.total());
    }
    for finding in &played.findings {
        println!("{}: {}", finding.invariant, finding.what);
    }
    Ok(if played.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_fates(fates: &Fates, rules: &Rules, seeds: u64, faults: usize) {
    let edits: usize = fates.edits.values().sum();
    println!("{seeds} simulated practices under your rules: {edits} edits by staff, while {faults} things went wrong");
    print!("{}", report(fates, rules));
}

/// How a promise is broken, with as little as it takes.
fn print_shortest(history: &History, finding: &Finding) -> Result<()> {
    let (seed, invariant) = (history.seed, finding.invariant);
    let Some(Minimised { history, is_least }) = minimised(history, invariant)? else {
        println!("{invariant} is broken under seed {seed}: the same short history, told in two ways, ends in two ways");
        return Ok(());
    };
    let how = if is_least { "the least" } else { "what is left of the history, and may not be the least," };
    println!("{how} that breaks {invariant} under seed {seed}:");
    (1..).zip(&history.steps).for_each(|(number, step)| println!("{number:>4}. {step}"));
    Ok(())
}
