//! The emulator itself.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use emulator_kit::{Clock, Faults, Journal, Running, Stage};

use crate::events::Events;
use crate::invoice::Invoices;
use crate::patients::Patients;
use crate::sessions::Sessions;
use crate::{Config, Event, Practice, wire};

/// An emulated e-Physio. Clones share one practice.
#[derive(Clone, Debug)]
pub struct Emulator {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    journal: Journal,
    faults: Faults,
    state: Mutex<State>,
}

/// What changes while the emulator runs.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) sessions: Sessions,
    pub(crate) patients: Patients,
    pub(crate) events: Events,
    pub(crate) invoices: Invoices,
    pub(crate) counters: Counters,
}

/// What would have reached a patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reminders by e-mail or SMS that a call asked for. What staff ask for is not counted.
    pub reminders: u64,
    /// Those among them by SMS.
    pub sms_reminders: u64,
}

impl Counters {
    /// Counts what an event that is being written asks for. Nobody is reminded of a break.
    pub(crate) fn note_reminders(&mut self, event: &Event) {
        if event.patient_id.is_none() {
            return;
        }
        self.reminders += u64::from(event.send_reminder) + u64::from(event.has_sms_reminder);
        self.sms_reminders += u64::from(event.has_sms_reminder);
    }
}

impl Emulator {
    /// An empty practice.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let state = State {
            sessions: Sessions::new(config.seed),
            patients: Patients::new(config.seed),
            events: Events::new(config.seed),
            invoices: Invoices::new(config.seed),
            counters: Counters::default(),
        };
        Self { inner: Arc::new(Inner { config, journal: Journal::default(), faults: Faults::default(), state: Mutex::new(state) }) }
    }

    /// The emulator in process: a `tower::Service`. It looks at the path of a request, never at
    /// its host.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let router = wire::router(Arc::clone(&self.inner));
        Stage::new(router, self.clock().clone(), self.journal().clone(), self.faults().clone())
    }

    /// The emulator on a free loopback port. The base of the API is `{url}/api/1.0`.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn serve(&self) -> io::Result<Running> {
        self.stage().serve().await
    }

    /// What was asked, and what was answered.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// What shall go wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The clock that tokens expire by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.config.clock
    }

    /// What would have reached a patient.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.inner.state().counters
    }

    /// What staff do in the user interface: straight on the state, without HTTP.
    #[must_use]
    pub fn practice(&self) -> Practice<'_> {
        Practice::new(&self.inner)
    }

    /// Makes every token invalid at once.
    pub fn expire_tokens(&self) {
        self.inner.state().sessions.close_all();
    }
}

impl Inner {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.config.clock.now()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("config", &self.config).finish_non_exhaustive()
    }
}

/// `from` and a while later; a while without end leads to the end of time.
pub(crate) fn later(from: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| from.checked_add_signed(by)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
