//! The records of a side, each with as much of its past as a lagging listing may still show.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Call, Shape};
use crate::{Field, FieldName, Fields, Kind, Presence, Record, RecordId};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) slots: BTreeMap<RecordId, Slot>,
    pub(super) calls: Vec<Call>,
    pub(super) created: u64,
}

impl State {
    /// A record that the side works with: there, and not removed.
    pub(super) fn present(&self, kind: &Kind, id: &RecordId) -> Option<&Record> {
        self.slots.get(id)?.record().filter(|record| record.kind == *kind && record.presence != Presence::Deleted)
    }

    /// The records of a kind as a view shows them that is this late.
    pub(super) fn shown_at<'a>(&'a self, kind: &'a Kind, time: DateTime<Utc>) -> impl Iterator<Item = &'a Record> {
        self.slots.values().filter_map(move |slot| slot.record_at(time)).filter(move |record| record.kind == *kind)
    }

    /// Another record that has one of these values where no two may, with the fields concerned.
    pub(super) fn duplicate(&self, shape: &Shape, fields: &Fields, own: Option<&RecordId>) -> Option<(RecordId, Vec<FieldName>)> {
        let shared = |record: &Record| -> Vec<FieldName> {
            let same = |name: &&FieldName| matches!(fields.get(name), Field::Value(_)) && record.fields.get(name) == fields.get(name);
            shape.description.unique.iter().filter(same).cloned().collect()
        };
        let others = self.slots.iter().filter(|(id, _)| Some(*id) != own).filter_map(|(id, slot)| Some((id, slot.held()?)));
        let kind = &shape.description.kind;
        let mut live = others.filter(|(_, record)| record.kind == *kind && record.presence != Presence::Deleted);
        live.find_map(|(id, record)| {
            let fields = shared(record);
            (!fields.is_empty()).then(|| (id.clone(), fields))
        })
    }

    /// Writes down what a record is from now on.
    pub(super) fn set(&mut self, id: &RecordId, now: DateTime<Utc>, lag: Duration, entry: Entry) {
        let slot = self.slots.entry(id.clone()).or_default();
        let lagging = now - lag;
        // Older versions than the one that the most lagging view shows are never seen again.
        let oldest = slot.versions.iter().rposition(|version| version.since <= lagging).unwrap_or(0);
        slot.versions.drain(..oldest);
        slot.versions.push(Version { since: now, entry });
    }
}

#[derive(Debug, Default)]
pub(super) struct Slot {
    versions: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    since: DateTime<Utc>,
    entry: Entry,
}

#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// Asked for; nobody has accepted it yet.
    Pending(Record),
    /// There.
    Accepted(Record),
    /// Not there any more.
    Gone,
}

impl Slot {
    /// The record now, if somebody accepted it.
    pub(super) fn record(&self) -> Option<&Record> {
        accepted(self.versions.last()?)
    }

    /// The record now, accepted or not.
    pub(super) fn held(&self) -> Option<&Record> {
        match &self.versions.last()?.entry {
            Entry::Pending(record) | Entry::Accepted(record) => Some(record),
            Entry::Gone => None,
        }
    }

    fn record_at(&self, time: DateTime<Utc>) -> Option<&Record> {
        accepted(self.versions.iter().rfind(|version| version.since <= time)?)
    }
}

fn accepted(version: &Version) -> Option<&Record> {
    match &version.entry {
        Entry::Accepted(record) => Some(record),
        Entry::Pending(_) | Entry::Gone => None,
    }
}
