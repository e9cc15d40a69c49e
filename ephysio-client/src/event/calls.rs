//! Calls about events.

use std::ops::Range;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use serde::Deserialize;
use serde_json::{Map, Value};
use sync_http::{Elements, Error, ErrorKind, Request, Result, shown};

use super::write::full_body;
use super::{Event, EventDraft, EventPatch};
use crate::operation::{BodyForm, Operation, Performed, Values};
use crate::{Client, Slot, answered};

pub(super) const LIST: &str = "events.list";
pub(super) const UPDATE: &str = "events.update";
const CREATE: &str = "events.create";
const MOVE: &str = "events.move";
const CANCEL: &str = "events.cancel";

/// How far around a slot an event is looked for. Clocks are read wrong by less than that.
const MARGIN: TimeDelta = TimeDelta::days(1);

/// What became of a creation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreatedEvent {
    /// The id that was answered. `None` if the answer names none, or several; then only the list can tell.
    pub id: Option<String>,
}

/// Which event a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKey<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whose it is. Events of nobody are not changed.
    pub patient_id: &'a str,
}

/// Where the list shows an event that was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Placed {
    /// Where it was put.
    AsAsked(Event),
    /// At other times. Either somebody has moved it since, or [`ClockFields`](crate::ClockFields) are configured wrong, and then
    /// every further write lands wrong too.
    Elsewhere(Event),
    /// Nowhere within a day of where it was put.
    NotListed,
}

#[derive(Deserialize)]
struct Head {
    #[serde(deserialize_with = "shown::id")]
    id: String,
}

impl Client {
    /// The events between two instants, as they arrive: [`Event::from_json`] reads an element. There are no pages and there is no
    /// filter by change. What happens at the edges of the window is not documented, nor is how a cancelled event is listed,
    /// so ask for more than you need and filter. Windows of 14 months were seen to work; whether longer ones do is not known.
    ///
    /// # Errors
    /// When there is no list, and when the window is empty. A list that breaks off ends with an error.
    pub async fn events(&self, window: Range<DateTime<Utc>>) -> Result<Elements> {
        self.stream(&Self::events_request(&window)?).await
    }

    /// One event as the list shows it in a window. There is no single read, so this costs a listing.
    ///
    /// # Errors
    /// Those of the listing.
    pub async fn listed_event(&self, id: &str, window: Range<DateTime<Utc>>) -> Result<Option<Bytes>> {
        let mut elements = self.events(window).await?;
        while let Some(raw) = elements.try_next().await? {
            // An element without an id is not the one.
            if sync_http::decode::<Head>(LIST, &raw).is_ok_and(|head| head.id == id) {
                return Ok(Some(raw));
            }
        }
        Ok(None)
    }

