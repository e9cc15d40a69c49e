//! That a record is made once, in its place, after those it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{Link, Reason, Side, Standing};

use super::past::Moment;
use super::scene::{Scene, name};
use crate::simulate::evidence::Evidence;
use crate::simulate::ledger::{By, Family, Fields, PARENT, Place, UNMAPPED, What};

/// A link has one record per side, a record one link, and whatever the sync made stands for somebody.
pub(in crate::simulate) fn at_most_one_create(evidence: &Evidence) -> Vec<String> {
    let scene = Scene::new(evidence);
    let mut findings = Vec::new();
    let mut known = BTreeSet::new();
    for link in &evidence.links {
        for place in Side::BOTH.into_iter().filter_map(|side| scene.place(link, side)) {
            if !known.insert(place.clone()) {
                findings.push(format!("{} is in two links", name(&place)));
            }
        }
    }
    let made = evidence.changes.iter().filter(|change| change.by == By::Sync && matches!(change.what, What::Made(_)));
    // What a back-up forgot has a token that nobody remembers, or no room for one. It is known again by its identifiers alone
    // (design §4), which an appointment that somebody moved has not, nor a person of whom little was carried over.
    let recognisable = |place: &&Place| !evidence.was_restored() || is_identified(&scene, place);
    let there = made.map(|change| &change.place).filter(|place| scene.shown(place).is_some()).filter(recognisable);
    findings.extend(there.filter(|place| is_stray(&scene, place)).map(|place| format!("{} was made and stands for nobody", name(place))));
    findings.extend(twins(evidence));
    findings
}

/// Records that were made like one that had been made before and was there, whatever was asked about them afterwards. Only where the
/// store came back from a back-up meanwhile may the first one have been forgotten.
fn twins(evidence: &Evidence) -> Vec<String> {
    let mut moment = Moment::before(&evidence.changes, &evidence.shown);
    let mut made: BTreeMap<Place, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    for (at, change) in evidence.changes.iter().enumerate() {
        if let (By::Sync, What::Made(fields)) = (change.by, &change.what) {
            let is_known = |first: usize| !evidence.restores.iter().any(|restore| (first + 1..=at).contains(restore));
            let is_twin = |(place, first): &(&Place, &usize)| {
                let same_system = (place.side, place.family) == (change.place.side, change.place.family);
                same_system && is_known(**first) && moment.shown.get(*place).is_some_and(|other| is_like(other, fields))
            };
            if let Some((twin, _)) = made.iter().find(is_twin) {
                findings.push(format!("{} was made, and {} was there", name(&change.place), name(twin)));
            }
            made.insert(change.place.clone(), at);
        }
        moment.pass(change);
    }
    findings
}

/// Whether two records show the same of all that the sync writes.
fn is_like(one: &Fields, other: &Fields) -> bool {
    one.iter().all(|(field, value)| *field == UNMAPPED || other.get(field) == Some(value))
}

/// Whether somebody in use on the other side has two independent identifiers in common with a record.
fn is_identified(scene: &Scene<'_>, place: &Place) -> bool {
    let Some(fields) = scene.shown(place).filter(|_| place.family == Family::Person) else { return false };
    let people = scene.evidence.shown.iter().filter(|(other, _)| other.family == Family::Person && other.side != place.side);
    let mut in_use = people.filter(|(_, fields)| fields.get("state").is_some_and(|state| state == "open"));
    let same = |other: &Fields, field: &str| {
        let value = |fields: &Fields| fields.get(field).map(|value| scene.comparable(Family::Person, field, value)).unwrap_or_default();
        !value(fields).is_empty() && value(fields) == value(other)
    };
    in_use.any(|(_, other)| {
        let by_name = ["given_name", "family_name", "birth_date"].into_iter().all(|field| same(other, field));
        [same(other, "email"), same(other, "phone"), by_name].into_iter().filter(|same| *same).count() >= 2
    })
}

/// Whether nobody knows for whom a record was made.
fn is_stray(scene: &Scene<'_>, place: &Place) -> bool {
    let Some(link) = scene.link_of(place) else { return true };
    let is_alone = link.only_side().is_some() && link.standing == Standing::Active;
    is_alone
        && !is_asked_who(scene, link)
        && !lost_its_counterpart(scene, place)
        && !was_forgotten(scene, place)
        && !was_carried_off(scene, place)
}

