//! What happens to calendars and appointments.

use std::sync::Arc;

use chrono_tz::Tz;

use super::State;
use crate::appointment::Appointment;
use crate::calendar::{Calendar, NewCalendar};
use crate::event_view::EventView;
use crate::hooks::{AppointmentChange, AppointmentChangeKind, Change, Origin};
use crate::view::Version;

impl State {
    /// The location's time zone; one that does not exist is UTC.
    pub(crate) fn zone(&self) -> Tz {
        self.config.timezone.parse().unwrap_or(Tz::UTC)
    }

    pub(crate) fn event_view(&self, version: Version) -> EventView<'_> {
        EventView { location_id: &self.config.location_id, zone: self.zone(), version }
    }

    pub(crate) fn add_user(&mut self) -> String {
        let id = self.ids.record();
        self.agenda.add_user(id.clone());
        id
    }

    pub(crate) fn add_calendar(&mut self, plan: NewCalendar) -> String {
        let id = self.ids.record();
        self.agenda.add_calendar(Calendar { id: id.clone(), plan });
        id
    }

    /// The title of an appointment that was given none.
    pub(crate) fn title(&self, calendar: &Calendar, contact_id: &str) -> Option<String> {
        let name = self.book.get(contact_id).and_then(|contact| contact.name());
        Some(calendar.title(name.as_deref())).filter(|title| !title.is_empty())
    }

    /// Books an appointment that lacks nothing but its id.
    pub(crate) fn schedule(&mut self, mut appointment: Appointment, notify: bool, origin: Origin) -> Arc<Appointment> {
        appointment.id = self.ids.record();
        appointment.date_added = self.clock().now();
        origin.booked_at().clone_into(&mut appointment.source);
        self.announce(notify);
        self.store_appointment(appointment, AppointmentChangeKind::Created, origin)
    }

    /// Changes an appointment; `None` if there is none with this id.
    pub(crate) fn reschedule(
        &mut self,
        id: &str,
        notify: bool,
        origin: Origin,
        change: impl FnOnce(&mut Appointment),
    ) -> Option<Arc<Appointment>> {
        let mut appointment = Appointment::clone(self.agenda.appointment(id)?);
        change(&mut appointment);
        self.announce(notify);
        Some(self.store_appointment(appointment, AppointmentChangeKind::Updated, origin))
    }

    /// Deletes an appointment; false if there is none with this id. No automation hears of it, as was seen in practice.
    pub(crate) fn delete_appointment(&mut self, id: &str, origin: Origin) -> bool {
        let Some(appointment) = self.agenda.appointment(id) else {
            return false;
        };
        let appointment = Appointment { deleted: true, ..Appointment::clone(appointment) };
        self.store_appointment(appointment, AppointmentChangeKind::Deleted, origin);
        true
    }

    /// The appointments of a deleted contact go with it.
    pub(super) fn delete_appointments_of(&mut self, contact_id: &str, origin: Origin) {
        for id in self.agenda.of_contact(contact_id) {
            self.delete_appointment(&id, origin);
        }
    }

    /// The appointments of a merged contact become the winner's.
    pub(super) fn pass_on_appointments(&mut self, loser: &str, winner: &str, origin: Origin) {
        for id in self.agenda.of_contact(loser) {
            self.reschedule(&id, false, origin, |appointment| winner.clone_into(&mut appointment.contact_id));
        }
    }

    pub(crate) fn new_id(&mut self) -> String {
        self.ids.record()
    }

    // A confirmation or the like, and the workflows that wait for a change of an appointment.
    fn announce(&mut self, notify: bool) {
        let times = u64::from(notify);
        self.counters.notifications += times;
        self.counters.workflow_triggers += times;
    }

    fn store_appointment(&mut self, mut appointment: Appointment, kind: AppointmentChangeKind, origin: Origin) -> Arc<Appointment> {
        let at = self.clock().now();
        appointment.date_updated = at;
        let appointment = Arc::new(appointment);
        self.agenda.put(Arc::clone(&appointment));
        self.changes.push(Change::Appointment(AppointmentChange { at, origin, kind, appointment: Arc::clone(&appointment) }));
        appointment
    }
}
