//! The only place that writes: to a remote system, and to the store.
//!
//! Every create is announced in the store before its bytes go out, with a token that travels in the
//! record. Whatever interrupts the engine, the next run finds the announcement and looks for the record
//! before it makes another. Updates are not announced: one of unknown outcome is read and decided anew.

mod create;
mod misread;
mod question;
mod remove;
mod update;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::decide::Rules;
use crate::observer::{Observer, Progress};
use crate::plan::{Answers, Family, Listing, Planned, Planner, Step, Task, Work};
use crate::schema::marks;
use crate::{
    Action, Changes, CommitError, Error, ErrorKind, Fence, FieldName, Intent, Link, LinkId, LinkQuery, MappingStore, Mark, OperationEntry,
    Outcome, Permit, Reason, RecordId, Result, Review, Role, RunCounts, RunId, Side, Sides, Sink, Verdict,
};

/// How many links one commit holds.
const BATCH: usize = 500;
/// How many writes are announced, carried out and recorded together.
const CHUNK: usize = 32;
/// So many writes of unknown outcome in a row end the run: something is wrong out there.
const UNKNOWN_IN_A_ROW: usize = 5;

pub(crate) struct Executor<'a> {
    pub(crate) planner: &'a Planner,
    pub(crate) rules: Rules<'a>,
    pub(crate) sinks: Sides<&'a dyn Sink>,
    pub(crate) store: &'a dyn MappingStore,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) fence: Option<Fence>,
    pub(crate) run: Option<RunId>,
    pub(crate) listings: Sides<Option<Listing>>,
    pub(crate) family: Arc<Family>,
    pub(crate) answers: Answers,
    pub(crate) open: BTreeMap<LinkId, Vec<Review>>,
    pub(crate) counts: Mutex<Sides<RunCounts>>,
    /// Somebody else changed a link first.
    pub(crate) outdated: AtomicBool,
}

/// A task that was carried out, as far as it went.
pub(crate) struct Finished {
    task: Task,
    /// What was done on which side, to which fields, and how it ended.
    log: Vec<OperationEntry>,
    pre_images: Vec<crate::PreImage>,
    /// Whose overwritten value is in the store already.
    kept: BTreeSet<(Side, FieldName)>,
    /// An error after which the run should not go on.
    fatal: Option<Error>,
    unknown: bool,
}

impl Finished {
    pub(crate) fn new(task: Task) -> Self {
        Self { task, log: Vec::new(), pre_images: Vec::new(), kept: BTreeSet::new(), fatal: None, unknown: false }
    }
}

