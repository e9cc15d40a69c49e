//! That an appointment stays when it is.

use std::collections::BTreeSet;

use sync_core::Side;

use super::past::Moment;
use super::scene::name;
use crate::simulate::evidence::Evidence;
use crate::simulate::ledger::{By, Family, What};

/// Every time that the sync writes is one that the other side has shown, to the instant. Times of appointments are met nowhere else.
pub(in crate::simulate) fn time_fidelity(evidence: &Evidence) -> Vec<String> {
    let mut moment = Moment::before(&evidence.changes, &evidence.shown);
    let mut findings = Vec::new();
    let mut seen: BTreeSet<(Side, &str, String)> = BTreeSet::new();
    for (place, fields) in &moment.shown {
        for field in ["start", "end"] {
            seen.extend(fields.get(field).map(|time| (place.side, field, time.clone())));
        }
    }
    for change in &evidence.changes {
        let times: Vec<(&str, &String)> = match &change.what {
            What::Set { field: field @ ("start" | "end"), new, .. } => vec![(field, new)],
            What::Made(fields) => ["start", "end"].into_iter().filter_map(|field| Some((field, fields.get(field)?))).collect(),
            _ => Vec::new(),
        };
        for (field, time) in times.into_iter().filter(|_| change.place.family == Family::Appointment) {
            let shown = seen.contains(&(change.place.side.opposite(), field, time.clone()));
            if change.by == By::Sync && !shown {
                findings.push(format!("the {field} of {} was written, and the other side never showed it", name(&change.place)));
            }
            seen.insert((change.place.side, field, time.clone()));
        }
        moment.pass(change);
    }
    findings
}
