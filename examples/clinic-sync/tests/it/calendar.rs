//! A clinic whose calendars are kept in sync: what people do there, and what both systems show.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use clinic_sync::demo::{Booking, bookings};
use clinic_sync::settings::Calendar;
use emulator_kit::Entry;
use ephysio_emulator::{Event, EventQuirks, NewEvent, Quirks};
use ghl_emulator::{Appointment, AppointmentStatus, NewAppointment};
use http::Method;
use serde_json::Value;

use crate::house::{House, Mark};
use crate::staff::in_sync_with;

/// The list of e-Physio's calendar, and where events are created.
pub(crate) const EVENTS: &str = "/api/1.0/events/events";
pub(crate) const EVENT: &str = "/api/1.0/events";
/// Where appointments of GHL are created.
pub(crate) const APPOINTMENTS: &str = "/calendars/events/appointments";

/// A house with calendars, and people who are on both sides.
pub(crate) struct Practice {
    pub(crate) house: House,
    pub(crate) people: Vec<(u64, String)>,
    pub(crate) calendar: Calendar,
}

impl Practice {
    /// A practice with so many patients, each of whom has a contact. Nothing is booked.
    pub(crate) async fn of(patients: usize) -> Self {
        Self::with(EventQuirks::default(), patients, |_| {}).await
    }

    /// The same, of an e-Physio whose calendar has these quirks, and with further settings.
    pub(crate) async fn with(events: EventQuirks, patients: usize, set: impl FnOnce(&mut House)) -> Self {
        let quirks = Quirks { events, ..Quirks::default() };
        let (house, people) = in_sync_with(quirks, patients, |house| {
            open_calendars(house);
            set(house);
        })
        .await;
        let calendar = calendars(&house).remove(0);
        Self { house, people, calendar }
    }

    pub(crate) fn person(&self, number: usize) -> (u64, &str) {
        (self.people[number].0, &self.people[number].1)
    }

    /// Staff open an invoice for everybody.
    pub(crate) fn open_invoices(&self) {
        for (patient, _) in &self.people {
            self.house.clinic.ephysio.practice().open_invoice(*patient);
        }
    }

    /// Staff book an appointment in e-Physio.
    pub(crate) fn in_ephysio(&self, patient: u64, start: DateTime<Utc>) -> u64 {
        self.house.clinic.ephysio.practice().book(NewEvent::at(start).of(patient))
    }

    /// Somebody books an appointment in GHL.
    pub(crate) fn in_ghl(&self, contact: &str, start: DateTime<Utc>) -> String {
        let new = NewAppointment {
            calendar_id: self.calendar.calendar_id.clone(),
            contact_id: contact.to_owned(),
            start,
            minutes: Some(30),
            assigned_user_id: self.calendar.user_id.clone(),
            status: AppointmentStatus::Confirmed,
            ..NewAppointment::default()
        };
        self.house.clinic.ghl.front_desk().book(new).unwrap()
    }

