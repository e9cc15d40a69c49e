//! A connector that does something else than it is asked.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use sync_core::{
    Description, Draft, Item, Kind, Listed, Observation, Patch, Permit, Probe, Record, RecordId, Result, Side, Sides, Sink, Source, Written,
};

/// What a connector does in its own way.
#[async_trait]
pub(super) trait Bend: fmt::Debug + Send + Sync {
    async fn create(&self, sink: &dyn Sink, permit: &Permit, draft: &Draft) -> Result<Written> {
        sink.create(permit, draft).await
    }

    async fn update(&self, sink: &dyn Sink, permit: &Permit, patch: &Patch) -> Result<Written> {
        sink.update(permit, patch).await
    }

    /// What of a listing it shows.
    fn listed(&self, items: Vec<Result<Item>>) -> Vec<Result<Item>> {
        items
    }

    /// How it shows a record.
    fn shown(&self, record: Record) -> Record {
        record
    }

    /// How it shows a record that was read by itself.
    fn read(&self, record: Record) -> Record {
        record
    }
}

/// Puts a bend into the connectors of these sides.
pub(super) fn bent(sinks: &Sides<Arc<dyn Sink>>, sides: &[Side], bend: &Arc<dyn Bend>) -> Sides<Arc<dyn Sink>> {
    Sides::from_fn(|side| {
        let inner = sinks[side].clone();
        if sides.contains(&side) { Arc::new(Bent { inner, bend: bend.clone() }) } else { inner }
    })
}

#[derive(Debug)]
struct Bent {
    inner: Arc<dyn Sink>,
    bend: Arc<dyn Bend>,
}

#[async_trait]
impl Source for Bent {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        self.inner.describe(kind)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        let all = async move { stream::iter(self.bend.listed(self.inner.list(kind).collect().await)) };
        stream::once(all).flatten().boxed()
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        Ok(self.bend.shown(self.inner.decode(kind, listed)?))
    }

    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        Ok(match self.inner.read(kind, id).await? {
            Observation::Found(record) => Observation::Found(Box::new(self.bend.read(self.bend.shown(*record)))),
            Observation::Missing => Observation::Missing,
        })
    }

    async fn find(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>> {
        Ok(self.inner.find(kind, probe).await?.into_iter().map(|record| self.bend.shown(record)).collect())
    }
}

#[async_trait]
impl Sink for Bent {
    async fn create(&self, permit: &Permit, draft: &Draft) -> Result<Written> {
        self.bend.create(self.inner.as_ref(), permit, draft).await
    }

    async fn update(&self, permit: &Permit, patch: &Patch) -> Result<Written> {
        self.bend.update(self.inner.as_ref(), permit, patch).await
    }

    async fn remove(&self, permit: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        self.inner.remove(permit, kind, id).await
    }
}
