//! The tenants that share a database.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};
use sync_core::{Error, ErrorKind, Result, TenantId};

use super::PostgresStore;
use crate::error::Failure;
use crate::row;
use crate::store::Store;

/// The name of a tenant's settings among its secrets.
const SETTINGS: &str = "settings";

/// A tenant of a database that several share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Whether it is left alone for now.
    pub paused: bool,
    /// Whether its very first sync is allowed.
    pub first_sync: bool,
    /// Rises with every change of its settings.
    pub version: i64,
    /// When it was added.
    pub added_at: DateTime<Utc>,
}

const COLUMNS: &str = "tenant.tenant, paused, first_sync, version, added_at";

/// All tables with rows of tenants, but for their names and claims.
const TABLES: [&str; 12] =
    ["link", "mark", "review", "run", "operation", "pre_image", "hint", "delivery", "lease", "person_salt", "secret", "tenant_key"];

impl PostgresStore {
    /// All tenants, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let all = AssertSqlSafe(format!("SELECT {COLUMNS} FROM clinic_sync.tenant ORDER BY tenant"));
        self.ask(async { sqlx::query(all).fetch_all(&self.pool).await?.iter().map(tenant).collect() }).await
    }

    /// The tenant of this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>> {
        let one = AssertSqlSafe(format!("SELECT {COLUMNS} FROM clinic_sync.tenant WHERE tenant = $1"));
        let one = sqlx::query(one).bind(id.as_str());
        self.ask(async { one.fetch_optional(&self.pool).await?.as_ref().map(tenant).transpose() }).await
    }

    /// The tenant that has claimed this.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tenant_with(&self, claim: &str) -> Result<Option<Tenant>> {
        let one = AssertSqlSafe(format!("SELECT {COLUMNS} FROM clinic_sync.tenant JOIN clinic_sync.claim USING (tenant) WHERE claim = $1"));
        let one = sqlx::query(one).bind(claim);
        self.ask(async { one.fetch_optional(&self.pool).await?.as_ref().map(tenant).transpose() }).await
    }

    /// The tenants with a hint that is due and that nobody works on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tenants_due(&self, now: DateTime<Utc>) -> Result<BTreeSet<TenantId>> {
        let due =
            "SELECT DISTINCT tenant FROM clinic_sync.hint WHERE NOT dead AND due <= $1 AND (taken_until IS NULL OR taken_until <= $1)";
        let due = sqlx::query_scalar::<_, String>(due).bind(row::micros(now));
        self.ask(async { Ok(due.fetch_all(&self.pool).await?.into_iter().map(TenantId::new).collect()) }).await
    }

    /// Adds a tenant, or gives one other settings, which are sealed. What it claims nobody else can have.
    ///
    /// # Errors
    /// When another tenant has claimed the same (nothing was changed then), or the store cannot be written.
    pub async fn put_tenant(
        &self,
        id: &TenantId,
        claims: &[String],
        settings: &SecretString,
        first_sync: bool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        for claim in claims {
            if let Some(other) = self.tenant_with(claim).await?.filter(|other| other.id != *id) {
                return Err(taken(&other.id));
            }
        }
        // The settings first: a tenant that is there has some. Those that nobody refers to are overwritten by the next try.
        self.vault().put(id, SETTINGS, settings).await?;
        self.ask(async {
            let mut turn = self.writer.turn(true, [id]).await?;
            let put = "INSERT INTO clinic_sync.tenant AS old (tenant, first_sync, added_at) VALUES ($1, $2, $3) \
                       ON CONFLICT (tenant) DO UPDATE SET version = old.version + 1, first_sync = old.first_sync OR excluded.first_sync";
            sqlx::query(put).bind(id.as_str()).bind(first_sync).bind(row::micros(now)).execute(&mut *turn).await?;
            sqlx::query("DELETE FROM clinic_sync.claim WHERE tenant = $1").bind(id.as_str()).execute(&mut *turn).await?;
            // Of two at once that claim the same, the index lets one through.
            let claim = "INSERT INTO clinic_sync.claim (claim, tenant) SELECT claim, $2 FROM unnest($1::text[]) AS claim";
            sqlx::query(claim).bind(claims).bind(id.as_str()).execute(&mut *turn).await?;
            Ok(turn.commit().await?)
        })
        .await
    }

    /// A tenant's settings.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn settings_of(&self, id: &TenantId) -> Result<Option<SecretString>> {
        self.vault().get(id, SETTINGS).await
    }

    /// Leaves a tenant alone, or works for it again; says whether there is such a tenant.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn pause_tenant(&self, id: &TenantId, paused: bool) -> Result<bool> {
        let pause = "UPDATE clinic_sync.tenant SET paused = $2, version = version + 1 WHERE tenant = $1";
        let pause = sqlx::query(pause).bind(id.as_str()).bind(paused);
        self.ask(async { Ok(self.change(id, pause).await? > 0) }).await
    }

    /// Deletes a tenant and everything that is kept for it, its keys too; says whether there was anything. Only for who holds the
    /// tenant's lease, which ends with it.
    ///
    /// # Errors
    /// When the store cannot be written. Nothing was deleted then.
    pub async fn remove_tenant(&self, id: &TenantId) -> Result<bool> {
        self.ask(async {
            let mut turn = self.writer.turn(true, [id]).await?;
            let mut rows = 0;
            for table in TABLES.into_iter().chain(["tenant"]) {
                let delete = sqlx::query(AssertSqlSafe(format!("DELETE FROM clinic_sync.{table} WHERE tenant = $1"))).bind(id.as_str());
                rows += delete.execute(&mut *turn).await?.rows_affected();
            }
            turn.commit().await?;
            Ok(rows > 0)
        })
        .await
    }
}

fn tenant(row: &PgRow) -> Result<Tenant, Failure> {
    Ok(Tenant {
        id: TenantId::new(row.try_get::<String, _>(0)?),
        paused: row.try_get(1)?,
        first_sync: row.try_get(2)?,
        version: row.try_get(3)?,
        added_at: row::time(row.try_get(4)?)?,
    })
}

fn taken(other: &TenantId) -> Error {
    let message = format!("the tenant {other} has the same account already; one account cannot be in two tenants");
    Error::permanent(ErrorKind::Configuration, message)
}
