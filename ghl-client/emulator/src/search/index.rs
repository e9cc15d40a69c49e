//! What the search can see.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::contact::Contact;

/// A copy of the contacts that follows the original after a lag: the search is eventually
/// consistent, and shows neither a new contact nor the end of a deleted one at once.
#[derive(Debug)]
pub(crate) struct Index {
    lag: Duration,
    visible: BTreeMap<String, Arc<Contact>>,
    pending: VecDeque<Pending>,
}

#[derive(Debug)]
struct Pending {
    at: DateTime<Utc>,
    id: String,
    contact: Option<Arc<Contact>>,
}

impl Index {
    pub(crate) fn new(lag: Duration) -> Self {
        Self { lag, visible: BTreeMap::new(), pending: VecDeque::new() }
    }

    /// Changes the lag; what is visible at this moment stays so.
    pub(crate) fn set_lag(&mut self, now: DateTime<Utc>, lag: Duration) {
        self.catch_up(now);
        self.lag = lag;
    }

    pub(crate) fn note(&mut self, at: DateTime<Utc>, id: &str, contact: Option<Arc<Contact>>) {
        self.pending.push_back(Pending { at, id: id.to_owned(), contact });
        self.catch_up(at);
    }

    /// The contacts that the search shows now.
    pub(crate) fn visible(&mut self, now: DateTime<Utc>) -> impl Iterator<Item = &Arc<Contact>> {
        self.catch_up(now);
        self.visible.values()
    }

    fn catch_up(&mut self, now: DateTime<Utc>) {
        let lag = self.lag;
        let ripe = |at: DateTime<Utc>| (now - at).to_std().is_ok_and(|age| age >= lag);
        while self.pending.front().is_some_and(|next| ripe(next.at)) {
            let Some(next) = self.pending.pop_front() else {
                return;
            };
            match next.contact {
                Some(contact) => self.visible.insert(next.id, contact),
                None => self.visible.remove(&next.id),
            };
        }
    }
}
