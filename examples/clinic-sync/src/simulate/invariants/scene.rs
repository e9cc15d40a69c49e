//! The end of a history, so arranged that questions about one record are short.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::vocabulary::appointment::{self, AppointmentSchema};
use sync_core::vocabulary::person;
use sync_core::vocabulary::person::PersonSchema;
use sync_core::{Decision, Direction, EndState, FieldName, Link, LinkId, Reason, Review, Schema, Scope, Settled, Side, Standing};

use crate::simulate::evidence::Evidence;
use crate::simulate::ledger::{Family, Fields, PARENT, Place, STATE, UNMAPPED, What};

/// The end of a history.
pub(in crate::simulate) struct Scene<'a> {
    pub(super) evidence: &'a Evidence,
    schema: PersonSchema,
    /// The questions that are open, without those that a person has answered.
    open: Vec<&'a Review>,
}

impl<'a> Scene<'a> {
    pub(in crate::simulate) fn new(evidence: &'a Evidence) -> Self {
        let open = evidence.reviews.iter().filter(|review| review.decision.is_none()).collect();
        Self { evidence, schema: PersonSchema::default(), open }
    }

    pub(in crate::simulate) fn evidence(&self) -> &'a Evidence {
        self.evidence
    }

    /// Whether the rules let a record be made on the other side, as far as it can be told from outside.
    pub(in crate::simulate) fn may_pass(&self, place: &Place, fields: &Fields) -> bool {
        let is_open = fields.get(STATE).is_some_and(|state| state == "open");
        let Some(policy) = self.evidence.policy(place.family) else { return false };
        is_open && admits(&policy.scope[place.side], fields)
    }

    /// Whether a brake has stopped everything of a family, and a person is asked whether it may go on.
    pub(super) fn is_stopped(&self, family: Family) -> bool {
        let is_brake = |review: &&Review| kind_is(review, family) && matches!(review.reason, Reason::Brake { .. });
        self.evidence.has_given_rules && self.open.iter().copied().any(|review| is_brake(&review))
    }

    /// Whether a change of this field reaches the other side from either one.
    pub(super) fn flows_both_ways(&self, family: Family, field: &str) -> bool {
        let rule = self.evidence.policy(family).map(|policy| policy.field(&FieldName::new(field.to_owned())));
        rule.is_some_and(|rule| rule.direction == Direction::Both)
    }

    /// Whether a person took the other side's value between these two changes, or let both stand.
    pub(in crate::simulate) fn was_decided(&self, place: &Place, field: &str, from: usize, until: usize) -> bool {
        self.evidence.answers.iter().any(|answer| {
            let names = answer.review.reason.fields().iter().any(|name| name.as_str() == field);
            let takes = [Decision::Take(place.side.opposite()), Decision::KeepBoth].contains(&answer.decision);
            names && takes && (from..=until).contains(&answer.at) && self.is_about(&answer.review, place)
        })
    }

    /// Whether a question is about a record, or about one that was merged into it.
    fn is_about(&self, review: &Review, place: &Place) -> bool {
        let names = |place: &Place| review.records[place.side].as_ref().is_some_and(|id| id.as_str() == place.id);
        names(place) || self.ever_joined().get(place).into_iter().flatten().any(names)
    }

    /// What a record that is gone showed last.
    pub(super) fn last_value(&self, place: &Place, field: &str) -> Option<&'a str> {
        let fields = self.evidence.changes.iter().rev().find_map(|change| match &change.what {
            What::Gone(fields) if change.place == *place => Some(fields),
            _ => None,
        });
        fields?.get(field).map(String::as_str)
    }

    /// The links of a family with a record on both sides.
    pub(super) fn joined(&self, family: Family) -> impl Iterator<Item = &'a Link> {
        let links = self.evidence.links.iter();
        links.filter(move |link| family_of(link) == family && link.is_joined())
    }

    pub(in crate::simulate) fn place(&self, link: &Link, side: Side) -> Option<Place> {
        let id = link.ends[side].as_ref()?.id.to_string();
        Some(Place { side, family: family_of(link), id })
    }

    pub(in crate::simulate) fn shown(&self, place: &Place) -> Option<&'a Fields> {
        self.evidence.shown.get(place)
    }

    pub(in crate::simulate) fn link_of(&self, place: &Place) -> Option<&'a Link> {
        self.evidence.links.iter().find(|link| self.place(link, place.side).as_ref() == Some(place))
    }

    /// Whether a person is asked about this field of these records.
    pub(super) fn asked_about(&self, link: LinkId, field: &str) -> bool {
        let about = |review: &&&Review| review.link == Some(link);
        let names = |review: &Review| {
            let fields = review.reason.fields();
            // Whether it is still the same person is asked about all that is known of them (design §4): until then nothing is written.
            let about_all = fields.is_empty() || matches!(review.reason, Reason::IdentityChanged { .. });
            about_all || fields.iter().any(|name| name.as_str() == field)
        };
        self.open.iter().filter(about).any(|review| names(review))
    }

    /// Whether a person is asked about this record, about whatever it is.
    pub(in crate::simulate) fn asked(&self, place: &Place) -> bool {
        let link = self.link_of(place).map(|link| link.id);
        self.open.iter().any(|review| {
            let named = review.records[place.side].as_ref().is_some_and(|id| id.as_str() == place.id);
            (named && kind_is(review, place.family)) || (link.is_some() && review.link == link)
        })
    }

    /// The person whom an appointment belongs to.
    pub(super) fn parent(&self, place: &Place) -> Option<Place> {
        let id = self.shown(place)?.get(PARENT)?.clone();
        Some(Place { side: place.side, family: Family::Person, id })
    }

    /// Whether both halves of a person are in use, and nobody is asked who it is.
    pub(in crate::simulate) fn is_whole(&self, person: &Place) -> bool {
        let Some(link) = self.link_of(person).filter(|link| link.is_joined() && link.standing == Standing::Active) else { return false };
        let present = |side: Side| link.ends[side].as_ref().is_some_and(|end| end.state == EndState::Present);
        Side::BOTH.into_iter().all(present) && !self.asked(person)
    }

    /// Whether an appointment has nobody with whom it can be kept in step: a person whose other half is away.
    pub(in crate::simulate) fn waits_for_its_person(&self, link: &Link) -> bool {
        let places = Side::BOTH.into_iter().filter_map(|side| self.place(link, side));
        family_of(link) == Family::Appointment && places.filter_map(|place| self.parent(&place)).any(|person| !self.is_whole(&person))
    }

    pub(in crate::simulate) fn comparable(&self, family: Family, field: &str, value: &str) -> String {
        let name = FieldName::new(field.to_owned());
        match family {
            Family::Person => self.schema.comparable(&name, value),
            Family::Appointment => AppointmentSchema.comparable(&name, value),
        }
    }

    /// The links that were ever stored, so that a pair that was taken apart is known too.
    pub(in crate::simulate) fn ever_joined(&self) -> BTreeMap<Place, BTreeSet<Place>> {
        let mut joined: BTreeMap<Place, BTreeSet<Place>> = BTreeMap::new();
        for link in self.evidence.commits.iter().flat_map(|changes| &changes.links) {
            let (Some(left), Some(right)) = (self.place(link, Side::Left), self.place(link, Side::Right)) else { continue };
            joined.entry(left.clone()).or_default().insert(right.clone());
            joined.entry(right).or_default().insert(left);
        }
        joined
    }
}

