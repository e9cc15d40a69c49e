//! One atomic step.

use crate::{Error, ErrorKind, Fence, HintKey, Link, LinkId, OperationEntry, PreImage, Review, ReviewId, Run, Urgency};

/// Everything that one step of the engine changes in the store.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The lease under which this is done; a commit under a lost one is refused.
    pub fence: Option<Fence>,
    /// Links to insert (version 0) or to replace (with the version that was read).
    pub links: Vec<Link>,
    /// Links to delete, with the version that was read: half links that were joined into another.
    pub removed: Vec<(LinkId, u64)>,
    /// Review items to open; an item with the same id is replaced, except for when it was opened.
    pub opened: Vec<Review>,
    /// Review items to close.
    pub closed: Vec<ReviewId>,
    /// What was done.
    pub operations: Vec<OperationEntry>,
    /// Values that were overwritten.
    pub pre_images: Vec<PreImage>,
    /// A run that began, went on or ended.
    pub run: Option<Run>,
    /// Hints for records that may go on now.
    pub woken: Vec<(HintKey, Urgency)>,
    /// Whether this must survive a loss of power: intents must, outcomes can be found again.
    pub durable: bool,
}

impl Changes {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
            && self.removed.is_empty()
            && self.opened.is_empty()
            && self.closed.is_empty()
            && self.operations.is_empty()
            && self.pre_images.is_empty()
            && self.run.is_none()
            && self.woken.is_empty()
    }

    /// Adds another step's changes to this one.
    pub fn merge(&mut self, other: Self) {
        self.links.extend(other.links);
        self.removed.extend(other.removed);
        self.opened.extend(other.opened);
        self.closed.extend(other.closed);
        self.operations.extend(other.operations);
        self.pre_images.extend(other.pre_images);
        self.woken.extend(other.woken);
        self.run = other.run.or(self.run.take());
        self.fence = other.fence.or(self.fence);
        self.durable |= other.durable;
    }
}

/// Why a commit did not happen. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A link has moved on since it was read; decide anew.
    #[error("the link was changed by somebody else in the meantime")]
    Stale,
    /// The lease is lost: somebody else works on this tenant now.
    #[error("the lease on this tenant is lost")]
    Fenced,
    /// The store failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Failed(error) => error,
            CommitError::Stale => Self::temporary(ErrorKind::Store, "a link was changed in the meantime; the next run decides anew"),
            CommitError::Fenced => Self::temporary(ErrorKind::Lease, "another process took over this tenant; this one stops"),
        }
    }
}