/// Whether a person was asked whose counterpart a record is.
fn is_asked_who(scene: &Scene<'_>, link: &Link) -> bool {
    scene.evidence.reviews.iter().any(|review| {
        review.link == Some(link.id)
            && matches!(review.reason, Reason::DoubleToken { .. } | Reason::PossibleMatch { .. } | Reason::Ambiguous { .. })
    })
}

/// Whether a merge of contacts gave an appointment to one of whom a person is asked who it is, before the answer to its create was
/// known. An appointment has no room for a token: it is known by its person, start and calendar alone (design §4).
fn was_carried_off(scene: &Scene<'_>, place: &Place) -> bool {
    let is_move = |what: &What| matches!(what, What::Set { field, .. } if *field == PARENT);
    let was_moved = scene.evidence.changes.iter().any(|change| change.by == By::Staff && change.place == *place && is_move(&change.what));
    let person = scene.parent(place).and_then(|person| scene.link_of(&person));
    place.family == Family::Appointment && was_moved && person.is_some_and(|person| is_asked_who(scene, person))
}

/// Whether a back-up has forgotten for whom it was made, and a person is asked about them. It carries a token that nobody remembers,
/// and fewer than two identifiers where one of them was shared: that is not enough to know it again (design §4).
fn was_forgotten(scene: &Scene<'_>, place: &Place) -> bool {
    let made_for = || scene.ever_joined().get(place).into_iter().flatten().any(|other| scene.asked(other));
    let named = || scene.evidence.reviews.iter().any(|review| names(&review.reason, place));
    scene.evidence.was_restored() && (named() || made_for())
}

/// Whether a question asks about this record as somebody else's counterpart.
fn names(reason: &Reason, place: &Place) -> bool {
    match reason {
        Reason::PossibleMatch { candidate } | Reason::SharedIdentifier { other: candidate } => candidate.as_str() == place.id,
        Reason::Ambiguous { candidates } => candidates.iter().any(|candidate| candidate.as_str() == place.id),
        _ => false,
    }
}

/// Whether the record that it was made for was there, and went, or now belongs to another one.
fn lost_its_counterpart(scene: &Scene<'_>, place: &Place) -> bool {
    let joined = scene.ever_joined();
    joined.get(place).into_iter().flatten().any(|other| scene.shown(other).is_none() || scene.link_of(other).is_some_and(Link::is_joined))
}

/// Nothing is made before the person whom it belongs to is on both sides, and nothing belongs to one person here and to another
/// there.
pub(in crate::simulate) fn referential_order(evidence: &Evidence) -> Vec<String> {
    let scene = Scene::new(evidence);
    let joined = scene.ever_joined();
    let mut moment = Moment::before(&evidence.changes, &evidence.shown);
    let mut findings = Vec::new();
    for change in &evidence.changes {
        if let (By::Sync, Family::Appointment, What::Made(fields)) = (change.by, change.place.family, &change.what) {
            let parent = fields.get(PARENT).map(|id| Place { side: change.place.side, family: Family::Person, id: id.clone() });
            let is_there = parent.as_ref().is_some_and(|parent| moment.shown.contains_key(parent) && joined.contains_key(parent));
            if !is_there {
                findings.push(format!("{} was made before its person was on both sides", name(&change.place)));
            }
        }
        moment.pass(change);
    }
    findings.extend(strangers(&scene, &joined));
    findings
}

/// Appointments that belong to one person here and to another there.
fn strangers(scene: &Scene<'_>, joined: &BTreeMap<Place, BTreeSet<Place>>) -> Vec<String> {
    let is_strange = |link: &&Link| {
        let places = (scene.place(link, Side::Left), scene.place(link, Side::Right));
        let (Some(left), Some(right)) = places else { return false };
        let (Some(patient), Some(contact)) = (scene.parent(&left), scene.parent(&right)) else { return false };
        let same = joined.get(&patient).is_some_and(|others| others.contains(&contact));
        !same
            && !scene.waits_for_its_person(link)
            && ![left, right].iter().any(|place| scene.asked(place))
            && link.standing == Standing::Active
    };
    let strange = scene.joined(Family::Appointment).filter(is_strange);
    strange.map(|link| format!("appointment link {} belongs to two people", link.id)).collect()
}
