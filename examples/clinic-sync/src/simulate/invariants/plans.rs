//! That a plan does nothing, and says what will be done.

use std::collections::BTreeMap;

use sync_core::{Action, Outcome, Side};

use crate::simulate::evidence::{Evidence, Rehearsal};

/// Planning writes nothing, and carrying out the plan at once does what it says, no more and no less.
pub(in crate::simulate) fn plan_fidelity(evidence: &Evidence) -> Vec<String> {
    evidence.rehearsals.iter().flat_map(compare).collect()
}

fn compare(rehearsal: &Rehearsal) -> Vec<String> {
    let mut findings = Vec::new();
    if rehearsal.touched {
        findings.push("planning wrote something".to_owned());
    }
    let mut planned: BTreeMap<(Action, Side), usize> = BTreeMap::new();
    for operation in &rehearsal.plan.operations {
        *planned.entry((operation.action, operation.side)).or_default() += 1;
    }
    let mut done: BTreeMap<(Action, Side), usize> = BTreeMap::new();
    for entry in rehearsal.done.iter().filter(|entry| entry.outcome != Outcome::Begun) {
        *done.entry((entry.action, entry.side)).or_default() += 1;
    }
    // A record that belongs to somebody else now is removed, and made anew by a second pass, which plans once more.
    let again = rehearsal.plan.operations.iter().filter(|operation| operation.action == Action::Remove).count();
    let writes = [Action::Create, Action::Update, Action::Remove];
    for (action, side) in writes.into_iter().flat_map(|action| Side::BOTH.map(|side| (action, side))) {
        let (said, did) = (planned.get(&(action, side)).copied().unwrap_or(0), done.get(&(action, side)).copied().unwrap_or(0));
        let more = if action == Action::Create { again } else { 0 };
        if did < said || did > said + more {
            findings.push(format!(
                "the plan for {} said {} {said} times on the {side} side, and it was done {did} times: {:?}",
                rehearsal.plan.kind,
                action.as_str(),
                rehearsal.requests
            ));
        }
    }
    findings
}
