//! That nobody's edit is lost, and nothing is touched that is nobody's business.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{Clearing, Conflict, Direction, FieldName, Side};

use super::convergence::PERSON;
use super::past::Moment;
use super::scene::{Scene, name};
use crate::simulate::evidence::Evidence;
use crate::simulate::ledger::{By, Change, Family, Place, STATE, UNMAPPED, What};

/// What is known of a value that somebody entered.
#[derive(Clone, Copy, Debug)]
struct Entered {
    /// When, as a number of changes.
    at: usize,
    /// How often the record had been looked at by then.
    looks: usize,
    /// Whether its counterpart has shown the same since.
    shared: bool,
}

/// A sync write replaces a value that somebody entered only if the other side had it too, or a rule or a person's decision names it
/// as the loser; then it can still be had.
///
/// An edit made after the last look at a record and before a write to it cannot be seen by anybody, since neither system knows
/// conditional writes; nor can one that a search, which was begun in time, shows too late: what is written to is not read once more
/// (design §10: an edit costs one write). That is not counted here.
pub(in crate::simulate) fn no_silent_loss(evidence: &Evidence) -> Vec<String> {
    let scene = Scene::new(evidence);
    let joined = scene.ever_joined();
    let mut moment = Moment::before(&evidence.changes, &evidence.shown);
    let mut entered: BTreeMap<(Place, &str), Entered> = BTreeMap::new();
    let mut findings = Vec::new();
    for (at, change) in evidence.changes.iter().enumerate() {
        if let (By::Sync, What::Set { field, old, .. }) = (change.by, &change.what)
            && let Some(value) = entered.remove(&(change.place.clone(), *field))
            && is_lost(&scene, &joined, &moment, change, field, old, value, at)
        {
            findings.push(format!("the {field} that was entered for {} was overwritten unseen", name(&change.place)));
        }
        moment.pass(change);
        note(&scene, &joined, &moment, change, at, &mut entered);
    }
    findings
}

/// Notes what was entered, and what both sides show now.
fn note<'a>(
    scene: &Scene<'_>,
    joined: &BTreeMap<Place, BTreeSet<Place>>,
    moment: &Moment,
    change: &'a Change,
    at: usize,
    entered: &mut BTreeMap<(Place, &'a str), Entered>,
) {
    let fields: Vec<&str> = match &change.what {
        What::Set { field, .. } if PERSON.contains(field) => vec![field],
        What::Made(_) if change.place.family == Family::Person => PERSON.to_vec(),
        _ => return,
    };
    for field in fields {
        let own = value(scene, moment, &change.place, field);
        let mut shared = false;
        for other in joined.get(&change.place).into_iter().flatten() {
            let same = moment.value(other, field).is_some() && value(scene, moment, other, field) == own;
            shared |= same;
            if let Some(theirs) = entered.get_mut(&(other.clone(), field)) {
                theirs.shared |= same;
            }
        }
        // Who enters a contact once more types what was there before, which is nobody's edit.
        shared |= matches!(change.what, What::Made(_)) && was_theirs(scene, joined, change, field, &own);
        // What somebody took away again is nobody's to lose any more.
        if change.by == By::Staff && own.is_empty() {
            entered.remove(&(change.place.clone(), field));
        } else if change.by == By::Staff {
            let at = if matches!(change.what, What::Made(_)) { since(scene, joined, change, field, &own, at) } else { at };
            entered.insert((change.place.clone(), field), Entered { at, looks: change.looks, shared });
        }
    }
}

/// Since when a value of a new record is there: one that others are merged into has theirs.
fn since(scene: &Scene<'_>, joined: &BTreeMap<Place, BTreeSet<Place>>, change: &Change, field: &str, own: &str, at: usize) -> usize {
    let others = joined.get(&change.place).into_iter().flatten();
    let before: BTreeSet<&Place> = others.flat_map(|other| joined.get(other).into_iter().flatten()).collect();
    let sets = |one: &Change| matches!(&one.what, What::Set { field: set, new, .. } if *set == field && scene.comparable(one.place.family, field, new) == own);
    let earlier = scene.evidence.changes[..at].iter().rposition(|one| before.contains(&one.place) && sets(one));
    earlier.unwrap_or(at)
}

