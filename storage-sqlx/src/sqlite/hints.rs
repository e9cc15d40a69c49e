//! The inbox.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use sync_core::{DELIVERIES_KEPT, Depth, Handled, HintKey, HintQueue, Kind, Result, Side, Taken, TenantId, Urgency};

use super::SqliteStore;
use super::commit::ROWS;
use crate::error::Failure;
use crate::row::{self, HintRow};

#[async_trait]
impl HintQueue for SqliteStore {
    async fn push(&self, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<()> {
        let hints = hints.to_vec();
        self.write(true, move |db| Box::pin(async move { push(db, &hints, now).await })).await
    }

    async fn receive(&self, tenant: &TenantId, delivery: &str, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<bool> {
        let (tenant, delivery, hints) = (tenant.as_str().to_owned(), delivery.to_owned(), hints.to_vec());
        let step = async move |db: &mut SqliteConnection| {
            let insert = "INSERT INTO delivery (tenant, id, at) VALUES (?1, ?2, ?3) \
                          ON CONFLICT DO UPDATE SET at = excluded.at WHERE at <= ?4";
            let insert = sqlx::query(insert).bind(tenant).bind(delivery).bind(row::micros(now)).bind(row::micros(now - DELIVERIES_KEPT));
            if insert.execute(&mut *db).await?.rows_affected() == 0 {
                return Ok(false);
            }
            push(db, &hints, now).await?;
            Ok::<_, Failure>(true)
        };
        self.write(true, move |db| Box::pin(step(db))).await
    }

    async fn take(&self, tenant: &TenantId, limit: usize, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Taken>> {
        let tenant = tenant.clone();
        self.write(false, move |db| Box::pin(async move { take(db, &tenant, limit, now, until).await })).await
    }

    async fn handled(&self, taken: &Taken, outcome: Handled) -> Result<()> {
        let taken = taken.clone();
        self.write(false, move |db| Box::pin(async move { handled(db, &taken, outcome).await })).await
    }

    async fn reclaim(&self, tenant: &TenantId) -> Result<usize> {
        let reclaim = "WITH taken AS MATERIALIZED (SELECT seq FROM hint WHERE tenant = ? AND dead = 0 AND taken_until IS NOT NULL) \
                       UPDATE hint SET taken_until = NULL, attempts = attempts + (SELECT count(*) = 1 FROM taken) \
                       WHERE seq IN (SELECT seq FROM taken)";
        let reclaim = sqlx::query(reclaim).bind(tenant.as_str().to_owned());
        let reclaimed = self.write(true, |db| Box::pin(async move { Ok(reclaim.execute(db).await?.rows_affected()) })).await?;
        Ok(row::counted(reclaimed))
    }

    async fn replay(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<usize> {
        let replay = sqlx::query("UPDATE hint SET dead = 0, reason = NULL, attempts = 0, due = ? WHERE tenant = ? AND dead = 1");
        let replay = replay.bind(row::micros(now)).bind(tenant.as_str().to_owned());
        let replayed = self.write(true, |db| Box::pin(async move { Ok(replay.execute(db).await?.rows_affected()) })).await?;
        Ok(row::counted(replayed))
    }

    async fn forget(&self, tenant: &TenantId, kind: &Kind, side: Side, before: DateTime<Utc>) -> Result<usize> {
        let forget = "DELETE FROM hint WHERE tenant = ? AND kind = ? AND side = ? AND newest < ? AND taken_until IS NULL AND dead = 0";
        let forget = sqlx::query(forget).bind(tenant.as_str().to_owned()).bind(kind.as_str().to_owned()).bind(side.as_str());
        let forget = forget.bind(row::micros(before));
        let forgotten = self.write(true, |db| Box::pin(async move { Ok(forget.execute(db).await?.rows_affected()) })).await?;
        Ok(row::counted(forgotten))
    }

    async fn depth(&self, tenant: &TenantId) -> Result<Depth> {
        let query = sqlx::query(
            "SELECT count(*) FILTER (WHERE dead = 0), count(*) FILTER (WHERE dead = 1), min(due) FILTER (WHERE dead = 0) \
                     FROM hint WHERE tenant = ?",
        );
        let row = query.bind(tenant.as_str()).fetch_one(&self.readers).await.map_err(|error| self.fail(error))?;
        row::depth(&row).map_err(|failure| self.fail(failure))
    }
}

/// Adds hints. One that is there keeps its place, its attempts and its delay, unless it was given up.
pub(super) async fn push(db: &mut SqliteConnection, hints: &[(HintKey, Urgency)], due: DateTime<Utc>) -> Result<(), Failure> {
    for chunk in hints.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO hint (tenant, kind, side, record, urgency, due, newest) ");
        insert.push_values(chunk, |mut values, (key, urgency)| {
            let HintRow { tenant, kind, side, record, urgency } = HintRow::of(key, *urgency);
            values.push_bind(tenant).push_bind(kind).push_bind(side).push_bind(record).push_bind(urgency);
            values.push_bind(row::micros(due)).push_bind(row::micros(due));
        });
        insert.push(
            " ON CONFLICT (tenant, kind, side, record) DO UPDATE SET urgency = min(urgency, excluded.urgency), \
             generation = generation + 1, newest = max(newest, excluded.newest), due = CASE WHEN dead = 1 THEN excluded.due ELSE due END, dead = 0, reason = NULL",
        );
        insert.build().execute(&mut *db).await?;
    }
    Ok(())
}

async fn take(
    db: &mut SqliteConnection,
    tenant: &TenantId,
    limit: usize,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Taken>, Failure> {
    // A hint that is taken again without having been handled has used up an attempt.
    let take = "UPDATE hint SET attempts = attempts + (taken_until IS NOT NULL), taken_until = ?2 WHERE seq IN \
                (SELECT seq FROM hint INDEXED BY hint_waiting WHERE tenant = ?3 AND dead = 0 AND due <= ?1 \
                 AND (taken_until IS NULL OR taken_until <= ?1) ORDER BY urgency, seq LIMIT ?4) \
                RETURNING urgency, seq, kind, side, record, attempts, generation";
    let take = sqlx::query(take).bind(row::micros(now)).bind(row::micros(until)).bind(tenant.as_str());
    let rows = take.bind(row::limited(limit)).fetch_all(db).await?;
    Ok(row::in_order(rows.iter().map(|row| row::taken(row, tenant)).collect::<Result<_, _>>()?))
}

async fn handled(db: &mut SqliteConnection, taken: &Taken, outcome: Handled) -> Result<(), Failure> {
    // The generation tells whether a hint came in during the work.
    const DONE: &str = "DELETE FROM hint WHERE tenant = ?1 AND kind = ?2 AND side = ?3 AND record = ?4 AND generation <= ?5";
    const AGAIN: &str = "UPDATE hint SET taken_until = NULL, attempts = 0 \
                         WHERE tenant = ?1 AND kind = ?2 AND side = ?3 AND record = ?4 AND generation > ?5";
    const RETRY: &str = "UPDATE hint SET taken_until = NULL, attempts = attempts + 1, due = ?5 \
                         WHERE tenant = ?1 AND kind = ?2 AND side = ?3 AND record = ?4";
    const WAIT: &str = "UPDATE hint SET taken_until = NULL, due = ?5 WHERE tenant = ?1 AND kind = ?2 AND side = ?3 AND record = ?4";
    // What came in during the last attempt was not part of it: the record stays due.
    const DEAD: &str = "UPDATE hint SET taken_until = NULL, dead = (generation <= ?6), reason = ?5 \
                        WHERE tenant = ?1 AND kind = ?2 AND side = ?3 AND record = ?4";
    let HintKey { tenant, kind, side, id } = &taken.key;
    let about = |statement| sqlx::query(statement).bind(tenant.as_str()).bind(kind.as_str()).bind(side.as_str()).bind(id.as_str());
    match outcome {
        Handled::Done => {
            let generation = taken.generation.cast_signed();
            if about(DONE).bind(generation).execute(&mut *db).await?.rows_affected() == 0 {
                about(AGAIN).bind(generation).execute(db).await?;
            }
        }
        Handled::Retry { due } => {
            about(RETRY).bind(row::micros(due)).execute(db).await?;
        }
        Handled::Wait { due } => {
            about(WAIT).bind(row::micros(due)).execute(db).await?;
        }
        Handled::Dead { reason } => {
            about(DEAD).bind(reason).bind(taken.generation.cast_signed()).execute(db).await?;
        }
    }
    Ok(())
}
