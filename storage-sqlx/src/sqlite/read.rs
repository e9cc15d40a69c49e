//! The reading half.

use async_trait::async_trait;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite};
use sync_core::{
    Head, Kind, Link, LinkId, LinkQuery, MappingReader, OperationEntry, PreImage, Result, Review, ReviewQuery, Run, Side, TenantId,
};

use super::{SqliteStore, reviews};
use crate::error::Failure;
use crate::row;

/// A page of heads comes as one text: a row of its own costs several times what is in it.
const HEADS: &str = "SELECT group_concat(head) FROM (SELECT head FROM link INDEXED BY link_head \
                     WHERE tenant = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?)";
const LINKS: &str = "SELECT kind, version, head, token, salt, body FROM link ";

#[async_trait]
impl MappingReader for SqliteStore {
    async fn heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>> {
        self.read_heads(tenant, kind, after, limit).await.map_err(|failure| self.fail(failure))
    }

    async fn links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>> {
        self.read_links(tenant, query).await.map_err(|failure| self.fail(failure))
    }

    async fn reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>> {
        self.read_reviews(tenant, query).await.map_err(|failure| self.fail(failure))
    }

    async fn runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>> {
        self.read_runs(tenant, kind, limit).await.map_err(|failure| self.fail(failure))
    }

    async fn operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>> {
        self.read_operations(tenant, link).await.map_err(|failure| self.fail(failure))
    }

    async fn pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>> {
        self.read_pre_images(tenant, link).await.map_err(|failure| self.fail(failure))
    }
}

impl SqliteStore {
    async fn read_heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>, Failure> {
        // Nothing sorts before the empty blob, and every id sorts after it.
        let after = after.map_or_else(Vec::new, |after| after.to_bytes().to_vec());
        let query = sqlx::query_scalar(HEADS).bind(tenant.as_str()).bind(kind.as_str()).bind(after).bind(row::limited(limit));
        let page: Option<String> = query.fetch_one(&self.readers).await?;
        let mut heads = row::heads(&page.unwrap_or_default())?;
        // They come in order, though SQL does not promise it to an aggregate; sorting what is sorted is free.
        heads.sort_by_key(|head| head.link);
        Ok(heads)
    }

    async fn read_links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>, Failure> {
        let Some(select) = select(tenant, query)? else { return Ok(Vec::new()) };
        select.fetch_all(&self.readers).await?.iter().map(row::link).collect()
    }

    async fn read_reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>, Failure> {
        let secrets = if query.values { self.shelf().known_secrets(tenant).await? } else { None };
        reviews::find(&self.readers, tenant, query, secrets.as_deref()).await
    }

    async fn read_runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>, Failure> {
        let select = "SELECT id, started_at, ended_at, state, counts FROM run WHERE tenant = ? AND kind = ? \
                      ORDER BY started_at DESC, id DESC LIMIT ?";
        let query = sqlx::query(select).bind(tenant.as_str()).bind(kind.as_str()).bind(row::limited(limit));
        query.fetch_all(&self.readers).await?.iter().map(|row| row::run(row, kind)).collect()
    }

    async fn read_operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>, Failure> {
        let select = "SELECT at, run, side, action, record, fields, outcome FROM operation WHERE tenant = ? AND link = ? ORDER BY seq";
        let query = sqlx::query(select).bind(tenant.as_str()).bind(Vec::from(link.to_bytes()));
        query.fetch_all(&self.readers).await?.iter().map(|row| row::operation(row, link)).collect()
    }

    async fn read_pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>, Failure> {
        let secrets = self.shelf().known_secrets(tenant).await?;
        reviews::pre_images(&self.readers, tenant, link, secrets.as_deref()).await
    }
}

type Select = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// The statement for a query; none where nothing is asked for. The indices are named, since a plan that
/// reads the whole table would be a hundred times slower, and nobody would see it in a test.
fn select(tenant: &TenantId, query: &LinkQuery) -> Result<Option<Select>, Failure> {
    const IDS: &str = "WHERE tenant = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2)) ORDER BY id";
    const LEFT: &str = "INDEXED BY link_left WHERE tenant = ?1 AND kind = ?3 AND left_id IN (SELECT value FROM json_each(?2)) ORDER BY id";
    const RIGHT: &str =
        "INDEXED BY link_right WHERE tenant = ?1 AND kind = ?3 AND right_id IN (SELECT value FROM json_each(?2)) ORDER BY id";
    const MARKS: &str = "WHERE tenant = ?1 AND id IN (SELECT mark.link FROM json_each(?2) AS wanted CROSS JOIN mark \
                         ON mark.tenant = ?1 AND mark.kind = ?3 AND mark.side = ?4 AND mark.scheme = wanted.value ->> 0 \
                         AND mark.digest = unhex(wanted.value ->> 1)) ORDER BY id";
    const TOKEN: &str = "WHERE tenant = ?1 AND id IN \
                         (SELECT id FROM link INDEXED BY link_intent WHERE tenant = ?1 AND intent = ?2 \
                         UNION SELECT id FROM link INDEXED BY link_token WHERE tenant = ?1 AND token = ?2) ORDER BY id";
    const INTENTS: &str = "INDEXED BY link_intent WHERE tenant = ?1 AND kind = ?2 AND intent IS NOT NULL ORDER BY id";
    let from = |rest: &str| sqlx::query(AssertSqlSafe(format!("{LINKS}{rest}"))).bind(tenant.as_str().to_owned());
    Ok(match query {
        LinkQuery::Ids(ids) if ids.is_empty() => None,
        LinkQuery::Ids(ids) => Some(from(IDS).bind(row::json(&ids.iter().map(|id| row::hex(id.to_bytes())).collect::<Vec<_>>())?)),
        LinkQuery::Ends { ids, .. } if ids.is_empty() => None,
        LinkQuery::Ends { kind, side, ids } => {
            let select = if *side == Side::Left { LEFT } else { RIGHT };
            Some(from(select).bind(row::json(ids)?).bind(kind.as_str().to_owned()))
        }
        LinkQuery::Marks { marks, .. } if marks.is_empty() => None,
        LinkQuery::Marks { kind, side, marks } => {
            let marks: Vec<_> = marks.iter().map(|mark| (&mark.scheme, mark.digest)).collect();
            Some(from(MARKS).bind(row::json(&marks)?).bind(kind.as_str().to_owned()).bind(side.as_str()))
        }
        LinkQuery::Token(token) => Some(from(TOKEN).bind(Vec::from(token.to_bytes()))),
        LinkQuery::OpenIntents(kind) => Some(from(INTENTS).bind(kind.as_str().to_owned())),
    })
}
