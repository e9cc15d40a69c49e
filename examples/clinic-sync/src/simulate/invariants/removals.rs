//! That nothing is removed but what is gone on the other side.

use std::collections::{BTreeMap, BTreeSet};

use super::past::Moment;
use super::scene::{Scene, name};
use crate::simulate::evidence::Evidence;
use crate::simulate::ledger::{By, Change, Family, PARENT, Place, STATE, What};

/// A sync removes or cancels an appointment only if its counterpart is gone, or belongs to somebody else now; it never removes a
/// person.
pub(in crate::simulate) fn deletion_needs_evidence(evidence: &Evidence) -> Vec<String> {
    let scene = Scene::new(evidence);
    let joined = scene.ever_joined();
    let mut moment = Moment::before(&evidence.changes, &evidence.shown);
    let mut findings = Vec::new();
    for change in &evidence.changes {
        if change.by == By::Sync && is_removal(change) && !has_evidence(&joined, &moment, &change.place) {
            findings.push(format!("{} was removed, and its counterpart is there", name(&change.place)));
        }
        moment.pass(change);
    }
    findings
}

fn is_removal(change: &Change) -> bool {
    match &change.what {
        What::Gone(_) => true,
        What::Set { field, old, .. } => *field == STATE && old == "open",
        What::Made(_) => false,
    }
}

fn has_evidence(joined: &BTreeMap<Place, BTreeSet<Place>>, moment: &Moment, place: &Place) -> bool {
    if place.family == Family::Person {
        return false;
    }
    let parent = |place: &Place| {
        let id = moment.value(place, PARENT)?.to_owned();
        Some(Place { side: place.side, family: Family::Person, id })
    };
    let belongs_elsewhere = |other: &Place| {
        let (Some(own), Some(theirs)) = (parent(place), parent(other)) else { return true };
        !joined.get(&own).is_some_and(|others| others.contains(&theirs))
    };
    let is_gone = |other: &Place| moment.value(other, STATE).is_none_or(|state| state != "open") || belongs_elsewhere(other);
    joined.get(place).is_some_and(|others| others.iter().any(is_gone))
}
