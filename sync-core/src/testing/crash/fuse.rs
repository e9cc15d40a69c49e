//! What makes a process die at one step.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::sync::Notify;

use crate::{
    Changes, CommitError, Description, Draft, Head, Item, Kind, Link, LinkId, LinkQuery, Listed, MappingReader, MappingStore, Observation,
    OperationEntry, Patch, Permit, PreImage, Probe, Record, RecordId, Result, Review, ReviewQuery, Run, Sink, Source, TenantId, Written,
};

/// When in a step the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Nothing of the step has happened.
    Before,
    /// It has happened, and nobody heard of it.
    After,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// Counts steps, and lets the process die at one of them.
#[derive(Clone, Debug)]
pub(super) struct Fuse(Arc<State>);

#[derive(Debug)]
struct State {
    steps: AtomicUsize,
    last: AtomicUsize,
    after: AtomicBool,
    burnt: Notify,
}

impl Fuse {
    /// One that does not burn.
    pub(super) fn long() -> Self {
        let last = AtomicUsize::new(usize::MAX);
        Self(Arc::new(State { steps: AtomicUsize::new(0), last, after: AtomicBool::new(false), burnt: Notify::new() }))
    }

    /// From now on, the process dies at this step.
    pub(super) fn light(&self, step: usize, moment: Moment) {
        self.0.steps.store(0, Ordering::SeqCst);
        self.0.after.store(moment == Moment::After, Ordering::SeqCst);
        self.0.last.store(step, Ordering::SeqCst);
    }

    pub(super) fn put_out(&self) {
        self.0.last.store(usize::MAX, Ordering::SeqCst);
    }

    /// How many steps there were since it was lit.
    pub(super) fn steps(&self) -> usize {
        self.0.steps.load(Ordering::SeqCst)
    }

    /// Until the process has died.
    pub(super) async fn burnt(&self) {
        self.0.burnt.notified().await;
    }

    async fn around<T>(&self, step: impl Future<Output = T> + Send) -> T {
        let dies = self.0.steps.fetch_add(1, Ordering::SeqCst) == self.0.last.load(Ordering::SeqCst);
        let after = self.0.after.load(Ordering::SeqCst);
        if dies && !after {
            return self.die().await;
        }
        let done = step.await;
        if dies {
            return self.die().await;
        }
        done
    }

    /// A dead process does nothing more; whoever holds its future drops it.
    async fn die<T>(&self) -> T {
        self.0.burnt.notify_one();
        std::future::pending().await
    }
}

/// A side whose writes are steps.
#[derive(Debug)]
pub(super) struct FusedSide<S> {
    pub(super) inner: S,
    pub(super) fuse: Fuse,
}

#[async_trait]
impl<S: Source> Source for FusedSide<S> {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        self.inner.describe(kind)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        self.inner.list(kind)
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        self.inner.decode(kind, listed)
    }

    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        self.fuse.around(self.inner.read(kind, id)).await
    }

    async fn find(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>> {
        self.fuse.around(self.inner.find(kind, probe)).await
    }
}

#[async_trait]
impl<S: Sink> Sink for FusedSide<S> {
    async fn create(&self, permit: &Permit, draft: &Draft) -> Result<Written> {
        self.fuse.around(self.inner.create(permit, draft)).await
    }

    async fn update(&self, permit: &Permit, patch: &Patch) -> Result<Written> {
        self.fuse.around(self.inner.update(permit, patch)).await
    }

    async fn remove(&self, permit: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        self.fuse.around(self.inner.remove(permit, kind, id)).await
    }
}

/// A store whose commits are steps.
#[derive(Debug)]
pub(super) struct FusedStore {
    pub(super) inner: Arc<dyn MappingStore>,
    pub(super) fuse: Fuse,
}

#[async_trait]
impl MappingReader for FusedStore {
    async fn heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>> {
        self.inner.heads(tenant, kind, after, limit).await
    }

    async fn links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>> {
        self.inner.links(tenant, query).await
    }

    async fn reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>> {
        self.inner.reviews(tenant, query).await
    }

    async fn runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>> {
        self.inner.runs(tenant, kind, limit).await
    }

    async fn operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>> {
        self.inner.operations(tenant, link).await
    }

    async fn pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>> {
        self.inner.pre_images(tenant, link).await
    }
}

#[async_trait]
impl MappingStore for FusedStore {
    async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), CommitError> {
        self.fuse.around(self.inner.commit(tenant, changes)).await
    }
}
