//! What the engine remembers, behind two traits: one that reads, and one that adds a single write.
//!
//! A plan holds the reading half only, so that a dry run cannot write. Every atomic step of the
//! engine is one [`Changes`] value, so that crash points are commits.

mod changes;
mod journal;
mod lease;
mod memory;

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;

pub use changes::{Changes, CommitError};
pub use journal::{Action, OperationEntry, Outcome, PreImage, Run, RunCounts, RunState};
pub use lease::{Fence, Held, Leases};
pub use memory::MemoryStore;

use crate::{Head, Kind, Link, LinkId, Mark, RecordId, Result, Review, ReviewId, Side, TenantId, Token};

/// Which links to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkQuery {
    /// By id.
    Ids(Vec<LinkId>),
    /// By the ids of their records on one side.
    Ends {
        /// The kind.
        kind: Kind,
        /// The side.
        side: Side,
        /// The records.
        ids: Vec<RecordId>,
    },
    /// Those whose record on one side bears any of these marks.
    Marks {
        /// The kind.
        kind: Kind,
        /// The side.
        side: Side,
        /// The marks.
        marks: BTreeSet<Mark>,
    },
    /// Those that a create with this token made, or is making.
    Token(Token),
    /// Those with an open create.
    OpenIntents(Kind),
}

/// Which review items to load. Empty: all open ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewQuery {
    /// Only this one.
    pub id: Option<ReviewId>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only about this link.
    pub link: Option<LinkId>,
    /// With the values; without, [`Review::values`] is empty, which is cheaper.
    pub values: bool,
}

/// The reading half of a store. Everything is of one tenant; nothing crosses.
#[async_trait]
pub trait MappingReader: Send + Sync + fmt::Debug {
    /// The heads of all links of a kind, in order of their ids, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>>;

    /// Whole links, in order of their ids. Unknown ones are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>>;

    /// Open review items, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read, or values cannot be unsealed.
    async fn reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>>;

    /// The last runs of a kind, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>>;

    /// What was done to a link, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>>;

    /// The values that were overwritten in a link's records and are still kept, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read, or values cannot be unsealed.
    async fn pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>>;
}

/// A store: the reading half, and one write.
///
/// # Contract
/// - [`commit`](Self::commit) is atomic: all of it happens, or nothing.
/// - A link's version is compared and set. Inserted links have version 0 and are stored as 1.
/// - (tenant, kind, side, id) is unique over links; a commit that would break this is `Stale`.
/// - With [`Changes::durable`] the commit survives a loss of power; without, a crash of the process.
/// - Values of review items and pre-images are sealed wherever they come to rest.
/// - A link committed as [`Erased`](crate::Standing::Erased) loses its pre-images and its review items' values.
/// - A link is in a commit at most once; the order of links within a commit does not matter.
/// - Times are kept to the microsecond.
#[async_trait]
pub trait MappingStore: MappingReader {
    /// Commits.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when a version has moved or an id is taken, [`CommitError::Fenced`] when the
    /// lease is lost, and [`CommitError::Failed`] when the store fails. Nothing was written in each case, except that a connection to
    /// a server may be lost after it had committed: whoever goes on after `Failed` reads first.
    async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), CommitError>;
}
