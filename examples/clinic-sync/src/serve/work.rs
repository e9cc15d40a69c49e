//! The one task that works: on what the inbox holds, and on what is due.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ghl_client::oauth::TokenStore;
use sync_core::vocabulary::{appointment, person};
use sync_core::{Report, ReviewQuery, Run, RunState, Side};
use tokio_util::sync::CancellationToken;

use super::schedule::{Schedule, Task, held_until};
use super::{Shared, connect};
use crate::Result;
use crate::clients::{app, token_endpoint};
use crate::command::{What, sweep_kinds, unreadable};
use crate::service::Lease;

/// The longest sleep: a hint that waits for its next attempt wakes nobody.
const NAP: Duration = Duration::from_secs(15);
/// The shortest time between two looks at a practice by the clock.
#[cfg(feature = "postgres")]
const BREATH: TimeDelta = TimeDelta::milliseconds(500);
/// How long after a failed sync the next is tried.
pub(super) const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// So many failures in a row are told to a person.
const FAILURES: u64 = 3;

pub(super) struct Worker<'a> {
    pub(super) shared: &'a Shared,
    pub(super) lease: &'a Lease,
    pub(super) stop: &'a CancellationToken,
    schedule: Schedule,
    last: BTreeMap<Task, DateTime<Utc>>,
    due: BTreeMap<Task, DateTime<Utc>>,
    /// Until when what ends the process, so it seems, is not tried again.
    held: BTreeMap<Task, DateTime<Utc>>,
    /// Hints ask for a sync.
    pub(super) wanted: bool,
    /// One of the next hints may be what ended the process before this one.
    pub(super) is_wary: bool,
}

/// Works until a stop is asked for.
pub(super) async fn until_stopped(shared: &Shared, lease: &Lease, stop: &CancellationToken) {
    let mut worker = Worker::new(shared, lease, stop).await;
    while !lease.stop().is_cancelled() {
        let worked = worker.once().await.unwrap_or_else(|error| {
            tracing::error!(%error, "the service could not work; it tries again");
            false
        });
        if !worked {
            worker.sleep().await;
        }
    }
}

/// Works until there is nothing to do; says when there will be.
#[cfg(feature = "postgres")]
pub(super) async fn until_idle(shared: &Shared, lease: &Lease, stop: &CancellationToken) -> Result<DateTime<Utc>> {
    let mut worker = Worker::new(shared, lease, stop).await;
    // Another process may have listed e-Physio just now: the bound on listings is the practice's, not the process's.
    if let (None, Some(listed)) = (shared.listed(), worker.last.get(&Task::Patients)) {
        shared.note_listing(*listed);
    }
    while !lease.stop().is_cancelled() && worker.once().await? {}
    let waiting = shared.service.store().depth(shared.tenant()).await?.oldest;
    let next = worker.next().unwrap_or(DateTime::<Utc>::MAX_UTC);
    // What is due and was not done cannot be done just now.
    Ok(waiting.map_or(next, |waiting| next.min(waiting)).max(shared.now() + BREATH))
}

impl<'a> Worker<'a> {
    async fn new(shared: &'a Shared, lease: &'a Lease, stop: &'a CancellationToken) -> Self {
        let schedule = Schedule::new(shared.service.settings());
        let mut worker = Self {
            shared,
            lease,
            stop,
            schedule,
            last: BTreeMap::new(),
            due: BTreeMap::new(),
            held: BTreeMap::new(),
            wanted: false,
            is_wary: false,
        };
        worker.remember().await;
        if let Err(error) = worker.inherit().await {
            tracing::warn!(%error, "what was under way before comes back in some minutes by itself");
        }
        worker
    }
    /// When what was last done, so that a restart neither repeats nor forgets it.
    async fn remember(&mut self) {
        for (task, kind) in [(Task::Patients, person::KIND), (Task::Appointments, appointment::KIND)] {
            let runs = self.shared.service.store().runs(self.shared.tenant(), &kind, 20).await.unwrap_or_default();
            if let Some(run) = runs.iter().find(|run| run.state == RunState::Completed) {
                self.last.insert(task, run.started_at);
                self.shared.stats.succeeded(&kind, run.ended_at.unwrap_or(run.started_at));
            }
            self.hold(task, &runs).await;
        }
        // A night is over when everything was synced since, whoever did it.
        let all = if self.schedule.has(Task::Appointments) { Task::Appointments } else { Task::Patients };
        let nightly = self.last.get(&all).copied().unwrap_or_else(|| self.shared.now());
        self.last.insert(Task::Nightly, nightly);
        if let Ok(Some(tokens)) = self.shared.tokens().load().await {
            self.last.insert(Task::Tokens, tokens.expires_at - TimeDelta::hours(24));
        }
        Task::ALL.into_iter().for_each(|task| self.plan(task));
    }

