//! How the calendar is written to.

use async_trait::async_trait;
use bytes::Bytes;
use sync_core::vocabulary::appointment::{START, STATUS, status};
use sync_core::{Draft, Error, ErrorKind, Field, FieldName, Fields, Kind, Patch, Permit, RecordId, Result, Sink, Support, Written};

use super::clocks::Doubt;
use super::invoices::{Answer, Billing};
use super::steps::{Step, steps};
use super::window::Place;
use super::{Connector, lens};
use crate::connector::{failed, refused, switched_off};
use crate::{CreatedEvent, Event, EventDraft, EventKey, EventPatch, Performed, Placed, Slot, Verify};

#[async_trait]
impl Sink for Connector {
    async fn create(&self, _: &Permit, draft: &Draft) -> Result<Written> {
        self.check_kind(&draft.kind)?;
        self.check_fields(&draft.fields, |name, _| self.description.field(name).is_some_and(|support| support.create))?;
        let event = self.lens.event_draft(draft)?;
        if let Some(blocked) = self.check_place(event.slot)? {
            return Ok(blocked);
        }
        let invoice = self.billing(event.patient_id, event.slot.start(), None).await?;
        self.book(event, invoice).await
    }

    async fn update(&self, _: &Permit, patch: &Patch) -> Result<Written> {
        self.check_kind(&patch.kind)?;
        if self.description.update != Support::Enabled {
            return Err(switched_off("events are not changed: neither update_event nor move_event nor cancel_event is enabled"));
        }
        self.check_fields(&patch.fields, |name, clearing| self.description.can_write(name, clearing))?;
        if patch.fields.is_empty() {
            return Ok(Written::NotShown(patch.id.clone()));
        }
        let steps = steps(self.client.operations(), &patch.fields, |status| self.lens.has_code(status));
        let steps = steps.ok_or_else(|| self.unmakeable(&patch.fields))?;
        let mut written = Written::NotShown(patch.id.clone());
        for (made, step) in steps.iter().enumerate() {
            written = match self.take(step, &patch.id).await {
                Err(error) if made > 0 => return Err(half_made(error)),
                Ok(Written::Blocked(what)) => return Ok(Written::Blocked(what)),
                other => other?,
            };
        }
        Ok(written)
    }

    async fn remove(&self, _: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        self.check_kind(kind)?;
        if self.description.remove != Support::Enabled {
            return Err(switched_off("events are not cancelled: cancel_event is not enabled"));
        }
        let found = self.look(id).await?;
        if self.is_cancelled(&found.event) {
            return Ok(());
        }
        self.perform(&Step::Cancel, &EventPatch::default(), &found).await?;
        self.check_cancelled(&found).await
    }
}

/// An event as the list shows it now.
struct Found {
    raw: Bytes,
    event: Event,
    patient_id: String,
}

impl Connector {
    fn check_fields(&self, fields: &Fields, can: impl Fn(&FieldName, bool) -> bool) -> Result<()> {
        match fields.iter().find(|(name, field)| !can(name, *field == Field::Empty)) {
            Some((name, _)) => Err(refused("this field cannot be written to e-Physio's calendar like this", name)),
            None => Ok(()),
        }
    }

    /// What the list will not show must not be written: it would look as if it were gone.
    fn check_place(&self, slot: Slot) -> Result<Option<Written>> {
        match self.window.place(self.client.now(), slot.start()) {
            Place::Inside => Ok(None),
            Place::Before => Err(refused("this appointment lies before the days that are listed (past_days)", &START)),
            Place::After => Ok(Some(Written::Blocked("a day within those that are listed (future_days)".to_owned()))),
        }
    }

    async fn book(&self, event: EventDraft, invoice: Answer) -> Result<Written> {
        let (patient_id, slot) = (event.patient_id, event.slot);
        let invoice_id = match invoice.billing {
            Billing::On(invoice) => invoice,
            Billing::Blocked(what) => return Ok(Written::Blocked(what.to_owned())),
        };
        let doubt = self.clocks.ask(self.client.practice_clock(), slot.start()).await?;
        let mut event = EventDraft { invoice_id: Some(invoice_id), ..event };
        let mut created = self.client.create_event(&event).await;
        if matches!(&created, Err(error) if error.kind() == sync_http::ErrorKind::Refused) && !invoice.is_fresh {
            // Staff may have closed the invoice since it was looked up.
            match self.billing(patient_id, slot.start(), Some(invoice_id)).await?.billing {
                Billing::On(other) if other == invoice_id => {}
                Billing::On(other) => {
                    event.invoice_id = Some(other);
                    created = self.client.create_event(&event).await;
                }
                Billing::Blocked(what) => return Ok(Written::Blocked(what.to_owned())),
            }
        }
        self.booked(created, doubt, slot).await
    }

    async fn booked(&self, created: sync_http::Result<CreatedEvent>, doubt: Option<Doubt<'_>>, slot: Slot) -> Result<Written> {
        let created = match created {
            Err(error) if error.kind() == sync_http::ErrorKind::Conflict => {
                return Ok(Written::Blocked("a free place in the practitioner's calendar".to_owned()));
            }
            created => created.map_err(unanswered)?,
        };
        let id = created.id.filter(|id| !id.trim().is_empty()).map(RecordId::new);
        let id = id.ok_or_else(|| Error::unknown(ErrorKind::Decode, "e-Physio accepted an event and answered no id; look in its list"))?;
        Ok(self.read_back(doubt, id, slot).await)
    }

