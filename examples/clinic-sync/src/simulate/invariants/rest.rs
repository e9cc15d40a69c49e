//! That it comes to rest, and leaves nothing out.

use sync_core::{Side, Standing};

use super::scene::{Scene, family_of, name};
use crate::simulate::evidence::Evidence;
use crate::simulate::ledger::{Place, STATE};

/// After the last edit and the last fault, rounds that write nothing follow soon: our own writes cause no further ones.
pub(in crate::simulate) fn quiescence(evidence: &Evidence) -> Vec<String> {
    let mut last = evidence.rounds.iter().rev().take(2);
    let is_quiet = last.len() == 2 && last.all(|round| round.writes.is_empty() && round.failed.is_none() && round.waiting == 0);
    if is_quiet {
        return Vec::new();
    }
    let Some(round) = evidence.rounds.last() else { return vec!["nothing settled".to_owned()] };
    let failed = round.failed.as_deref().unwrap_or("no error");
    vec![format!("after {} rounds still {:?}, {} hints wait, {failed}", evidence.rounds.len(), round.writes, round.waiting)]
}

/// Nothing that there is was passed over: every record is known to the store, at rest or with a reason, and no hint is left.
pub(in crate::simulate) fn cursor_soundness(evidence: &Evidence) -> Vec<String> {
    let scene = Scene::new(evidence);
    // Who left before anybody listed them is not listed.
    let listed = evidence.shown.iter().filter(|(_, fields)| fields.get(STATE).is_some_and(|state| state == "open"));
    let listed = listed.map(|(place, _)| place).filter(|place| evidence.policy(place.family).is_some() && !scene.is_stopped(place.family));
    let unseen = listed.filter(|place| scene.link_of(place).is_none());
    let mut findings: Vec<String> = unseen.map(|place| format!("{} was never read", name(place))).collect();
    let restless = evidence.links.iter().filter(|link| {
        !scene.is_stopped(family_of(link)) && {
            let places = Side::BOTH.map(|side| scene.place(link, side));
            // Of what both listings left out at once nothing is concluded: they may have looked at a part.
            let is_listed = |place: &Place| scene.shown(place).and_then(|fields| fields.get(STATE)).is_some_and(|state| state == "open");
            let is_there = places.iter().flatten().any(is_listed);
            is_there && link.standing == Standing::Active && !link.settled && !places.iter().flatten().any(|place| scene.asked(place))
        }
    });
    findings.extend(restless.filter(|link| !scene.waits_for_its_person(link)).map(|link| format!("link {} never comes to rest", link.id)));
    if evidence.depth.waiting > 0 {
        findings.push(format!("{} hints were left", evidence.depth.waiting));
    }
    findings
}
