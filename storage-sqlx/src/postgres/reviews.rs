//! Review items and overwritten values: what is sealed to a person.

use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};
use sync_core::{LinkId, PreImage, Result, Review, ReviewId, ReviewQuery, TenantId};

use crate::error::Failure;
use crate::row::{self, PreImageRow, ReviewRow};
use crate::vault::{TenantSecrets, fresh_salt};

/// The salts of the people about whom something is sealed. Items about no link share one.
async fn salt(db: &mut PgConnection, tenant: &TenantId, link: Option<LinkId>) -> Result<Vec<u8>, Failure> {
    // Setting it to itself makes RETURNING give the salt that was there.
    let insert = "INSERT INTO clinic_sync.person_salt AS old (tenant, link, salt) VALUES ($1, $2, $3) \
                  ON CONFLICT (tenant, link) DO UPDATE SET salt = old.salt RETURNING salt";
    Ok(sqlx::query_scalar(insert).bind(tenant.as_str()).bind(row::person(link)).bind(fresh_salt()?).fetch_one(db).await?)
}

/// Closes items.
pub(super) async fn close(db: &mut PgConnection, tenant: &TenantId, closed: &[ReviewId]) -> Result<(), Failure> {
    if closed.is_empty() {
        return Ok(());
    }
    let closed: Vec<_> = closed.iter().map(|id| Vec::from(id.to_bytes())).collect();
    let delete = "DELETE FROM clinic_sync.review WHERE tenant = $1 AND id = ANY($2)";
    sqlx::query(delete).bind(tenant.as_str()).bind(closed).execute(db).await?;
    Ok(())
}

/// Opens items, or replaces them in all but the time they were opened.
pub(super) async fn open(
    db: &mut PgConnection,
    tenant: &TenantId,
    opened: &[Review],
    secrets: Option<&TenantSecrets>,
) -> Result<(), Failure> {
    for review in opened {
        let sealed = match secrets {
            Some(secrets) if !review.values.0.is_empty() => {
                secrets.seal_values(&salt(db, tenant, review.link).await?, review.id, &review.values)?
            }
            _ => None,
        };
        let open = "INSERT INTO clinic_sync.review \
                    (tenant, id, kind, link, left_record, right_record, reason, shown, opened_at, decision, sealed) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (tenant, id) DO UPDATE SET \
                    kind = excluded.kind, link = excluded.link, \
                    left_record = excluded.left_record, right_record = excluded.right_record, reason = excluded.reason, \
                    shown = excluded.shown, decision = excluded.decision, sealed = excluded.sealed";
        let row = ReviewRow::of(review)?;
        let open = sqlx::query(open).bind(tenant.as_str()).bind(row.id).bind(row.kind).bind(row.link);
        let open = open.bind(row.records.left).bind(row.records.right).bind(row.reason).bind(row.shown).bind(row.opened_at);
        open.bind(row.decision).bind(sealed).execute(&mut *db).await?;
    }
    Ok(())
}

/// Keeps overwritten values.
pub(super) async fn keep(
    db: &mut PgConnection,
    tenant: &TenantId,
    images: &[PreImage],
    secrets: Option<&TenantSecrets>,
) -> Result<(), Failure> {
    for image in images {
        let sealed = match (secrets, &image.value) {
            (Some(secrets), Some(_)) => secrets.seal_pre_image(&salt(db, tenant, Some(image.link)).await?, image)?,
            _ => None,
        };
        let keep = "INSERT INTO clinic_sync.pre_image (tenant, link, side, record, field, sealed, at, until) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let row = PreImageRow::of(image);
        let keep = sqlx::query(keep).bind(tenant.as_str()).bind(row.link).bind(row.side).bind(row.record).bind(row.field);
        keep.bind(sealed).bind(row.at).bind(row.until).execute(&mut *db).await?;
    }
    Ok(())
}

/// Open items, and their sealed values where they were asked for.
pub(super) async fn find(
    pool: &PgPool,
    tenant: &TenantId,
    query: &ReviewQuery,
    secrets: Option<&TenantSecrets>,
) -> Result<Vec<Review>, Failure> {
    let mut select = QueryBuilder::<Postgres>::new(
        "SELECT id, kind, link, left_record, right_record, reason, shown, opened_at, decision, sealed, \
         (SELECT salt FROM clinic_sync.person_salt AS person WHERE person.tenant = review.tenant \
          AND person.link = coalesce(review.link, ''::bytea)) FROM clinic_sync.review AS review WHERE tenant = ",
    );
    select.push_bind(tenant.as_str());
    if let Some(id) = query.id {
        select.push(" AND id = ").push_bind(id.to_bytes().to_vec());
    }
    if let Some(kind) = &query.kind {
        select.push(" AND kind = ").push_bind(kind.as_str());
    }
    if let Some(link) = query.link {
        select.push(" AND link = ").push_bind(link.to_bytes().to_vec());
    }
    let rows = select.push(" ORDER BY opened_at, id").build().fetch_all(pool).await?;
    rows.iter().map(|row| row::review(row, secrets.filter(|_| query.values))).collect()
}

/// The overwritten values that are kept, in the order they came in.
pub(super) async fn pre_images(
    pool: &PgPool,
    tenant: &TenantId,
    link: LinkId,
    secrets: Option<&TenantSecrets>,
) -> Result<Vec<PreImage>, Failure> {
    let select = "SELECT side, record, field, at, until, sealed, \
                  (SELECT salt FROM clinic_sync.person_salt WHERE tenant = $1 AND link = $2) \
                  FROM clinic_sync.pre_image WHERE tenant = $1 AND link = $2 ORDER BY seq";
    let rows = sqlx::query(select).bind(tenant.as_str()).bind(Vec::from(link.to_bytes())).fetch_all(pool).await?;
    rows.iter().map(|row| row::pre_image(row, link, secrets)).collect()
}