/// Whether a counterpart has had this value at any time. Values are entered once and never again, so it is an old one.
fn was_theirs(scene: &Scene<'_>, joined: &BTreeMap<Place, BTreeSet<Place>>, change: &Change, field: &str, own: &str) -> bool {
    let others = || joined.get(&change.place).into_iter().flatten();
    let same = |value: &str| scene.comparable(change.place.family, field, value) == own;
    scene.evidence.changes.iter().filter(|one| others().any(|other| *other == one.place)).any(|one| match &one.what {
        What::Set { field: set, old, .. } => *set == field && same(old),
        What::Made(fields) | What::Gone(fields) => fields.get(field).is_some_and(|value| same(value)),
    })
}

fn value(scene: &Scene<'_>, moment: &Moment, place: &Place, field: &str) -> String {
    scene.comparable(place.family, field, moment.value(place, field).unwrap_or_default())
}

#[expect(clippy::too_many_arguments, reason = "all of them tell whether a value may be replaced")]
fn is_lost(
    scene: &Scene<'_>,
    joined: &BTreeMap<Place, BTreeSet<Place>>,
    moment: &Moment,
    change: &Change,
    field: &str,
    old: &str,
    entered: Entered,
    at: usize,
) -> bool {
    let was_unseen = change.looks <= entered.looks;
    if entered.shared || was_unseen {
        return false;
    }
    let policy = scene.evidence.patients.field(&FieldName::new(field.to_owned()));
    let side = change.place.side;
    let loses = match policy.conflict {
        _ if policy.direction != Direction::Both => policy.direction.updates(side),
        Conflict::PreferLeft => side == Side::Right,
        Conflict::PreferRight => side == Side::Left,
        Conflict::Review => false,
    };
    let others = || joined.get(&change.place).into_iter().flatten();
    // What somebody had entered on the other side as well: without that there is no conflict, and nothing that could win. Emptying a
    // field is an edit too, where the rules carry it (design §4).
    let carried = policy.clearing == Clearing::Propagate;
    let wins = |other: &Place| {
        let theirs = moment.value(other, field).or_else(|| scene.last_value(other, field));
        theirs.is_some_and(|theirs| !theirs.is_empty() || carried && emptied(scene, other, field))
    };
    let contested = others().any(wins);
    let by_rule = loses && contested;
    let decided = scene.was_decided(&change.place, field, entered.at, at);
    !((by_rule || decided) && is_kept(scene, &change.place, field, old))
}

/// Whether somebody emptied the field.
fn emptied(scene: &Scene<'_>, place: &Place, field: &str) -> bool {
    let sets = scene.evidence.changes.iter().filter(|change| change.by == By::Staff && change.place == *place);
    let values = sets.filter_map(|change| match &change.what {
        What::Set { field: set, new, .. } if *set == field => Some(new),
        _ => None,
    });
    values.into_iter().any(|value| value.is_empty())
}

/// Whether the value can still be had. A back-up lacks what came after it.
fn is_kept(scene: &Scene<'_>, place: &Place, field: &str, value: &str) -> bool {
    let wanted = scene.comparable(place.family, field, value);
    scene.evidence.was_restored()
        || scene.evidence.pre_images.iter().any(|image| {
            let kept = scene.comparable(place.family, field, image.value.as_deref().unwrap_or_default());
            image.side == place.side && image.record.as_str() == place.id && image.field.as_str() == field && kept == wanted
        })
}

/// A write changes exactly the fields that have to change: nothing that is not synced, nothing against its direction, and nothing that
/// shows the wanted value already.
pub(in crate::simulate) fn field_non_interference(evidence: &Evidence) -> Vec<String> {
    let written = evidence.changes.iter().filter(|change| change.by == By::Sync);
    let meddling = written.filter_map(|change| {
        let What::Set { field, .. } = &change.what else { return None };
        let may = match (change.place.family, *field) {
            (_, UNMAPPED) | (Family::Person, STATE) => false,
            (Family::Person, field) => evidence.patients.field(&FieldName::new(field.to_owned())).direction.updates(change.place.side),
            (Family::Appointment, _) => true,
        };
        (!may).then(|| format!("{} of {} was written", field, name(&change.place)))
    });
    let idle = evidence.idle.iter().map(|(place, field)| format!("{field} of {} was written, and showed that already", name(place)));
    meddling.chain(idle).collect()
}
