//! That an appointment stays when it is.

use super::past::Moment;
use super::scene::{Scene, name};
use crate::simulate::evidence::Evidence;
use crate::simulate::ledger::{By, Family, What};

/// Every time that the sync writes is one that the counterpart shows, to the instant; no other write moves an appointment.
pub(in crate::simulate) fn time_fidelity(evidence: &Evidence) -> Vec<String> {
    let scene = Scene::new(evidence);
    let joined = scene.ever_joined();
    let mut moment = Moment::before(&evidence.changes, &evidence.shown);
    let mut findings = Vec::new();
    let mut seen: std::collections::BTreeSet<(crate::simulate::ledger::Place, &str, String)> = std::collections::BTreeSet::new();
    for (place, fields) in &moment.shown {
        for field in ["start", "end"] {
            seen.extend(fields.get(field).map(|time| (place.clone(), field, time.clone())));
        }
    }
    for change in &evidence.changes {
        let times: Vec<(&str, &String)> = match &change.what {
            What::Set { field: field @ ("start" | "end"), new, .. } => vec![(field, new)],
            What::Made(fields) => ["start", "end"].into_iter().filter_map(|field| Some((field, fields.get(field)?))).collect(),
            _ => Vec::new(),
        };
        for (field, time) in times.into_iter().filter(|_| change.place.family == Family::Appointment) {
            let others = joined.get(&change.place);
            let shown = others.into_iter().flatten().any(|other| seen.contains(&(other.clone(), field, time.clone())));
            if change.by == By::Sync && !shown && others.is_some() {
                findings.push(format!("the {field} of {} was written, and its counterpart never showed it", name(&change.place)));
            }
            seen.insert((change.place.clone(), field, time.clone()));
        }
        moment.pass(change);
    }
    findings
}
