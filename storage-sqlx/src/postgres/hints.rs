//! The inbox.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};
use sync_core::{DELIVERIES_KEPT, Depth, Handled, HintKey, HintQueue, Kind, Result, Side, Taken, TenantId, Urgency};

use super::PostgresStore;
use super::commit::column;
use crate::error::Failure;
use crate::row::{self, HintRow};

#[async_trait]
impl HintQueue for PostgresStore {
    async fn push(&self, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<()> {
        self.ask(async {
            let mut turn = self.writer.turn(true, hints.iter().map(|(key, _)| &key.tenant)).await?;
            push(&mut turn, hints, now).await?;
            self.wake(&mut turn, hints).await?;
            Ok(turn.commit().await?)
        })
        .await
    }

    async fn receive(&self, tenant: &TenantId, delivery: &str, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<bool> {
        self.ask(async {
            let mut turn = self.writer.turn(true, hints.iter().map(|(key, _)| &key.tenant).chain([tenant])).await?;
            let insert = "INSERT INTO clinic_sync.delivery AS old (tenant, id, at) VALUES ($1, $2, $3) \
                          ON CONFLICT (tenant, id) DO UPDATE SET at = excluded.at WHERE old.at <= $4";
            let insert = sqlx::query(insert).bind(tenant.as_str()).bind(delivery);
            let insert = insert.bind(row::micros(now)).bind(row::micros(now - DELIVERIES_KEPT));
            if insert.execute(&mut *turn).await?.rows_affected() == 0 {
                return Ok(false);
            }
            push(&mut turn, hints, now).await?;
            self.wake(&mut turn, hints).await?;
            turn.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn take(&self, tenant: &TenantId, limit: usize, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Taken>> {
        self.ask(async {
            // Durable: a server that forgot it would give the hint out again while it is worked on.
            let mut turn = self.writer.turn(true, [tenant]).await?;
            let taken = take(&mut turn, tenant, limit, now, until).await?;
            turn.commit().await?;
            Ok(taken)
        })
        .await
    }

    async fn handled(&self, taken: &Taken, outcome: Handled) -> Result<()> {
        self.ask(async {
            let mut turn = self.writer.turn(false, [&taken.key.tenant]).await?;
            handled(&mut turn, taken, outcome).await?;
            Ok(turn.commit().await?)
        })
        .await
    }

    async fn reclaim(&self, tenant: &TenantId) -> Result<usize> {
        let reclaim = "WITH taken AS (SELECT seq FROM clinic_sync.hint WHERE tenant = $1 AND NOT dead AND taken_until IS NOT NULL) \
                       UPDATE clinic_sync.hint SET taken_until = NULL, \
                       attempts = attempts + (SELECT (count(*) = 1)::integer FROM taken) WHERE seq IN (SELECT seq FROM taken)";
        let reclaim = sqlx::query(reclaim).bind(tenant.as_str());
        self.ask(async { Ok(row::counted(self.change(tenant, reclaim).await?)) }).await
    }

    async fn replay(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<usize> {
        let replay = "UPDATE clinic_sync.hint SET dead = FALSE, reason = NULL, attempts = 0, due = $2 WHERE tenant = $1 AND dead";
        let replay = sqlx::query(replay).bind(tenant.as_str()).bind(row::micros(now));
        self.ask(async { Ok(row::counted(self.change(tenant, replay).await?)) }).await
    }

    async fn forget(&self, tenant: &TenantId, kind: &Kind, side: Side, before: DateTime<Utc>) -> Result<usize> {
        let forget = "DELETE FROM clinic_sync.hint WHERE tenant = $1 AND kind = $2 AND side = $3 AND newest < $4 \
                      AND taken_until IS NULL AND NOT dead";
        let forget = sqlx::query(forget).bind(tenant.as_str()).bind(kind.as_str()).bind(side.as_str()).bind(row::micros(before));
        self.ask(async { Ok(row::counted(self.change(tenant, forget).await?)) }).await
    }

    async fn depth(&self, tenant: &TenantId) -> Result<Depth> {
        let count = "SELECT count(*) FILTER (WHERE NOT dead), count(*) FILTER (WHERE dead), min(due) FILTER (WHERE NOT dead) \
                     FROM clinic_sync.hint WHERE tenant = $1";
        let count = sqlx::query(count).bind(tenant.as_str());
        self.ask(async { row::depth(&count.fetch_one(&self.pool).await?) }).await
    }
}

impl PostgresStore {
    /// Runs the statement that goes with new hints, in their transaction.
    async fn wake(&self, db: &mut PgConnection, hints: &[(HintKey, Urgency)]) -> Result<(), Failure> {
        let Some(statement) = &self.wake else { return Ok(()) };
        let tenants: BTreeSet<&TenantId> = hints.iter().map(|(key, _)| &key.tenant).collect();
        for tenant in tenants {
            sqlx::query(AssertSqlSafe(statement.as_ref())).bind(tenant.as_str()).execute(&mut *db).await?;
        }
        Ok(())
    }
}

/// Adds hints. One that is there keeps its place, its attempts and its delay, unless it was given up.
pub(super) async fn push(db: &mut PgConnection, hints: &[(HintKey, Urgency)], due: DateTime<Utc>) -> Result<(), Failure> {
    // Grouped, since one statement cannot change a row twice; a hint then counts as often as it is there.
    let push = "INSERT INTO clinic_sync.hint AS old (tenant, kind, side, record, urgency, due, newest, generation) \
                SELECT tenant, kind, side, record, min(urgency), $6, $6, count(*) \
                FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) \
                WITH ORDINALITY AS pushed (tenant, kind, side, record, urgency, place) \
                GROUP BY tenant, kind, side, record ORDER BY min(place) \
                ON CONFLICT (tenant, kind, side, record) DO UPDATE SET urgency = least(old.urgency, excluded.urgency), \
                generation = old.generation + excluded.generation, newest = greatest(old.newest, excluded.newest), \
                due = CASE WHEN old.dead THEN excluded.due ELSE old.due END, dead = FALSE, reason = NULL";
    if hints.is_empty() {
        return Ok(());
    }
    let rows: Vec<HintRow<'_>> = hints.iter().map(|(key, urgency)| HintRow::of(key, *urgency)).collect();
    let push = sqlx::query(push).bind(column(&rows, |row| row.tenant)).bind(column(&rows, |row| row.kind));
    let push = push.bind(column(&rows, |row| row.side)).bind(column(&rows, |row| row.record)).bind(column(&rows, |row| row.urgency));
    push.bind(row::micros(due)).execute(db).await?;
    Ok(())
}

async fn take(
    db: &mut PgConnection,
    tenant: &TenantId,
    limit: usize,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Taken>, Failure> {
    // A hint that is taken again without having been handled has used up an attempt.
    let take = "UPDATE clinic_sync.hint SET attempts = attempts + (taken_until IS NOT NULL)::integer, taken_until = $2 WHERE seq IN \
                (SELECT seq FROM clinic_sync.hint WHERE tenant = $3 AND NOT dead AND due <= $1 \
                 AND (taken_until IS NULL OR taken_until <= $1) ORDER BY urgency, seq LIMIT $4) \
                RETURNING urgency, seq, kind, side, record, attempts, generation";
    let take = sqlx::query(take).bind(row::micros(now)).bind(row::micros(until)).bind(tenant.as_str());
    let rows = take.bind(row::limited(limit)).fetch_all(db).await?;
    Ok(row::in_order(rows.iter().map(|row| row::taken(row, tenant)).collect::<Result<_, _>>()?))
}

async fn handled(db: &mut PgConnection, taken: &Taken, outcome: Handled) -> Result<(), Failure> {
    // The generation tells whether a hint came in during the work.
    const DONE: &str = "DELETE FROM clinic_sync.hint WHERE tenant = $1 AND kind = $2 AND side = $3 AND record = $4 AND generation <= $5";
    const AGAIN: &str = "UPDATE clinic_sync.hint SET taken_until = NULL, attempts = 0 \
                         WHERE tenant = $1 AND kind = $2 AND side = $3 AND record = $4 AND generation > $5";
    const RETRY: &str = "UPDATE clinic_sync.hint SET taken_until = NULL, attempts = attempts + 1, due = $5 \
                         WHERE tenant = $1 AND kind = $2 AND side = $3 AND record = $4";
    const WAIT: &str =
        "UPDATE clinic_sync.hint SET taken_until = NULL, due = $5 WHERE tenant = $1 AND kind = $2 AND side = $3 AND record = $4";
    // What came in during the last attempt was not part of it: the record stays due.
    const DEAD: &str = "UPDATE clinic_sync.hint SET taken_until = NULL, dead = (generation <= $6), reason = $5 \
                        WHERE tenant = $1 AND kind = $2 AND side = $3 AND record = $4";
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
