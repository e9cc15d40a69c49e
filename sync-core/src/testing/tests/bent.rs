//! A store with one bad habit.

mod hints;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::testing::fault::lock;
use crate::testing::sample::TENANT;
use crate::{
    Changes, CommitError, Fence, Held, HintKey, HintQueue, Leases, Link, LinkId, LinkQuery, MappingReader, MappingStore, MemoryStore,
    RecordId, Result, Standing, TenantId,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    None,
    // Commits.
    RefusesEmptyCommits,
    DropsTheLineage,
    LastWriterWins,
    InsertsWhatIsNotThere,
    ReplacesOnInsert,
    SharesEnds,
    CommitsLinkByLink,
    RemovesLast,
    RemovesAnyVersion,
    NotesBeforeChecking,
    ReopensReviews,
    KeepsErased,
    IgnoresFences,
    FencesEverything,
    WakesNothing,
    WakesBeforeChecking,
    // Reads.
    CountsFromZero,
    PagesFromTheStart,
    HeadsWithoutIntents,
    LinksInAnyOrder,
    MarksOfAnyScheme,
    ForgetsTokensOfDoneCreates,
    ReadsAHundredLinks,
    ReviewsOfEveryKind,
    AlwaysUnseals,
    RunsOldestFirst,
    JournalNewestFirst,
    PreImagesGoWithTheLink,
    // Leases.
    LeasesToAnybody,
    RenewsUnderANewFence,
    OneFenceForAll,
    ReleasesForAnybody,
    // Hints.
    CountsHintsNotRecords,
    FoldsIds,
    FirstComeFirstServed,
    IgnoresTheLimit,
    HandsOutWhatIsTaken,
    LosesWhatIsTaken,
    DropsHintsDuringWork,
    RetriesAtOnce,
    RetriesAsNew,
    ReplaysNothing,
    StaysDead,
    LateOutcomesComeBack,
    ForgetsNothing,
    CountsWaits,
    ReclaimsNothing,
    BlamesEveryone,
    ReceivesAgain,
    // All of them.
    OneTenantForAll,
}

#[derive(Debug)]
pub(super) struct Bent {
    inner: MemoryStore,
    habit: Habit,
    pushed: Mutex<usize>,
    dead: Mutex<BTreeSet<HintKey>>,
    fences: Mutex<BTreeMap<TenantId, Fence>>,
}

impl Bent {
    pub(super) fn new(habit: Habit) -> Self {
        Self { inner: MemoryStore::new(), habit, pushed: Mutex::default(), dead: Mutex::default(), fences: Mutex::default() }
    }

    fn has(&self, habit: Habit) -> bool {
        self.habit == habit
    }

    fn tenant<'a>(&self, tenant: &'a TenantId) -> &'a TenantId {
        static ONLY: TenantId = TENANT;
        if self.has(Habit::OneTenantForAll) { &ONLY } else { tenant }
    }

    /// The version that a link really has.
    async fn version(&self, tenant: &TenantId, id: LinkId) -> Result<Option<u64>> {
        Ok(self.inner.links(tenant, &LinkQuery::Ids(vec![id])).await?.pop().map(|link| link.version))
    }

    async fn bend_link(&self, tenant: &TenantId, mut link: Link) -> Result<Link> {
        let there = self.version(tenant, link.id).await?;
        match self.habit {
            Habit::DropsTheLineage => link.lineage = None,
            Habit::LastWriterWins if link.version > 0 => link.version = there.unwrap_or(link.version),
            Habit::InsertsWhatIsNotThere if there.is_none() => link.version = 0,
            Habit::ReplacesOnInsert if link.version == 0 => link.version = there.unwrap_or(0),
            Habit::KeepsErased if link.standing == Standing::Erased => link.standing = Standing::Unlinked,
            Habit::CountsFromZero if there.is_some() => link.version += 1,
            Habit::SharesEnds => {
                for end in [&mut link.ends.left, &mut link.ends.right].into_iter().flatten() {
                    end.id = RecordId::new(format!("{}#{}", end.id, link.id));
                }
            }
            _ => {}
        }
        Ok(link)
    }

    async fn bend_changes(&self, tenant: &TenantId, mut changes: Changes) -> Result<Changes> {
        let mut links = Vec::new();
        for link in std::mem::take(&mut changes.links) {
            links.push(self.bend_link(tenant, link).await?);
        }
        changes.links = links;
        match self.habit {
            Habit::IgnoresFences => changes.fence = None,
            Habit::FencesEverything => changes.fence = changes.fence.map(|_| Fence(u64::MAX)),
            Habit::OneFenceForAll => changes.fence = changes.fence.and(lock(&self.fences).get(tenant).copied()),
            Habit::WakesNothing => changes.woken.clear(),
            Habit::RemovesAnyVersion => {
                let mut removed = Vec::new();
                for (id, _) in &changes.removed {
                    removed.extend(self.version(tenant, *id).await?.map(|version| (*id, version)));
                }
                changes.removed = removed;
            }
            _ => {}
        }
        Ok(changes)
    }
}