    /// The appointments of patients in e-Physio.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.house.clinic.ephysio.practice().events().into_iter().filter(|event| event.patient_id.is_some()).collect()
    }

    pub(crate) fn event(&self, id: u64) -> Event {
        self.house.clinic.ephysio.practice().event(id).unwrap()
    }

    pub(crate) fn appointments(&self) -> Vec<Appointment> {
        self.house.clinic.ghl.front_desk().appointments()
    }

    pub(crate) fn appointment(&self, id: &str) -> Appointment {
        self.house.clinic.ghl.front_desk().appointment(id).unwrap()
    }

    /// What the sync believes to be on both sides.
    pub(crate) async fn bookings(&self) -> Vec<Booking> {
        let (service, _) = self.house.open().await;
        let found = bookings(&service).await.unwrap();
        service.store().close().await;
        found
    }

    /// An appointment of the first person that is on both sides, by its ids.
    pub(crate) async fn booked(&self, start: DateTime<Utc>) -> (u64, String) {
        let event = self.in_ephysio(self.person(0).0, start);
        self.house.sync().await;
        let booking = self.bookings().await.into_iter().find(|booking| booking.event == event).unwrap();
        (event, booking.appointment)
    }

    /// The reasons of what waits for people.
    pub(crate) async fn reasons(&self) -> Vec<String> {
        self.house.reviews().await.iter().map(|review| review["reason"].as_str().unwrap().to_owned()).collect()
    }

    /// Every appointment is on both sides exactly once, at one time, of the same person.
    pub(crate) async fn assert_mirrored(&self, count: usize) {
        let contact_of = |patient: Option<u64>| self.people.iter().find(|(id, _)| Some(*id) == patient).map(|(_, contact)| contact.clone());
        let mut events: Vec<_> = self.events().into_iter().map(|event| (event.start, event.end, contact_of(event.patient_id))).collect();
        let mut appointments: Vec<_> =
            self.appointments().into_iter().map(|booked| (booked.start, booked.end, Some(booked.contact_id))).collect();
        events.sort();
        appointments.sort();
        assert_eq!(events, appointments);
        assert_eq!((events.len(), self.bookings().await.len()), (count, count));
    }

    /// How often e-Physio and GHL were asked this since.
    pub(crate) fn asked(&self, since: Mark, method: &Method, path: &str) -> Vec<Entry> {
        let clinic = &self.house.clinic;
        let entries = clinic.ephysio.journal().since(since.ephysio).into_iter().chain(clinic.ghl.journal().since(since.ghl));
        entries.filter(|entry| entry.method == *method && entry.path == path).collect()
    }

    /// How often an invoice was looked for since.
    pub(crate) fn look_ups(&self, since: Mark) -> usize {
        let entries = self.house.clinic.ephysio.journal().since(since.ephysio);
        entries.iter().filter(|entry| entry.method == Method::GET && entry.path.contains("/invoices/")).count()
    }

    /// What nobody wants to hear of: messages and workflows in GHL, reminders of e-Physio.
    pub(crate) fn told(&self) -> (u64, u64, u64) {
        let (ephysio, ghl) = (self.house.clinic.ephysio.counters(), self.house.clinic.ghl.counters());
        (ephysio.reminders, ghl.notifications, ghl.workflow_triggers)
    }
}

/// The half hour of this number: from nine to five in Zurich or an hour later, from the day after tomorrow on.
pub(crate) fn slot(number: i64) -> DateTime<Utc> {
    let day = Utc::now().date_naive() + Days::new(2 + u64::try_from(number / 14).unwrap());
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(8 * 60 + 30 * (number % 14))
}

/// What a report counted for appointments.
pub(crate) fn counted<'a>(report: &'a Value, system: &str) -> &'a Value {
    &report["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "appointment").unwrap()[system]
}

pub(crate) fn calendars(house: &House) -> Vec<Calendar> {
    house.clinic.settings("http://localhost", "http://localhost", &house.path("clinic.db")).appointments.calendars
}

/// The settings for the calendars of anna and beat.
pub(crate) fn open_calendars(house: &mut House) {
    for (name, client_id) in [("anna", 5_778), ("beat", 5_779)] {
        house.set(&format!("appointments.practitioners.{name}.client_id"), client_id);
        house.set(&format!("appointments.practitioners.{name}.admin_info_id"), 5_770);
    }
    house.set("appointments.services.physio", 29_330);
    house.set("appointments.statuses.5", "planned");
    house.set("appointments.statuses.7", "no_show");
    house.set("appointments.settle_seconds", 0);
    let rows: Vec<toml::Value> = calendars(house).into_iter().map(row).collect();
    house.set("appointments.calendars", rows);
}

/// A calendar as it stands in the settings.
pub(crate) fn row(calendar: Calendar) -> toml::Value {
    let mut row = toml::Table::new();
    row.insert("calendar_id".to_owned(), calendar.calendar_id.into());
    row.insert("user_id".to_owned(), calendar.user_id.unwrap().into());
    row.insert("practitioner".to_owned(), calendar.practitioner.into());
    row.insert("service".to_owned(), calendar.service.unwrap().into());
    row.into()
}
