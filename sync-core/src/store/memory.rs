//! A store in memory: the readable reference for what a store does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{
    Changes, CommitError, DELIVERIES_KEPT, Depth, Fence, Handled, Head, Held, HintKey, HintQueue, Kind, Leases, Link, LinkId, LinkQuery,
    MappingReader, MappingStore, OperationEntry, PreImage, RecordId, Result, Review, ReviewId, ReviewQuery, Run, Side, Standing, Taken,
    TenantId, Token, Urgency,
};

/// Keeps everything in memory. Clear, slow, and lost with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tenants: Mutex<BTreeMap<TenantId, Tenant>>,
}

#[derive(Clone, Debug, Default)]
struct Tenant {
    links: BTreeMap<LinkId, Link>,
    reviews: BTreeMap<ReviewId, Review>,
    runs: Vec<Run>,
    operations: Vec<OperationEntry>,
    pre_images: Vec<PreImage>,
    lease: Option<Lease>,
    fence: u64,
    hints: BTreeMap<HintKey, Waiting>,
    next_hint: u64,
    deliveries: BTreeMap<String, DateTime<Utc>>,
}

#[derive(Clone, Debug)]
struct Lease {
    holder: String,
    until: DateTime<Utc>,
}

#[derive(Clone, Debug)]
struct Waiting {
    urgency: Urgency,
    order: u64,
    due: DateTime<Utc>,
    newest: DateTime<Utc>,
    attempts: u32,
    generation: u64,
    taken_until: Option<DateTime<Utc>>,
    dead: bool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, Tenant>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, tenant: &TenantId, work: impl FnOnce(&mut Tenant) -> T) -> T {
        work(self.lock().entry(tenant.clone()).or_default())
    }
}

impl Tenant {
    /// Applies all changes to a copy, which replaces the tenant only if nothing was stale.
    fn commit(&mut self, changes: Changes) -> Result<(), CommitError> {
        if changes.fence.is_some_and(|fence| fence.0 != self.fence || self.lease.is_none()) {
            return Err(CommitError::Fenced);
        }
        let mut links = self.links.clone();
        // First everything that goes, so that an id may move between links whatever their order.
        let replaced = changes.links.iter().filter(|link| link.version > 0).map(|link| (link.id, link.version));
        for (id, version) in changes.removed.iter().copied().chain(replaced) {
            take(&mut links, id, version)?;
        }
        let erased = changes.links.iter().filter(|link| link.standing == Standing::Erased).map(|link| link.id).collect();
        for mut link in changes.links {
            if links.contains_key(&link.id) || Side::BOTH.iter().any(|side| end_taken(&links, &link, *side)) {
                return Err(CommitError::Stale);
            }
            link.version += 1;
            links.insert(link.id, link);
        }
        self.links = links;
        self.erase(&erased);
        for id in changes.closed {
            self.reviews.remove(&id);
        }
        for mut review in changes.opened {
            if let Some(before) = self.reviews.get(&review.id) {
                review.opened_at = before.opened_at;
            }
            self.reviews.insert(review.id, review);
        }
        self.operations.extend(changes.operations);
        self.pre_images.extend(changes.pre_images);
        if let Some(run) = changes.run {
            self.runs.retain(|before| before.id != run.id);
            self.runs.push(run);
        }
        for (key, urgency) in changes.woken {
            self.push(key, urgency, DateTime::<Utc>::MIN_UTC);
        }
        Ok(())
    }

    /// Forgets what is readable about erased people.
    fn erase(&mut self, erased: &BTreeSet<LinkId>) {
        self.pre_images.retain(|image| !erased.contains(&image.link));
        let about_erased = |review: &&mut Review| review.link.is_some_and(|link| erased.contains(&link));
        self.reviews.values_mut().filter(about_erased).for_each(|review| review.values.0.clear());
    }

    fn push(&mut self, key: HintKey, urgency: Urgency, due: DateTime<Utc>) {
        self.next_hint += 1;
        let order = self.next_hint;
        let fresh = Waiting { urgency, order, due, newest: due, attempts: 0, generation: 0, taken_until: None, dead: false };
        let waiting = self.hints.entry(key).or_insert(fresh);
        waiting.urgency = waiting.urgency.min(urgency);
        waiting.generation += 1;
        waiting.newest = waiting.newest.max(due);
        if waiting.dead {
            waiting.dead = false;
            waiting.due = due;
        }
    }
}

