//! What happened since the start, in figures without names.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sync_core::Kind;

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Its record will be looked at.
    Taken,
    /// It shows what is settled already, such as our own write.
    Echo,
    /// It came before.
    Duplicate,
    /// It is about something that is not synced.
    Other,
    /// It is about another location, or another app.
    Unroutable,
    /// Its signature is missing or wrong, or it cannot be read.
    Refused,
    /// It could not be kept; GHL sends it again.
    Failed,
}

impl Received {
    pub(crate) const ALL: [(Self, &'static str); 7] = [
        (Self::Taken, "taken"),
        (Self::Echo, "echo"),
        (Self::Duplicate, "duplicate"),
        (Self::Other, "other"),
        (Self::Unroutable, "unroutable"),
        (Self::Refused, "refused"),
        (Self::Failed, "failed"),
    ];
}

/// What happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    webhooks: [AtomicU64; Received::ALL.len()],
    failures: AtomicU64,
    succeeded: Mutex<BTreeMap<Kind, DateTime<Utc>>>,
    open_reviews: AtomicU64,
    lag_seconds: AtomicU64,
    held: Mutex<Option<DateTime<Utc>>>,
}

impl Stats {
    /// Notes how long after its event a webhook came.
    pub(crate) fn came(&self, event: DateTime<Utc>, now: DateTime<Utc>) {
        self.lag_seconds.store((now - event).num_seconds().max(0).cast_unsigned(), Ordering::Relaxed);
    }

    pub(crate) fn lag(&self) -> u64 {
        self.lag_seconds.load(Ordering::Relaxed)
    }

    pub(crate) fn webhook(&self, received: Received) {
        self.webhooks[received as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn webhooks(&self, received: Received) -> u64 {
        self.webhooks[received as usize].load(Ordering::Relaxed)
    }

    /// Notes that a sync of a kind succeeded.
    pub(crate) fn succeeded(&self, kind: &Kind, at: DateTime<Utc>) {
        self.failures.store(0, Ordering::Relaxed);
        self.succeeded.lock().unwrap_or_else(PoisonError::into_inner).insert(kind.clone(), at);
    }

    /// Notes that both systems could be worked with.
    pub(crate) fn reached(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Notes that a sync failed; says how many did in a row.
    pub(crate) fn failed(&self) -> u64 {
        self.failures.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(crate) fn last_successes(&self) -> BTreeMap<Kind, DateTime<Utc>> {
        self.succeeded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes until when syncs are held back; says whether that is new.
    pub(crate) fn held(&self, until: DateTime<Utc>) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = held.is_none_or(|before| before < until);
        *held = held.max(Some(until));
        is_new
    }

    /// Notes how many questions are open; says how many more than before.
    pub(crate) fn reviews(&self, open: usize) -> u64 {
        let open = open as u64;
        open.saturating_sub(self.open_reviews.swap(open, Ordering::Relaxed))
    }

    pub(crate) fn open_reviews(&self) -> u64 {
        self.open_reviews.load(Ordering::Relaxed)
    }
}
