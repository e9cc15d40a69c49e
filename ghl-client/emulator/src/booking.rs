//! Reads the body of an appointment write, as strictly as GHL does.

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Map, Value};

use crate::appointment::AppointmentStatus;
use crate::view::Version;

/// Properties that are understood by type and have no effect here.
const PLACES: [&str; 2] = ["meetingLocationType", "meetingLocationId"];
const STRINGS: [&str; 7] = ["calendarId", "contactId", "locationId", "title", "assignedUserId", "address", "description"];
const FLAGS: [&str; 4] = ["toNotify", "ignoreFreeSlotValidation", "ignoreDateRange", "overrideLocationConfig"];

/// Which write it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Booking {
    Create,
    Update,
}

impl Booking {
    /// An update cannot change whose appointment it is; the schema does not name these there.
    fn declares(self, property: &str) -> bool {
        self == Self::Create || !matches!(property, "contactId" | "locationId")
    }
}

/// What a write asks for. What is not named stays.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) calendar_id: Option<String>,
    pub(crate) contact_id: Option<String>,
    pub(crate) assigned_user_id: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) status: Option<AppointmentStatus>,
    /// With the offset it was written with: slots are compared as text.
    pub(crate) start: Option<DateTime<FixedOffset>>,
    pub(crate) end: Option<DateTime<Utc>>,
    pub(crate) notify: bool,
    pub(crate) ignore_slots: bool,
    pub(crate) ignore_range: bool,
}

/// The draft, or every complaint about the body.
pub(crate) fn read(body: &Map<String, Value>, booking: Booking, version: Version) -> Result<Draft, Vec<String>> {
    let mut complaints: Vec<String> = body.keys().filter_map(|property| undeclared(property, booking)).collect();
    let mut reader = Reader::new(body, &mut complaints);
    if booking == Booking::Create {
        reader.require(&["calendarId", "contactId", "startTime"]);
    }
    let draft = Draft {
        calendar_id: reader.text("calendarId"),
        contact_id: reader.text("contactId"),
        assigned_user_id: reader.text("assignedUserId"),
        title: reader.text("title"),
        address: reader.text("address"),
        description: reader.text("description"),
        status: reader.status(version),
        start: reader.time("startTime"),
        end: reader.time("endTime").map(|end| end.to_utc()),
        // The schema says what false does, and not what happens without it.
        notify: reader.flag("toNotify").unwrap_or(true),
        ignore_slots: reader.flag("ignoreFreeSlotValidation").unwrap_or(false),
        ignore_range: reader.flag("ignoreDateRange").unwrap_or(false),
    };
    if complaints.is_empty() { Ok(draft) } else { Err(complaints) }
}

fn undeclared(property: &str, booking: Booking) -> Option<String> {
    let other = matches!(property, "startTime" | "endTime" | "appointmentStatus");
    let known = other || [&STRINGS[..], &FLAGS, &PLACES].concat().contains(&property);
    match property {
        "rrule" => Some("rrule is not emulated".to_owned()),
        _ if known && booking.declares(property) => None,
        _ => Some(format!("property {property} should not exist")),
    }
}

/// Reads properties one by one and notes what is wrong with them.
pub(crate) struct Reader<'a> {
    body: &'a Map<String, Value>,
    complaints: &'a mut Vec<String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a Map<String, Value>, complaints: &'a mut Vec<String>) -> Self {
        Self { body, complaints }
    }

    pub(crate) fn require(&mut self, properties: &[&str]) {
        let missing = properties.iter().filter(|property| self.body.get(**property).is_none_or(is_empty));
        self.complaints.extend(missing.map(|property| format!("{property} should not be empty")));
    }

    pub(crate) fn text(&mut self, property: &str) -> Option<String> {
        let value = self.body.get(property)?;
        let text = value.as_str().map(|text| text.trim().to_owned());
        if text.is_none() {
            self.complaints.push(format!("{property} must be a string"));
        }
        text
    }

    /// A time needs its offset: what GHL makes of one without is not documented.
    pub(crate) fn time(&mut self, property: &str) -> Option<DateTime<FixedOffset>> {
        let text = self.text(property)?;
        let time = DateTime::parse_from_rfc3339(&text).ok();
        if time.is_none() && !text.is_empty() {
            self.complaints.push(format!("{property} must be a valid ISO 8601 date string"));
        }
        time
    }

    fn flag(&mut self, property: &str) -> Option<bool> {
        let flag = self.body.get(property)?.as_bool();
        if flag.is_none() {
            self.complaints.push(format!("{property} must be a boolean value"));
        }
        flag
    }

    fn status(&mut self, version: Version) -> Option<AppointmentStatus> {
        let known = match version {
            Version::Dated => AppointmentStatus::DATED,
            Version::V3 => AppointmentStatus::V3,
        };
        let text = self.text("appointmentStatus")?;
        let status = known.iter().find(|status| status.name() == text).copied();
        if status.is_none() {
            let names: Vec<&str> = known.iter().map(|status| status.name()).collect();
            self.complaints.push(format!("appointmentStatus must be one of the following values: {}", names.join(", ")));
        }
        status
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}