    /// Looks where the first event of its kind has landed. What the list does not show yet stays in doubt.
    async fn read_back(&self, doubt: Option<Doubt<'_>>, id: RecordId, slot: Slot) -> Written {
        let Some(doubt) = doubt else { return Written::NotShown(id) };
        let (event, right) = match self.client.placed(id.as_str(), slot).await {
            Ok(Placed::AsAsked(event)) => (event, true),
            Ok(Placed::Elsewhere(event)) => (event, false),
            Ok(Placed::NotListed) => return Written::NotShown(id),
            Err(error) => {
                tracing::warn!(%id, %error, "an event was written and could not be read back");
                return Written::NotShown(id);
            }
        };
        doubt.settle(right);
        self.lens.record(&event).map_or(Written::NotShown(id), |record| Written::Done(Box::new(record)))
    }

    async fn take(&self, step: &Step, id: &RecordId) -> Result<Written> {
        let found = self.look(id).await?;
        let patch = match step {
            Step::Move(fields) | Step::Update(fields) => self.lens.event_patch(&found.event, fields)?,
            Step::Cancel => EventPatch::default(),
        };
        let Some(slot) = patch.slot else {
            self.perform(step, &patch, &found).await?;
            return Ok(Written::NotShown(id.clone()));
        };
        if let Some(blocked) = self.check_place(slot)? {
            return Ok(blocked);
        }
        let doubt = self.clocks.ask(self.client.practice_clock(), slot.start()).await?;
        self.perform(step, &patch, &found).await?;
        Ok(self.read_back(doubt, id.clone(), slot).await)
    }

    /// The event as listed now. A change has to name its patient, and may have to contain all of it; there is no other way to read
    /// one event, so each change costs a list.
    async fn look(&self, id: &RecordId) -> Result<Found> {
        let window = self.window.listed(self.client.now());
        let raw = self.client.listed_event(id.as_str(), window).await.map_err(failed)?;
        let missing = || Error::permanent(ErrorKind::NotFound, "e-Physio does not list this event").with_context("id", id.as_str());
        let raw = raw.ok_or_else(missing)?;
        let event = lens::event(&raw)?;
        // An entry of nobody is none of ours, whatever it was before.
        let patient_id = event.patient_id.text().ok_or_else(missing)?.to_owned();
        Ok(Found { raw, event, patient_id })
    }

    async fn perform(&self, step: &Step, patch: &EventPatch, found: &Found) -> Result<()> {
        let key = EventKey { id: &found.event.id, patient_id: &found.patient_id };
        let listed = lens::written_back(&found.raw)?;
        let performed = match (step, patch.slot) {
            (Step::Cancel, _) => self.client.cancel_event(key, Some(&listed)).await,
            (Step::Move(_), Some(slot)) => self.client.move_event(key, slot, Some(&listed)).await,
            (Step::Move(_), None) => return Ok(()),
            (Step::Update(_), _) => self.client.update_event(key, patch, Some(&listed)).await,
        };
        match performed.map_err(unanswered)? {
            Performed::Done => Ok(()),
            Performed::DryRun { .. } => Err(switched_off("events are not changed: the call is a dry run")),
        }
    }

    /// A cancellation that had no effect must not pass for one: the event is gone, or shows another status. A list that lags
    /// cannot tell.
    async fn check_cancelled(&self, before: &Found) -> Result<()> {
        if self.client.operations().cancel_event.verify() == Verify::None || !self.settings.lag.is_zero() {
            return Ok(());
        }
        let id = RecordId::new(before.event.id.as_str());
        match self.look(&id).await {
            Ok(after) if after.event.status == before.event.status && !self.is_cancelled(&after.event) => {
                let message = "e-Physio accepted a cancellation, and shows the event as before";
                Err(Error::unknown(ErrorKind::Remote, message).with_context("id", id.as_str()))
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%id, %error, "an event was cancelled, and the list could not be asked");
                Ok(())
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn is_cancelled(&self, event: &Event) -> bool {
        self.lens.record(event).is_ok_and(|record| record.fields.get(&STATUS) == Field::Value(status::CANCELLED))
    }

    fn unmakeable(&self, fields: &Fields) -> Error {
        if fields.get(&STATUS).value().is_some_and(|status| !self.lens.has_code(status)) {
            return refused("no enabled call of e-Physio's sets this status, or its code is not configured", &STATUS);
        }
        let names: Vec<&str> = fields.names().map(FieldName::as_str).collect();
        Error::permanent(ErrorKind::Refused, "no enabled call of e-Physio's changes these fields together")
            .with_context("fields", names.join(", "))
    }
}

/// A patient or an event that e-Physio has just shown is there: it is the call that it does not know.
fn unanswered(error: sync_http::Error) -> Error {
    if error.kind() == sync_http::ErrorKind::NotFound {
        return Error::permanent(ErrorKind::Refused, "e-Physio does not know this call, or not for this record").with_source(error);
    }
    failed(error)
}

/// The first of two calls was made, so the change is no longer wholly undone.
fn half_made(error: Error) -> Error {
    Error::unknown(error.kind(), "one part of a change was made and the other was not; the next run sees what is left").with_source(error)
}
