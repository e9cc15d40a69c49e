//! The calendars of the emulated clinic: who comes when, what people do to it, and what must come of that.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use ephysio_emulator::{Event, NewEvent};
use ghl_emulator::{Appointment, AppointmentStatus, NewAppointment, NewCalendar};
use sync_core::vocabulary::appointment;
use sync_core::{Head, ReviewQuery, Side};

use super::check::Pair;
use super::clinic::Clinic;
use super::verdict::Verdict;
use crate::settings::{AppointmentSettings, Calendar, Practitioner};
use crate::{Result, Service};

/// The practitioners, and the numbers of their calendars in e-Physio.
const PRACTITIONERS: [(&str, i64); 2] = [("anna", 5_778), ("beat", 5_779)];
const BILLING: i64 = 5_770;
const SERVICE: (&str, i64) = ("physio", 29_330);

/// The half hours of a working day.
const SLOTS: i64 = 18;

/// A practitioner's calendar in GHL.
#[derive(Clone, Debug)]
pub(super) struct Column {
    name: &'static str,
    client_id: i64,
    calendar_id: String,
    user_id: String,
}

impl Column {
    /// The calendar in GHL, and the one in e-Physio.
    pub(super) fn calendars(&self) -> (String, i64) {
        (self.calendar_id.clone(), self.client_id)
    }
}

/// An appointment on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The event's id in e-Physio.
    pub event: u64,
    /// The appointment's id in GHL.
    pub appointment: String,
}

/// The settings for the calendars of the clinic.
pub(super) fn settings(columns: &[Column]) -> AppointmentSettings {
    let practitioner = |column: &Column| {
        let known = Practitioner { client_id: column.client_id, admin_info_id: BILLING };
        (column.name.to_owned(), known)
    };
    let calendar = |column: &Column| Calendar {
        calendar_id: column.calendar_id.clone(),
        user_id: Some(column.user_id.clone()),
        practitioner: column.name.to_owned(),
        service: Some(SERVICE.0.to_owned()),
    };
    AppointmentSettings {
        practitioners: columns.iter().map(practitioner).collect(),
        services: BTreeMap::from([(SERVICE.0.to_owned(), SERVICE.1)]),
        calendars: columns.iter().map(calendar).collect(),
        settle_seconds: 0,
        ..AppointmentSettings::default()
    }
}

impl Clinic {
    /// Puts up the calendars and fills them: every third patient comes, some are booked in both systems, one contact booked
    /// online, and there are breaks.
    pub(super) fn open_calendars(&mut self) {
        for (name, client_id) in PRACTITIONERS {
            let desk = self.ghl.front_desk();
            let user_id = desk.add_user();
            let plan = NewCalendar { name: name.to_owned(), team: vec![user_id.clone()], ..NewCalendar::default() };
            let calendar_id = desk.add_calendar(plan);
            self.columns.push(Column { name, client_id, calendar_id, user_id });
        }
        let active = self.ephysio.practice().patients().into_iter().filter(ephysio_emulator::Patient::is_active);
        let patients: Vec<u64> = active.map(|patient| patient.id).step_by(3).collect();
        let contacts: BTreeMap<u64, String> =
            self.known_contacts.iter().filter_map(|(contact, patient)| Some(((*patient)?, contact.clone()))).collect();
        for (number, patient) in (0..).zip(&patients) {
            let (column, start) = self.slot(number);
            self.ephysio.practice().book(NewEvent { client_id: column.client_id, ..NewEvent::at(start).of(*patient) });
            if number % 2 == 0 {
                self.ephysio.practice().open_invoice(*patient);
            }
            if let Some(contact) = contacts.get(patient) {
                self.book_in_ghl(number, contact);
            }
        }
        let mut booked = patients.len() as i64;
        for (contact, _) in self.known_contacts.clone().iter().filter(|(_, patient)| patient.is_none()).take(1) {
            self.book_in_ghl(booked, contact);
            booked += 1;
        }
        self.ephysio.practice().book(NewEvent::at(self.slot(booked).1));
        self.next_slot = booked + 1;
    }

    /// The slot of this number: two columns, half hours, working hours only; all in the time to come.
    fn slot(&self, number: i64) -> (Column, DateTime<Utc>) {
        let column = self.columns[usize::try_from(number % 2).unwrap_or(0)].clone();
        let (day, half_hour) = (number / 2 / SLOTS, number / 2 % SLOTS);
        let day = self.ghl.clock().now().date_naive() + Days::new(u64::try_from(day).unwrap_or(0) + 2);
        (column, day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(8 * 60 + 30 * half_hour))
    }

    fn book_in_ghl(&mut self, number: i64, contact: &str) {
        let (column, start) = self.slot(number);
        let new = NewAppointment {
            calendar_id: column.calendar_id,
            contact_id: contact.to_owned(),
            start,
            minutes: Some(30),
            title: None,
            assigned_user_id: Some(column.user_id),
            description: None,
            status: AppointmentStatus::Confirmed,
        };
        self.known_appointments.extend(self.ghl.front_desk().book(new));
    }

    fn free_slot(&mut self) -> i64 {
        self.next_slot += 1;
        self.next_slot
    }

