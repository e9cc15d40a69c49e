//! The jobs: `drain` works for one practice, `tick` sees every minute that none is forgotten.
//!
//! What is to be done stands in the inbox and in the runs; a job only says that somebody should look. So a job that is lost, doubled
//! or late does no harm.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext, WorkerOptions};
use serde::{Deserialize, Serialize};
use sync_core::{ErrorKind, TenantId};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::group::{Group, jobs_failed};
use super::work::{self, PAUSE};
use super::{GRACE, Roles, Shared};
use crate::{Error, Result};

/// When the scheduler's job is put: every minute. Without a payload, even an empty one, the job could not be read.
pub const CRONTAB: &str = "* * * * * tick {}";
/// A sign of life so often; after so long without one, a process is dead, and its jobs are run by others.
const BEAT: Duration = Duration::from_secs(1);
const DEAD: Duration = Duration::from_secs(4);
/// How long a practice that another process works for is left alone.
const HELD: TimeDelta = TimeDelta::seconds(1);
/// How long after the jobs failed they are begun anew.
const RESTART: Duration = Duration::from_secs(1);

/// What jobs need of their process.
#[derive(Clone, Debug)]
struct Hands {
    group: Arc<Group>,
    stop: CancellationToken,
}

/// Works for one practice until there is nothing to do.
#[derive(Debug, Serialize, Deserialize)]
struct Drain {
    tenant: String,
}

impl TaskHandler for Drain {
    const IDENTIFIER: &'static str = "drain";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let Some(hands) = context.get_ext::<Hands>() else { return Err("the process is not ready".to_owned()) };
        let span = tracing::info_span!("practice", tenant = self.tenant);
        drain(hands, &TenantId::new(self.tenant)).instrument(span).await.map_err(|error| error.to_string())
    }
}

/// Enqueues what would otherwise be forgotten.
#[derive(Debug, Serialize, Deserialize)]
struct Tick {}

impl TaskHandler for Tick {
    const IDENTIFIER: &'static str = "tick";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let Some(hands) = context.get_ext::<Hands>() else { return Err("the process is not ready".to_owned()) };
        tick(&hands.group).await.map_err(|error| error.to_string())
    }
}

/// Runs the jobs until a stop is asked for. The database may go away meanwhile.
pub(super) async fn run(group: Arc<Group>, roles: Roles, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = once(&group, roles, &stop).await {
            tracing::error!(%error, "the jobs are begun anew");
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(RESTART) => {}
            }
        }
    }
}

async fn once(group: &Arc<Group>, roles: Roles, stop: &CancellationToken) -> Result<()> {
    let mut options = WorkerOptions::default()
        .pg_pool(group.pool().clone())
        .concurrency(group.process().serve.practices_at_once.get())
        .heartbeat_interval(BEAT)
        .sweep_interval(BEAT)
        .sweep_threshold(DEAD)
        .recovery_delay(Duration::ZERO)
        .listen_os_shutdown_signals(false)
        .shutdown_signal(stop.clone().cancelled_owned())
        .shutdown_grace_period(GRACE)
        .shutdown_interrupted_job_retry_delay(Duration::ZERO)
        .add_extension(Hands { group: group.clone(), stop: stop.clone() });
    if roles.worker {
        options = options.define_job::<Drain>();
    }
    if roles.scheduler {
        options = options.define_job::<Tick>().with_cron(CRONTAB).map_err(|error| jobs_failed(&format!("{error:?}")))?;
        // At once too: a process may start long after the last one stopped.
        tick(group).await?;
    }
    let worker = options.init().await.map_err(|error| jobs_failed(&error))?;
    worker.run().await.map_err(|error| jobs_failed(&error))
}

async fn tick(group: &Group) -> Result<()> {
    let now = Utc::now();
    let due = group.due(now).await?;
    for id in group.ids().await? {
        // What is not due has a job for when it is; where that was lost, this is it.
        let at = if due.contains(&id) { None } else { Some(now) };
        group.wake(&id, at).await?;
    }
    group.tidy().await
}

async fn drain(hands: &Hands, id: &TenantId) -> Result<()> {
    let next = match attempt(hands, id).await {
        Ok(next) => next,
        Err(error) => {
            tracing::error!(%error, "the practice could not be worked for; it is tried again");
            Some(Utc::now() + PAUSE)
        }
    };
    match next {
        Some(next) => hands.group.wake(id, Some(next)).await,
        None => Ok(()),
    }
}

/// Works for a practice; says when to look at it again, if at all.
async fn attempt(hands: &Hands, id: &TenantId) -> Result<Option<DateTime<Utc>>> {
    let Some(shared) = hands.group.active(id).await? else { return Ok(None) };
    let lease = match shared.service.lease(&hands.stop).await {
        Ok(lease) => lease,
        Err(Error::Failed(error)) if error.kind() == ErrorKind::Lease => return Ok(Some(Utc::now() + HELD)),
        Err(error) => return Err(error),
    };
    let worked = AssertUnwindSafe(work::until_idle(&shared, &lease, &hands.stop)).catch_unwind().await;
    lease.release().await?;
    worked.unwrap_or_else(|_| Err(panicked(&shared))).map(Some)
}

fn panicked(shared: &Shared) -> Error {
    let message = format!("the work for {} ended in a defect of this program", shared.tenant());
    Error::Failed(sync_core::Error::temporary(ErrorKind::Decode, message))
}
