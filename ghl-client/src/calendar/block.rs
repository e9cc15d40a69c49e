//! Blocked slots: times in which nobody can book.

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sync_http::{Error, Request, Result, Shown, Verdict, decode, shown};

use crate::appointment::{self, EventWindow, ListedEvent};
use crate::{Client, time};

const LISTED: &str = "blocked_slots.list";

/// What is blocked: a calendar or a user, never both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BlockedFor {
    /// The calendar with this id.
    Calendar(String),
    /// The user with this id, in all calendars. The schema calls the calendar required all the same, and says beside it that both
    /// are refused.
    User(String),
}

/// A blocked slot to be. Its debug output shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewBlockedSlot {
    /// What is blocked.
    pub blocked: BlockedFor,
    /// When it begins.
    pub start_time: DateTime<Utc>,
    /// When it ends.
    pub end_time: DateTime<Utc>,
    /// Its title.
    pub title: Option<String>,
}

/// A blocked slot as GHL shows it. Its debug output shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub struct BlockedSlot {
    /// The id.
    pub id: String,
    /// The calendar that is blocked.
    pub calendar_id: Shown<String>,
    /// The user who is blocked.
    pub assigned_user_id: Shown<String>,
    /// Its title.
    pub title: Shown<String>,
    /// When it begins.
    pub start_time: Shown<DateTime<Utc>>,
    /// When it ends.
    pub end_time: Shown<DateTime<Utc>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    location_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    start_time: String,
    end_time: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(deserialize_with = "shown::id")]
    id: String,
    #[serde(default, deserialize_with = "shown::text")]
    calendar_id: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    assigned_user_id: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    title: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    start_time: Shown<String>,
    #[serde(default, deserialize_with = "shown::text")]
    end_time: Shown<String>,
}

impl Client {
    /// Blocks a time. It is not asked whether it is free, and nobody is told.
    ///
    /// # Errors
    /// Those of the call; after one with the verdict [`Unknown`](Verdict::Unknown) look for it before you try again.
    pub async fn block_slot(&self, slot: &NewBlockedSlot) -> Result<BlockedSlot> {
        let answer = self.send(&self.block_slot_request(slot)?).await?;
        let unknown = |error: Error| error.with_status(answer.status()).with_verdict(Verdict::Unknown);
        answer.json::<Wire>()?.read(answer.endpoint(), self.timezone()).map_err(unknown)
    }

    /// The blocked slots in a window, each for [`BlockedSlot::from_json`]. [`Client::delete_event`] takes their ids.
    ///
    /// # Errors
    /// As for [`Client::events`].
    pub async fn blocked_slots(&self, window: &EventWindow) -> Result<Vec<ListedEvent>> {
        appointment::read_events(&self.send(&self.blocked_slots_request(window)?).await?)
    }

    pub(crate) fn block_slot_request(&self, slot: &NewBlockedSlot) -> Result<Request> {
        let (calendar_id, assigned_user_id) = match &slot.blocked {
            BlockedFor::Calendar(id) => (Some(id.as_str()), None),
            BlockedFor::User(id) => (None, Some(id.as_str())),
        };
        let body = Body {
            location_id: self.location_id(),
            calendar_id,
            assigned_user_id,
            title: slot.title.as_deref(),
            start_time: time::write(slot.start_time, self.timezone()),
            end_time: time::write(slot.end_time, self.timezone()),
        };
        self.on_calendars(Request::post("blocked_slots.create", "/calendars/events/block-slots")).json(&body)
    }

    pub(crate) fn blocked_slots_request(&self, window: &EventWindow) -> Result<Request> {
        self.window_request(Request::get(LISTED, "/calendars/blocked-slots"), window)
    }
}

impl BlockedSlot {
    /// Reads one element of a listing. `zone` is that of the location, for times without an offset.
    ///
    /// # Errors
    /// When it is not a blocked slot, or when one of its times cannot be read.
    pub fn from_json(json: &[u8], zone: Option<Tz>) -> Result<Self> {
        decode::<Wire>(LISTED, json)?.read(LISTED, zone)
    }
}

impl Wire {
    fn read(self, endpoint: &'static str, zone: Option<Tz>) -> Result<BlockedSlot> {
        Ok(BlockedSlot {
            id: self.id,
            calendar_id: self.calendar_id,
            assigned_user_id: self.assigned_user_id,
            title: self.title,
            start_time: time::read(endpoint, self.start_time, zone)?,
            end_time: time::read(endpoint, self.end_time, zone)?,
        })
    }
}

impl fmt::Debug for NewBlockedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewBlockedSlot").finish_non_exhaustive()
    }
}

impl fmt::Debug for BlockedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockedSlot").field("id", &self.id).finish_non_exhaustive()
    }
}
