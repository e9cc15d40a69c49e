//! The same history told in two ways, of which the end must be the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sync_core::{Reason, Review, Side};

use super::chance::Chance;
use super::evidence::Evidence;
use super::fault::{Group, Planned, Trouble};
use super::invariants::{Scene, withholds};
use super::ledger::{Family, Fields, PARENT, Place, STATE, UNMAPPED};
use super::played;
use super::script::{History, Step, action};
use super::tamper::Tamper;
use crate::Result;

/// How many things staff do before the two ways part.
const ACTIONS: u32 = 14;

/// All that can be said of a contact who has nothing but a phone, which others have as well.
const SHARES: (&str, String) = ("phone", String::new());

/// What is told in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The process is killed in the middle, once or twice.
    Killed,
    /// Webhooks come twice, late, and in another order; before, none came.
    Webhooks,
}

/// How a history ended in two ways.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) way: Way,
    /// What differs, without values.
    pub(super) differences: Vec<String>,
}

/// Tells a short history of a seed in the plain way and in another one.
///
/// # Errors
/// When the world cannot be built.
pub(super) fn compared(history: &History, tamper: &Arc<dyn Tamper>) -> Result<Ends> {
    let seed = history.seed;
    let way = if seed.is_multiple_of(2) { Way::Killed } else { Way::Webhooks };
    let plain = played(&told(seed, None).under(history.rules.clone()), tamper.clone())?;
    let other = played(&told(seed, Some(way)).under(history.rules.clone()), tamper.clone())?;
    let both = |names: fn(&Evidence) -> BTreeSet<String>| names(&plain).union(&names(&other)).cloned().collect();
    // How much comes together in one run depends on how the history is told: what a brake stopped in one may have passed in the other.
    if history.rules.is_some() && [&plain, &other].into_iter().any(Evidence::was_braked) {
        return Ok(Ends { way, differences: Vec::new() });
    }
    let apart = Apart { away: both(people_away), sharing: both(people_sharing) };
    Ok(Ends { way, differences: difference(&end(&plain, &apart), &end(&other, &apart)) })
}

/// What staff do is the same in every way.
fn told(seed: u64, way: Option<Way>) -> History {
    let mut chance = Chance::new(seed, 0x7a71);
    let mut steps = vec![Step::Sync, Step::Pass(900), Step::Sync, Step::Pass(900)];
    steps.extend((0..ACTIONS).map(|number| Step::Staff(action(&mut chance, 1000 + number))));
    match way {
        None => {}
        Some(Way::Killed) => {
            for _ in 0..2 {
                steps.push(Step::Trouble(killed(&mut chance)));
                steps.push(Step::Sync);
            }
        }
        Some(Way::Webhooks) => {
            for _ in 0..3 {
                steps.extend([Step::Deliver, Step::Drain, Step::Pass(7)]);
            }
        }
    }
    steps.push(Step::Sync);
    let travelling = match way {
        Some(Way::Webhooks) => chance.one_of(&[Trouble::WebhooksDoubled, Trouble::WebhooksReordered, Trouble::WebhooksLate]),
        _ => Some(Trouble::WebhooksLost),
    };
    let travelling = travelling.map(|trouble| Planned { trouble, group: Group::Webhook, skip: 0, pick: 0 });
    steps.splice(0..0, travelling.map(Step::Trouble));
    steps.splice(1..1, [Step::Deliver]);
    History { seed, steps, rules: None }
}

fn killed(chance: &mut Chance) -> Planned {
    let groups = [Group::List, Group::Read, Group::Create, Group::Update, Group::Remove, Group::Commit, Group::Commit, Group::Load];
    let group = chance.one_of(&groups).unwrap_or(Group::Commit);
    let trouble = if chance.percent(50) { Trouble::CrashBefore } else { Trouble::CrashAfter };
    Planned { trouble, group, skip: chance.below(6), pick: chance.draw() }
}

/// The names of those whose other half is away, or of whom a person is asked who they are. Their appointments freeze (design §4):
/// what was carried over of them depends on when that was noticed.
fn people_away(evidence: &Evidence) -> BTreeSet<String> {
    let scene = Scene::new(evidence);
    let people = evidence.shown.iter().filter(|(place, _)| place.family == Family::Person && !scene.is_whole(place));
    people.filter_map(|(_, fields)| name(fields)).collect()
}

/// The names of patients who have one phone between them, or who wanted one that another contact had at that moment. Only one of
/// them can have it: the first.
fn people_sharing(evidence: &Evidence) -> BTreeSet<String> {
    let patients = || evidence.shown.iter().filter(|(place, _)| place.family == Family::Person && place.side == Side::Left);
    let phone = |fields: &Fields| fields.get("phone").filter(|phone| !phone.is_empty()).cloned();
    let shares =
        |fields: &Fields| phone(fields).is_some_and(|own| patients().filter(|(_, other)| phone(other) == Some(own.clone())).count() > 1);
    let scene = Scene::new(evidence);
    let was_refused = |place: &Place| scene.link_of(place).is_some_and(|link| withholds(link, Side::Right));
    patients().filter(|(place, fields)| shares(fields) || was_refused(place)).filter_map(|(_, fields)| name(fields)).collect()
}

/// Of whom something depends on what is noticed first, in either way.
struct Apart {
    away: BTreeSet<String>,
    sharing: BTreeSet<String>,
}

fn name(fields: &Fields) -> Option<String> {
    Some(format!("{} {}", fields.get("given_name")?, fields.get("family_name")?))
}

