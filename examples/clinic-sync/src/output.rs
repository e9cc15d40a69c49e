//! What a command prints for machines.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::{Kind, Reason, Report, RunCounts};
use sync_http::Counts;

/// What `sync --json` prints: one object.
#[derive(Clone, Debug, Serialize)]
pub struct SyncReport {
    /// What was done, by kind.
    pub kinds: Vec<KindReport>,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, u64>,
    /// Calls that were sent again.
    pub retries: u64,
    /// Calls that had to wait for the rate limit of the other side.
    pub throttled: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Review items that are open now.
    pub open_reviews: usize,
}

/// What was done with one kind.
#[derive(Clone, Debug, Serialize)]
pub struct KindReport {
    /// The run.
    pub run: String,
    /// The kind.
    pub kind: Kind,
    /// What was done in e-Physio.
    pub ephysio: RunCounts,
    /// What was done in GHL.
    pub ghl: RunCounts,
    /// Brakes that stopped a batch.
    pub brakes: Vec<Reason>,
}

impl From<&Report> for KindReport {
    fn from(report: &Report) -> Self {
        Self {
            run: report.run.to_string(),
            kind: report.kind.clone(),
            ephysio: report.counts.left,
            ghl: report.counts.right,
            brakes: report.brakes.clone(),
        }
    }
}

impl SyncReport {
    /// A report from what the engine did and what the clients counted.
    #[must_use]
    pub fn new(reports: &[Report], counts: &Counts, duration: std::time::Duration) -> Self {
        Self {
            kinds: reports.iter().map(KindReport::from).collect(),
            calls: counts.iter().map(|(name, count)| (name.to_owned(), count.calls)).collect(),
            retries: counts.iter().map(|(_, count)| count.retries).sum(),
            throttled: counts.iter().map(|(_, count)| count.throttled).sum(),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            open_reviews: reports.iter().map(|report| report.open_reviews).sum(),
        }
    }

    /// How many writes did not succeed, or had no clear outcome.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.kinds.iter().map(|kind| kind.ephysio.failed + kind.ghl.failed).sum()
    }
}
