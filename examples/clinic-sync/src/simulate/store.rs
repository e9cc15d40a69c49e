//! The store of the simulated process: it outlives the process, is busy at times, and can be set back to an older back-up.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sync_core::{
    Changes, CommitError, Depth, Error, ErrorKind, Fence, Handled, Head, Held, HintKey, HintQueue, Kind, Leases, Link, LinkId, LinkQuery,
    MappingReader, MappingStore, MemoryStore, OperationEntry, PreImage, Result, Review, ReviewQuery, Run, Side, Taken, TenantId, Urgency,
};

use super::chance::locked;
use super::chaos::Chaos;
use super::fault::{Group, Op, Planned, Trouble};
use super::tamper::Tamper;

/// The memory store behind what goes wrong.
#[derive(Debug)]
pub(super) struct SimStore {
    memory: Mutex<Arc<MemoryStore>>,
    /// Every commit that happened, from which an older state is made anew.
    log: Mutex<Vec<(TenantId, Changes)>>,
    /// The same, of which no back-up takes anything away.
    ever: Mutex<Vec<Changes>>,
    chaos: Chaos,
    tamper: Arc<dyn Tamper>,
}

impl SimStore {
    pub(super) fn new(chaos: Chaos, tamper: Arc<dyn Tamper>) -> Self {
        Self { memory: Mutex::default(), log: Mutex::default(), ever: Mutex::default(), chaos, tamper }
    }

    /// The memory itself, for those who check.
    pub(super) fn memory(&self) -> Arc<MemoryStore> {
        locked(&self.memory).clone()
    }

    /// Everything that was ever committed, oldest first.
    pub(super) fn log(&self) -> Vec<Changes> {
        self.log_since(0)
    }

    /// What was committed after so many commits.
    pub(super) fn log_since(&self, commits: usize) -> Vec<Changes> {
        locked(&self.ever)[commits..].to_vec()
    }

    /// How many commits there were ever.
    pub(super) fn commits(&self) -> usize {
        locked(&self.ever).len()
    }

    /// Sets the store back to a back-up that lacks the last commits, and all hints.
    pub(super) async fn restore(&self, lost: usize) {
        let mut log = locked(&self.log).clone();
        // The first of all is another practice's, which is as old as the back-up.
        log.truncate(log.len().saturating_sub(lost).max(1));
        let memory = MemoryStore::new();
        for (tenant, changes) in log.clone() {
            // What was committed once can be committed again, in the same order; nobody else is here to disagree.
            let _ = memory.commit(&tenant, Changes { fence: None, ..changes }).await;
        }
        *locked(&self.log) = log;
        *locked(&self.memory) = Arc::new(memory);
    }

    async fn begin(&self, group: Group) -> Result<Option<Planned>> {
        let trouble = self.chaos.begin(Op::store(group)).await;
        match trouble.map(|planned| planned.trouble) {
            Some(Trouble::StoreBusy) => Err(Error::temporary(ErrorKind::Store, "the simulated store is busy")),
            _ => Ok(trouble),
        }
    }

    async fn load<T>(&self, load: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let trouble = self.begin(Group::Load).await?;
        let loaded = load.await;
        self.chaos.end(trouble).await;
        loaded
    }

    async fn inbox<T>(&self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let trouble = self.begin(Group::Inbox).await?;
        let worked = work.await;
        self.chaos.end(trouble).await;
        worked
    }
}

#[async_trait]
impl MappingReader for SimStore {
    async fn heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>> {
        let memory = self.memory();
        self.load(memory.heads(tenant, kind, after, limit)).await
    }

    async fn links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>> {
        let memory = self.memory();
        self.load(memory.links(tenant, query)).await
    }

    async fn reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>> {
        let memory = self.memory();
        self.load(memory.reviews(tenant, query)).await
    }

    async fn runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>> {
        let memory = self.memory();
        self.load(memory.runs(tenant, kind, limit)).await
    }

    async fn operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>> {
        let memory = self.memory();
        self.load(memory.operations(tenant, link)).await
    }

    async fn pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>> {
        let memory = self.memory();
        self.load(memory.pre_images(tenant, link)).await
    }
}

#[async_trait]
impl MappingStore for SimStore {
    async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), CommitError> {
        let trouble = self.begin(Group::Commit).await?;
        let (tenant, changes) = self.tamper.commit(tenant.clone(), changes);
        let memory = self.memory();
        let committed = memory.commit(&tenant, changes.clone()).await;
        if committed.is_ok() {
            locked(&self.ever).push(changes.clone());
            locked(&self.log).push((tenant, changes));
        }
        self.chaos.end(trouble).await;
        committed
    }
}

#[async_trait]
impl Leases for SimStore {
    async fn acquire(&self, tenant: &TenantId, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Result<Fence, Held>> {
        self.memory().acquire(tenant, holder, now, until).await
    }

    async fn release(&self, tenant: &TenantId, fence: Fence) -> Result<()> {
        self.memory().release(tenant, fence).await
    }
}

#[async_trait]
impl HintQueue for SimStore {
    async fn push(&self, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<()> {
        self.memory().push(hints, now).await
    }

    async fn receive(&self, tenant: &TenantId, delivery: &str, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<bool> {
        self.memory().receive(tenant, delivery, hints, now).await
    }

    async fn take(&self, tenant: &TenantId, limit: usize, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Taken>> {
        let memory = self.memory();
        self.inbox(memory.take(tenant, limit, now, until)).await
    }

    async fn handled(&self, taken: &Taken, outcome: Handled) -> Result<()> {
        let memory = self.memory();
        self.inbox(memory.handled(taken, outcome)).await
    }

    async fn reclaim(&self, tenant: &TenantId) -> Result<usize> {
        let memory = self.memory();
        self.inbox(memory.reclaim(tenant)).await
    }

    async fn replay(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<usize> {
        self.memory().replay(tenant, now).await
    }

    async fn forget(&self, tenant: &TenantId, kind: &Kind, side: Side, before: DateTime<Utc>) -> Result<usize> {
        let memory = self.memory();
        self.inbox(memory.forget(tenant, kind, side, before)).await
    }

    async fn depth(&self, tenant: &TenantId) -> Result<Depth> {
        self.memory().depth(tenant).await
    }
}
