//! How calendars, appointments and blocked slots look in an answer.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::appointment::{Appointment, Block};
use crate::calendar::Calendar;
use crate::view::{Version, instant, put};

/// What is needed to show an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventView<'a> {
    pub(crate) location_id: &'a str,
    pub(crate) zone: Tz,
    pub(crate) version: Version,
}

impl EventView<'_> {
    /// The appointment as a write shows it: bare, without its description, and before v3 without the time of the change:
    /// <https://github.com/GoHighLevel/highlevel-api-docs/issues/246>.
    pub(crate) fn written(&self, appointment: &Appointment) -> Map<String, Value> {
        let mut shown = self.common(appointment);
        if self.version == Version::V3 {
            self.put_dates(&mut shown, appointment);
        }
        shown
    }

    /// The appointment as reads and listings show it.
    pub(crate) fn event(&self, appointment: &Appointment, group_id: Option<&str>) -> Map<String, Value> {
        let mut shown = self.common(appointment);
        put(&mut shown, "groupId", group_id);
        put(&mut shown, "description", appointment.description.clone());
        put(&mut shown, "users", appointment.assigned_user_id.clone().map(|user| vec![user]));
        put(&mut shown, "createdBy", Some(json!({ "source": appointment.source })));
        self.put_dates(&mut shown, appointment);
        if self.version == Version::V3 {
            put(&mut shown, "deleted", Some(appointment.deleted));
        }
        shown
    }

    pub(crate) fn block(&self, block: &Block) -> Map<String, Value> {
        let mut shown = Map::new();
        put(&mut shown, "id", Some(block.id.clone()));
        put(&mut shown, "locationId", Some(self.location_id));
        put(&mut shown, "calendarId", block.calendar_id.clone());
        put(&mut shown, "assignedUserId", block.assigned_user_id.clone());
        put(&mut shown, "title", block.title.clone());
        put(&mut shown, "startTime", Some(self.local(block.start)));
        put(&mut shown, "endTime", Some(self.local(block.end)));
        shown
    }

    fn common(&self, appointment: &Appointment) -> Map<String, Value> {
        let mut shown = Map::new();
        put(&mut shown, "id", Some(appointment.id.clone()));
        put(&mut shown, "locationId", Some(self.location_id));
        put(&mut shown, "calendarId", Some(appointment.calendar_id.clone()));
        put(&mut shown, "contactId", Some(appointment.contact_id.clone()));
        put(&mut shown, "assignedUserId", appointment.assigned_user_id.clone());
        put(&mut shown, "title", appointment.title.clone());
        put(&mut shown, "appointmentStatus", Some(appointment.status.name()));
        put(&mut shown, "address", appointment.address.clone());
        put(&mut shown, "isRecurring", Some(false));
        put(&mut shown, "startTime", Some(self.local(appointment.start)));
        put(&mut shown, "endTime", Some(self.local(appointment.end)));
        shown
    }

    fn put_dates(&self, shown: &mut Map<String, Value>, appointment: &Appointment) {
        put(shown, "dateAdded", Some(instant(appointment.date_added)));
        put(shown, "dateUpdated", Some(instant(appointment.date_updated)));
    }

    /// Unlike all other times, those of events have the location's offset.
    fn local(&self, time: DateTime<Utc>) -> String {
        time.with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::Secs, false)
    }
}

/// A calendar as the list shows it.
pub(crate) fn calendar(calendar: &Calendar, location_id: &str) -> Value {
    let Calendar { id, plan } = calendar;
    let member = |user_id: &String| json!({ "userId": user_id, "priority": 0.5, "isPrimary": false });
    let mut shown = json!({
        "id": id,
        "locationId": location_id,
        "name": plan.name,
        "calendarType": if plan.team.len() > 1 { "round_robin" } else { "event" },
        "eventTitle": plan.event_title,
        "slotDuration": plan.slot_minutes,
        "slotDurationUnit": "mins",
        "slotInterval": plan.slot_minutes,
        "slotIntervalUnit": "mins",
        "autoConfirm": plan.auto_confirm,
        "isActive": plan.is_active,
        "teamMembers": plan.team.iter().map(member).collect::<Vec<_>>(),
    });
    if let Some(group_id) = &plan.group_id {
        shown["groupId"] = Value::from(group_id.as_str());
    }
    shown
}