    /// What happens to the calendars in a morning. Says, without values, what was done.
    pub fn morning_in_calendars(&mut self, pairs: &[Pair], bookings: &[Booking]) -> Vec<String> {
        let mut done = Vec::new();
        let plain: Vec<&Booking> = bookings.iter().filter(|booking| self.is_plain(booking)).take(3).collect();
        if let Some(Booking { event, .. }) = plain.first() {
            let number = self.free_slot();
            self.ephysio.practice().move_event(*event, self.slot(number).1);
            done.push(format!("event {event} was moved in e-Physio"));
        }
        if let Some(Booking { event, .. }) = plain.get(1) {
            self.ephysio.practice().cancel_event(*event);
            done.push(format!("event {event} was cancelled in e-Physio"));
        }
        if let Some(Booking { appointment, .. }) = plain.get(2) {
            let number = self.free_slot();
            self.ghl.front_desk().move_appointment(appointment, self.slot(number).1);
            done.push(format!("appointment {appointment} was moved in GHL"));
        }
        let invoiced: BTreeSet<u64> = self.ephysio.practice().invoices().iter().map(|invoice| invoice.patient_id).collect();
        if let Some(pair) = pairs.iter().find(|pair| !pair.retired && invoiced.contains(&pair.patient)).cloned() {
            let number = self.free_slot();
            self.book_in_ghl(number, &pair.contact);
            done.push(format!("contact {} booked an appointment in GHL", pair.contact));
        }
        done
    }

    fn is_plain(&self, booking: &Booking) -> bool {
        let appointment = self.ghl.front_desk().appointment(&booking.appointment);
        let is_open = appointment.is_some_and(|appointment| appointment.status == AppointmentStatus::Confirmed);
        is_open && self.ephysio.practice().event(booking.event).is_some()
    }
}

/// All appointments that are on both sides.
///
/// # Errors
/// When the store cannot be read.
pub async fn bookings(service: &Service) -> Result<Vec<Booking>> {
    let heads = service.store().heads(service.tenant(), &appointment::KIND, None, usize::MAX).await?;
    let booking = |head: &Head| {
        let id = |side: Side| head.ends[side].as_ref().map(|end| end.id.as_str());
        Some(Booking { event: id(Side::Left)?.parse().ok()?, appointment: id(Side::Right)?.to_owned() })
    };
    Ok(heads.iter().filter_map(booking).collect())
}

/// The appointments, by either id, about which a person has to decide or do something.
///
/// # Errors
/// When the store cannot be read.
pub async fn waiting_bookings(service: &Service) -> Result<BTreeSet<String>> {
    let query = ReviewQuery { kind: Some(appointment::KIND), ..ReviewQuery::default() };
    let open = service.store().reviews(service.tenant(), &query).await?.into_iter().filter(|review| review.decision.is_none());
    Ok(open.flat_map(|review| [review.records.left, review.records.right]).flatten().map(|id| id.to_string()).collect())
}

/// Compares the calendars of the two systems, and adds what it finds.
pub fn check_calendars(clinic: &Clinic, pairs: &[Pair], bookings: &[Booking], waiting: &BTreeSet<String>, verdict: &mut Verdict) {
    let events: BTreeMap<u64, Event> = clinic.ephysio.practice().events().into_iter().map(|event| (event.id, event)).collect();
    let appointments = clinic.ghl.front_desk().appointments();
    let appointments: BTreeMap<&str, &Appointment> =
        appointments.iter().map(|appointment| (appointment.id.as_str(), appointment)).collect();
    let is_open = |appointment: &Appointment| appointment.status == AppointmentStatus::Confirmed;
    let linked: BTreeSet<u64> = pairs.iter().filter(|pair| !pair.retired).map(|pair| pair.patient).collect();
    let mut slots = BTreeSet::new();
    for appointment in appointments.values().filter(|appointment| is_open(appointment)) {
        if !slots.insert((&appointment.contact_id, &appointment.calendar_id, appointment.start)) {
            verdict.duplicates.push(format!("appointment {} is in GHL twice", appointment.id));
        }
    }
    let (mut booked_events, mut booked) = (BTreeSet::new(), BTreeSet::new());
    for booking in bookings {
        let is_new = booked_events.insert(booking.event) & booked.insert(booking.appointment.as_str());
        if !is_new {
            verdict.duplicates.push(format!("event {} or appointment {} is in two pairs", booking.event, booking.appointment));
        }
        let waits = waiting.contains(&booking.event.to_string()) || waiting.contains(&booking.appointment);
        match (events.get(&booking.event), appointments.get(booking.appointment.as_str())) {
            (Some(event), Some(appointment)) if is_open(appointment) && event.start == appointment.start => verdict.appointments += 1,
            (None, Some(appointment)) if !is_open(appointment) => verdict.appointments += 1,
            _ if waits => {}
            // Nothing is kept in step for somebody who left, or whose contact was deleted with all its appointments.
            (Some(event), _) if event.patient_id.is_some_and(|patient| !linked.contains(&patient)) => {}
            _ => verdict.lost.push(format!("event {} and appointment {} differ", booking.event, booking.appointment)),
        }
    }
    for id in appointments.keys().filter(|id| !clinic.known_appointments.contains(**id) && !booked.contains(**id)) {
        verdict.duplicates.push(format!("appointment {id} was created and stands for nothing"));
    }
    let expected = events.values().filter(|event| event.patient_id.is_some_and(|patient| linked.contains(&patient)));
    for event in expected.filter(|event| !booked_events.contains(&event.id) && !waiting.contains(&event.id.to_string())) {
        verdict.lost.push(format!("event {} is not in GHL", event.id));
    }
}