    /// Creates an event. After an error with the verdict [`Unknown`](sync_http::Verdict::Unknown) look in the list for one that
    /// the draft [describes](EventDraft::describes) before you try again.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn create_event(&self, event: &EventDraft) -> Result<CreatedEvent> {
        let answer = self.send(&self.create_event_request(event)?).await?;
        Ok(CreatedEvent { id: created_id(&answered::members(&answer)?) })
    }

    /// Looks where a written event has landed: e-Physio answers a write with success even if it has read the clock differently.
    ///
    /// # Errors
    /// Those of the listing, and when the event cannot be read.
    pub async fn placed(&self, id: &str, slot: Slot) -> Result<Placed> {
        let around = |instant: DateTime<Utc>, by: TimeDelta| instant.checked_add_signed(by).unwrap_or(instant);
        let window = around(slot.start(), -MARGIN)..around(slot.end(), MARGIN);
        let Some(raw) = self.listed_event(id, window).await? else { return Ok(Placed::NotListed) };
        let event = Event::from_json(&raw)?;
        let as_asked = (event.start, event.end) == (slot.start(), slot.end());
        Ok(if as_asked { Placed::AsAsked(event) } else { Placed::Elsewhere(event) })
    }

    /// Changes an event in the way that [`Operations::update_event`](crate::Operations::update_event) describes. `listed` is the
    /// event as the list last showed it; an operation with a full body needs it.
    ///
    /// # Errors
    /// [`ErrorKind::Disabled`] while the operation is; else those of the call.
    pub async fn update_event(&self, event: EventKey<'_>, patch: &EventPatch, listed: Option<&[u8]>) -> Result<Performed> {
        self.change_event(UPDATE, &self.operations().update_event, event, patch, listed).await
    }

    /// Moves an event in the way that [`Operations::move_event`](crate::Operations::move_event) describes; `listed` is as for
    /// [`update_event`](Self::update_event).
    ///
    /// # Errors
    /// Those of [`update_event`](Self::update_event).
    pub async fn move_event(&self, event: EventKey<'_>, to: Slot, listed: Option<&[u8]>) -> Result<Performed> {
        self.change_event(MOVE, &self.operations().move_event, event, &EventPatch::moving(to), listed).await
    }

    /// Cancels an event in the way that [`Operations::cancel_event`](crate::Operations::cancel_event) describes; `listed` is as for
    /// [`update_event`](Self::update_event). A status that stands for it is given by the operation's `set`.
    ///
    /// # Errors
    /// Those of [`update_event`](Self::update_event).
    pub async fn cancel_event(&self, event: EventKey<'_>, listed: Option<&[u8]>) -> Result<Performed> {
        self.change_event(CANCEL, &self.operations().cancel_event, event, &EventPatch::default(), listed).await
    }

    async fn change_event(
        &self,
        endpoint: &'static str,
        operation: &Operation,
        event: EventKey<'_>,
        patch: &EventPatch,
        listed: Option<&[u8]>,
    ) -> Result<Performed> {
        let clock = self.practice_clock();
        let body = match (operation.body(), listed) {
            (BodyForm::None, _) => Map::new(),
            (BodyForm::Patch, _) => patch.members(clock)?,
            (BodyForm::Full, Some(listed)) => full_body(listed, patch.members(clock)?, clock)?,
            (BodyForm::Full, None) => {
                return Err(Error::new(ErrorKind::Configuration, endpoint).with_message("a full body needs the event as listed"));
            }
        };
        self.perform(endpoint, operation, Values { id: event.id, patient_id: event.patient_id }, body).await
    }

    fn events_request(window: &Range<DateTime<Utc>>) -> Result<Request> {
        if window.is_empty() {
            return Err(Error::new(ErrorKind::Configuration, LIST).with_message("the window is empty"));
        }
        let milliseconds = |instant: DateTime<Utc>| instant.timestamp_millis().to_string();
        Ok(Request::get(LIST, "/events/events").query("from", milliseconds(window.start)).query("to", milliseconds(window.end)))
    }

    // The user interface sends these four with every create, and what happens without them is not known.
    fn create_event_request(&self, event: &EventDraft) -> Result<Request> {
        Request::post(CREATE, "/events")
            .query("ids", "")
            .query("isCancelMultiUser", "false")
            .query("changeSeries", "false")
            .query("changeAllDescriptions", "false")
            .json(&event.body(self.practice_clock()))
    }
}

/// The answer's own id, or else that of the only event in it.
fn created_id(answer: &Map<String, Value>) -> Option<String> {
    answered::id(answer.get("id")).or_else(|| match answer.get("events") {
        Some(Value::Array(events)) if events.len() == 1 => answered::id(events[0].get("id")),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_id_of_a_created_event_is_read_wherever_it_stands() {
        for (answer, id) in [
            (json!({ "id": 42109222, "events": [] }), Some("42109222")),
            (json!({ "id": "7", "events": [{ "id": 8 }] }), Some("7")),
            (json!({ "events": [{ "id": 8 }] }), Some("8")),
            (json!({ "id": null, "events": [{ "id": "8" }] }), Some("8")),
            (json!({ "events": [{ "id": 8 }, { "id": 9 }] }), None),
            (json!({ "events": [{ "start": 8 }] }), None),
            (json!({ "events": {} }), None),
            (json!({}), None),
        ] {
            assert_eq!(created_id(answer.as_object().unwrap()).as_deref(), id, "{answer}");
        }
    }

    #[test]
    fn a_window_is_asked_for_in_milliseconds_and_is_never_empty() {
        let (from, to) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(1));
        let url = Client::events_request(&(from..to)).unwrap().url(&crate::BASE_URL.parse().unwrap()).unwrap();
        assert_eq!(url, "https://ehealth.pharmedsolutions.ch/api/1.0/events/events?from=0&to=86400000");
        for empty in [from..from, to..from] {
            assert_eq!(Client::events_request(&empty).unwrap_err().kind(), ErrorKind::Configuration);
        }
    }
}
