//! The one write: a step of the engine, in one transaction.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, PgPool, Postgres};
use sync_core::{Changes, CommitError, DELIVERIES_KEPT, Link, LinkId, MappingStore, OperationEntry, Run, Standing, TenantId};

use super::{PostgresStore, hints, in_time, leases, reviews};
use crate::error::{Failure, is_taken};
use crate::row::{self, LinkRow, OperationRow, RunRow};
use crate::vault::TenantSecrets;

/// Why a commit is refused, before it is told which database.
enum Refused {
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
impl MappingStore for PostgresStore {
    async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), CommitError> {
        in_time(self.try_commit(tenant, &changes)).await.map_err(|refused| match refused {
            Refused::Stale => CommitError::Stale,
            Refused::Fenced => CommitError::Fenced,
            Refused::Failed(failure) => CommitError::Failed(self.fail(failure)),
        })
    }
}

impl PostgresStore {
    async fn try_commit(&self, tenant: &TenantId, changes: &Changes) -> Result<(), Refused> {
        // The key is made in a commit of its own: this one may turn out stale.
        let seals = !changes.pre_images.is_empty() || changes.opened.iter().any(|review| !review.values.0.is_empty());
        let secrets = if seals { Some(self.shelf().secrets(tenant).await?) } else { None };
        let tenants = changes.woken.iter().map(|(key, _)| &key.tenant).chain([tenant]);
        let mut turn = self.writer.turn(changes.durable, tenants).await?;
        apply(&mut turn, tenant, changes, secrets.as_deref()).await?;
        Ok(turn.commit().await?)
    }

    /// Makes a durable change of one statement in a tenant's turn; says how many rows it had.
    pub(super) async fn change(&self, tenant: &TenantId, change: Query<'_, Postgres, PgArguments>) -> Result<u64, Failure> {
        let mut turn = self.writer.turn(true, [tenant]).await?;
        let rows = change.execute(&mut *turn).await?.rows_affected();
        turn.commit().await?;
        Ok(rows)
    }
}

