//! How GHL's calendars are written to.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sync_core::vocabulary::appointment::START;
use sync_core::{Draft, Error, ErrorKind, Kind, Patch, Permit, RecordId, Result, Sink, Written};

use super::super::{check_fields, failed};
use super::Connector;
use crate::{Appointment, AppointmentPatch, AppointmentStatus, Booked, EventWindow, EventsOf, ListedEvent, ShownStatus};

/// What has to be there before a time is taken that GHL calls taken, though nobody has it.
const FREE_SLOT: &str = "a free slot at that time, or slot_check = \"ignore\"";

#[async_trait]
impl Sink for Connector {
    async fn create(&self, _: &Permit, draft: &Draft) -> Result<Written> {
        self.check_kind(&draft.kind)?;
        check_fields(&self.description, &draft.fields, |support, _| support.create)?;
        let new = self.lens.new_appointment(draft)?;
        match self.client.create_appointment(&new).await.map_err(failed)? {
            Booked::Done(made) => Ok(Written::Done(Box::new(self.lens.record(&made)))),
            Booked::SlotTaken => {
                // The lens gives every new appointment an end.
                let end = new.end_time.unwrap_or(new.start_time);
                self.taken(&Slot { id: None, calendar: new.calendar_id, contact: Some(new.contact_id), start: new.start_time, end }).await
            }
        }
    }

    async fn update(&self, _: &Permit, patch: &Patch) -> Result<Written> {
        self.check_kind(&patch.kind)?;
        check_fields(&self.description, &patch.fields, |support, clearing| support.update && (support.clear || !clearing))?;
        let id = patch.id.as_str();
        let current = match self.lens.is_half(&patch.fields) {
            true => Some(self.lens.record(&self.client.appointment(id).await.map_err(failed)?)),
            false => None,
        };
        let change = self.lens.appointment_patch(&patch.fields, current.as_ref())?;
        match self.client.update_appointment(id, &change).await.map_err(failed)? {
            Booked::Done(now) => Ok(Written::Done(Box::new(self.shown(&patch.id, &now)))),
            Booked::SlotTaken => self.not_moved(id, &change).await,
        }
    }

    /// Cancels: what is deleted in GHL is gone for good, and with it what happened.
    async fn remove(&self, _: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        self.check_kind(kind)?;
        match self.client.update_appointment(id.as_str(), &self.lens.cancellation()).await.map_err(failed)? {
            Booked::Done(_) => Ok(()),
            Booked::SlotTaken => Err(Error::permanent(ErrorKind::Refused, "GHL asks for a free slot to cancel an appointment")),
        }
    }
}

impl Connector {
    /// A refused move. What the patch does not name is as it was.
    async fn not_moved(&self, id: &str, change: &AppointmentPatch) -> Result<Written> {
        let now = self.client.appointment(id).await.map_err(failed)?;
        let calendar = change.calendar_id.as_deref().or(now.calendar_id.text());
        let start = change.start_time.or(now.start_time.value().copied());
        let end = change.end_time.or(now.end_time.value().copied());
        let (Some(calendar), Some(start), Some(end)) = (calendar, start, end) else { return Ok(Written::Blocked(FREE_SLOT.to_owned())) };
        let (calendar, contact) = (calendar.to_owned(), now.contact_id.text().map(str::to_owned));
        self.taken(&Slot { id: Some(now.id), calendar, contact, start, end }).await
    }

    /// A refused time: a question about whoever has it, or a task where nobody has.
    async fn taken(&self, slot: &Slot) -> Result<Written> {
        match self.occupant(slot).await? {
            Some(id) => Ok(Written::Exists { id, fields: vec![START] }),
            None => Ok(Written::Blocked(FREE_SLOT.to_owned())),
        }
    }

    async fn occupant(&self, slot: &Slot) -> Result<Option<RecordId>> {
        // Whether what only reaches into a window is listed is not documented, so it begins earlier.
        let from = slot.start - TimeDelta::days(1);
        let window = EventWindow { of: EventsOf::Calendar(slot.calendar.clone()), from, until: slot.end };
        let events = self.client.events(&window).await.map_err(failed)?;
        let read = |event: &ListedEvent| match event {
            ListedEvent::Event { raw, .. } => Appointment::from_json(raw, self.client.timezone()).ok(),
            ListedEvent::Broken { .. } => None,
        };
        let standing = events.iter().filter_map(read).filter(|event| slot.is_taken_by(event));
        Ok(standing.min_by_key(|event| slot.distance(event)).map(|event| RecordId::new(event.id)))
    }
}

/// A time in a calendar that GHL does not give.
struct Slot {
    /// The appointment that was to be moved there.
    id: Option<String>,
    calendar: String,
    contact: Option<String>,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Slot {
    fn is_taken_by(&self, event: &Appointment) -> bool {
        use AppointmentStatus::{Cancelled, Invalid};
        let is_free = matches!(event.status.value(), Some(ShownStatus::Known(Cancelled | Invalid))) || event.deleted.value() == Some(&true);
        let overlaps = match (event.start_time.value(), event.end_time.value()) {
            (Some(start), Some(end)) => *start < self.end && self.start < *end,
            _ => false,
        };
        overlaps && !is_free && event.contact_id.value().is_some() && self.id.as_deref() != Some(event.id.as_str())
    }

    /// The same start and the same contact come first: that may be the very appointment, made by a call whose answer was lost.
    fn distance(&self, event: &Appointment) -> (bool, bool) {
        (event.start_time.value() != Some(&self.start), event.contact_id.text() != self.contact.as_deref())
    }
}
