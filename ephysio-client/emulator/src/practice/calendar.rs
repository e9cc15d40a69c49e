//! The calendar and the invoices, as staff handle them.

use chrono::{DateTime, TimeDelta, Utc};

use super::Practice;
use crate::{Cancelled, Event, Invoice, NewEvent, sessions};

impl Practice<'_> {
    /// Books an event, which is listed at once, and gives the id. Staff may book without an invoice.
    pub fn book(&self, event: NewEvent) -> u64 {
        self.enter(event.into())
    }

    /// Books the same event so many times, each `every` after the one before, as one series.
    pub fn book_series(&self, event: &NewEvent, count: usize, every: TimeDelta) -> Vec<u64> {
        let mut ids: Vec<u64> = Vec::new();
        let mut start = event.start;
        for _ in 0..count {
            let mut next = Event::from(event.clone());
            next.move_to(start);
            let id = self.enter(next);
            ids.push(id);
            self.update_event(id, |event| event.series = ids.first().copied());
            start = start.checked_add_signed(every).unwrap_or(start);
        }
        ids
    }

    /// Books so many invented events of the patients who are there, from the day of `from` on; the same ones for the same
    /// seed. One in ten is a break, which has no patient.
    pub fn populate_calendar(&self, from: DateTime<Utc>, count: u64) -> Vec<u64> {
        let seed = self.inner.config.seed;
        let patients: Vec<u64> = self.patients().iter().map(|patient| patient.id).collect();
        (0..count).map(|number| self.book(NewEvent::synthetic(seed, number, from, &patients))).collect()
    }

    /// Changes an event. `change` must not call the emulator, which waits for it.
    pub fn update_event(&self, id: u64, change: impl FnOnce(&mut Event)) -> bool {
        let now = self.inner.now();
        self.inner.state().events.update(id, now, change).is_some()
    }

    /// Moves an event; it stays as long as it is.
    pub fn move_event(&self, id: u64, start: DateTime<Utc>) -> bool {
        self.update_event(id, |event| event.move_to(start))
    }

    /// Cancels an event; whether that removes it is one of the [unknowns](crate::EventQuirks::cancelled).
    pub fn cancel_event(&self, id: u64) -> bool {
        match self.inner.config.quirks.events.cancelled {
            Cancelled::Absent => self.delete_event(id),
            Cancelled::Status(status) => self.update_event(id, |event| event.status = status),
        }
    }

    /// Notes that the patient did not come.
    pub fn mark_no_show(&self, id: u64) -> bool {
        let status = self.inner.config.quirks.events.no_show_status;
        self.update_event(id, |event| event.status = status)
    }

    /// Deletes an event. The id is never given again.
    pub fn delete_event(&self, id: u64) -> bool {
        self.inner.state().events.delete(id).is_some()
    }

    /// All events in the order of their ids.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.inner.state().events.all()
    }

    /// One event.
    #[must_use]
    pub fn event(&self, id: u64) -> Option<Event> {
        self.inner.state().events.get(id).map(|event| Event::clone(&event))
    }

    /// Opens an invoice for a patient, and gives its id.
    pub fn open_invoice(&self, patient: u64) -> u64 {
        let now = self.inner.now();
        self.inner.state().invoices.insert(Invoice::open(patient, now))
    }

    /// Sends an invoice off: it is open no more.
    pub fn close_invoice(&self, id: u64) -> bool {
        self.inner.state().invoices.set_status(id, 1)
    }

    /// All invoices in the order of their ids.
    #[must_use]
    pub fn invoices(&self) -> Vec<Invoice> {
        self.inner.state().invoices.all()
    }

    fn enter(&self, mut event: Event) -> u64 {
        event.user_id = sessions::user_id(self.inner.config.seed);
        let now = self.inner.now();
        self.inner.state().events.insert(event, now, now).id
    }
}
