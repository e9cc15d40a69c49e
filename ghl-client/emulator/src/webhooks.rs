//! Telling an app about changes.

mod key;
mod payload;
mod policy;
mod queue;
mod receiver;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use emulator_kit::Clock;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::hooks::Change;

pub(crate) use key::SigningKey;
pub(crate) use payload::Writer;
pub use policy::RetryPolicy;
pub(crate) use queue::Queue;
use queue::{Job, Letter};
pub use receiver::{Receiver, Webhook};

/// How webhooks travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// What is sent again. GHL has published both policies.
    pub policy: RetryPolicy,
    /// How long every webhook is under way.
    pub delay: Duration,
    /// Up to how much longer by chance, so that they overtake each other.
    pub jitter: Duration,
    /// How many of a hundred arrive twice.
    pub duplicated: u8,
    /// How many of a hundred never arrive.
    pub lost: u8,
    /// How long an answer is waited for. GHL does not say.
    pub timeout: Duration,
}

impl Default for WebhookSettings {
    /// At once, in order, once each.
    fn default() -> Self {
        Self {
            policy: RetryPolicy::AnyFailure,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            duplicated: 0,
            lost: 0,
            timeout: Duration::from_secs(10),
        }
    }
}

/// What became of one sending of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The app answered.
    Answered(StatusCode),
    /// The app did not answer, or not in time.
    Unanswered,
    /// It got lost on the way.
    Lost,
}

/// One sending of a webhook.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When it was sent, on the emulator's clock.
    pub at: DateTime<Utc>,
    /// The name of the event.
    pub event: &'static str,
    /// The id of the webhook, the same for every sending.
    pub webhook_id: String,
    /// Which sending it is, from 1.
    pub attempt: u32,
    /// The body.
    pub body: Bytes,
    /// What became of it.
    pub arrival: Arrival,
}

/// The webhooks of one app. It is told what happens while it is installed, and of its own installation and removal. Clones share them.
///
/// Nothing is sent by itself: call [`Deliveries::deliver_due`] or [`Deliveries::deliver_all`], or let [`Deliveries::start`] do it.
#[derive(Clone)]
pub struct Deliveries {
    outbox: Arc<Outbox>,
}

pub(crate) struct Outbox {
    pub(crate) clock: Clock,
    pub(crate) writer: Writer,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) receiver: Receiver,
    pub(crate) queue: Mutex<Queue>,
    pub(crate) news: Notify,
}

/// Sends webhooks as they become due; dropping it stops that.
#[derive(Debug)]
pub struct Sending(JoinHandle<()>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Deliveries {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self { outbox }
    }

    /// Every sending so far, in order.
    #[must_use]
    pub fn log(&self) -> Vec<Delivery> {
        self.outbox.queue().log.clone()
    }

    /// How many webhooks wait to be sent, or to be sent again.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.outbox.queue().waiting()
    }

    /// Lets webhooks of later changes travel in another way.
    pub fn configure(&self, settings: WebhookSettings) {
        self.outbox.queue().settings = settings;
    }

    /// Sends what is due on the emulator's clock, one after the other, and says how many sendings that were.
    pub async fn deliver_due(&self) -> usize {
        let mut sent = 0;
        loop {
            let now = self.outbox.clock.now();
            let Some(job) = self.outbox.queue().pop(now) else { return sent };
            self.outbox.send(job).await;
            sent += 1;
        }
    }

    /// Sends everything, and waits as long as that takes; under a paused runtime, no time at all.
    pub async fn deliver_all(&self) {
        loop {
            self.deliver_due().await;
            let Some(due) = self.outbox.queue().next_due() else { return };
            tokio::time::sleep(self.outbox.until(due)).await;
        }
    }

    /// Sends what becomes due, in the background. It sleeps by tokio's clock, so who moves the emulator's clock by hand also calls
    /// [`Deliveries::deliver_due`].
    #[must_use]
    pub fn start(&self) -> Sending {
        let deliveries = self.clone();
        Sending(tokio::spawn(async move {
            loop {
                deliveries.deliver_due().await;
                let news = deliveries.outbox.news.notified();
                let due = deliveries.outbox.queue().next_due();
                let pause = due.map_or(Duration::MAX, |due| deliveries.outbox.until(due));
                // Whichever comes first.
                let _ = tokio::time::timeout(pause, news).await;
            }
        }))
    }
}

impl Outbox {
    /// Writes and signs what is to be told about a change.
    pub(crate) fn note(&self, change: &Change) {
        let mut queue = self.queue();
        if !queue.concerns(&self.writer.app, change) {
            return;
        }
        for (event, payload) in self.writer.events(change) {
            let webhook_id = queue.new_id();
            let body = self.writer.sealed(payload, change.at(), &webhook_id);
            let signature = self.key.sign(&body);
            queue.post(self.clock.now(), &Letter { event, webhook_id, body, signature });
        }
        drop(queue);
        self.news.notify_one();
    }

    async fn send(&self, job: Job) {
        let at = self.clock.now();
        let timeout = self.queue().settings.timeout;
        let answered = tokio::time::timeout(timeout, self.receiver.receive(webhook(&job.letter))).await;
        let status = answered.ok().flatten();
        self.queue().sent(at, self.clock.now(), job, status);
    }

    fn until(&self, due: DateTime<Utc>) -> Duration {
        // The clock of tokio counts in milliseconds; one more, lest it wake up just before.
        (due - self.clock.now() + TimeDelta::milliseconds(1)).to_std().unwrap_or_default()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn webhook(letter: &Letter) -> Webhook {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(signature) = HeaderValue::from_str(&letter.signature) {
        headers.insert("x-ghl-signature", signature);
    }
    Webhook { headers, body: letter.body.clone() }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
