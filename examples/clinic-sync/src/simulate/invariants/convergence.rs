//! After settling, both systems show the same, or a rule or an open question says why not.

use std::collections::BTreeSet;

use sync_core::{Clearing, Decision, Direction, FieldName, Link, Settled, Side, Standing};

use super::scene::{Scene, name};
use crate::simulate::evidence::Evidence;
use crate::simulate::ledger::{Family, Fields, Place, STATE, What};

/// What both systems hold of a person, and is synced both ways.
pub(super) const PERSON: [&str; 4] = ["given_name", "family_name", "email", "phone"];
/// What both systems hold of an appointment.
const TIMES: [&str; 2] = ["start", "end"];

/// For every pair and every field: the same on both sides, or told apart by a rule, or asked about. And whoever is to be on both
/// sides is.
pub(in crate::simulate) fn convergence(evidence: &Evidence) -> Vec<String> {
    let scene = Scene::new(evidence);
    let people = scene.joined(Family::Person).flat_map(|link| person(&scene, link));
    let appointments = scene.joined(Family::Appointment).flat_map(|link| appointment(&scene, link));
    let going = |family: &Family| !scene.is_stopped(*family);
    let people = people.filter(|_| going(&Family::Person));
    people.chain(appointments.filter(|_| going(&Family::Appointment))).chain(missing(&scene)).collect()
}

fn person(scene: &Scene<'_>, link: &Link) -> Vec<String> {
    let Some((left, right)) = both(scene, link) else { return Vec::new() };
    if link.standing != Standing::Active || left.get(STATE).is_none_or(|state| state != "open") {
        return Vec::new();
    }
    let differs = |field: &&str| {
        let comparable = |fields: &Fields| scene.comparable(Family::Person, field, fields.get(*field).map_or("", String::as_str));
        comparable(left) != comparable(right) && !scene.asked_about(link.id, field) && !may_differ(scene, link, field, left, right)
    };
    PERSON.into_iter().filter(differs).map(|field| format!("link {} differs in {field}, and nobody is asked", link.id)).collect()
}

/// Whether a rule, or a person's answer, lets the sides differ.
fn may_differ(scene: &Scene<'_>, link: &Link, field: &str, left: &Fields, right: &Fields) -> bool {
    let name = FieldName::new(field.to_owned());
    let policy = scene.evidence.patients.field(&name);
    if policy.direction != Direction::Both {
        return true;
    }
    let empty = |fields: &Fields| fields.get(field).is_none_or(String::is_empty);
    match link.bases.get(&name).map(|base| base.settled) {
        Some(Settled::Apart) if policy.clearing == Clearing::Keep && (empty(left) || empty(right)) => true,
        Some(Settled::Apart) => kept_both(scene, link, field),
        Some(Settled::Withheld(side)) => taken(scene, link, field, side, if side == Side::Right { left } else { right }),
        _ => false,
    }
}

fn kept_both(scene: &Scene<'_>, link: &Link, field: &str) -> bool {
    scene.evidence.answers.iter().any(|answer| {
        let names = answer.review.reason.fields().iter().any(|name| name.as_str() == field);
        answer.decision == Decision::KeepBoth && answer.review.link == Some(link.id) && names
    })
}

/// Whether another record of that side had the value when it was refused; it may have lost it since.
fn taken(scene: &Scene<'_>, link: &Link, field: &str, side: Side, source: &Fields) -> bool {
    let value = |fields: &Fields| scene.comparable(Family::Person, field, fields.get(field).map_or("", String::as_str));
    let wanted = value(source);
    let own = scene.place(link, side);
    let has = |place: &Place, fields: &Fields| place.side == side && Some(place) != own.as_ref() && value(fields) == wanted;
    let now = scene.evidence.shown.iter().any(|(place, fields)| place.family == Family::Person && has(place, fields));
    now || scene.evidence.changes.iter().any(|change| {
        let old = match &change.what {
            What::Set { field: set, old, .. } if *set == field => old.as_str(),
            What::Gone(fields) => fields.get(field).map_or("", String::as_str),
            _ => return false,
        };
        change.place.side == side && Some(&change.place) != own.as_ref() && scene.comparable(Family::Person, field, old) == wanted
    })
}

fn appointment(scene: &Scene<'_>, link: &Link) -> Vec<String> {
    let fields = Side::BOTH.map(|side| scene.place(link, side).and_then(|place| scene.shown(&place)));
    let open = |fields: &Option<&Fields>| fields.is_some_and(|fields| fields.get(STATE).is_some_and(|state| state == "open"));
    if link.standing != Standing::Active || link_waits(scene, link) {
        return Vec::new();
    }
    let [left, right] = fields;
    let flows = |field: &str| scene.flows_both_ways(Family::Appointment, field);
    match (open(&left), open(&right)) {
        (false, false) => Vec::new(),
        (true, true) => {
            let (Some(left), Some(right)) = (left, right) else { return Vec::new() };
            let differs = |field: &&str| left.get(*field) != right.get(*field) && !scene.asked_about(link.id, field) && flows(field);
            TIMES.into_iter().filter(differs).map(|field| format!("appointment link {} differs in {field}", link.id)).collect()
        }
        _ if !flows("status") => Vec::new(),
        (left, _) => {
            let side = if left { Side::Left } else { Side::Right };
            vec![format!("appointment link {} is still to be kept on the {side} side only", link.id)]
        }
    }
}

/// Whether a person is asked about either record, or about those whom they belong to, or has let both stand.
fn link_waits(scene: &Scene<'_>, link: &Link) -> bool {
    let kept = ["start", "end", "status"].iter().any(|field| kept_both(scene, link, field));
    kept || scene.waits_for_its_person(link)
        || Side::BOTH.into_iter().filter_map(|side| scene.place(link, side)).any(|place| scene.asked(&place))
}

fn both<'a>(scene: &Scene<'a>, link: &Link) -> Option<(&'a Fields, &'a Fields)> {
    let shown = |side| scene.shown(&scene.place(link, side)?);
    Some((shown(Side::Left)?, shown(Side::Right)?))
}

/// Whoever is to be on both sides, and is on one.
fn missing(scene: &Scene<'_>) -> Vec<String> {
    let paired: BTreeSet<Place> = scene
        .evidence
        .links
        .iter()
        .filter(|link| link.is_joined())
        .flat_map(|link| Side::BOTH.map(|side| scene.place(link, side)))
        .flatten()
        .collect();
    let wanted = scene.evidence.shown.iter().filter(|(place, fields)| is_wanted(scene, place, fields));
    let wanted = wanted.filter(|(place, _)| !scene.is_stopped(place.family));
    let alone = wanted.filter(|(place, _)| !paired.contains(place) && !scene.asked(place) && !is_apart(scene, place));
    alone.map(|(place, _)| format!("{} is on one side only, and nobody is asked why", name(place))).collect()
}

fn is_wanted(scene: &Scene<'_>, place: &Place, fields: &Fields) -> bool {
    // A person whose other half is away has nobody with whom to keep an appointment.
    let is_keepable = || place.family == Family::Person || scene.parent(place).is_some_and(|person| scene.is_whole(&person));
    scene.may_pass(place, fields) && is_keepable()
}

/// Whether a person, or the loss of the counterpart, has set the record apart.
fn is_apart(scene: &Scene<'_>, place: &Place) -> bool {
    scene.link_of(place).is_some_and(|link| link.standing != Standing::Active || link.is_tombstone())
}
