//! What waits to be sent.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;

use super::{Arrival, Delivery, WebhookSettings};
use crate::app::{App, Grantor};
use crate::chance::Chance;
use crate::hooks::{AppChange, AppChangeKind, Change};
use crate::ids::Ids;

/// Mixed into the seed, so that ids of webhooks and of records differ.
const WEBHOOKS: u64 = 0x4009;
/// The same for the chance of the journey.
const JOURNEYS: u64 = 0x309e;

/// A webhook, written and signed.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) event: &'static str,
    pub(crate) webhook_id: String,
    pub(crate) body: Bytes,
    pub(crate) signature: String,
}

/// A webhook that is to be sent for the `attempt`th time.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) letter: Letter,
    attempt: u32,
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) settings: WebhookSettings,
    pub(crate) log: Vec<Delivery>,
    installed: BTreeSet<Grantor>,
    jobs: BTreeMap<(DateTime<Utc>, u64), Job>,
    number: u64,
    chance: Chance,
    ids: Ids,
}

impl Queue {
    pub(crate) fn new(settings: WebhookSettings, seed: u64, installed: BTreeSet<Grantor>) -> Self {
        Self {
            settings,
            log: Vec::new(),
            installed,
            jobs: BTreeMap::new(),
            number: 0,
            chance: Chance::new(seed ^ JOURNEYS),
            ids: Ids::new(seed ^ WEBHOOKS),
        }
    }

    /// Whether the app hears of a change. It hears of its own removal, and of nothing after it.
    pub(crate) fn concerns(&mut self, app: &App, change: &Change) -> bool {
        let Change::App(AppChange { kind, client_id, grantor, .. }) = change else {
            return !self.installed.is_empty();
        };
        if *client_id != app.client_id {
            return false;
        }
        match kind {
            AppChangeKind::Installed => self.installed.insert(*grantor),
            AppChangeKind::Uninstalled => self.installed.remove(grantor),
        };
        true
    }

    pub(crate) fn new_id(&mut self) -> String {
        self.ids.trace()
    }

    /// Sends a webhook on its way, on which it may be lost or doubled.
    pub(crate) fn post(&mut self, now: DateTime<Utc>, letter: &Letter) {
        if self.chance.percent(self.settings.lost) {
            self.note(now, letter, 1, Arrival::Lost);
            return;
        }
        let copies = 1 + usize::from(self.chance.percent(self.settings.duplicated));
        for _ in 0..copies {
            let journey = self.settings.delay + self.chance.up_to(self.settings.jitter);
            self.add(later(now, journey), Job { letter: letter.clone(), attempt: 1 });
        }
    }

    /// Takes out the first that is due.
    pub(crate) fn pop(&mut self, now: DateTime<Utc>) -> Option<Job> {
        let first = self.jobs.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.jobs.first_key_value().map(|((due, _), _)| *due)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.jobs.len()
    }

    /// Notes what became of a sending, and plans the next one.
    pub(crate) fn sent(&mut self, at: DateTime<Utc>, now: DateTime<Utc>, job: Job, status: Option<StatusCode>) {
        let arrival = status.map_or(Arrival::Unanswered, Arrival::Answered);
        self.note(at, &job.letter, job.attempt, arrival);
        if let Some(pause) = self.settings.policy.next(job.attempt, status, &mut self.chance) {
            self.add(later(now, pause), Job { attempt: job.attempt + 1, ..job });
        }
    }

    fn add(&mut self, due: DateTime<Utc>, job: Job) {
        self.number += 1;
        self.jobs.insert((due, self.number), job);
    }

    fn note(&mut self, at: DateTime<Utc>, letter: &Letter, attempt: u32, arrival: Arrival) {
        let Letter { event, webhook_id, body, .. } = letter.clone();
        self.log.push(Delivery { at, event, webhook_id, attempt, body, arrival });
    }
}

fn later(now: DateTime<Utc>, by: std::time::Duration) -> DateTime<Utc> {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