impl Executor<'_> {
    /// Carries out a plan. Says whether that was all: what was taken away is made anew by the next plan, and creates wait for a fresh plan once the listing that
    /// showed no such record has grown old.
    pub(crate) async fn execute(&self, planned: Planned) -> Result<bool> {
        let is_misread = self.is_misread(&planned.tasks).await?;
        let (mut writes, notes): (Vec<Task>, Vec<Task>) = planned.tasks.into_iter().partition(|task| task.judgement.step.is_some());
        let creates = writes.len();
        if is_misread {
            writes.retain(|task| !matches!(task.judgement.step, Some(Step::Create(_))));
        }
        let held_back = creates - writes.len();
        self.observer.progress(&Progress::Planned { writes: writes.len() });
        for batch in notes.chunks(BATCH) {
            self.check()?;
            self.record(batch.iter().cloned().map(Finished::new).collect()).await?;
        }
        let all = self.write(writes).await?;
        if held_back > 0 {
            let message =
                "a record was made and shows another value than was written to it: no other is made until that question is closed";
            return Err(Error::permanent(ErrorKind::Configuration, message));
        }
        Ok(all)
    }

    async fn write(&self, tasks: Vec<Task>) -> Result<bool> {
        let all = tasks.len();
        let mut waiting: VecDeque<Task> = tasks.into();
        let mut busy = self.announced_elsewhere().await?;
        let mut unknown = 0;
        let mut done = 0;
        // What was taken away has to be created again.
        let mut again = false;
        while !waiting.is_empty() {
            self.check()?;
            if done > 0 && waiting.iter().any(|task| self.rests_on_an_old_listing(task)) {
                return Ok(false);
            }
            let chunk = self.next_chunk(&mut waiting, &mut busy);
            again |= chunk.iter().any(|task| matches!(task.judgement.step, Some(Step::Readdress(_))));
            if chunk.is_empty() {
                break;
            }
            done += chunk.len();
            let chunk = self.announce(chunk).await?;
            let parallel = self.rules.sides.left.parallel.max(self.rules.sides.right.parallel).max(1);
            let finished: Vec<Finished> = futures::stream::iter(chunk).map(|task| self.carry_out(task)).buffered(parallel).collect().await;
            unknown = finished.iter().fold(unknown, |row, finished| if finished.unknown { row + 1 } else { 0 });
            let fatal = self.record(finished).await?;
            self.observer.progress(&Progress::Written { done, of: all });
            if let Some(fatal) = fatal {
                return Err(fatal);
            }
            if unknown >= UNKNOWN_IN_A_ROW {
                return Err(Error::temporary(
                    ErrorKind::Remote,
                    "several writes in a row had no clear outcome; the run stops, and the next one looks first",
                ));
            }
        }
        Ok(!again)
    }

    fn rests_on_an_old_listing(&self, task: &Task) -> bool {
        let Some(Step::Create(side)) = task.judgement.step else { return false };
        let age = self.listings[side].map(|listing| self.planner.setup.env.now() - listing.began);
        age.and_then(|age| age.to_std().ok()).is_none_or(|age| age > self.rules.policy.listing_bound)
    }

    fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::temporary(ErrorKind::Cancelled, "stopped as asked; the next run goes on"));
        }
        Ok(())
    }

    /// The proofs of records that open creates of unknown outcome may have made.
    async fn announced_elsewhere(&self) -> Result<BTreeMap<Mark, LinkId>> {
        let query = LinkQuery::OpenIntents(self.planner.kind().clone());
        let links = self.store.links(&self.planner.setup.tenant, &query).await?;
        let marks = |link: &Link| {
            let identity = link.intent.as_ref().map(|intent| intent.identity.clone()).unwrap_or_default();
            identity.into_iter().map(|mark| (mark, link.id)).collect::<Vec<_>>()
        };
        Ok(links.iter().flat_map(marks).collect())
    }

    /// The next tasks of which no two creates could make the same record. Two creates that share a proof
    /// never run at once; one that shares a proof with a create of unknown outcome waits for it.
    fn next_chunk(&self, waiting: &mut VecDeque<Task>, busy: &mut BTreeMap<Mark, LinkId>) -> Vec<Task> {
        let mut chunk = Vec::new();
        let mut held = Vec::new();
        let mut taken: BTreeSet<Mark> = BTreeSet::new();
        while chunk.len() < CHUNK {
            let Some(task) = waiting.pop_front() else { break };
            let Some(Step::Create(side)) = &task.judgement.step else {
                chunk.push(task);
                continue;
            };
            let proofs = self.proofs(&task.work, side.opposite());
            if proofs.iter().any(|mark| busy.get(mark).is_some_and(|link| *link != task.work.link.id)) {
                self.count(*side, |counts| counts.parked += 1);
                continue;
            }
            if !taken.is_disjoint(&proofs) {
                held.push(task);
                continue;
            }
            taken.extend(proofs);
            chunk.push(task);
        }
        for task in held.into_iter().rev() {
            waiting.push_front(task);
        }
        chunk
    }

    fn proofs(&self, work: &Work, side: Side) -> BTreeSet<Mark> {
        let identity = work.link.ends[side].as_ref().map(|end| end.identity.clone()).unwrap_or_default();
        identity.into_iter().filter(|mark| self.rules.schema.role(&mark.scheme) == Role::Proof).collect()
    }

    /// Writes down, to survive a loss of power, which records are about to be created.
    async fn announce(&self, mut chunk: Vec<Task>) -> Result<Vec<Task>> {
        let mut changes = Changes { fence: self.fence, durable: true, ..Changes::default() };
        for task in &mut chunk {
            let Some(Step::Create(side)) = task.judgement.step else { continue };
            // Whatever was at rest before, this is not, until it is known what came of it.
            task.work.link.settled = false;
            let earlier = task.work.link.intent.take();
            let env = self.planner.setup.env.as_ref();
            task.work.link.intent = Some(Intent {
                side,
                // What an earlier attempt may yet make is to be known by the token that its record has then.
                token: earlier.as_ref().map_or_else(|| env.token(), |intent| intent.token),
                begun_at: env.now(),
                identity: self.proofs(&task.work, side.opposite()),
                omitted: BTreeSet::new(),
                attempt: earlier.map_or(0, |intent| intent.attempt) + 1,
            });
            changes.links.push(task.work.link.clone());
        }
        if !changes.is_empty() {
            self.store.commit(&self.planner.setup.tenant, changes).await?;
        }
        for task in &mut chunk {
            if matches!(task.judgement.step, Some(Step::Create(_))) {
                task.work.link.version += 1;
                task.work.stored = Some(Box::new(task.work.link.clone()));
            }
        }
        Ok(chunk)
    }

    async fn carry_out(&self, task: Task) -> Finished {
        let permit = Permit::issue();
        if let Err(error) = self.check() {
            let mut finished = Finished::new(task);
            finished.task.work.link.intent = None;
            finished.fatal = Some(error);
            return finished;
        }
        match task.judgement.step.clone() {
            Some(Step::Create(side)) => self.create(&permit, task, side).await,
            Some(Step::Update(_)) => self.update(&permit, task).await,
            Some(Step::Remove(side)) => self.remove(&permit, task, side).await,
            Some(Step::Readdress(side)) => self.take_away(&permit, task, side).await,
            None => Finished::new(task),
        }
    }

    /// What a record of a side can be recognised by.
    pub(crate) fn marks(&self, side: Side, record: &crate::Record) -> BTreeSet<Mark> {
        marks(self.rules.schema, self.rules.digester, record, &self.family.parents(side, &record.references))
    }

    /// Notes a failed write. What may pass is tried again by the next run; what may not is a question.
    pub(crate) fn failed(&self, finished: &mut Finished, side: Side, action: Action, error: Error) {
        let outcome = match error.verdict() {
            Verdict::Permanent => Outcome::Refused,
            Verdict::Temporary { .. } => Outcome::Failed,
            Verdict::Unknown => Outcome::Unknown,
        };
        tracing::warn!(link = %finished.task.work.link.id, %side, action = action.as_str(), %error, "a write did not succeed");
        finished.unknown = outcome == Outcome::Unknown;
        self.log(finished, side, action, outcome, Vec::new());
        if ends_the_run(&error) {
            finished.fatal = Some(error);
        } else if outcome == Outcome::Refused && (action == Action::Create || error.kind() != ErrorKind::NotFound) {
            finished.task.judgement.reasons.push(Reason::Refused { side, detail: error.to_string() });
        }
    }

    pub(crate) fn log(&self, finished: &mut Finished, side: Side, action: Action, outcome: Outcome, fields: Vec<FieldName>) {
        let link = &finished.task.work.link;
        let record: Option<RecordId> = link.ends[side].as_ref().map(|end| end.id.clone());
        let at = self.planner.setup.env.now();
        finished.log.push(OperationEntry { at, run: self.run, link: link.id, side, action, record, fields, outcome });
    }

    /// Commits what became of tasks; gives back the first error that ends the run. A batch in which one
    /// link was changed by somebody else is committed link by link, so that only that one waits.
    async fn record(&self, finished: Vec<Finished>) -> Result<Option<Error>> {
        let mut fatal = None;
        let mut single = Vec::new();
        let mut all = Changes { fence: self.fence, ..Changes::default() };
        for mut finished in finished {
            fatal = fatal.or(finished.fatal.take());
            let changes = self.changes(&mut finished);
            all.merge(changes.clone());
            single.push((finished, changes));
        }
        if all.is_empty() {
            single.iter().for_each(|(finished, _)| self.tell(finished));
            return Ok(fatal);
        }
        match self.store.commit(&self.planner.setup.tenant, all).await {
            Ok(()) => single.iter().for_each(|(finished, _)| self.tell(finished)),
            Err(CommitError::Stale) if single.len() > 1 => self.record_singly(single).await?,
            Err(CommitError::Stale) => self.stale(&single),
            Err(error) => return Err(error.into()),
        }
        Ok(fatal)
    }

    async fn record_singly(&self, single: Vec<(Finished, Changes)>) -> Result<()> {
        for (finished, changes) in single {
            match self.store.commit(&self.planner.setup.tenant, Changes { fence: self.fence, ..changes }).await {
                Ok(()) => self.tell(&finished),
                Err(CommitError::Stale) => self.stale(&[(finished, Changes::default())]),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Somebody else changed the link first: nothing is recorded, and it is looked at again. A record that
    /// was created in the meantime is found by its token, since its announcement stands.
    fn stale(&self, single: &[(Finished, Changes)]) {
        self.outdated.store(true, Ordering::Relaxed);
        for (finished, _) in single {
            tracing::info!(link = %finished.task.work.link.id, "the link was changed by somebody else; it is decided anew");
            self.count(Side::Left, |counts| counts.parked += 1);
        }
    }

    /// Whether something was not recorded because somebody else had changed its link first.
    pub(crate) fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Relaxed)
    }

    fn tell(&self, finished: &Finished) {
        for entry in &finished.log {
            self.observer.operation(entry.link, entry.side, entry.action, entry.outcome);
            self.count(entry.side, |counts| match (entry.action, entry.outcome) {
                (Action::Create, Outcome::Done | Outcome::Found) => counts.created += 1,
                (Action::Update, Outcome::Done) => counts.updated += 1,
                (Action::Remove, Outcome::Done) => counts.removed += 1,
                (_, Outcome::Failed | Outcome::Unknown | Outcome::Refused) => counts.failed += 1,
                _ => {}
            });
        }
        if finished.task.judgement.parked {
            let side = finished.task.work.link.only_side().unwrap_or(Side::Left);
            self.count(side, |counts| counts.parked += 1);
        }
    }

    pub(crate) fn count(&self, side: Side, change: impl FnOnce(&mut RunCounts)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut counts[side]);
    }
}

/// Errors that would meet every further write too.
fn ends_the_run(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Unauthorized | ErrorKind::Lease | ErrorKind::Cancelled | ErrorKind::Store | ErrorKind::Configuration => true,
        ErrorKind::Unreachable | ErrorKind::RateLimited => error.is_temporary(),
        _ => false,
    }
}
