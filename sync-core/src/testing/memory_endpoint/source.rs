//! How the side is read.

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::{Call, MemoryEndpoint, Shape, in_full, refused, wire};
use crate::testing::CallKind;
use crate::testing::fault::lock;
use crate::{Absence, Description, Item, Kind, Listed, Observation, Presence, Probe, Record, RecordId, Result, SearchKey, Source};

#[async_trait]
impl Source for MemoryEndpoint {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        self.shapes.get(kind).map(Shape::description)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        let items = stream::once(async move {
            self.note(Call::List(kind.clone()));
            stream::iter(self.snapshot(kind))
        });
        self.faults.bent(Box::pin(items.flatten()))
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        wire::decode(self.shape(kind)?, listed)
    }

    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        self.note(Call::Read(kind.clone(), id.clone()));
        self.faults.around(CallKind::Read, async { self.read_now(kind, id) }).await
    }

    async fn find(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>> {
        self.note(Call::Find(kind.clone(), probe.clone()));
        self.faults.around(CallKind::Find, async { self.find_now(kind, probe) }).await
    }
}

impl MemoryEndpoint {
    /// All that a listing shows which begins now.
    fn snapshot(&self, kind: &Kind) -> Vec<Result<Item>> {
        let shape = match self.shape(kind) {
            Ok(shape) => shape,
            Err(error) => return vec![Err(error)],
        };
        let time = self.env.now() - shape.description.lag;
        let state = lock(&self.state);
        let listed = state.shown_at(kind, time).filter(|record| is_listed(shape, record));
        let items = listed.map(|record| wire::encode(shape, record).map(Item::Listed));
        items.chain([Ok(Item::End { complete: true })]).collect()
    }

    fn read_now(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        let shape = self.shape(kind)?;
        if !shape.description.single_read {
            return Err(refused("the side reads no single records"));
        }
        let record = self.record(id).filter(|record| record.kind == *kind);
        Ok(record.map_or(Observation::Missing, |record| Observation::Found(in_full(shape, record))))
    }

    fn find_now(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>> {
        let shape = self.shape(kind)?;
        let key = match probe {
            Probe::Token(_) => SearchKey::Token,
            Probe::Identifier { .. } => SearchKey::Identity,
        };
        if !shape.description.search.contains(&key) {
            return Err(refused("the side does not search by this"));
        }
        let is_match = |record: &&Record| match probe {
            Probe::Token(token) => record.token == Some(*token),
            Probe::Identifier { scheme, text } => shape.is_recognised(record, scheme, text),
        };
        let time = self.env.now() - shape.description.lag;
        let state = lock(&self.state);
        let found = state.shown_at(kind, time).filter(|record| is_listed(shape, record)).filter(is_match);
        // A search shows of a record what a listing shows.
        found.map(|record| wire::decode(shape, &wire::encode(shape, record)?)).collect()
    }
}

fn is_listed(shape: &Shape, record: &Record) -> bool {
    shape.description.absence != Absence::Inactive || record.presence != Presence::Inactive
}