/// A place as findings name it.
pub(super) fn name(place: &Place) -> String {
    let what = match (place.family, place.side) {
        (Family::Person, Side::Left) => "patient",
        (Family::Person, Side::Right) => "contact",
        (Family::Appointment, Side::Left) => "event",
        (Family::Appointment, Side::Right) => "appointment",
    };
    format!("{what} {}", place.id)
}

/// Whether a value of a pair stays out of a side, where another record has it.
pub(in crate::simulate) fn withholds(link: &Link, side: Side) -> bool {
    link.is_joined() && link.bases.values().any(|base| base.settled == Settled::Withheld(side))
}

pub(super) fn family_of(link: &Link) -> Family {
    if link.kind == person::KIND { Family::Person } else { Family::Appointment }
}

/// Whether a rule about scope names a record. Of marks, tags and whether an appointment is open can be seen from outside.
fn admits(scope: &Scope, fields: &Fields) -> bool {
    match scope {
        Scope::PulledOnly => false,
        Scope::All => true,
        Scope::Mark(mark) if mark == appointment::OPEN => true,
        Scope::Mark(mark) => {
            let tag = mark.strip_prefix("tag:").map(|tag| format!("{tag:?}"));
            tag.is_some_and(|tag| fields.get(UNMAPPED).is_some_and(|tags| tags.contains(&tag)))
        }
        Scope::Any(rules) => rules.iter().any(|rule| admits(rule, fields)),
        Scope::Every(rules) => rules.iter().all(|rule| admits(rule, fields)),
    }
}

fn kind_is(review: &Review, family: Family) -> bool {
    (review.kind == person::KIND) == (family == Family::Person)
}
