//! Review items and overwritten values: what is sealed to a person.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, SqlitePool};
use sync_core::{LinkId, PreImage, Result, Review, ReviewId, ReviewQuery, Sides, TenantId, Values};

use crate::error::Failure;
use crate::row;
use crate::vault::TenantSecrets;

/// The salts of the people about whom something is sealed. Items about no link share one.
async fn salt(db: &mut SqliteConnection, tenant: &TenantId, link: Option<LinkId>) -> Result<Vec<u8>, Failure> {
    let mut fresh = vec![0; 16];
    aws_lc_rs::rand::fill(&mut fresh).map_err(|_| Failure::Crypto)?;
    // Setting it to itself makes RETURNING give the salt that was there.
    let insert = "INSERT INTO person_salt (tenant, link, salt) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET salt = salt RETURNING salt";
    Ok(sqlx::query_scalar(insert).bind(tenant.as_str()).bind(person(link)).bind(fresh).fetch_one(db).await?)
}

fn person(link: Option<LinkId>) -> Vec<u8> {
    link.map_or_else(Vec::new, |link| link.to_bytes().to_vec())
}

/// Closes items.
pub(super) async fn close(db: &mut SqliteConnection, tenant: &TenantId, closed: &[ReviewId]) -> Result<(), Failure> {
    if closed.is_empty() {
        return Ok(());
    }
    let closed: Vec<_> = closed.iter().map(|id| row::hex(id.to_bytes())).collect();
    let delete = "DELETE FROM review WHERE tenant = ? AND id IN (SELECT unhex(value) FROM json_each(?))";
    sqlx::query(delete).bind(tenant.as_str()).bind(row::json(&closed)?).execute(db).await?;
    Ok(())
}

/// Opens items, or replaces them in all but the time they were opened.
pub(super) async fn open(
    db: &mut SqliteConnection,
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
        let open = "INSERT INTO review (tenant, id, kind, link, left_record, right_record, reason, shown, opened_at, decision, sealed) \
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind, link = excluded.link, \
                    left_record = excluded.left_record, right_record = excluded.right_record, reason = excluded.reason, \
                    shown = excluded.shown, decision = excluded.decision, sealed = excluded.sealed";
        let record = |record: &Option<sync_core::RecordId>| record.as_ref().map(|record| record.as_str().to_owned());
        let open = sqlx::query(open).bind(tenant.as_str()).bind(Vec::from(review.id.to_bytes())).bind(review.kind.as_str());
        let open = open.bind(review.link.map(|link| Vec::from(link.to_bytes())));
        let open = open.bind(record(&review.records.left)).bind(record(&review.records.right));
        let open = open.bind(row::json(&review.reason)?).bind(row::json(&review.shown)?).bind(row::micros(review.opened_at));
        let decision = review.decision.as_ref().map(row::json).transpose()?;
        open.bind(decision).bind(sealed).execute(&mut *db).await?;
    }
    Ok(())
}

/// Keeps overwritten values.
pub(super) async fn keep(
    db: &mut SqliteConnection,
    tenant: &TenantId,
    images: &[PreImage],
    secrets: Option<&TenantSecrets>,
) -> Result<(), Failure> {
    for image in images {
        let sealed = match (secrets, &image.value) {
            (Some(secrets), Some(_)) => secrets.seal_pre_image(&salt(db, tenant, Some(image.link)).await?, image)?,
            _ => None,
        };
        let keep = "INSERT INTO pre_image (tenant, link, side, record, field, sealed, at, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let keep = sqlx::query(keep).bind(tenant.as_str()).bind(Vec::from(image.link.to_bytes())).bind(image.side.as_str());
        let keep = keep.bind(image.record.as_str()).bind(image.field.as_str()).bind(sealed);
        keep.bind(row::micros(image.at)).bind(row::micros(image.until)).execute(&mut *db).await?;
    }
    Ok(())
}

/// Open items, and their sealed values where they were asked for.
pub(super) async fn find(
    readers: &SqlitePool,
    tenant: &TenantId,
    query: &ReviewQuery,
    secrets: Option<&TenantSecrets>,
) -> Result<Vec<Review>, Failure> {
    let mut select = QueryBuilder::<Sqlite>::new(
        "SELECT id, kind, link, left_record, right_record, reason, shown, opened_at, decision, sealed, \
         (SELECT salt FROM person_salt WHERE tenant = review.tenant AND link = ifnull(review.link, x'')) FROM review WHERE tenant = ",
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
    let rows = select.push(" ORDER BY opened_at, id").build().fetch_all(readers).await?;
    rows.iter().map(|row| review(row, secrets.filter(|_| query.values))).collect()
}

fn review(row: &SqliteRow, secrets: Option<&TenantSecrets>) -> Result<Review, Failure> {
    let id = ReviewId::from_bytes(row::sixteen(row.try_get(0)?)?);
    let link: Option<&[u8]> = row.try_get(2)?;
    let record = |index| row.try_get::<Option<&str>, usize>(index).map(|record| record.map(Into::into));
    let decision: Option<&str> = row.try_get(8)?;
    let values = match (secrets, row.try_get::<Option<&[u8]>, _>(9)?) {
        (Some(secrets), Some(sealed)) => {
            let salt: Option<&[u8]> = row.try_get(10)?;
            secrets.open_values(salt.ok_or(Failure::Sealed)?, id, sealed)?
        }
        _ => Values::default(),
    };
    Ok(Review {
        id,
        kind: row.try_get::<&str, _>(1)?.into(),
        link: link.map(row::sixteen).transpose()?.map(LinkId::from_bytes),
        records: Sides::new(record(3)?, record(4)?),
        reason: row::from_json(row.try_get(5)?)?,
        values,
        shown: row::from_json(row.try_get(6)?)?,
        opened_at: row::time(row.try_get(7)?)?,
        decision: decision.map(row::from_json).transpose()?,
    })
}

/// The overwritten values that are kept, in the order they came in.
pub(super) async fn pre_images(
    readers: &SqlitePool,
    tenant: &TenantId,
    link: LinkId,
    secrets: Option<&TenantSecrets>,
) -> Result<Vec<PreImage>, Failure> {
    let select = "SELECT side, record, field, at, until, sealed, \
                  (SELECT salt FROM person_salt WHERE tenant = ?1 AND link = ?2) FROM pre_image WHERE tenant = ?1 AND link = ?2 ORDER BY seq";
    let rows = sqlx::query(select).bind(tenant.as_str()).bind(Vec::from(link.to_bytes())).fetch_all(readers).await?;
    rows.iter().map(|row| pre_image(row, link, secrets)).collect()
}

fn pre_image(row: &SqliteRow, link: LinkId, secrets: Option<&TenantSecrets>) -> Result<PreImage, Failure> {
    let mut image = PreImage {
        link,
        side: row::from_word(row.try_get(0)?)?,
        record: row.try_get::<&str, _>(1)?.into(),
        field: row.try_get::<&str, _>(2)?.into(),
        value: None,
        at: row::time(row.try_get(3)?)?,
        until: row::time(row.try_get(4)?)?,
    };
    if let Some(sealed) = row.try_get::<Option<&[u8]>, _>(5)? {
        let salt: Option<&[u8]> = row.try_get(6)?;
        let (secrets, salt) = secrets.zip(salt).ok_or(Failure::Sealed)?;
        image.value = Some(secrets.open_pre_image(salt, &image, sealed)?);
    }
    Ok(image)
}
