//! The engine of one kind of one tenant: plans, sweeps, and single records.

mod single;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

pub use single::Reconciled;

use crate::execute::Executor;
use crate::observer::{Observer, Silent};
use crate::plan::{Answers, Plan, Planned, Planner};
use crate::{
    Changes, CommitError, Desk, Error, ErrorKind, Fence, Kind, Link, LinkId, LinkQuery, MappingStore, Reason, Result, Review, ReviewQuery,
    Run, RunCounts, RunId, RunState, Setup, Side, Sides, Sink, Source,
};

/// A run that created so many records reads both sides once more.
const MANY: usize = 100;

/// Keeps the records of one kind in sync for one tenant.
///
/// # Guarantees
/// - A create makes at most one record, whatever interrupts it, provided that a created record becomes
///   visible within the sink's `settle` time.
/// - A fresh edit is never overwritten unless a rule names the loser; then its value is kept for 30 days.
/// - A listing that is empty, partial or refused removes nothing.
/// - [`plan`](Self::plan) writes nothing, by type.
///
/// # Assumptions
/// One engine at a time works on a kind of a tenant: hold the tenant's lease, and pass its fence. Within it, single records may be
/// [reconciled](Self::reconcile) several at a time, while no sweep and no [`catch_up`](Self::catch_up) is under way.
pub struct Engine {
    planner: Planner,
    sinks: Sides<Arc<dyn Sink>>,
    store: Arc<dyn MappingStore>,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
    fence: Option<Fence>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("planner", &self.planner).field("fence", &self.fence).finish_non_exhaustive()
    }
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// The kind of record.
    pub kind: Kind,
    /// How it ended.
    pub state: RunState,
    /// What it did, per side.
    pub counts: Sides<RunCounts>,
    /// Brakes that stopped a batch.
    pub brakes: Vec<Reason>,
    /// How many records of earlier kinds are now wanted on both sides: a run over those kinds comes next, and then one
    /// over this kind.
    pub pulled: usize,
    /// How many review items are open now.
    pub open_reviews: usize,
    /// When the last listing of each side began, as far as it was complete.
    pub listed: Sides<Option<DateTime<Utc>>>,
}

impl Report {
    /// This report, with what an earlier one of the same kind had done before.
    #[must_use]
    pub fn after(mut self, earlier: &Self) -> Self {
        for side in Side::BOTH {
            let (counts, before) = (&mut self.counts[side], &earlier.counts[side]);
            counts.created += before.created;
            counts.updated += before.updated;
            counts.removed += before.removed;
            counts.failed += before.failed;
        }
        self
    }
}

impl Engine {
    /// An engine over two sides and a store.
    ///
    /// # Errors
    /// A `Configuration` error when policy and sides do not fit together.
    pub fn new(setup: Setup, sinks: Sides<Arc<dyn Sink>>, store: Arc<dyn MappingStore>) -> Result<Self> {
        setup.check(&sinks)?;
        let source = |side: Side| -> Arc<dyn Source> { sinks[side].clone() };
        let planner = Planner::new(setup, Sides::from_fn(source), store.clone());
        Ok(Self { planner, sinks, store, observer: Arc::new(Silent), cancel: CancellationToken::new(), fence: None })
    }

    /// Tells somebody what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Stops between two writes once the token is cancelled. What was begun is finished.
    #[must_use]
    pub fn with_cancellation(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Commits only while this lease is held.
    #[must_use]
    pub fn with_fence(mut self, fence: Fence) -> Self {
        self.fence = Some(fence);
        self
    }

    /// The kind of record.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        self.planner.kind()
    }

    /// The planner, for those who only want to look.
    #[must_use]
    pub fn planner(&self) -> &Planner {
        &self.planner
    }

