//! An appointment in the words of the vocabulary, and back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use sync_core::vocabulary::appointment::{END, KIND, OPEN, PRACTITIONER, SERVICE, START, STATUS, instant, parse, status};
use sync_core::vocabulary::{person, text};
use sync_core::{Draft, Error, ErrorKind, Field, FieldName, Fields, Presence, Record, RecordId, Result};
use sync_http::Shown;

use super::super::{misconfigured, refused};
use super::{CalendarRow, Settings};
use crate::{Appointment, AppointmentPatch, AppointmentStatus, NewAppointment, ShownStatus, SlotCheck};

/// Both directions of the mapping.
pub(super) struct Lens {
    rows: Vec<CalendarRow>,
    statuses: BTreeMap<String, String>,
    written: BTreeMap<String, AppointmentStatus>,
    title: String,
    slot_check: SlotCheck,
    past_days: u32,
}

impl Lens {
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        let meanings = settings.statuses.values().chain(settings.written_statuses.keys());
        if let Some(other) = meanings.into_iter().find(|meaning| !status::ALL.contains(&meaning.as_str())) {
            return Err(misconfigured(format!("{other} is no status; there are {}", status::ALL.join(", "))));
        }
        Ok(Self {
            rows: rows(&settings.calendars)?,
            statuses: settings.statuses.iter().map(|(shown, meaning)| (shown.to_lowercase(), meaning.clone())).collect(),
            written: settings.written_statuses.clone(),
            title: settings.title.clone(),
            slot_check: settings.slot_check,
            past_days: settings.past_days,
        })
    }

    pub(super) fn rows(&self) -> &[CalendarRow] {
        &self.rows
    }

    pub(super) fn has_services(&self) -> bool {
        self.rows.iter().any(|row| row.service.is_some())
    }

    /// An appointment as a record. GHL has none without times, calendar and status, so what a view leaves out is unknown.
    pub(super) fn record(&self, appointment: &Appointment) -> Record {
        let mut record = Record::new(KIND, RecordId::new(appointment.id.clone()));
        for (name, time) in [(START, &appointment.start_time), (END, &appointment.end_time)] {
            let time = time.value().map(|time| instant(*time));
            record.fields.set(name, known(time.as_deref()));
        }
        let row = appointment.calendar_id.text().and_then(|id| self.rows.iter().find(|row| row.calendar_id == id));
        record.fields.set(PRACTITIONER, known(row.map(|row| row.practitioner.as_str())));
        record.fields.set(SERVICE, known(row.and_then(|row| row.service.as_deref())));
        let shown = shown_status(appointment);
        let meaning = shown.as_ref().and_then(|shown| self.statuses.get(shown)).map(String::as_str);
        record.fields.set(STATUS, known(meaning));
        record.marks = marks(shown.as_deref(), meaning);
        record.references = appointment.contact_id.text().map(|id| (person::KIND, RecordId::from(id))).into_iter().collect();
        record.modified = appointment.date_updated.value().copied();
        record.expires = appointment.start_time.value().and_then(|start| self.leaves(*start));
        if appointment.deleted == Shown::Value(true) {
            record.presence = Presence::Deleted;
        }
        record
    }

    /// The first day whose listing begins after this time.
    fn leaves(&self, start: DateTime<Utc>) -> Option<NaiveDate> {
        start.date_naive().checked_add_days(Days::new(u64::from(self.past_days) + 1))
    }

    /// A draft in the form in which GHL takes a new appointment. Nobody is told of it.
    pub(super) fn new_appointment(&self, draft: &Draft) -> Result<NewAppointment> {
        let contact = draft.references.get(&person::KIND).ok_or_else(|| {
            let error = Error::permanent(ErrorKind::Refused, "no appointment is created without a contact");
            error.with_context("kind", person::KIND.as_str())
        })?;
        let needed = |name| draft.fields.get(&name).value().ok_or_else(|| refused("no appointment is created without this field", &name));
        let service = if self.has_services() { Some(needed(SERVICE)?) } else { None };
        let row = self.row(needed(PRACTITIONER)?, service)?;
        let (start, end) = (time(needed(START)?, &START)?, time(needed(END)?, &END)?);
        check_span(start, end)?;
        Ok(NewAppointment {
            end_time: Some(end),
            title: Some(self.title.clone()),
            status: Some(self.written(needed(STATUS)?)?),
            assigned_user_id: row.user_id.clone(),
            slot_check: self.slot_check,
            ..NewAppointment::new(row.calendar_id.as_str(), contact.as_str(), start)
        })
    }

    /// Whether a patch says half of something, such as a practitioner without the service, so that the other half has to be
    /// read first. A start without an end is one too: GHL's own calendar moves the end along with the start.
    pub(super) fn is_half(&self, fields: &Fields) -> bool {
        let has = |name: FieldName| fields.get(&name).is_known();
        (has(START) && !has(END)) || (self.has_services() && has(PRACTITIONER) != has(SERVICE))
    }

    /// A patch in the form in which GHL takes changes. `current` is the record as it is, where the patch alone says too little.
    pub(super) fn appointment_patch(&self, fields: &Fields, current: Option<&Record>) -> Result<AppointmentPatch> {
        let value = |name: &FieldName| fields.get(name).value().or_else(|| current?.fields.get(name).value());
        let mut patch = AppointmentPatch { slot_check: SlotCheck::None, ..AppointmentPatch::default() };
        if fields.get(&START).is_known() || fields.get(&END).is_known() {
            patch.start_time = fields.get(&START).value().map(|text| time(text, &START)).transpose()?;
            patch.end_time = value(&END).map(|text| time(text, &END)).transpose()?;
            if let (Some(start), Some(end)) = (patch.start_time, patch.end_time) {
                check_span(start, end)?;
            }
            patch.slot_check = self.slot_check;
        }
        if fields.get(&PRACTITIONER).is_known() || fields.get(&SERVICE).is_known() {
            let practitioner =
                value(&PRACTITIONER).ok_or_else(|| refused("its calendar in GHL stands for no practitioner", &PRACTITIONER))?;
            let row = self.row(practitioner, value(&SERVICE))?;
            patch.calendar_id = Some(row.calendar_id.clone());
            patch.assigned_user_id.clone_from(&row.user_id);
            patch.slot_check = self.slot_check;
        }
        patch.status = fields.get(&STATUS).value().map(|status| self.written(status)).transpose()?;
        Ok(patch)
    }

    /// What takes an appointment out of use: it stays in the calendar, and frees its time.
    pub(super) fn cancellation(&self) -> AppointmentPatch {
        let status = self.written.get(status::CANCELLED).copied().unwrap_or(AppointmentStatus::Cancelled);
        AppointmentPatch { status: Some(status), slot_check: SlotCheck::None, ..AppointmentPatch::default() }
    }

    /// The calendar of a practitioner for a service. One that is for no service in particular is for any.
    fn row(&self, practitioner: &str, service: Option<&str>) -> Result<&CalendarRow> {
        let (practitioner, service) = (text(practitioner), service.map(text));
        let theirs = || self.rows.iter().filter(|row| row.practitioner == practitioner);
        if theirs().next().is_none() {
            return Err(refused("no calendar in GHL stands for this practitioner", &PRACTITIONER));
        }
        let exact = theirs().find(|row| row.service == service);
        let row = exact.or_else(|| theirs().find(|row| row.service.is_none()));
        row.ok_or_else(|| refused("the practitioner has no calendar in GHL for this service", &SERVICE))
    }

    fn written(&self, status: &str) -> Result<AppointmentStatus> {
        self.written.get(status).copied().ok_or_else(|| refused("the settings do not say how this status is written", &STATUS))
    }
}

