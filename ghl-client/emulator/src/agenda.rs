//! The calendars, and what stands in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::appointment::{Appointment, Block};
use crate::calendar::Calendar;

/// Everything that has to do with time.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    users: BTreeSet<String>,
    calendars: Vec<Calendar>,
    appointments: BTreeMap<String, Arc<Appointment>>,
    blocks: BTreeMap<String, Block>,
}

/// A listing's conditions; all that are there have to hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) calendar_id: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) group_id: Option<&'a str>,
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

/// A time that somebody wants to have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub(crate) calendar_id: &'a str,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    /// The appointment that may be moved within its own time.
    pub(crate) own_id: Option<&'a str>,
}

impl Agenda {
    pub(crate) fn add_user(&mut self, id: String) {
        self.users.insert(id);
    }

    pub(crate) fn add_calendar(&mut self, calendar: Calendar) {
        self.calendars.push(calendar);
    }

    pub(crate) fn calendars(&self) -> &[Calendar] {
        &self.calendars
    }

    pub(crate) fn calendar(&self, id: &str) -> Option<&Calendar> {
        self.calendars.iter().find(|calendar| calendar.id == id)
    }

    /// Whether a calendar's appointments can be assigned to a user. One without a team takes everybody who is known.
    pub(crate) fn can_be_assigned(&self, calendar: &Calendar, user_id: &str) -> bool {
        let team = &calendar.plan.team;
        if team.is_empty() { self.users.contains(user_id) } else { team.iter().any(|member| member == user_id) }
    }

    /// All appointments by id, deleted ones too.
    pub(crate) fn appointments(&self) -> impl Iterator<Item = &Arc<Appointment>> {
        self.appointments.values()
    }

    /// An appointment, even if it was deleted.
    pub(crate) fn kept(&self, id: &str) -> Option<&Arc<Appointment>> {
        self.appointments.get(id)
    }

    /// An appointment that was not deleted.
    pub(crate) fn appointment(&self, id: &str) -> Option<&Arc<Appointment>> {
        self.kept(id).filter(|appointment| !appointment.deleted)
    }

    pub(crate) fn put(&mut self, appointment: Arc<Appointment>) {
        self.appointments.insert(appointment.id.clone(), appointment);
    }

    /// The ids of a contact's appointments.
    pub(crate) fn of_contact(&self, contact_id: &str) -> Vec<String> {
        let theirs = self.appointments.values().filter(|appointment| appointment.contact_id == contact_id && !appointment.deleted);
        theirs.map(|appointment| appointment.id.clone()).collect()
    }

    pub(crate) fn block(&mut self, block: Block) {
        self.blocks.insert(block.id.clone(), block);
    }

    pub(crate) fn unblock(&mut self, id: &str) -> bool {
        self.blocks.remove(id).is_some()
    }

    /// The appointments in a window, deleted ones too, in order of their start.
    pub(crate) fn appointments_in(&self, window: &Window<'_>) -> Vec<&Arc<Appointment>> {
        let inside = |appointment: &&Arc<Appointment>| {
            window.holds(self, Some(&appointment.calendar_id), appointment.assigned_user_id.as_deref(), appointment.start)
        };
        let mut found: Vec<_> = self.appointments.values().filter(inside).collect();
        found.sort_by_key(|appointment| appointment.start);
        found
    }

    /// The blocked slots in a window, in order of their start.
    pub(crate) fn blocks_in(&self, window: &Window<'_>) -> Vec<&Block> {
        let inside = |block: &&Block| window.holds(self, block.calendar_id.as_deref(), block.assigned_user_id.as_deref(), block.start);
        let mut found: Vec<_> = self.blocks.values().filter(inside).collect();
        found.sort_by_key(|block| block.start);
        found
    }

    /// Whether something stands in the way of `span`.
    pub(crate) fn is_taken(&self, span: &Span<'_>) -> bool {
        let booked = self.appointments.values().any(|other| {
            other.takes_its_slot()
                && span.own_id != Some(other.id.as_str())
                && span.overlaps(other.start, other.end)
                && span.competes(&other.calendar_id, other.assigned_user_id.as_deref())
        });
        let blocked = |block: &Block| {
            let calendar = block.calendar_id.as_deref() == Some(span.calendar_id);
            let user = block.assigned_user_id.is_some() && block.assigned_user_id.as_deref() == span.user_id;
            (calendar || user) && span.overlaps(block.start, block.end)
        };
        booked || self.blocks.values().any(blocked)
    }

    fn group_of(&self, calendar_id: &str) -> Option<&str> {
        self.calendar(calendar_id)?.plan.group_id.as_deref()
    }
}

impl Window<'_> {
    /// An event belongs to the window in which it begins, both ends included.
    fn holds(&self, agenda: &Agenda, calendar_id: Option<&str>, user_id: Option<&str>, start: DateTime<Utc>) -> bool {
        let is = |wanted: Option<&str>, present: Option<&str>| wanted.is_none() || wanted == present;
        is(self.calendar_id, calendar_id)
            && is(self.user_id, user_id)
            && is(self.group_id, calendar_id.and_then(|id| agenda.group_of(id)))
            && (self.from..=self.until).contains(&start)
    }
}

impl Span<'_> {
    fn overlaps(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> bool {
        self.start < end && start < self.end
    }

    /// Two appointments compete for one user; where one has none, for the calendar.
    fn competes(&self, calendar_id: &str, user_id: Option<&str>) -> bool {
        match (self.user_id, user_id) {
            (Some(own), Some(other)) => own == other,
            _ => self.calendar_id == calendar_id,
        }
    }
}