fn take(links: &mut BTreeMap<LinkId, Link>, id: LinkId, version: u64) -> Result<Link, CommitError> {
    links.remove(&id).filter(|link| link.version == version).ok_or(CommitError::Stale)
}

fn end_taken(links: &BTreeMap<LinkId, Link>, link: &Link, side: Side) -> bool {
    let Some(end) = &link.ends[side] else { return false };
    links.values().any(|other| other.kind == link.kind && end_id(other, side) == Some(&end.id))
}

fn end_id(link: &Link, side: Side) -> Option<&RecordId> {
    link.ends[side].as_ref().map(|end| &end.id)
}

fn carries(link: &Link, token: Token) -> bool {
    link.token == Some(token) || link.intent.as_ref().is_some_and(|intent| intent.token == token)
}

impl LinkQuery {
    /// Whether a link is asked for.
    fn selects(&self, link: &Link) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&link.id),
            Self::Token(token) => carries(link, *token),
            Self::OpenIntents(kind) => link.kind == *kind && link.intent.is_some(),
            Self::Ends { kind, side, ids } => link.kind == *kind && end_id(link, *side).is_some_and(|id| ids.contains(id)),
            Self::Marks { kind, side, marks } => {
                link.kind == *kind && link.ends[*side].as_ref().is_some_and(|end| !end.identity.is_disjoint(marks))
            }
        }
    }
}

#[async_trait]
impl MappingReader for MemoryStore {
    async fn heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>> {
        Ok(self.with(tenant, |tenant| {
            let later = tenant.links.values().filter(|link| link.kind == *kind && after.is_none_or(|after| link.id > after));
            later.take(limit).map(Head::from).collect()
        }))
    }

    async fn links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>> {
        Ok(self.with(tenant, |tenant| tenant.links.values().filter(|link| query.selects(link)).cloned().collect()))
    }

    async fn reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>> {
        Ok(self.with(tenant, |tenant| {
            let wanted = |review: &&Review| {
                query.id.is_none_or(|id| review.id == id)
                    && query.kind.as_ref().is_none_or(|kind| review.kind == *kind)
                    && query.link.is_none_or(|link| review.link == Some(link))
            };
            let mut reviews: Vec<Review> = tenant.reviews.values().filter(wanted).cloned().collect();
            if !query.values {
                reviews.iter_mut().for_each(|review| review.values = crate::Values::default());
            }
            reviews.sort_by_key(|review| (review.opened_at, review.id));
            reviews
        }))
    }

    async fn runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>> {
        Ok(self.with(tenant, |tenant| {
            let mut runs: Vec<Run> = tenant.runs.iter().filter(|run| run.kind == *kind).cloned().collect();
            runs.sort_by_key(|run| Reverse((run.started_at, run.id)));
            runs.truncate(limit);
            runs
        }))
    }

    async fn operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>> {
        Ok(self.with(tenant, |tenant| tenant.operations.iter().filter(|entry| entry.link == link).cloned().collect()))
    }

    async fn pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>> {
        Ok(self.with(tenant, |tenant| tenant.pre_images.iter().filter(|image| image.link == link).cloned().collect()))
    }
}

#[async_trait]
impl MappingStore for MemoryStore {
    async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), CommitError> {
        self.with(tenant, |tenant| tenant.commit(changes))
    }
}

