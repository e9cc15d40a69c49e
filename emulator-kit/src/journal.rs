//! What was asked of the emulator, and what it answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it arrived, on the emulator's clock.
    pub at: DateTime<Utc>,
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query as sent, without the question mark.
    pub query: String,
    /// The headers as sent.
    pub headers: HeaderMap,
    /// The body as sent.
    pub body: Bytes,
    /// What the vendor's own logic answered; `None` while it works, or if a fault kept the request from it.
    pub status: Option<StatusCode>,
    /// The name of the fault that struck, if one did.
    pub fault: Option<&'static str>,
}

impl Entry {
    /// Whether the vendor's logic saw this request and answered with success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.is_success())
    }
}

/// The requests in order of arrival. Clones share one journal.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Journal {
    /// All entries so far.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// How many requests arrived so far; a mark to pass to [`Journal::since`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing has arrived yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The entries that arrived after the first `mark`.
    #[must_use]
    pub fn since(&self, mark: usize) -> Vec<Entry> {
        self.lock().iter().skip(mark).cloned().collect()
    }

    pub(crate) fn open(&self, entry: Entry) -> usize {
        let mut entries = self.lock();
        entries.push(entry);
        entries.len() - 1
    }

    pub(crate) fn answered(&self, index: usize, status: StatusCode) {
        if let Some(entry) = self.lock().get_mut(index) {
            entry.status = Some(status);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
