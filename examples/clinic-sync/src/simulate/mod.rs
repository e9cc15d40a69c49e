//! The whole service in a world that repeats: the real engine and the real clients between two emulated systems, on one thread, in
//! virtual time, with everything that can go wrong going wrong.

mod chance;
mod chaos;
mod evidence;
mod fates;
mod fault;
mod inbox;
mod invariants;
mod ledger;
mod logs;
mod many;
mod minimise;
mod patch;
#[cfg(test)]
mod planted;
mod process;
mod rules;
mod script;
mod sim;
mod staff;
mod store;
mod tamper;
mod trace;
mod transport;
mod variants;
mod words;
mod world;

use std::sync::Arc;

pub use fates::{Edited, Fate, Fates};
pub use fault::{Coverage, Group, Planned, Trouble};
pub use ledger::{By, Change, Family, Fields, Ledger, Place, What};
pub use many::{Many, play_many, play_many_under};
pub use minimise::{Minimised, minimised};
pub use rules::Rules;
pub use script::{Act, Action, History, Step};
pub use trace::Trace;

use crate::Result;
use evidence::Evidence;
use tamper::{Tamper, Untouched};

/// What came of a history.
#[derive(Debug)]
pub struct Played {
    /// What happened, line by line.
    pub trace: Trace,
    /// What went wrong where.
    pub coverage: Coverage,
    /// How much staff did.
    pub actions: usize,
    /// How many people staff entered, on either side.
    pub people: usize,
    /// How many appointments staff entered, on either side.
    pub appointments: usize,
    /// What should hold and does not.
    pub findings: Vec<Finding>,
    /// What became of edits; counted under given rules only.
    pub fates: Option<Fates>,
}

/// Something that should hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the invariant.
    pub invariant: &'static str,
    /// What was seen, without values.
    pub what: String,
}

/// Plays a history from beginning to end, and judges what came of it.
///
/// # Errors
/// When the world cannot be built; nothing that happens in it is an error here.
pub fn play(history: &History) -> Result<Played> {
    judged(history, &(Arc::new(Untouched) as Arc<dyn Tamper>))
}

fn judged(history: &History, tamper: &Arc<dyn Tamper>) -> Result<Played> {
    let mut evidence = played(history, tamper.clone())?;
    evidence.ends = Some(variants::compared(history, tamper)?);
    Ok(told(evidence))
}

fn told(evidence: Evidence) -> Played {
    let findings = invariants::ALL.iter().flat_map(|(name, invariant)| {
        let found = invariant(&evidence).into_iter();
        found.map(|what| Finding { invariant: name, what }).collect::<Vec<_>>()
    });
    let findings = findings.collect();
    let (people, appointments) = (evidence.entered(Family::Person), evidence.entered(Family::Appointment));
    let fates = evidence.has_given_rules.then(|| Fates::of(&evidence));
    Played { findings, fates, people, appointments, trace: evidence.trace, coverage: evidence.coverage, actions: evidence.actions }
}

/// Tries whether these rules fit to what both systems have.
///
/// # Errors
/// When they do not, or the world cannot be built.
pub fn try_rules(rules: Arc<Rules>) -> Result<()> {
    let calm = History { seed: 0, steps: Vec::new(), rules: Some(rules) };
    runtime()?.block_on(async { sim::Sim::new(&calm, Arc::new(Untouched)).await?.connect().await })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().map_err(|error| {
        let message = format!("no runtime for the simulation: {error}");
        crate::Error::Failed(sync_core::Error::permanent(sync_core::ErrorKind::Configuration, message))
    })
}

fn played(history: &History, tamper: Arc<dyn Tamper>) -> Result<Evidence> {
    let runtime = runtime()?;
    let logs = logs::Logs::default();
    let evidence = logs.listen(|| runtime.block_on(async { sim::Sim::new(history, tamper).await?.play(history).await }))?;
    Ok(Evidence { logs: logs.text(), ..evidence })
}
