//! Appointments as they are written.

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use sync_http::Change;

use super::AppointmentStatus;
use crate::time;

/// Which times GHL takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SlotCheck {
    /// Only a free slot, within the calendar's notice and date range.
    #[default]
    Full,
    /// Only a free slot, at any notice and at any date.
    AnyDate,
    /// Any time, also outside of opening hours and on top of other appointments. Nothing stops a second booking then: GHL
    /// knows no idempotency keys.
    None,
}

/// An appointment to be. What is `None` is not sent. Its debug output shows nothing of it.
#[derive(Clone, PartialEq)]
pub struct NewAppointment {
    /// The calendar.
    pub calendar_id: String,
    /// The contact who comes. It must exist, and cannot be changed later.
    pub contact_id: String,
    /// When it begins.
    pub start_time: DateTime<Utc>,
    /// When it ends; without it, the calendar's slot length decides.
    pub end_time: Option<DateTime<Utc>>,
    /// Its title; without it, the calendar's pattern.
    pub title: Option<String>,
    /// Its status; without it, the calendar confirms by itself or not.
    pub status: Option<AppointmentStatus>,
    /// The user it is for, one of the calendar's team. Calendars with several members need it.
    pub assigned_user_id: Option<String>,
    /// Where it takes place.
    pub address: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// Which times GHL takes.
    pub slot_check: SlotCheck,
    /// Whether the clinic's automations run: confirmations, reminders, workflows. GHL runs them unless told otherwise.
    pub notify: bool,
}

impl NewAppointment {
    /// An appointment in a free slot, of which nobody is told.
    #[must_use]
    pub fn new(calendar_id: impl Into<String>, contact_id: impl Into<String>, start_time: DateTime<Utc>) -> Self {
        Self {
            calendar_id: calendar_id.into(),
            contact_id: contact_id.into(),
            start_time,
            end_time: None,
            title: None,
            status: None,
            assigned_user_id: None,
            address: None,
            description: None,
            slot_check: SlotCheck::Full,
            notify: false,
        }
    }

    pub(super) fn body<'a>(&'a self, location_id: &'a str, zone: Option<Tz>) -> Body<'a> {
        Body {
            location_id: Some(location_id),
            contact_id: Some(&self.contact_id),
            calendar_id: Some(&self.calendar_id),
            start_time: Some(time::write(self.start_time, zone)),
            end_time: self.end_time.map(|end| time::write(end, zone)),
            title: self.title.as_deref(),
            appointment_status: self.status,
            assigned_user_id: self.assigned_user_id.as_deref(),
            address: self.address.as_deref(),
            description: self.description.as_deref(),
            flags: Flags::new(self.slot_check, self.notify),
        }
    }
}

/// What an update changes; the rest is not sent and stays. There is no contact and no location, since an update that names
/// them is refused. Its debug output shows nothing of it.
#[derive(Clone, Default, PartialEq)]
pub struct AppointmentPatch {
    /// The calendar.
    pub calendar_id: Option<String>,
    /// When it begins. Send the end too: what becomes of it otherwise is not documented.
    pub start_time: Option<DateTime<Utc>>,
    /// When it ends.
    pub end_time: Option<DateTime<Utc>>,
    /// Its status.
    pub status: Option<AppointmentStatus>,
    /// The user it is for, one of the calendar's team.
    pub assigned_user_id: Option<String>,
    /// Its title.
    pub title: Change<String>,
    /// Where it takes place.
    pub address: Change<String>,
    /// A description.
    pub description: Change<String>,
    /// Which times GHL takes.
    pub slot_check: SlotCheck,
    /// Whether the clinic's automations run.
    pub notify: bool,
}

impl AppointmentPatch {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self { slot_check: self.slot_check, notify: self.notify, ..Self::default() }
    }

    pub(super) fn body(&self, zone: Option<Tz>) -> Body<'_> {
        Body {
            location_id: None,
            contact_id: None,
            calendar_id: self.calendar_id.as_deref(),
            start_time: self.start_time.map(|start| time::write(start, zone)),
            end_time: self.end_time.map(|end| time::write(end, zone)),
            title: changed(&self.title),
            appointment_status: self.status,
            assigned_user_id: self.assigned_user_id.as_deref(),
            address: changed(&self.address),
            description: changed(&self.description),
            flags: Flags::new(self.slot_check, self.notify),
        }
    }
}

/// The body of both writes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    location_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment_status: Option<AppointmentStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(flatten)]
    flags: Flags,
}

/// They are always sent: what GHL assumes without them is documented for none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Flags {
    to_notify: bool,
    ignore_free_slot_validation: bool,
    ignore_date_range: bool,
}

impl Flags {
    fn new(check: SlotCheck, to_notify: bool) -> Self {
        Self { to_notify, ignore_free_slot_validation: check == SlotCheck::None, ignore_date_range: check != SlotCheck::Full }
    }
}

// The schema does not let texts be null, so an empty one clears.
fn changed(change: &Change<String>) -> Option<&str> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(""),
        Change::Set(text) => Some(text),
    }
}

impl fmt::Debug for NewAppointment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAppointment").finish_non_exhaustive()
    }
}

impl fmt::Debug for AppointmentPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppointmentPatch").finish_non_exhaustive()
    }
}
