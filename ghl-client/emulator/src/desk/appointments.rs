//! What people at the clinic do with calendars.

use chrono::{DateTime, TimeDelta, Utc};

use super::FrontDesk;
use crate::appointment::{Appointment, AppointmentStatus};
use crate::calendar::NewCalendar;
use crate::hooks::Origin;

/// A new appointment.
#[derive(Clone, Debug, Default)]
pub struct NewAppointment {
    /// The calendar.
    pub calendar_id: String,
    /// The contact who comes.
    pub contact_id: String,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// How long it takes; without it, as long as a slot of the calendar.
    pub minutes: Option<u32>,
    /// Its title; without it, what the calendar makes of the contact's name.
    pub title: Option<String>,
    /// The user it is assigned to.
    pub assigned_user_id: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// Its status.
    pub status: AppointmentStatus,
}

/// Calendars and appointments. Every change notifies and starts workflows, except a deletion. Double bookings are let in.
impl FrontDesk<'_> {
    /// Adds a user, who can be in the teams of calendars, and returns the id.
    pub fn add_user(&self) -> String {
        self.shared.with(|state| state.add_user())
    }

    /// Adds a calendar and returns its id.
    pub fn add_calendar(&self, calendar: NewCalendar) -> String {
        self.shared.with(|state| state.add_calendar(calendar))
    }

    /// Books an appointment and returns its id; `None` for an unknown calendar or contact.
    pub fn book(&self, new: NewAppointment) -> Option<String> {
        self.shared.with(|state| {
            let calendar = state.agenda.calendar(&new.calendar_id)?;
            state.book.get(&new.contact_id)?;
            let length = new.minutes.map_or(calendar.slot(), |minutes| TimeDelta::minutes(minutes.into()));
            let appointment = Appointment {
                title: new.title.or_else(|| state.title(calendar, &new.contact_id)),
                calendar_id: new.calendar_id,
                contact_id: new.contact_id,
                assigned_user_id: new.assigned_user_id,
                status: new.status,
                start: new.start,
                end: new.start + length,
                description: new.description,
                ..Appointment::default()
            };
            Some(state.schedule(appointment, true, Origin::FrontDesk).id.clone())
        })
    }

    /// Moves an appointment and keeps its length; false for an unknown id.
    pub fn move_appointment(&self, id: &str, start: DateTime<Utc>) -> bool {
        self.change_appointment(id, |appointment| {
            let length = appointment.end - appointment.start;
            appointment.start = start;
            appointment.end = start + length;
        })
    }

    /// Cancels an appointment, which stays in the calendar; false for an unknown id.
    pub fn cancel(&self, id: &str) -> bool {
        self.set_status(id, AppointmentStatus::Cancelled)
    }

    /// Confirms an appointment; false for an unknown id.
    pub fn confirm(&self, id: &str) -> bool {
        self.set_status(id, AppointmentStatus::Confirmed)
    }

    /// Notes that the contact did not come; false for an unknown id.
    pub fn no_show(&self, id: &str) -> bool {
        self.set_status(id, AppointmentStatus::NoShow)
    }

    /// Gives an appointment any status; false for an unknown id.
    pub fn set_status(&self, id: &str, status: AppointmentStatus) -> bool {
        self.change_appointment(id, |appointment| appointment.status = status)
    }

    /// Changes anything about an appointment but its id; false for an unknown id.
    pub fn change_appointment(&self, id: &str, change: impl FnOnce(&mut Appointment)) -> bool {
        let change = |appointment: &mut Appointment| {
            change(appointment);
            id.clone_into(&mut appointment.id);
        };
        self.shared.with(|state| state.reschedule(id, true, Origin::FrontDesk, change).is_some())
    }

    /// Deletes an appointment, which is gone then; false for an unknown id.
    pub fn delete_appointment(&self, id: &str) -> bool {
        self.shared.with(|state| state.delete_appointment(id, Origin::FrontDesk))
    }

    /// All appointments that were not deleted, ordered by id.
    #[must_use]
    pub fn appointments(&self) -> Vec<Appointment> {
        self.shared.with(|state| {
            let present = state.agenda.appointments().filter(|appointment| !appointment.deleted);
            present.map(|appointment| Appointment::clone(appointment)).collect()
        })
    }

    /// One appointment that was not deleted.
    #[must_use]
    pub fn appointment(&self, id: &str) -> Option<Appointment> {
        self.shared.with(|state| state.agenda.appointment(id).map(|appointment| Appointment::clone(appointment)))
    }
}