    /// Where people decide review items and take links in hand.
    #[must_use]
    pub fn desk(&self) -> Desk<'_> {
        Desk { planner: &self.planner, store: self.store.as_ref(), fence: self.fence }
    }

    /// What a sweep would do now, without doing it.
    ///
    /// # Errors
    /// When a side or the store cannot be read.
    pub async fn plan(&self) -> Result<Plan> {
        self.planner.plan().await
    }

    /// Reads everything on both sides, and does what is to be done. A run that created many records reads once
    /// more at its end: what was written is confirmed while it is fresh, and the next run finds it at rest.
    ///
    /// # Errors
    /// When a side or the store fails in a way that would meet every record. What was done before counts,
    /// and the next sweep goes on.
    pub async fn sweep(&self) -> Result<Report> {
        let env = self.planner.setup.env.as_ref();
        let mut run = Run {
            id: env.run_id(),
            kind: self.planner.kind().clone(),
            started_at: env.now(),
            ended_at: None,
            state: RunState::Running,
            counts: Sides::default(),
        };
        self.note(&run).await?;
        let (mut confirmed, mut pulled, mut listed) = (0, 0, Sides::default());
        let brakes = loop {
            match self.pass(&mut run, &mut pulled, &mut listed).await {
                Ok((true, brakes)) if created(&run) < confirmed + MANY => break brakes,
                Ok((true, _)) => {
                    confirmed = created(&run);
                    self.wait_for_lag().await;
                }
                Ok((false, _)) => {}
                Err(error) => return Err(self.ended(run, error).await),
            }
        };
        run.state = RunState::Completed;
        let open_reviews = self.count_reviews(&mut run.counts).await?;
        run.ended_at = Some(env.now());
        self.note(&run).await?;
        Ok(Report { run: run.id, kind: run.kind, state: run.state, counts: run.counts, brakes, pulled, open_reviews, listed })
    }

    /// Until the listings can show what was just written.
    async fn wait_for_lag(&self) {
        let lag = |side: Side| self.sinks[side].describe(self.planner.kind()).map(|description| description.lag);
        let longest = Side::BOTH.into_iter().filter_map(lag).max().unwrap_or_default();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep(longest) => {}
        }
    }

    /// Plans, and carries out the plan. Says whether all of it was, and which brakes stopped a batch.
    async fn pass(&self, run: &mut Run, pulled: &mut usize, listed: &mut Sides<Option<DateTime<Utc>>>) -> Result<(bool, Vec<Reason>)> {
        let mut planned = self.planner.sweep(self.observer.as_ref()).await?;
        *listed = planned.listings.map(|listing| listing.filter(|listing| listing.complete).map(|listing| listing.began));
        let brakes = planned.brakes.clone();
        let mut executor = self.executor(Some(run.id), &planned)?;
        executor.counts = Mutex::new(carried_on(planned.counts(), &run.counts));
        self.ask_about_batch(&executor, &mut planned).await?;
        let pulls = planned.pulls();
        let outcome = if planned.is_stopped() { Ok(true) } else { executor.execute(planned).await };
        *pulled += self.pull(&pulls).await?;
        run.counts = *executor.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((outcome?, brakes))
    }

    fn executor(&self, run: Option<RunId>, planned: &Planned) -> Result<Executor<'_>> {
        let mut open: BTreeMap<LinkId, Vec<Review>> = BTreeMap::new();
        for review in &planned.reviews {
            if let Some(link) = review.link {
                open.entry(link).or_default().push(review.clone());
            }
        }
        Ok(Executor {
            planner: &self.planner,
            rules: self.planner.rules()?,
            sinks: Sides::new(self.sinks.left.as_ref(), self.sinks.right.as_ref()),
            store: self.store.as_ref(),
            observer: self.observer.as_ref(),
            cancel: &self.cancel,
            fence: self.fence,
            run,
            listings: planned.listings,
            family: planned.family.clone(),
            answers: Answers::from(&planned.reviews[..]),
            open,
            counts: Mutex::new(planned.counts()),
            outdated: AtomicBool::new(false),
        })
    }

    /// Notes on links of earlier kinds that their records are needed on both sides. Says how many were not noted before.
    async fn pull(&self, wanted: &BTreeSet<LinkId>) -> Result<usize> {
        let tenant = &self.planner.setup.tenant;
        let mut pulled = 0;
        for link in self.store.links(tenant, &LinkQuery::Ids(wanted.iter().copied().collect())).await? {
            if link.pulled || link.only_side().is_none() {
                continue;
            }
            let link = Link { pulled: true, settled: false, ..link };
            match self.store.commit(tenant, Changes { links: vec![link], fence: self.fence, ..Changes::default() }).await {
                Ok(()) => pulled += 1,
                // Somebody else works on it: the next run looks again.
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(pulled)
    }

    async fn ask_about_batch(&self, executor: &Executor<'_>, planned: &mut Planned) -> Result<()> {
        let unidentified = planned.unidentified.drain(..).map(|element| {
            tracing::warn!(side = %element.side, error = %element.why, "an element of a listing could not be read");
            Reason::Undecodable { side: element.side, record: None, detail: element.why.to_string() }
        });
        let reasons: Vec<Reason> = planned.brakes.iter().cloned().chain(unidentified).collect();
        let changes = executor.batch_questions(reasons, &planned.reviews);
        if !changes.is_empty() {
            self.store.commit(&self.planner.setup.tenant, changes).await?;
        }
        Ok(())
    }

    async fn note(&self, run: &Run) -> Result<()> {
        let changes = Changes { run: Some(run.clone()), fence: self.fence, ..Changes::default() };
        Ok(self.store.commit(&self.planner.setup.tenant, changes).await?)
    }

    /// Notes that a run ended by an error, and gives the error back.
    async fn ended(&self, mut run: Run, error: Error) -> Error {
        run.state = if error.kind() == ErrorKind::Cancelled { RunState::Cancelled } else { RunState::Failed };
        run.ended_at = Some(self.planner.setup.env.now());
        if let Err(second) = self.note(&run).await {
            tracing::warn!(error = %second, "the end of the run could not be noted");
        }
        error
    }

    async fn count_reviews(&self, counts: &mut Sides<RunCounts>) -> Result<usize> {
        let query = ReviewQuery { kind: Some(self.planner.kind().clone()), ..ReviewQuery::default() };
        let reviews = self.store.reviews(&self.planner.setup.tenant, &query).await?;
        let open: Vec<&Review> = reviews.iter().filter(|review| review.decision.is_none()).collect();
        for review in &open {
            let side = if review.records.left.is_some() { Side::Left } else { Side::Right };
            counts[side].review += 1;
        }
        Ok(open.len())
    }
}

fn created(run: &Run) -> usize {
    run.counts.left.created + run.counts.right.created
}

/// What was listed now, and what was written in this run so far.
fn carried_on(listed: Sides<RunCounts>, before: &Sides<RunCounts>) -> Sides<RunCounts> {
    Sides::from_fn(|side| RunCounts {
        created: before[side].created,
        updated: before[side].updated,
        removed: before[side].removed,
        failed: before[side].failed,
        ..listed[side]
    })
}
