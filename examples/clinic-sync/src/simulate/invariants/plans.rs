//! That a plan does nothing, and says what will be done.

use std::collections::BTreeMap;

use sync_core::{Action, Outcome, Side};

use crate::simulate::evidence::{Evidence, Rehearsal};

/// Planning writes nothing, and carrying out the plan at once does what it says, no more and no less.
pub(in crate::simulate) fn plan_fidelity(evidence: &Evidence) -> Vec<String> {
    // What a brake stops is told by the plan as well, and done once a person has said so.
    let is_compared = |rehearsal: &&Rehearsal| !evidence.has_given_rules || rehearsal.plan.brakes.is_empty();
    let touched = evidence.rehearsals.iter().filter(|rehearsal| rehearsal.touched).map(|_| "planning wrote something".to_owned());
    touched.chain(evidence.rehearsals.iter().filter(is_compared).flat_map(compare)).collect()
}

fn compare(rehearsal: &Rehearsal) -> Vec<String> {
    let mut findings = Vec::new();
    let mut planned: BTreeMap<(Action, Side), usize> = BTreeMap::new();
    for operation in &rehearsal.plan.operations {
        *planned.entry((operation.action, operation.side)).or_default() += 1;
    }
    let mut done: BTreeMap<(Action, Side), usize> = BTreeMap::new();
    for entry in rehearsal.done.iter().filter(|entry| entry.outcome != Outcome::Begun) {
        *done.entry((entry.action, entry.side)).or_default() += 1;
    }
    let count = |counts: &BTreeMap<(Action, Side), usize>, action, side| counts.get(&(action, side)).copied().unwrap_or(0);
    for side in Side::BOTH {
        // A record that belongs to somebody else now is removed, and made anew by a second pass, which plans once more. What is found
        // there is linked in the place of a create, and what a person has to prepare first is a question. A value that another
        // record has stays out, which only the attempt shows.
        let again = count(&planned, Action::Remove, side);
        let found = count(&done, Action::Link, side).saturating_sub(count(&planned, Action::Link, side)) + rehearsal.blocked[side];
        for (action, less, more) in [(Action::Create, found, again), (Action::Update, rehearsal.withheld[side], 0), (Action::Remove, 0, 0)]
        {
            let (said, did) = (count(&planned, action, side), count(&done, action, side));
            if did + less < said || did > said + more {
                let kind = &rehearsal.plan.kind;
                let action = action.as_str();
                findings.push(format!("the plan for {kind} said {said} times {action} on the {side} side, and it was done {did} times"));
            }
        }
    }
    findings
}
