//! The one writer.
//!
//! Requests wait in a channel. The writer takes all that wait, runs each in a savepoint of one transaction,
//! so that one that is refused takes nothing with it, and commits once. The disk is forced once for all of
//! them, and only if one asked for it.

use std::sync::Arc;

use futures::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::error::Failure;

/// So many requests share one transaction at most, to bound how long the first of them waits.
const BATCH: usize = 256;

/// Hands requests to the writing task. The task ends, and closes the file, when this is dropped.
pub(crate) struct Writer {
    requests: mpsc::Sender<Request>,
}

enum Request {
    Write { durable: bool, work: Box<dyn Work> },
    Close(oneshot::Sender<()>),
}

/// One request, whatever its result is.
trait Work: Send {
    /// Runs it, and says whether its effects are to be kept.
    fn run<'c>(&'c mut self, db: &'c mut SqliteConnection) -> BoxFuture<'c, bool>;

    /// Answers it, once its transaction was committed or has failed.
    fn answer(self: Box<Self>, committed: Result<(), Failure>);
}

type Step<T, E> = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send>;

struct Typed<T, E> {
    step: Option<Step<T, E>>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T: Send, E: Send + From<Failure>> Work for Typed<T, E> {
    fn run<'c>(&'c mut self, db: &'c mut SqliteConnection) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            let Some(step) = self.step.take() else { return false };
            let outcome = step(db).await;
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), Failure>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(failure)) => Err(failure.into()),
            (None, Ok(())) => Err(Failure::Closed.into()),
        };
        // Nobody waits any more: then nobody needs to know.
        let _ = self.reply.send(answer);
    }
}

impl Writer {
    /// Starts the writing task on this connection.
    pub(crate) fn start(db: SqliteConnection) -> Self {
        let (requests, waiting) = mpsc::channel(1024);
        tokio::spawn(work_off(db, waiting));
        Self { requests }
    }

    /// Runs a step under the next commit, and waits for it. The step is not run again, and may be run even
    /// if the caller stops waiting.
    pub(crate) async fn write<T, E, F>(&self, durable: bool, step: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Typed { step: Some(Box::new(step)), outcome: None, reply });
        self.requests.send(Request::Write { durable, work }).await.map_err(|_| Failure::Closed)?;
        answer.await.map_err(|_| Failure::Closed)?
    }

    /// Waits for what was asked before, and closes the file.
    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.requests.send(Request::Close(reply)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

async fn work_off(mut db: SqliteConnection, mut requests: mpsc::Receiver<Request>) {
    let mut full = false;
    let mut closing = None;
    while closing.is_none() {
        let Some(first) = requests.recv().await else { break };
        let (batch, durable) = collect(first, &mut requests, &mut closing);
        if batch.is_empty() {
            continue;
        }
        if let Err(error) = commit(&mut db, batch, durable, &mut full).await {
            tracing::error!(%error, "a transaction failed");
        }
    }
    if let Err(error) = db.close().await {
        tracing::warn!(%error, "the database was not closed cleanly; it is repaired when it is opened again");
    }
    if let Some(reply) = closing {
        let _ = reply.send(());
    }
}

/// Everything that waits, up to a request to close.
fn collect(
    first: Request,
    requests: &mut mpsc::Receiver<Request>,
    closing: &mut Option<oneshot::Sender<()>>,
) -> (Vec<Box<dyn Work>>, bool) {
    let (mut batch, mut any_durable) = (Vec::new(), false);
    let mut next = Some(first);
    while let Some(request) = next {
        match request {
            Request::Write { durable, work } => {
                any_durable |= durable;
                batch.push(work);
            }
            Request::Close(reply) => {
                *closing = Some(reply);
                break;
            }
        }
        next = if batch.len() < BATCH { requests.try_recv().ok() } else { None };
    }
    (batch, any_durable)
}

/// Commits a batch, and answers all of it.
async fn commit(db: &mut SqliteConnection, mut batch: Vec<Box<dyn Work>>, durable: bool, full: &mut bool) -> Result<(), Arc<sqlx::Error>> {
    let outcome = match synchronous(db, durable, full).await {
        Ok(()) => transaction(db, &mut batch).await,
        Err(error) => Err(error),
    };
    let outcome = outcome.map_err(Arc::new);
    for work in batch {
        work.answer(outcome.clone().map_err(Failure::Sql));
    }
    outcome
}

/// Says whether the next commit is to be forced to the disk. One connection for both keeps one page cache;
/// switching costs about as much as one more statement.
async fn synchronous(db: &mut SqliteConnection, durable: bool, full: &mut bool) -> sqlx::Result<()> {
    if durable == *full {
        return Ok(());
    }
    let pragma = if durable { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
    sqlx::query(pragma).execute(db).await?;
    *full = durable;
    Ok(())
}

async fn transaction(db: &mut SqliteConnection, batch: &mut [Box<dyn Work>]) -> sqlx::Result<()> {
    let mut all = db.begin_with("BEGIN IMMEDIATE").await?;
    for work in batch {
        let mut one = all.begin().await?;
        // Some failures, such as a full disk, undo the whole transaction. Then there is no savepoint to end,
        // which fails here, and with it the batch.
        match work.run(&mut one).await {
            true => one.commit().await?,
            false => one.rollback().await?,
        }
    }
    all.commit().await
}