/// The rows with their names in canonical text.
fn rows(calendars: &[CalendarRow]) -> Result<Vec<CalendarRow>> {
    let mut rows: Vec<CalendarRow> = Vec::with_capacity(calendars.len());
    for row in calendars {
        let service = row.service.as_deref().map(text).filter(|service| !service.is_empty());
        let row = CalendarRow { practitioner: text(&row.practitioner), service, ..row.clone() };
        let id = &row.calendar_id;
        if row.practitioner.is_empty() || id.is_empty() {
            return Err(misconfigured(format!("the calendar {id:?} is mapped to nobody; name both calendar and practitioner")));
        }
        if rows.iter().any(|other| other.calendar_id == *id) {
            return Err(misconfigured(format!("the calendar {id} is mapped twice; a calendar stands for one practitioner and service")));
        }
        let same = |other: &&CalendarRow| (&other.practitioner, &other.service) == (&row.practitioner, &row.service);
        if let Some(other) = rows.iter().find(same) {
            let both = format!("the calendars {} and {id} stand for the same practitioner and service", other.calendar_id);
            return Err(misconfigured(format!("{both}; leave one out, or give each a service of its own")));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn known(value: Option<&str>) -> Field<&str> {
    value.map_or(Field::Unknown, Field::Value)
}

/// GHL's word for what became of it, in lower case.
fn shown_status(appointment: &Appointment) -> Option<String> {
    match appointment.status.value()? {
        ShownStatus::Known(status) => Some(status.as_str().to_owned()),
        ShownStatus::Other(text) => Some(text.to_lowercase()),
    }
}

/// What scope rules look at.
fn marks(shown: Option<&str>, meaning: Option<&str>) -> BTreeSet<Box<str>> {
    let open = meaning.is_some_and(|meaning| meaning != status::CANCELLED).then(|| OPEN.to_owned());
    let status = shown.map(|shown| format!("status:{shown}"));
    open.into_iter().chain(status).map(String::into_boxed_str).collect()
}

fn time(text: &str, name: &FieldName) -> Result<DateTime<Utc>> {
    parse(text).ok_or_else(|| refused("GHL takes only instants here", name))
}

fn check_span(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<()> {
    if start < end { Ok(()) } else { Err(refused("the appointment would end before it begins", &END)) }
}