/// How things stand, up to the ids that the systems gave, without what depends on the order in which it is noticed.
fn end(evidence: &Evidence, apart: &Apart) -> BTreeMap<String, usize> {
    let scene = Scene::new(evidence);
    let mut end: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |what: String| *end.entry(what).or_default() += 1;
    // Who was deleted has no name any more, and is away more than anybody.
    let freezes = |fields: &Fields| fields.get(PARENT).is_some_and(|parent| parent.is_empty() || apart.away.contains(parent));
    for (place, fields) in &evidence.shown {
        let fields = neutral(&scene, place, fields, apart);
        if !freezes(&fields) {
            add(format!("{} {:?} {fields:?}", place.side, place.family));
        }
    }
    for link in evidence.links.iter().filter(|link| link.is_joined()) {
        let shown = Side::BOTH.map(|side| {
            let place = scene.place(link, side)?;
            scene.shown(&place).map(|fields| neutral(&scene, &place, fields, apart))
        });
        match &shown {
            shown if shown.iter().flatten().any(freezes) => {}
            [_, Some(right)] if *right == Fields::from([SHARES]) => add(format!("pair {right:?}")),
            shown => add(format!("pair {shown:?}")),
        }
    }
    let is_about_away = |review: &Review| {
        let place = |side: Side| Some(Place { side, family: Family::Appointment, id: review.records[side].as_ref()?.to_string() });
        let shown = |place: Place| Some(neutral(&scene, &place, scene.shown(&place)?, apart));
        Side::BOTH.into_iter().filter_map(place).filter_map(shown).any(|fields| freezes(&fields))
    };
    for review in evidence.reviews.iter().filter(|review| review.decision.is_none()) {
        if is_about_away(review) || is_pulled(evidence, review, apart) || is_asked_from_the_left(evidence, review) {
            continue;
        }
        add(format!("question {} {:?}", review.reason.name(), review.reason.fields()));
    }
    end
}

/// Whether the patient's half asks about the same two records as this contact's. Of two that may be the same, both ask if they are
/// noticed at once, and only the later one if not.
fn is_asked_from_the_left(evidence: &Evidence, review: &Review) -> bool {
    let (Reason::PossibleMatch { candidate: left }, Some(right)) = (&review.reason, &review.records.right) else { return false };
    let open = evidence.reviews.iter().filter(|other| other.decision.is_none() && other.kind == review.kind);
    let mut of_left = open.filter(|other| other.records.left.as_ref() == Some(left));
    of_left.any(|other| matches!(&other.reason, Reason::PossibleMatch { candidate } if candidate == right))
}

/// Whether a person is asked for what somebody lacks who is away on the other side, and to whom an appointment was moved. Whether
/// the appointment asks for them or freezes depends on which is noticed first, the move or that they are away.
fn is_pulled(evidence: &Evidence, review: &Review, apart: &Apart) -> bool {
    let is_asked_for = matches!(review.reason, Reason::MissingData { .. } | Reason::Manual { .. });
    let mut links = evidence.links.iter().filter(|link| link.pulled && review.link == Some(link.id));
    let place = |side: Side| Some(Place { side, family: Family::Person, id: review.records[side].as_ref()?.to_string() });
    let is_away = |place: Place| evidence.shown.get(&place).and_then(name).is_some_and(|name| apart.away.contains(&name));
    is_asked_for && links.next().is_some() && Side::BOTH.into_iter().filter_map(place).any(is_away)
}

/// The names of both halves of a pair.
fn names_of(scene: &Scene<'_>, place: &Place) -> Vec<String> {
    let Some(link) = scene.link_of(place) else { return Vec::new() };
    let places = Side::BOTH.into_iter().filter_map(|side| scene.place(link, side));
    places.filter_map(|place| name(scene.shown(&place)?)).collect()
}

/// A record without ids: what it belongs to is told by its name.
fn neutral(scene: &Scene<'_>, place: &Place, fields: &Fields, apart: &Apart) -> Fields {
    let mut neutral = fields.clone();
    let is_empty = |field: &str| fields.get(field).is_some_and(String::is_empty);
    if names_of(scene, place).iter().any(|name| apart.sharing.contains(name)) {
        // Where nothing but the phone tells contacts apart, only one of those who share it has one: the first.
        if place.family == Family::Person && place.side == Side::Right && is_empty("email") {
            return Fields::from([SHARES]);
        }
        neutral.remove("phone");
    }
    // What is cancelled is not moved any more: whether it was before depends on which was noticed first.
    if fields.get(STATE).is_some_and(|state| state == "cancelled") {
        neutral.retain(|field, _| !["start", "end"].contains(field));
    }
    neutral.remove(UNMAPPED);
    if let Some(id) = neutral.remove(PARENT) {
        let parent = scene.shown(&Place { side: place.side, family: Family::Person, id });
        neutral.insert(PARENT, parent.and_then(name).unwrap_or_default());
    }
    neutral
}

fn difference(plain: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>) -> Vec<String> {
    let lines = plain.keys().chain(other.keys()).collect::<BTreeSet<_>>();
    let count = |end: &BTreeMap<String, usize>, line: &String| end.get(line).copied().unwrap_or_default();
    let differing = lines.into_iter().filter(|line| count(plain, line) != count(other, line));
    differing.map(|line| format!("{} times instead of {}: {line}", count(other, line), count(plain, line))).collect()
}

/// Killed anywhere and started again, the process comes to the same end as one that was not.
pub(super) fn crash_prefix_equivalence(evidence: &Evidence) -> Vec<String> {
    differing(evidence, Way::Killed)
}

/// Webhooks that are lost, doubled, late or out of order come to the same end as none.
pub(super) fn event_order_independence(evidence: &Evidence) -> Vec<String> {
    differing(evidence, Way::Webhooks)
}

fn differing(evidence: &Evidence, way: Way) -> Vec<String> {
    evidence.ends.iter().filter(|ends| ends.way == way).flat_map(|ends| ends.differences.clone()).collect()
}
