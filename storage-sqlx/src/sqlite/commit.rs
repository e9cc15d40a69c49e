//! The one write: a step of the engine, in one savepoint.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use sync_core::{Changes, CommitError, DELIVERIES_KEPT, Link, LinkId, MappingStore, OperationEntry, Run, Standing, TenantId};

use super::{SqliteStore, hints, leases, reviews};
use crate::error::{Failure, is_taken};
use crate::row::{self, LinkRow, OperationRow, RunRow};
use crate::vault::TenantSecrets;

/// So many rows go into one statement. More gains little, and every number of rows is a statement of its own.
pub(super) const ROWS: usize = 50;

/// Why a commit is refused, before it is told which file.
pub(super) enum Refused {
    Stale,
    Fenced,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

#[async_trait]
impl MappingStore for SqliteStore {
    async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), CommitError> {
        // The key is made in a commit of its own: this one may turn out stale.
        let seals = !changes.pre_images.is_empty() || changes.opened.iter().any(|review| !review.values.0.is_empty());
        let secrets = if seals { Some(self.shelf().secrets(tenant).await.map_err(|failure| self.fail(failure))?) } else { None };
        let (tenant, durable) = (tenant.clone(), changes.durable);
        let step = self.writer.write(durable, move |db| Box::pin(async move { apply(db, &tenant, &changes, secrets.as_deref()).await }));
        step.await.map_err(|refused| match refused {
            Refused::Stale => CommitError::Stale,
            Refused::Fenced => CommitError::Fenced,
            Refused::Failed(failure) => CommitError::Failed(self.fail(failure)),
        })
    }
}

async fn apply(db: &mut SqliteConnection, tenant: &TenantId, changes: &Changes, secrets: Option<&TenantSecrets>) -> Result<(), Refused> {
    if let Some(fence) = changes.fence
        && !leases::holds(db, tenant, fence).await?
    {
        return Err(Refused::Fenced);
    }
    let gone = take(db, tenant, changes).await?;
    insert(db, tenant, &changes.links).await?;
    mark(db, tenant, &changes.links, &gone).await?;
    erase(db, tenant, &changes.links).await?;
    reviews::close(db, tenant, &changes.closed).await?;
    reviews::open(db, tenant, &changes.opened, secrets).await?;
    reviews::keep(db, tenant, &changes.pre_images, secrets).await?;
    note(db, tenant, &changes.operations).await?;
    if let Some(run) = &changes.run {
        note_run(db, tenant, run).await?;
    }
    hints::push(db, &changes.woken, DateTime::<Utc>::MIN_UTC).await?;
    Ok(())
}

/// Takes out every link that is replaced or removed, so that ids are free before any is given; says which.
async fn take(db: &mut SqliteConnection, tenant: &TenantId, changes: &Changes) -> Result<Vec<LinkId>, Refused> {
    let gone = row::taken_out(changes);
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<_> = gone.iter().map(|(id, version)| (row::hex(id.to_bytes()), *version)).collect();
    // CROSS JOIN: from the few asked for to the table, whatever the planner believes of the sizes.
    let delete = "DELETE FROM link WHERE rowid IN (SELECT link.rowid FROM json_each(?2) AS wanted CROSS JOIN link \
                  ON link.tenant = ?1 AND link.id = unhex(wanted.value ->> 0) AND link.version = wanted.value ->> 1)";
    let deleted = sqlx::query(delete).bind(tenant.as_str()).bind(row::json(&wanted)?).execute(db).await?;
    if deleted.rows_affected() != gone.len() as u64 {
        return Err(Refused::Stale);
    }
    Ok(gone.into_iter().map(|(id, _)| id).collect())
}

async fn insert(db: &mut SqliteConnection, tenant: &TenantId, links: &[Link]) -> Result<(), Refused> {
    for chunk in links.chunks(ROWS) {
        let rows = chunk.iter().map(LinkRow::next).collect::<Result<Vec<_>, _>>()?;
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO link (tenant, kind, id, version, head, left_id, right_id, intent, token, salt, body) ",
        );
        insert.push_values(rows, |mut values, row| {
            values.push_bind(tenant.as_str()).push_bind(row.kind).push_bind(row.id).push_bind(row.version).push_bind(row.head);
            values.push_bind(row.ends.left).push_bind(row.ends.right).push_bind(row.intent).push_bind(row.token);
            values.push_bind(row.salt).push_bind(row.body);
        });
        insert.build().execute(&mut *db).await.map_err(|error| match is_taken(&error) {
            true => Refused::Stale,
            false => error.into(),
        })?;
    }
    Ok(())
}

