//! The events of a calendar, by window.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use sync_http::{Answer, Error, ErrorKind, Request, Result, shown};

use crate::Client;

pub(crate) const LISTED: &str = "events.list";

/// Whose events.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventsOf {
    /// Those in a calendar.
    Calendar(String),
    /// Those assigned to a user.
    User(String),
    /// Those in the calendars of a group.
    Group(String),
}

/// Which events. GHL knows neither pages nor "changed since" here, so whoever wants a change has to list its window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventWindow {
    /// Whose events.
    pub of: EventsOf,
    /// Where the window begins.
    pub from: DateTime<Utc>,
    /// Where it ends. Neither is it documented whether an event that only reaches into the window is listed, nor whether one
    /// that begins exactly at its end is.
    pub until: DateTime<Utc>,
}

/// One element of a listing, not decoded yet. Its debug output shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub enum ListedEvent {
    /// An event.
    Event {
        /// Its id.
        id: String,
        /// Its bytes; see [`Appointment::from_json`](crate::Appointment::from_json).
        raw: Bytes,
    },
    /// Something without an id. The others are not worse for it.
    Broken {
        /// Its bytes.
        raw: Bytes,
    },
}

#[derive(Deserialize)]
struct Found<'a> {
    // Not optional: an answer without the list must not pass for an empty calendar.
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// All that is read of an element here.
#[derive(Deserialize)]
struct Head {
    #[serde(deserialize_with = "shown::id")]
    id: String,
}

impl Client {
    /// The appointments in a window, in one answer, however many they are. Cancelled ones are among them; deleted ones are
    /// not, or are marked as [`deleted`](crate::Appointment::deleted) under v3.
    ///
    /// # Errors
    /// Those of the call, and [`ErrorKind::Configuration`] when the window ends before it begins.
    pub async fn events(&self, window: &EventWindow) -> Result<Vec<ListedEvent>> {
        read(&self.send(&self.events_request(window)?).await?)
    }

    pub(crate) fn events_request(&self, window: &EventWindow) -> Result<Request> {
        self.window_request(Request::get(LISTED, "/calendars/events"), window)
    }

    /// The part that the listings of appointments and of blocked slots share.
    pub(crate) fn window_request(&self, request: Request, window: &EventWindow) -> Result<Request> {
        let EventWindow { of, from, until } = window;
        if until < from {
            let error = Error::new(ErrorKind::Configuration, request.endpoint());
            return Err(error.with_message("the window ends before it begins"));
        }
        let (name, id) = match of {
            EventsOf::Calendar(id) => ("calendarId", id),
            EventsOf::User(id) => ("userId", id),
            EventsOf::Group(id) => ("groupId", id),
        };
        let request = request.query("locationId", self.location_id()).query(name, id);
        let milliseconds = |time: &DateTime<Utc>| time.timestamp_millis().to_string();
        Ok(self.on_calendars(request.query("startTime", milliseconds(from)).query("endTime", milliseconds(until))))
    }
}

/// Cuts a listing into its elements.
pub(crate) fn read(answer: &Answer) -> Result<Vec<ListedEvent>> {
    let found: Found<'_> = answer.json()?;
    Ok(found.events.iter().map(|raw| ListedEvent::new(answer.body().slice_ref(raw.get().as_bytes()))).collect())
}

impl ListedEvent {
    fn new(raw: Bytes) -> Self {
        // An array of one text would pass for the members of the head.
        let object = raw.first() == Some(&b'{');
        match object.then(|| serde_json::from_slice::<Head>(&raw)) {
            Some(Ok(head)) => Self::Event { id: head.id, raw },
            _ => Self::Broken { raw },
        }
    }
}

impl fmt::Debug for ListedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { id, raw: _ } => f.debug_struct("Event").field("id", id).finish_non_exhaustive(),
            Self::Broken { raw: _ } => f.write_str("Broken"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn listed(body: &'static str) -> Result<Vec<ListedEvent>> {
        let request = Request::get(LISTED, "/calendars/events");
        read(&Answer::new(&request, StatusCode::OK, HeaderMap::new(), Bytes::from_static(body.as_bytes())))
    }

    #[test]
    fn a_broken_element_does_not_spoil_its_listing() {
        let found = listed(r#"{"events":[{"id":"a1","startTime":{}},{"title":"Anna"},["a2"],7,{"id":"a3"}],"traceId":"t"}"#).unwrap();
        assert!(!format!("{found:?}").contains("Anna"));
        let ids: Vec<Option<&str>> = found
            .iter()
            .map(|event| match event {
                ListedEvent::Event { id, .. } => Some(id.as_str()),
                ListedEvent::Broken { .. } => None,
            })
            .collect();
        assert_eq!(ids, [Some("a1"), None, None, None, Some("a3")]);
        assert_eq!(found[1], ListedEvent::Broken { raw: Bytes::from_static(br#"{"title":"Anna"}"#) });
    }

    #[test]
    fn an_answer_without_a_list_is_no_empty_calendar() {
        assert_eq!(listed(r#"{"traceId":"t"}"#).unwrap_err().kind(), ErrorKind::Decode);
        assert_eq!(listed(r#"{"events":[]}"#).unwrap(), []);
    }
}
