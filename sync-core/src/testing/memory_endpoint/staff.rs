//! What people do on the side, without the connector. A record that is not there makes an action do nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use super::MemoryEndpoint;
use super::state::Entry;
use crate::testing::Staff;
use crate::testing::fault::lock;
use crate::{Absence, Field, FieldName, Fields, Kind, Presence, Record, RecordId};

impl MemoryEndpoint {
    /// Enters a new record, and says its id.
    pub fn add(&self, kind: &Kind, values: &[(&str, &str)]) -> RecordId {
        let mut fields = Fields::default();
        for (name, value) in values {
            fields.set(FieldName::from(*name), Field::Value(value));
        }
        let id = self.next_id();
        self.put(Record { fields, ..Record::new(kind.clone(), id.clone()) });
        id
    }

    /// Enters a record as given, or puts it in the place of one with this id. Ids are unique over all kinds.
    pub fn put(&self, mut record: Record) {
        record.fields = self.stored(&record.kind, &record.fields);
        self.enter(record);
    }

    /// Sets one field; blank text empties it.
    pub fn edit(&self, id: &RecordId, field: &str, value: &str) {
        self.change(id, |record| record.fields.set(FieldName::from(field), Field::Value(value)));
    }

    /// Changes anything about a record: marks, references, several fields at once.
    pub fn change(&self, id: &RecordId, change: impl FnOnce(&mut Record)) {
        let Some(mut record) = self.record(id) else { return };
        change(&mut record);
        self.put(record);
    }

    /// Removes a record.
    pub fn remove_by_hand(&self, id: &RecordId) {
        let Some(mut record) = self.held(id) else { return };
        let Some(shape) = self.shapes.get(&record.kind) else { return };
        if shape.tombstones {
            record.presence = Presence::Deleted;
            return self.enter(record);
        }
        let now = self.env.now();
        lock(&self.state).set(id, now, shape.description.lag, Entry::Gone);
    }

    /// Takes a record out of use; it can be read, but is not listed where absence means that.
    pub fn deactivate(&self, id: &RecordId) {
        self.change(id, |record| record.presence = Presence::Inactive);
    }

    /// Brings a record back into use.
    pub fn reactivate(&self, id: &RecordId) {
        self.change(id, |record| record.presence = Presence::Live);
    }

    /// Accepts a record that was asked for. [`remove_by_hand`](Self::remove_by_hand) turns it down.
    pub fn approve(&self, id: &RecordId) {
        if let Some(record) = self.held(id) {
            self.enter(record);
        }
    }

    /// Makes two records one: the winner takes what it lacks from the loser, which is gone without a trace.
    pub fn merge(&self, winner: &RecordId, loser: &RecordId) {
        let Some(lost) = self.record(loser) else { return };
        self.change(winner, |record| {
            for (name, field) in lost.fields.iter().filter(|(name, _)| record.fields.get(name).value().is_none()).collect::<Vec<_>>() {
                record.fields.set(name.clone(), field);
            }
        });
        for child in self.all() {
            if child.references.get(&lost.kind) == Some(loser) {
                self.change(&child.id, |record| {
                    record.references.insert(lost.kind.clone(), winner.clone());
                });
            }
        }
        self.remove_by_hand(loser);
    }

    fn enter(&self, mut record: Record) {
        let now = self.env.now();
        record.modified = Some(now);
        let lag = self.shapes.get(&record.kind).map(|shape| shape.description.lag).unwrap_or_default();
        lock(&self.state).set(&record.id.clone(), now, lag, Entry::Accepted(record));
    }

    /// Values only, each as this side stores it: that a field is empty needs no entry.
    pub(super) fn stored(&self, kind: &Kind, fields: &Fields) -> Fields {
        let mut stored = Fields::default();
        let shape = self.shapes.get(kind);
        for (name, field) in fields.iter() {
            if let Some(value) = field.value() {
                let value = shape.map_or_else(|| value.to_owned(), |shape| shape.store(name, value));
                stored.set(name.clone(), Field::Value(&value));
            }
        }
        stored
    }
}

#[async_trait]
impl Staff for MemoryEndpoint {
    async fn create(&self, kind: &Kind, fields: &Fields, references: &BTreeMap<Kind, RecordId>) -> RecordId {
        let id = self.next_id();
        self.put(Record { fields: fields.clone(), references: references.clone(), ..Record::new(kind.clone(), id.clone()) });
        id
    }

    async fn edit(&self, _kind: &Kind, id: &RecordId, name: &FieldName, field: Field<&str>) {
        self.change(id, |record| record.fields.set(name.clone(), field));
    }

    async fn remove(&self, kind: &Kind, id: &RecordId) {
        let absence = self.shapes.get(kind).map(|shape| shape.description.absence);
        if absence == Some(Absence::Inactive) { self.deactivate(id) } else { self.remove_by_hand(id) }
    }

    async fn approve(&self, _kind: &Kind, id: &RecordId) {
        Self::approve(self, id);
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn unused_id(&self, _kind: &Kind) -> RecordId {
        RecordId::new(format!("{}0", self.prefix))
    }
}
