//! How many calls were made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The calls to one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointCount {
    /// Requests that went to the transport, repetitions included.
    pub calls: u64,
    /// How many of them were repetitions.
    pub retries: u64,
    /// How many of them were answered with *too many calls*.
    pub throttled: u64,
}

/// The calls by endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<&'static str, EndpointCount>);

impl Counts {
    /// The calls to one endpoint.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> EndpointCount {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// All endpoints that were called, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, EndpointCount)> {
        self.0.iter().map(|(name, count)| (*name, *count))
    }

    /// All calls.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.values().map(|count| count.calls).sum()
    }

    /// These and the calls of another client.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for (name, more) in other.iter() {
            let count = self.0.entry(name).or_default();
            count.calls += more.calls;
            count.retries += more.retries;
            count.throttled += more.throttled;
        }
        self
    }

    /// What was added since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let added = self.0.iter().map(|(name, now)| {
            let before = earlier.endpoint(name);
            let count = EndpointCount {
                calls: now.calls.saturating_sub(before.calls),
                retries: now.retries.saturating_sub(before.retries),
                throttled: now.throttled.saturating_sub(before.throttled),
            };
            (*name, count)
        });
        Self(added.filter(|(_, count)| *count != EndpointCount::default()).collect())
    }
}

/// Counts calls. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Counts>>);

impl Meter {
    /// The count so far.
    #[must_use]
    pub fn snapshot(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn call(&self, endpoint: &'static str, again: bool) {
        self.add(endpoint, EndpointCount { calls: 1, retries: u64::from(again), throttled: 0 });
    }

    pub(crate) fn throttled(&self, endpoint: &'static str) {
        self.add(endpoint, EndpointCount { throttled: 1, ..EndpointCount::default() });
    }

    fn add(&self, endpoint: &'static str, more: EndpointCount) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.0.entry(endpoint).or_default();
        count.calls += more.calls;
        count.retries += more.retries;
        count.throttled += more.throttled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_shows_only_what_was_added() {
        let meter = Meter::default();
        meter.call("a", false);
        let before = meter.snapshot();
        meter.clone().call("b", false);
        meter.call("b", true);
        meter.throttled("b");
        let added = meter.snapshot().since(&before);
        let count = EndpointCount { calls: 2, retries: 1, throttled: 1 };
        assert_eq!(added.iter().collect::<Vec<_>>(), [("b", count)]);
        assert_eq!(meter.snapshot().calls(), 3);
    }
}