#[async_trait]
impl MappingStore for Bent {
    async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), CommitError> {
        let tenant = self.tenant(tenant);
        let mut changes = self.bend_changes(tenant, changes).await?;
        match self.habit {
            Habit::RefusesEmptyCommits if changes.is_empty() => return Err(CommitError::Stale),
            Habit::CommitsLinkByLink => {
                for link in std::mem::take(&mut changes.links) {
                    self.inner.commit(tenant, Changes { links: vec![link], ..Changes::default() }).await?;
                }
            }
            Habit::RemovesLast => {
                let removed = std::mem::take(&mut changes.removed);
                self.inner.commit(tenant, changes).await?;
                changes = Changes { removed, ..Changes::default() };
            }
            Habit::NotesBeforeChecking => {
                let operations = std::mem::take(&mut changes.operations);
                self.inner.commit(tenant, Changes { operations, ..Changes::default() }).await?;
            }
            Habit::ReopensReviews => {
                let closed = changes.opened.iter().map(|review| review.id).collect();
                self.inner.commit(tenant, Changes { closed, ..Changes::default() }).await?;
            }
            Habit::WakesBeforeChecking => {
                let woken = std::mem::take(&mut changes.woken);
                self.inner.push(&woken, DateTime::<Utc>::MIN_UTC).await?;
            }
            _ => {}
        }
        self.inner.commit(tenant, changes).await
    }
}

#[async_trait]
impl Leases for Bent {
    async fn acquire(&self, tenant: &TenantId, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Result<Fence, Held>> {
        let tenant = self.tenant(tenant);
        let before = lock(&self.fences).get(tenant).copied();
        if let (Habit::RenewsUnderANewFence, Some(before)) = (self.habit, before) {
            // A lease that somebody else holds is not given back by this: the answer below tells.
            if self.inner.acquire(tenant, holder, now, until).await? == Ok(before) {
                self.inner.release(tenant, before).await?;
            }
        }
        let mut answer = self.inner.acquire(tenant, holder, now, until).await?;
        if let (Habit::LeasesToAnybody, Err(held)) = (self.habit, &answer) {
            answer = self.inner.acquire(tenant, holder, held.until, until).await?;
        }
        if let Ok(fence) = answer {
            lock(&self.fences).insert(tenant.clone(), fence);
        }
        Ok(if self.has(Habit::OneFenceForAll) { answer.map(|_| Fence(1)) } else { answer })
    }

    async fn release(&self, tenant: &TenantId, fence: Fence) -> Result<()> {
        let tenant = self.tenant(tenant);
        let newest = lock(&self.fences).get(tenant).copied();
        let fence = if self.has(Habit::ReleasesForAnybody) { newest.unwrap_or(fence) } else { fence };
        self.inner.release(tenant, fence).await
    }
}
