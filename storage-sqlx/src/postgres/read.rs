//! The reading half.

use async_trait::async_trait;
use sqlx::postgres::PgArguments;
use sqlx::{AssertSqlSafe, Postgres};
use sync_core::{
    Head, Kind, Link, LinkId, LinkQuery, MappingReader, OperationEntry, PreImage, Result, Review, ReviewQuery, Run, Side, TenantId,
};

use super::{PostgresStore, reviews};
use crate::row;

/// A page of heads comes as one text: a row of its own costs several times what is in it.
const HEADS: &str = "SELECT string_agg(head, ',' ORDER BY id) FROM (SELECT head, id FROM clinic_sync.link \
                     WHERE tenant = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4) AS page";
const LINKS: &str = "SELECT kind, version, head, token, salt, body FROM clinic_sync.link ";

#[async_trait]
impl MappingReader for PostgresStore {
    async fn heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>> {
        // Nothing sorts before no bytes, and every id sorts after them.
        let after = after.map_or_else(Vec::new, |after| after.to_bytes().to_vec());
        let query = sqlx::query_scalar(HEADS).bind(tenant.as_str()).bind(kind.as_str()).bind(after).bind(row::limited(limit));
        self.ask(async {
            let page: Option<String> = query.fetch_one(&self.pool).await?;
            row::heads(&page.unwrap_or_default())
        })
        .await
    }

    async fn links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>> {
        let Some(select) = select(tenant, query) else { return Ok(Vec::new()) };
        self.ask(async { select.fetch_all(&self.pool).await?.iter().map(row::link).collect() }).await
    }

    async fn reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>> {
        self.ask(async {
            let secrets = if query.values { self.shelf().known_secrets(tenant).await? } else { None };
            reviews::find(&self.pool, tenant, query, secrets.as_deref()).await
        })
        .await
    }

    async fn runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>> {
        let select = "SELECT id, started_at, ended_at, state, counts FROM clinic_sync.run WHERE tenant = $1 AND kind = $2 \
                      ORDER BY started_at DESC, id DESC LIMIT $3";
        let query = sqlx::query(select).bind(tenant.as_str()).bind(kind.as_str()).bind(row::limited(limit));
        self.ask(async { query.fetch_all(&self.pool).await?.iter().map(|row| row::run(row, kind)).collect() }).await
    }

    async fn operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>> {
        let select = "SELECT at, run, side, action, record, fields, outcome FROM clinic_sync.operation \
                      WHERE tenant = $1 AND link = $2 ORDER BY seq";
        let query = sqlx::query(select).bind(tenant.as_str()).bind(Vec::from(link.to_bytes()));
        self.ask(async { query.fetch_all(&self.pool).await?.iter().map(|row| row::operation(row, link)).collect() }).await
    }

    async fn pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>> {
        self.ask(async {
            let secrets = self.shelf().known_secrets(tenant).await?;
            reviews::pre_images(&self.pool, tenant, link, secrets.as_deref()).await
        })
        .await
    }
}

type Select = sqlx::query::Query<'static, Postgres, PgArguments>;

/// The statement for a query; none where nothing is asked for.
fn select(tenant: &TenantId, query: &LinkQuery) -> Option<Select> {
    const IDS: &str = "WHERE tenant = $1 AND id = ANY($2) ORDER BY id";
    const LEFT: &str = "WHERE tenant = $1 AND kind = $2 AND left_id = ANY($3) ORDER BY id";
    const RIGHT: &str = "WHERE tenant = $1 AND kind = $2 AND right_id = ANY($3) ORDER BY id";
    const MARKS: &str = "WHERE tenant = $1 AND id IN (SELECT mark.link FROM clinic_sync.mark AS mark \
                         JOIN unnest($4::text[], $5::bytea[]) AS wanted (scheme, digest) \
                         ON mark.scheme = wanted.scheme AND mark.digest = wanted.digest \
                         WHERE mark.tenant = $1 AND mark.kind = $2 AND mark.side = $3) ORDER BY id";
    const TOKEN: &str = "WHERE tenant = $1 AND id IN (SELECT id FROM clinic_sync.link WHERE tenant = $1 AND intent = $2 \
                         UNION SELECT id FROM clinic_sync.link WHERE tenant = $1 AND token = $2) ORDER BY id";
    const INTENTS: &str = "WHERE tenant = $1 AND kind = $2 AND intent IS NOT NULL ORDER BY id";
    let from = |rest: &str| sqlx::query(AssertSqlSafe(format!("{LINKS}{rest}"))).bind(tenant.as_str().to_owned());
    Some(match query {
        LinkQuery::Ids(ids) if ids.is_empty() => return None,
        LinkQuery::Ids(ids) => from(IDS).bind(ids.iter().map(|id| Vec::from(id.to_bytes())).collect::<Vec<_>>()),
        LinkQuery::Ends { ids, .. } if ids.is_empty() => return None,
        LinkQuery::Ends { kind, side, ids } => {
            let select = if *side == Side::Left { LEFT } else { RIGHT };
            let ids: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
            from(select).bind(kind.as_str().to_owned()).bind(ids)
        }
        LinkQuery::Marks { marks, .. } if marks.is_empty() => return None,
        LinkQuery::Marks { kind, side, marks } => {
            let (schemes, digests): (Vec<String>, Vec<Vec<u8>>) =
                marks.iter().map(|mark| (mark.scheme.clone(), mark.digest.to_bytes().to_vec())).unzip();
            from(MARKS).bind(kind.as_str().to_owned()).bind(side.as_str()).bind(schemes).bind(digests)
        }
        LinkQuery::Token(token) => from(TOKEN).bind(Vec::from(token.to_bytes())),
        LinkQuery::OpenIntents(kind) => from(INTENTS).bind(kind.as_str().to_owned()),
    })
}
