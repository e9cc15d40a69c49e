//! The one writer.
//!
//! Requests wait in a channel. The writer takes all that wait, runs each in a savepoint of one transaction,
//! so that one that is refused takes nothing with it, and commits once. The disk is forced once for all of
//! them, and only if one asked for it.

use std::sync::Arc;

use futures::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
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
    /// Starts the writing task on this connection. The options are those it was opened with.
    pub(crate) fn start(db: SqliteConnection, options: SqliteConnectOptions) -> Self {
        let (requests, waiting) = mpsc::channel(1024);
        tokio::spawn(work_off(Connected { db: Some(db), full: false, options }, waiting));
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

/// The connection, and whether its commits are forced to the disk.
struct Connected {
    db: Option<SqliteConnection>,
    full: bool,
    options: SqliteConnectOptions,
}

async fn work_off(mut connected: Connected, mut requests: mpsc::Receiver<Request>) {
    let mut closing = None;
    while closing.is_none() {
        let Some(first) = requests.recv().await else { break };
        let (mut batch, durable) = collect(first, &mut requests, &mut closing);
        let outcome = connected.commit(&mut batch, durable).await.map_err(Arc::new);
        for work in batch {
            work.answer(outcome.clone().map_err(Failure::Sql));
        }
    }
    connected.close().await;
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

impl Connected {
    async fn commit(&mut self, batch: &mut [Box<dyn Work>], durable: bool) -> sqlx::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let outcome = self.try_commit(batch, durable).await;
        if let Err(error) = &outcome {
            tracing::error!(%error, "a transaction failed");
            // SQLite undoes a whole transaction after some failures, such as a full disk, and the
            // connection's count of open savepoints is wrong from then on. A new one begins at zero.
            self.close().await;
        }
        outcome
    }

    async fn try_commit(&mut self, batch: &mut [Box<dyn Work>], durable: bool) -> sqlx::Result<()> {
        let db = match &mut self.db {
            Some(db) => db,
            none => none.insert(self.options.connect().await?),
        };
        if durable != self.full {
            // One connection for both keeps one page cache; this costs about as much as one more statement.
            let pragma = if durable { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
            sqlx::query(pragma).execute(&mut *db).await?;
            self.full = durable;
        }
        transaction(db, batch).await
    }

    async fn close(&mut self) {
        self.full = false;
        let Some(db) = self.db.take() else { return };
        if let Err(error) = db.close().await {
            tracing::warn!(%error, "the database was not closed cleanly; it is repaired when it is opened again");
        }
    }
}

async fn transaction(db: &mut SqliteConnection, batch: &mut [Box<dyn Work>]) -> sqlx::Result<()> {
    let mut all = db.begin_with("BEGIN IMMEDIATE").await?;
    for work in batch {
        let mut one = all.begin().await?;
        // Where a failure has undone the whole transaction there is no savepoint to end: that fails here,
        // and with it the batch.
        match work.run(&mut one).await {
            true => one.commit().await?,
            false => one.rollback().await?,
        }
    }
    all.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn writer(file: &std::path::Path) -> Writer {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).pragma("max_page_count", "20");
        let mut db = options.connect().await.unwrap();
        let setup = "PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY, x BLOB)";
        sqlx::raw_sql(setup).execute(&mut db).await.unwrap();
        Writer::start(db, options)
    }

    async fn insert(writer: &Writer, number: i64, size: usize) -> Result<(), Failure> {
        let insert = sqlx::query("INSERT INTO t VALUES (?, ?)").bind(number).bind(vec![7; size]);
        writer.write(number % 2 == 0, |db| Box::pin(async move { Ok(insert.execute(db).await.map(drop)?) })).await
    }

    async fn numbers(writer: &Writer) -> Vec<i64> {
        let read = sqlx::query_scalar("SELECT n FROM t ORDER BY n");
        writer.write::<_, Failure, _>(false, |db| Box::pin(async move { Ok(read.fetch_all(db).await?) })).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_answered_well_is_there_and_nothing_else_when_the_disk_is_full() {
        let folder = tempfile::TempDir::new().unwrap();
        let writer = writer(&folder.path().join("t.db")).await;
        let answers = tokio::join!(insert(&writer, 1, 9), insert(&writer, 2, 1_000_000), insert(&writer, 3, 9));
        let full = answers.1.clone().unwrap_err().explained(crate::sqlite::errors::explain);
        assert!(full.to_string().contains("disk is full") && !full.is_temporary(), "{full}");
        let done: Vec<i64> =
            [(1, answers.0), (2, answers.1), (3, answers.2)].into_iter().filter(|it| it.1.is_ok()).map(|it| it.0).collect();
        assert_eq!(numbers(&writer).await, done);
        insert(&writer, 4, 9).await.unwrap();
    }

    #[tokio::test]
    async fn a_failure_that_undoes_the_whole_transaction_fails_all_of_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let writer = writer(&folder.path().join("t.db")).await;
        // What SQLite does by itself after some failures.
        let undo = writer.write::<(), Failure, _>(false, |db| {
            Box::pin(async move {
                sqlx::raw_sql("ROLLBACK").execute(db).await?;
                Err(Failure::Crypto)
            })
        });
        let (first, undone, last) = tokio::join!(insert(&writer, 1, 9), undo, insert(&writer, 2, 9));
        assert!(first.is_err() && undone.is_err() && last.is_err(), "{first:?} {last:?}");
        assert_eq!(numbers(&writer).await, [0; 0]);
        insert(&writer, 3, 9).await.unwrap();
        assert_eq!(numbers(&writer).await, [3]);
    }
}