    /// Holds syncs back that seem to end the process.
    async fn hold(&mut self, task: Task, runs: &[Run]) {
        let Some(until) = held_until(runs).filter(|until| *until > self.shared.now()) else { return };
        // Appointments are synced after patients.
        let with = if task == Task::Patients { &[Task::Patients, Task::Appointments, Task::Nightly][..] } else { &[task, Task::Nightly] };
        for task in with {
            let held = self.held.entry(*task).or_insert(until);
            *held = until.max(*held);
        }
        if self.shared.stats.held(until) {
            tracing::error!(%task, %until, "several syncs in a row ended together with the process; the next one waits");
            self.tell("several syncs in a row ended together with the process; the next one waits: the log of the system says why").await;
        }
    }

    /// When a task may be done.
    fn due(&self, task: Task) -> Option<DateTime<Utc>> {
        let due = self.due.get(&task).filter(|_| self.schedule.has(task))?;
        Some(self.held.get(&task).map_or(*due, |held| *due.max(held)))
    }

    fn plan(&mut self, task: Task) {
        let mut bytes = [0; 2];
        self.shared.service.env().fill(&mut bytes);
        let chance = f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX);
        let due = self.schedule.due(task, self.last.get(&task).copied(), self.shared.now(), chance);
        self.due.insert(task, due);
    }

    /// One piece of work; says whether there was any.
    async fn once(&mut self) -> Result<bool> {
        if connect::is_paused(self.shared).await? {
            return Ok(false);
        }
        let now = self.shared.now();
        if self.shared.connected.swap(false, Ordering::Acquire) {
            self.due.insert(Task::Patients, now);
        }
        let task = Task::ALL.into_iter().find(|task| self.due(*task).is_some_and(|due| due <= now));
        let drained = self.drain().await?;
        if let Some(task) = task {
            self.carry_out(task).await;
            return Ok(true);
        }
        if drained {
            return Ok(true);
        }
        if self.wanted && self.next_sweep() <= now {
            self.sweep(What::All).await;
            return Ok(true);
        }
        Ok(false)
    }

    /// From when on e-Physio may be listed for hints: they share one listing per freshness bound.
    pub(super) fn next_listing(&self) -> DateTime<Utc> {
        let seconds = self.shared.service.settings().patients.freshness_seconds;
        let bound = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
        self.shared.listed().map_or(DateTime::UNIX_EPOCH, |listed| listed.checked_add_signed(bound).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// From when on hints may cause a whole sync.
    pub(super) fn next_sweep(&self) -> DateTime<Utc> {
        self.held.get(&Task::Nightly).map_or(self.next_listing(), |held| self.next_listing().max(*held))
    }

    async fn carry_out(&mut self, task: Task) {
        self.last.insert(task, self.shared.now());
        match task {
            Task::Tokens => self.renew_tokens().await,
            Task::Patients => self.sweep(What::Patients).await,
            Task::Appointments | Task::Nightly => self.sweep(What::All).await,
        }
        self.plan(task);
    }

    /// When there is something to do, as far as the clock tells.
    fn next(&self) -> Option<DateTime<Utc>> {
        let wanted = self.wanted.then(|| self.next_sweep());
        Task::ALL.into_iter().filter_map(|task| self.due(task)).chain(wanted).min()
    }

    async fn sleep(&self) {
        let now = self.shared.now();
        let nap = self.next().and_then(|next| (next - now).to_std().ok()).unwrap_or_default().clamp(Duration::from_millis(50), NAP);
        tokio::select! {
            biased;
            () = self.lease.stop().cancelled() => {}
            () = self.shared.woken.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }

    async fn sweep(&mut self, what: What) {
        self.shared.note_listing(self.shared.now());
        self.wanted = false;
        let reports = match self.shared.engines(self.lease).await {
            Ok(engines) => sweep_kinds(&engines, what).await,
            Err(error) => Err(error),
        };
        match reports {
            Ok(reports) => self.note(&reports).await,
            Err(error) => {
                tracing::error!(%error, "a sync failed; what was done counts, and the next one goes on");
                self.count_failure().await;
                self.due.insert(Task::Patients, self.shared.now() + PAUSE);
            }
        }
    }

    async fn note(&mut self, reports: &[Report]) {
        let store = self.shared.service.store();
        for report in reports {
            self.shared.stats.succeeded(&report.kind, self.shared.now());
            self.forget(report).await;
        }
        if let Err(error) = store.purge(self.shared.now()).await {
            tracing::warn!(%error, "what is too old could not be deleted; it is tried again");
        }
        self.tell_of_questions().await;
    }

    /// Counts one more sync, or look beside a listing, that failed; tells a person when it goes on.
    pub(super) async fn count_failure(&self) {
        if self.shared.stats.failed() == FAILURES {
            self.tell("syncs keep failing; the log says why").await;
        }
    }

    /// Tells a person of questions that are new.
    pub(super) async fn tell_of_questions(&self) {
        let Ok(reviews) = self.shared.service.store().reviews(self.shared.tenant(), &ReviewQuery::default()).await else { return };
        let open = reviews.iter().filter(|review| review.decision.is_none()).count();
        let more = self.shared.stats.reviews(open);
        if more > 0 {
            self.tell(&format!("new questions for a person: {more}, {open} in all: `clinic-sync review list`")).await;
        }
    }

    /// A sweep has looked at everything: hints from before its listing began, and from before that listing could lag, are done.
    async fn forget(&self, report: &Report) {
        let lag = TimeDelta::seconds(i64::try_from(self.shared.service.settings().ghl.search_lag_seconds).unwrap_or(0));
        for side in Side::BOTH {
            let Some(began) = report.listed[side] else { continue };
            if let Err(error) = self.shared.service.store().forget(self.shared.tenant(), &report.kind, side, began - lag).await {
                tracing::warn!(%error, "hints that are done could not be dropped; they are looked at once more");
            }
        }
    }

    async fn renew_tokens(&self) {
        let renewed = async {
            let settings = self.shared.service.settings();
            let tokens = self.shared.tokens();
            let (Some(app), Some(old)) = (app(settings)?, tokens.load().await.map_err(unreadable)?) else { return Ok(()) };
            let Some(spent) = old.refresh_token.clone() else { return Ok(()) };
            let new = token_endpoint(settings, app)?.refresh(&old).await?;
            // Whoever was quicker has tokens that are as good.
            let _ = tokens.swap(&spent, &new).await.map_err(unreadable)?;
            Ok::<_, crate::Error>(())
        };
        if let Err(error) = renewed.await {
            tracing::error!(%error, "the access to GHL could not be renewed");
            self.tell("the access to GHL could not be renewed: if this goes on, connect again with `clinic-sync auth link`").await;
        }
    }

    /// Tells a person, if the settings say how.
    async fn tell(&self, what: &str) {
        let Some(command) = &self.shared.service.settings().serve.notify else { return };
        match tokio::process::Command::new(command).arg(what).kill_on_drop(true).status().await {
            Ok(status) if status.success() => {}
            Ok(status) => tracing::warn!(%status, "the command under `notify` did not succeed"),
            Err(error) => tracing::warn!(%error, "the command under `notify` cannot be run"),
        }
    }
}
