//! "Look at this record": the inbox of the engine.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Kind, RecordId, Result, Side, TenantId};

/// What to look at. A hint never carries truth: the record is read, and reconciled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HintKey {
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub kind: Kind,
    /// Where.
    pub side: Side,
    /// Which.
    pub id: RecordId,
}

/// How urgent a hint is. Live hints go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Somebody changed the record just now.
    Live,
    /// A sweep or a woken dependant found it.
    Backfill,
}

/// A hint that was taken to be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What to look at.
    pub key: HintKey,
    /// How urgent it is.
    pub urgency: Urgency,
    /// How often it has been tried before.
    pub attempts: u32,
    /// Rises with every hint for the record; a later one makes it run once more.
    pub generation: u64,
}

/// What became of a taken hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// Reconciled.
    Done,
    /// To be tried again.
    Retry {
        /// When.
        due: DateTime<Utc>,
    },
    /// Nothing failed, but there is something to wait for; no attempt counts.
    Wait {
        /// Until when.
        due: DateTime<Utc>,
    },
    /// Given up; kept for `replay`. If a hint came in meanwhile, the record is due once more.
    Dead {
        /// Why, without values.
        reason: String,
    },
}

/// How long an inbox remembers a delivery.
pub const DELIVERIES_KEPT: chrono::Duration = chrono::Duration::days(7);

/// The inbox. It holds ids only.
///
/// # Contract
/// - [`push`](Self::push) is durable when it returns, and coalesces: one row per key.
/// - A hint pushed while its record is being worked on makes the record due again when it is handled as
///   `Done`; attempts and a stored delay are not reset by it.
/// - [`take`](Self::take) yields due hints, live ones first, oldest first. A taken hint is invisible until it
///   is handled or `until` has passed; then it counts as one more attempt.
#[async_trait]
pub trait HintQueue: Send + Sync {
    /// Adds hints.
    ///
    /// # Errors
    /// When the inbox cannot persist them; then none was added.
    async fn push(&self, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<()>;

    /// Adds the hints of a delivery, all of one tenant, unless one with this id was received within [`DELIVERIES_KEPT`]; says
    /// whether it did.
    ///
    /// # Errors
    /// When the inbox cannot persist them; then none was added, and the delivery counts as not received.
    async fn receive(&self, tenant: &TenantId, delivery: &str, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<bool>;

    /// Takes up to `limit` due hints of a tenant, until a moment at which they come back by themselves.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    async fn take(&self, tenant: &TenantId, limit: usize, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Taken>>;

    /// Says what became of a taken hint.
    ///
    /// # Errors
    /// When it cannot be recorded; the hint comes back by itself.
    async fn handled(&self, taken: &Taken, outcome: Handled) -> Result<()>;

    /// Gives back a tenant's hints that were taken and not handled; says how many. If it is only one, it has used up an attempt: of
    /// several, nobody knows which one was worked on. Only for who holds the tenant's lease: then nobody else works on them.
    ///
    /// # Errors
    /// When the inbox cannot be written.
    async fn reclaim(&self, tenant: &TenantId) -> Result<usize>;

    /// Makes a tenant's dead hints due again; says how many.
    ///
    /// # Errors
    /// When the inbox cannot be written.
    async fn replay(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<usize>;

    /// Drops the hints of a kind and side of which none came in at or after `before`: a sweep has looked at everything since.
    /// What is being worked on stays, and so do dead hints. Says how many were dropped.
    ///
    /// # Errors
    /// When the inbox cannot be written.
    async fn forget(&self, tenant: &TenantId, kind: &Kind, side: Side, before: DateTime<Utc>) -> Result<usize>;

    /// How many hints wait, and how many are dead.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    async fn depth(&self, tenant: &TenantId) -> Result<Depth>;
}

/// How full an inbox is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Hints that wait or are being worked on.
    pub waiting: usize,
    /// Hints that were given up.
    pub dead: usize,
    /// Since when the one that waits longest has been due.
    pub oldest: Option<DateTime<Utc>>,
}