/// Brings the marks to what the links say. Marks that stay are not written: most commits change none.
async fn mark(db: &mut SqliteConnection, tenant: &TenantId, links: &[Link], gone: &[LinkId]) -> Result<(), Failure> {
    let wanted = row::json(&marks(links))?;
    if !gone.is_empty() {
        let gone: Vec<_> = gone.iter().map(|id| row::hex(id.to_bytes())).collect();
        let delete = "DELETE FROM mark WHERE tenant = ?1 AND link IN (SELECT unhex(value) FROM json_each(?2)) \
                      AND (kind, side, scheme, digest, link) NOT IN \
                      (SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4) FROM json_each(?3))";
        sqlx::query(delete).bind(tenant.as_str()).bind(row::json(&gone)?).bind(wanted.as_str()).execute(&mut *db).await?;
    }
    if wanted != "[]" {
        let insert = "INSERT INTO mark (tenant, kind, side, scheme, digest, link) \
                      SELECT ?1, value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4) FROM json_each(?2) \
                      WHERE true ON CONFLICT DO NOTHING";
        sqlx::query(insert).bind(tenant.as_str()).bind(wanted).execute(db).await?;
    }
    Ok(())
}

/// The marks as JSON can hold them.
fn marks(links: &[Link]) -> Vec<(&str, &'static str, &str, String, String)> {
    row::marks(links).map(|mark| (mark.kind, mark.side, mark.scheme, row::hex(mark.digest), row::hex(mark.link))).collect()
}

/// Forgets what is readable about erased people: first the salt, without which all copies are noise.
async fn erase(db: &mut SqliteConnection, tenant: &TenantId, links: &[Link]) -> Result<(), Failure> {
    for link in links.iter().filter(|link| link.standing == Standing::Erased) {
        for statement in [
            "DELETE FROM person_salt WHERE tenant = ? AND link = ?",
            "DELETE FROM pre_image WHERE tenant = ? AND link = ?",
            "UPDATE review SET sealed = NULL WHERE tenant = ? AND link = ?",
        ] {
            sqlx::query(statement).bind(tenant.as_str()).bind(Vec::from(link.id.to_bytes())).execute(&mut *db).await?;
        }
    }
    Ok(())
}

async fn note(db: &mut SqliteConnection, tenant: &TenantId, operations: &[OperationEntry]) -> Result<(), Failure> {
    for chunk in operations.chunks(ROWS) {
        let rows = chunk.iter().map(OperationRow::of).collect::<Result<Vec<_>, _>>()?;
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT INTO operation (tenant, link, at, run, side, action, record, fields, outcome) ");
        insert.push_values(rows, |mut values, row| {
            values.push_bind(tenant.as_str()).push_bind(row.link).push_bind(row.at).push_bind(row.run).push_bind(row.side);
            values.push_bind(row.action).push_bind(row.record).push_bind(row.fields).push_bind(row.outcome);
        });
        insert.build().execute(&mut *db).await?;
    }
    Ok(())
}

async fn note_run(db: &mut SqliteConnection, tenant: &TenantId, run: &Run) -> Result<(), Failure> {
    let note = "INSERT INTO run (tenant, id, kind, started_at, ended_at, state, counts) VALUES (?, ?, ?, ?, ?, ?, ?) \
                ON CONFLICT DO UPDATE SET kind = excluded.kind, started_at = excluded.started_at, ended_at = excluded.ended_at, \
                state = excluded.state, counts = excluded.counts";
    let row = RunRow::of(run)?;
    let note = sqlx::query(note).bind(tenant.as_str()).bind(row.id).bind(row.kind).bind(row.started_at).bind(row.ended_at);
    note.bind(row.state).bind(row.counts).execute(db).await?;
    Ok(())
}

/// Deletes overwritten values whose time is up.
pub(super) async fn purge(db: &mut SqliteConnection, now: DateTime<Utc>) -> Result<u64, Failure> {
    sqlx::query("DELETE FROM delivery WHERE at <= ?").bind(row::micros(now - DELIVERIES_KEPT)).execute(&mut *db).await?;
    Ok(sqlx::query("DELETE FROM pre_image WHERE until <= ?").bind(row::micros(now)).execute(db).await?.rows_affected())
}
