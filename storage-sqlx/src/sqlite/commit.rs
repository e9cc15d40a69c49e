//! The one write: a step of the engine, in one savepoint.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use sync_core::{Changes, CommitError, DELIVERIES_KEPT, Digest, Link, LinkId, MappingStore, OperationEntry, Run, Side, Standing, TenantId};

use super::{SqliteStore, hints, leases, reviews};
use crate::error::{Failure, is_taken};
use crate::row::{self, Body, HeadRow};
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
        let secrets = if seals { Some(self.secrets(tenant).await.map_err(|failure| self.fail(failure))?) } else { None };
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
    let replaced = changes.links.iter().filter(|link| link.version > 0).map(|link| (link.id, link.version));
    let gone: Vec<(LinkId, u64)> = changes.removed.iter().copied().chain(replaced).collect();
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
        let texts = |link| Ok::<_, Failure>((row::json(&HeadRow::from(link))?, row::json(&Body::from(link))?));
        let texts = chunk.iter().map(texts).collect::<Result<Vec<_>, _>>()?;
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO link (tenant, kind, id, version, head, left_id, right_id, intent, token, salt, body) ",
        );
        insert.push_values(chunk.iter().zip(texts), |mut values, (link, (head, body))| {
            let id = |side| link.ends[side].as_ref().map(|end| end.id.as_str());
            values.push_bind(tenant.as_str()).push_bind(link.kind.as_str()).push_bind(link.id.to_bytes().to_vec());
            values.push_bind((link.version + 1).cast_signed()).push_bind(head);
            values.push_bind(id(Side::Left)).push_bind(id(Side::Right));
            values.push_bind(link.intent.as_ref().map(|intent| Vec::from(intent.token.to_bytes())));
            values.push_bind(link.token.map(|token| Vec::from(token.to_bytes())));
            values.push_bind(link.salt.to_bytes().to_vec()).push_bind(body);
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
    let wanted = row::json(&links.iter().flat_map(mark_rows).collect::<Vec<_>>())?;
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

fn mark_rows(link: &Link) -> impl Iterator<Item = (&str, Side, &str, Digest, String)> {
    let id = row::hex(link.id.to_bytes());
    let sides = Side::BOTH.into_iter().flat_map(|side| row::identity(link, side).map(move |mark| (side, mark)));
    sides.map(move |(side, mark)| (link.kind.as_str(), side, mark.scheme.as_str(), mark.digest, id.clone()))
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
        let words = |entry: &OperationEntry| Ok::<_, Failure>((row::word(&entry.outcome)?, row::json(&entry.fields)?));
        let words = chunk.iter().map(words).collect::<Result<Vec<_>, _>>()?;
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT INTO operation (tenant, link, at, run, side, action, record, fields, outcome) ");
        insert.push_values(chunk.iter().zip(words), |mut values, (entry, (outcome, fields))| {
            values.push_bind(tenant.as_str()).push_bind(entry.link.to_bytes().to_vec()).push_bind(row::micros(entry.at));
            values.push_bind(entry.run.map(|run| Vec::from(run.to_bytes())));
            values.push_bind(entry.side.as_str()).push_bind(entry.action.as_str());
            values.push_bind(entry.record.as_ref().map(|record| record.as_str()));
            values.push_bind(fields).push_bind(outcome);
        });
        insert.build().execute(&mut *db).await?;
    }
    Ok(())
}

async fn note_run(db: &mut SqliteConnection, tenant: &TenantId, run: &Run) -> Result<(), Failure> {
    let note = "INSERT INTO run (tenant, id, kind, started_at, ended_at, state, counts) VALUES (?, ?, ?, ?, ?, ?, ?) \
                ON CONFLICT DO UPDATE SET kind = excluded.kind, started_at = excluded.started_at, ended_at = excluded.ended_at, \
                state = excluded.state, counts = excluded.counts";
    let note = sqlx::query(note).bind(tenant.as_str()).bind(Vec::from(run.id.to_bytes())).bind(run.kind.as_str());
    let note = note.bind(row::micros(run.started_at)).bind(run.ended_at.map(row::micros));
    note.bind(row::word(&run.state)?).bind(row::json(&run.counts)?).execute(db).await?;
    Ok(())
}

/// Deletes overwritten values whose time is up.
pub(super) async fn purge(db: &mut SqliteConnection, now: DateTime<Utc>) -> Result<u64, Failure> {
    sqlx::query("DELETE FROM delivery WHERE at <= ?").bind(row::micros(now - DELIVERIES_KEPT)).execute(&mut *db).await?;
    Ok(sqlx::query("DELETE FROM pre_image WHERE until <= ?").bind(row::micros(now)).execute(db).await?.rows_affected())
}