#[async_trait]
impl Leases for MemoryStore {
    async fn acquire(&self, tenant: &TenantId, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Result<Fence, Held>> {
        Ok(self.with(tenant, |tenant| {
            let mine = match &tenant.lease {
                Some(lease) if lease.holder != holder && lease.until > now => {
                    return Err(Held { by: lease.holder.clone(), until: lease.until });
                }
                Some(lease) => lease.holder == holder,
                None => false,
            };
            if !mine {
                tenant.fence += 1;
            }
            tenant.lease = Some(Lease { holder: holder.to_owned(), until });
            Ok(Fence(tenant.fence))
        }))
    }

    async fn release(&self, tenant: &TenantId, fence: Fence) -> Result<()> {
        self.with(tenant, |tenant| {
            if tenant.fence == fence.0 {
                tenant.lease = None;
            }
        });
        Ok(())
    }
}

#[async_trait]
impl HintQueue for MemoryStore {
    async fn push(&self, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<()> {
        for (key, urgency) in hints {
            self.with(&key.tenant, |tenant| tenant.push(key.clone(), *urgency, now));
        }
        Ok(())
    }

    async fn receive(&self, tenant: &TenantId, delivery: &str, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<bool> {
        Ok(self.with(tenant, |tenant| {
            tenant.deliveries.retain(|_, at| now - *at < DELIVERIES_KEPT);
            let is_new = !tenant.deliveries.contains_key(delivery);
            if is_new {
                tenant.deliveries.insert(delivery.to_owned(), now);
                hints.iter().for_each(|(key, urgency)| tenant.push(key.clone(), *urgency, now));
            }
            is_new
        }))
    }

    async fn take(&self, tenant: &TenantId, limit: usize, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Taken>> {
        Ok(self.with(tenant, |tenant| {
            let due = |waiting: &Waiting| !waiting.dead && waiting.due <= now && waiting.taken_until.is_none_or(|until| until <= now);
            let mut hints: Vec<_> = tenant.hints.iter_mut().filter(|(_, waiting)| due(waiting)).collect();
            hints.sort_by_key(|(_, waiting)| (waiting.urgency, waiting.order));
            let take = |(key, waiting): (&HintKey, &mut Waiting)| {
                if waiting.taken_until.replace(until).is_some() {
                    waiting.attempts += 1;
                }
                Taken { key: key.clone(), urgency: waiting.urgency, attempts: waiting.attempts, generation: waiting.generation }
            };
            hints.into_iter().take(limit).map(take).collect()
        }))
    }

    async fn handled(&self, taken: &Taken, outcome: Handled) -> Result<()> {
        self.with(&taken.key.tenant, |tenant| {
            let Some(waiting) = tenant.hints.get_mut(&taken.key) else { return };
            waiting.taken_until = None;
            match outcome {
                Handled::Done if waiting.generation > taken.generation => waiting.attempts = 0,
                Handled::Done => {
                    tenant.hints.remove(&taken.key);
                }
                Handled::Retry { due } => {
                    waiting.attempts += 1;
                    waiting.due = due;
                }
                Handled::Wait { due } => waiting.due = due,
                // What came in during the last attempt was not part of it: the record stays due.
                Handled::Dead { .. } => waiting.dead = waiting.generation <= taken.generation,
            }
        });
        Ok(())
    }

    async fn reclaim(&self, tenant: &TenantId) -> Result<usize> {
        Ok(self.with(tenant, |tenant| {
            let mut taken: Vec<_> = tenant.hints.values_mut().filter(|waiting| !waiting.dead && waiting.taken_until.is_some()).collect();
            if let [only] = &mut taken[..] {
                only.attempts += 1;
            }
            taken.into_iter().map(|waiting| waiting.taken_until = None).count()
        }))
    }

    async fn replay(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<usize> {
        Ok(self.with(tenant, |tenant| {
            let dead = tenant.hints.values_mut().filter(|waiting| waiting.dead);
            dead.map(|waiting| {
                waiting.dead = false;
                waiting.attempts = 0;
                waiting.due = now;
            })
            .count()
        }))
    }

    async fn forget(&self, tenant: &TenantId, kind: &Kind, side: Side, before: DateTime<Utc>) -> Result<usize> {
        Ok(self.with(tenant, |tenant| {
            let all = tenant.hints.len();
            let stays = |key: &HintKey, waiting: &Waiting| {
                let asked = key.kind == *kind && key.side == side && waiting.newest < before;
                !asked || waiting.dead || waiting.taken_until.is_some()
            };
            tenant.hints.retain(|key, waiting| stays(key, waiting));
            all - tenant.hints.len()
        }))
    }

    async fn depth(&self, tenant: &TenantId) -> Result<Depth> {
        Ok(self.with(tenant, |tenant| {
            let dead = tenant.hints.values().filter(|waiting| waiting.dead).count();
            let oldest = tenant.hints.values().filter(|waiting| !waiting.dead).map(|waiting| waiting.due).min();
            Depth { waiting: tenant.hints.len() - dead, dead, oldest }
        }))
    }
}
