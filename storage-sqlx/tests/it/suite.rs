//! The conformance kit: through one process, and through two of which each does every second call.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use storage_sqlx::Store;
use sync_core::testing::{AnyStore, crash_suite, store_suite};
use sync_core::{
    Changes, CommitError, Depth, Fence, Handled, Head, Held, HintKey, HintQueue, Kind, Leases, Link, LinkId, LinkQuery, MappingReader,
    MappingStore, OperationEntry, PreImage, Result, Review, ReviewQuery, Run, Side, Taken, TenantId, Urgency,
};

use crate::place::{Place, on_every_store};

on_every_store![
    the_store_keeps_its_contract,
    two_processes_keep_the_contract_together,
    wherever_a_process_dies_the_next_one_ends_in_the_same_state,
];

async fn the_store_keeps_its_contract(place: &Place) {
    match place {
        Place::Sqlite(folder) => store_suite(async || folder.fresh_pair().await.0).await,
        #[cfg(feature = "postgres")]
        Place::Postgres(database) => store_suite(async || database.fresh_pair().await.0).await,
    }
}

async fn two_processes_keep_the_contract_together(place: &Place) {
    match place {
        Place::Sqlite(folder) => store_suite(async || InTurn::of(folder.fresh_pair().await)).await,
        #[cfg(feature = "postgres")]
        Place::Postgres(database) => store_suite(async || InTurn::of(database.fresh_pair().await)).await,
    }
}

/// Two stores on one database that serve in turn.
struct InTurn<S> {
    stores: (S, S),
    second: AtomicBool,
}

impl<S: AnyStore> InTurn<S> {
    fn of(stores: (S, S)) -> Self {
        Self { stores, second: AtomicBool::new(false) }
    }

    fn next(&self) -> &S {
        if self.second.fetch_not(Ordering::Relaxed) { &self.stores.1 } else { &self.stores.0 }
    }
}

impl<S> fmt::Debug for InTurn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InTurn(..)")
    }
}

#[async_trait]
impl<S: AnyStore> MappingReader for InTurn<S> {
    async fn heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>> {
        self.next().heads(tenant, kind, after, limit).await
    }

    async fn links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>> {
        self.next().links(tenant, query).await
    }

    async fn reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>> {
        self.next().reviews(tenant, query).await
    }

    async fn runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>> {
        self.next().runs(tenant, kind, limit).await
    }

    async fn operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>> {
        self.next().operations(tenant, link).await
    }

    async fn pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>> {
        self.next().pre_images(tenant, link).await
    }
}

#[async_trait]
impl<S: AnyStore> MappingStore for InTurn<S> {
    async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), CommitError> {
        self.next().commit(tenant, changes).await
    }
}

#[async_trait]
impl<S: AnyStore> Leases for InTurn<S> {
    async fn acquire(&self, tenant: &TenantId, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Result<Fence, Held>> {
        self.next().acquire(tenant, holder, now, until).await
    }

    async fn release(&self, tenant: &TenantId, fence: Fence) -> Result<()> {
        self.next().release(tenant, fence).await
    }
}

#[async_trait]
impl<S: AnyStore> HintQueue for InTurn<S> {
    async fn push(&self, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<()> {
        self.next().push(hints, now).await
    }

    async fn receive(&self, tenant: &TenantId, delivery: &str, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<bool> {
        self.next().receive(tenant, delivery, hints, now).await
    }

    async fn take(&self, tenant: &TenantId, limit: usize, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Taken>> {
        self.next().take(tenant, limit, now, until).await
    }

    async fn handled(&self, taken: &Taken, outcome: Handled) -> Result<()> {
        self.next().handled(taken, outcome).await
    }

    async fn reclaim(&self, tenant: &TenantId) -> Result<usize> {
        self.next().reclaim(tenant).await
    }

    async fn replay(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<usize> {
        self.next().replay(tenant, now).await
    }

    async fn forget(&self, tenant: &TenantId, kind: &Kind, side: Side, before: DateTime<Utc>) -> Result<usize> {
        self.next().forget(tenant, kind, side, before).await
    }

    async fn depth(&self, tenant: &TenantId) -> Result<Depth> {
        self.next().depth(tenant).await
    }
}

async fn wherever_a_process_dies_the_next_one_ends_in_the_same_state(place: &Place) {
    let store: Arc<dyn Store> = Arc::from(place.open().await);
    assert!(crash_suite(store).await >= 90);
}
