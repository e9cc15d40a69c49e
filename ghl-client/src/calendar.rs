//! Calendars of a location, and the times that are blocked in them.

mod block;

use std::fmt;

use serde::Deserialize;
use sync_http::{Request, Result, Shown, shown};

use crate::Client;

pub use block::{BlockedFor, BlockedSlot, NewBlockedSlot};

/// A calendar that appointments are booked in. Its debug output shows the id only: calendars are often named after people.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// Its id; appointments name it by this.
    #[serde(deserialize_with = "shown::id")]
    pub id: String,
    /// Its name, as people see it.
    #[serde(default, deserialize_with = "shown::text")]
    pub name: Shown<String>,
    /// The group it is in.
    #[serde(default, deserialize_with = "shown::text")]
    pub group_id: Shown<String>,
    /// How it distributes bookings: `round_robin`, `event`, `personal`, ….
    #[serde(default, deserialize_with = "shown::text")]
    pub calendar_type: Shown<String>,
    /// Whether it is in use, or a draft.
    #[serde(default)]
    pub is_active: Shown<bool>,
    /// What the titles of its appointments are made of, such as `{{contact.name}}`.
    #[serde(default, deserialize_with = "shown::text")]
    pub event_title: Shown<String>,
    /// Whether its appointments are confirmed as soon as they are booked.
    #[serde(default)]
    pub auto_confirm: Shown<bool>,
    /// The users whom its appointments can be assigned to.
    #[serde(default)]
    pub team_members: Shown<Vec<TeamMember>>,
}

/// A user as a member of a calendar's team.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeamMember {
    /// The user's id.
    #[serde(deserialize_with = "shown::id")]
    pub user_id: String,
    /// Whether the user is the primary one of a collective calendar.
    #[serde(default)]
    pub is_primary: Shown<bool>,
}

#[derive(Deserialize)]
struct Listed {
    calendars: Vec<Calendar>,
}

impl Calendar {
    /// Whether a user is in its team, as far as it shows one.
    #[must_use]
    pub fn has_member(&self, user_id: &str) -> bool {
        self.team_members.value().is_some_and(|members| members.iter().any(|member| member.user_id == user_id))
    }
}

impl Client {
    /// The calendars of this location, drafts too.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn calendars(&self) -> Result<Vec<Calendar>> {
        let listed: Listed = self.send(&self.calendars_request()).await?.json()?;
        Ok(listed.calendars)
    }

    pub(crate) fn calendars_request(&self) -> Request {
        // The slash at the end belongs to the path.
        self.on_calendars(Request::get("calendars.list", "/calendars/").query("locationId", self.location_id()))
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calendar").field("id", &self.id).finish_non_exhaustive()
    }
}