async fn apply(db: &mut PgConnection, tenant: &TenantId, changes: &Changes, secrets: Option<&TenantSecrets>) -> Result<(), Refused> {
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
async fn take(db: &mut PgConnection, tenant: &TenantId, changes: &Changes) -> Result<Vec<LinkId>, Refused> {
    let gone = row::taken_out(changes);
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let (ids, versions): (Vec<_>, Vec<_>) = gone.iter().map(|(id, version)| (Vec::from(id.to_bytes()), version.cast_signed())).unzip();
    let delete = "DELETE FROM clinic_sync.link AS link USING unnest($2::bytea[], $3::bigint[]) AS wanted (id, version) \
                  WHERE link.tenant = $1 AND link.id = wanted.id AND link.version = wanted.version";
    let deleted = sqlx::query(delete).bind(tenant.as_str()).bind(ids).bind(versions).execute(db).await?;
    if deleted.rows_affected() != gone.len() as u64 {
        return Err(Refused::Stale);
    }
    Ok(gone.into_iter().map(|(id, _)| id).collect())
}

/// One statement whatever the number of links: a column comes as one array.
async fn insert(db: &mut PgConnection, tenant: &TenantId, links: &[Link]) -> Result<(), Refused> {
    if links.is_empty() {
        return Ok(());
    }
    let rows = links.iter().map(LinkRow::next).collect::<Result<Vec<_>, _>>()?;
    let insert = "INSERT INTO clinic_sync.link (tenant, kind, id, version, head, left_id, right_id, intent, token, salt, body) \
                  SELECT $1, row.* FROM unnest($2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[], $7::text[], \
                  $8::bytea[], $9::bytea[], $10::bytea[], $11::text[]) AS row";
    let insert = sqlx::query(insert).bind(tenant.as_str()).bind(column(&rows, |row| row.kind)).bind(column(&rows, |row| &*row.id));
    let insert = insert.bind(column(&rows, |row| row.version)).bind(column(&rows, |row| &*row.head));
    let insert = insert.bind(column(&rows, |row| row.ends.left)).bind(column(&rows, |row| row.ends.right));
    let insert = insert.bind(column(&rows, |row| row.intent.as_deref())).bind(column(&rows, |row| row.token.as_deref()));
    let insert = insert.bind(column(&rows, |row| &*row.salt)).bind(column(&rows, |row| &*row.body));
    insert.execute(db).await.map(drop).map_err(|error| match is_taken(&error) {
        true => Refused::Stale,
        false => error.into(),
    })
}

/// One column of many rows.
pub(super) fn column<'r, R, T: 'r>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Brings the marks to what the links say. Marks that stay are not written: most commits change none.
async fn mark(db: &mut PgConnection, tenant: &TenantId, links: &[Link], gone: &[LinkId]) -> Result<(), Failure> {
    let marks: Vec<_> = row::marks(links).collect();
    let with_marks = |statement| {
        let query =
            sqlx::query(statement).bind(tenant.as_str()).bind(column(&marks, |mark| mark.kind)).bind(column(&marks, |mark| mark.side));
        let query = query.bind(column(&marks, |mark| mark.scheme)).bind(column(&marks, |mark| &mark.digest[..]));
        query.bind(column(&marks, |mark| &mark.link[..]))
    };
    if !gone.is_empty() {
        let delete = "DELETE FROM clinic_sync.mark WHERE tenant = $1 AND link = ANY($7) AND (kind, side, scheme, digest, link) NOT IN \
                      (SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[]))";
        with_marks(delete).bind(column(gone, |id| Vec::from(id.to_bytes()))).execute(&mut *db).await?;
    }
    if !marks.is_empty() {
        let insert = "INSERT INTO clinic_sync.mark (tenant, kind, side, scheme, digest, link) \
                      SELECT $1, row.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[]) AS row \
                      ON CONFLICT DO NOTHING";
        with_marks(insert).execute(db).await?;
    }
    Ok(())
}

/// Forgets what is readable about erased people: first the salt, without which all copies are noise.
async fn erase(db: &mut PgConnection, tenant: &TenantId, links: &[Link]) -> Result<(), Failure> {
    for link in links.iter().filter(|link| link.standing == Standing::Erased) {
        for statement in [
            "DELETE FROM clinic_sync.person_salt WHERE tenant = $1 AND link = $2",
            "DELETE FROM clinic_sync.pre_image WHERE tenant = $1 AND link = $2",
            "UPDATE clinic_sync.review SET sealed = NULL WHERE tenant = $1 AND link = $2",
        ] {
            sqlx::query(statement).bind(tenant.as_str()).bind(Vec::from(link.id.to_bytes())).execute(&mut *db).await?;
        }
    }
    Ok(())
}

async fn note(db: &mut PgConnection, tenant: &TenantId, operations: &[OperationEntry]) -> Result<(), Failure> {
    if operations.is_empty() {
        return Ok(());
    }
    let rows = operations.iter().map(OperationRow::of).collect::<Result<Vec<_>, _>>()?;
    // In their order, in which the sequence then counts them.
    let insert = "INSERT INTO clinic_sync.operation (tenant, link, at, run, side, action, record, fields, outcome) \
                  SELECT $1, link, at, run, side, action, record, fields, outcome FROM unnest($2::bytea[], $3::bigint[], $4::bytea[], \
                  $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) WITH ORDINALITY \
                  AS row (link, at, run, side, action, record, fields, outcome, place) ORDER BY place";
    let insert = sqlx::query(insert).bind(tenant.as_str()).bind(column(&rows, |row| &*row.link)).bind(column(&rows, |row| row.at));
    let insert = insert.bind(column(&rows, |row| row.run.as_deref())).bind(column(&rows, |row| row.side));
    let insert = insert.bind(column(&rows, |row| row.action)).bind(column(&rows, |row| row.record));
    insert.bind(column(&rows, |row| &*row.fields)).bind(column(&rows, |row| &*row.outcome)).execute(db).await?;
    Ok(())
}

async fn note_run(db: &mut PgConnection, tenant: &TenantId, run: &Run) -> Result<(), Failure> {
    let note = "INSERT INTO clinic_sync.run (tenant, id, kind, started_at, ended_at, state, counts) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                ON CONFLICT (tenant, id) DO UPDATE SET kind = excluded.kind, started_at = excluded.started_at, \
                ended_at = excluded.ended_at, state = excluded.state, counts = excluded.counts";
    let row = RunRow::of(run)?;
    let note = sqlx::query(note).bind(tenant.as_str()).bind(row.id).bind(row.kind).bind(row.started_at).bind(row.ended_at);
    note.bind(row.state).bind(row.counts).execute(db).await?;
    Ok(())
}

/// Deletes overwritten values whose time is up. What is deleted twice is deleted, so that no tenant's turn is needed.
pub(super) async fn purge(pool: &PgPool, now: DateTime<Utc>) -> Result<u64, Failure> {
    sqlx::query("DELETE FROM clinic_sync.delivery WHERE at <= $1").bind(row::micros(now - DELIVERIES_KEPT)).execute(pool).await?;
    Ok(sqlx::query("DELETE FROM clinic_sync.pre_image WHERE until <= $1").bind(row::micros(now)).execute(pool).await?.rows_affected())
}
