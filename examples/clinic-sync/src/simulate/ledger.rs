//! What became of every value in both systems, told from the outside: by looking at them, not by asking the engine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ephysio_emulator::{Event, Patient};
use ghl_emulator::{Appointment, AppointmentStatus, Contact};
use sync_core::Side;

use super::chance::locked;
use super::trace::Trace;
use crate::demo::Clinic;

/// Patients and contacts, or events and appointments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Patients and contacts.
    Person,
    /// Events and appointments.
    Appointment,
}

/// Which record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// In which system.
    pub side: Side,
    /// Of which kind.
    pub family: Family,
    /// Under which id.
    pub id: String,
}

/// Who changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// People at the clinic.
    Staff,
    /// A request of the sync.
    Sync,
    /// A request of a process that stood still for longer than its lease, and had it under way. No remote system can refuse it: this
    /// is the one window that the engine's documentation names.
    Late,
}

/// What happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It came to be, with these values.
    Made(Fields),
    /// It was deleted; this is what it showed last.
    Gone(Fields),
    /// One of its fields changed.
    Set {
        /// Which.
        field: &'static str,
        /// What it was.
        old: String,
        /// What it is.
        new: String,
    },
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who did it.
    pub by: By,
    /// To which record.
    pub place: Place,
    /// What.
    pub what: What,
    /// How many listings that show the record, and reads of it, had begun before.
    pub looks: usize,
}

/// What a record shows.
pub type Fields = BTreeMap<&'static str, String>;

/// Fields that no mapping names.
pub(super) const UNMAPPED: &str = "unmapped";
/// What a record belongs to.
pub(super) const PARENT: &str = "parent";
/// Whether a record is in use.
pub(super) const STATE: &str = "state";

#[derive(Debug, Default)]
struct Book {
    shown: BTreeMap<Place, Fields>,
    changes: Vec<Change>,
    /// How many listings began, and how often a record was read by itself.
    looks: BTreeMap<(Side, Family, Option<String>), usize>,
    /// When a record changed last, and how often it had been looked at by then.
    touched: BTreeMap<Place, (DateTime<Utc>, usize)>,
    /// Records of which a listing that lagged showed what they had been before, and how often they had been looked at by then.
    outdated: BTreeMap<Place, usize>,
    /// How late a search shows a change.
    search_lag: TimeDelta,
    idle: Vec<(Place, String)>,
    messages: (u64, u64),
    /// Writes that are carried out long after they were sent: when at the latest, and how often their record had been looked at
    /// when they were sent.
    sent: BTreeMap<Place, (DateTime<Utc>, usize)>,
    /// Messages and workflows that requests of the sync caused.
    disturbed: u64,
}

impl Book {
    fn look(&mut self, side: Side, family: Family, id: Option<String>) {
        self.outdated.retain(|place, _| place.side != side || place.family != family || id.as_ref().is_some_and(|id| *id != place.id));
        *self.looks.entry((side, family, id)).or_default() += 1;
    }

    /// How many of the looks at a record the sync can know of: what it was shown last is what it goes by.
    fn known_of(&self, place: &Place) -> usize {
        let sent = self.sent.get(place).map(|(_, looks)| looks);
        sent.or(self.outdated.get(place)).copied().unwrap_or_else(|| self.looks_at(place))
    }

    fn looks_at(&self, place: &Place) -> usize {
        let looks = |id: Option<String>| self.looks.get(&(place.side, place.family, id)).copied().unwrap_or_default();
        looks(None) + looks(Some(place.id.clone()))
    }
}

/// The ledger. Clones share one.
#[derive(Clone, Debug)]
pub struct Ledger {
    clinic: Arc<Clinic>,
    trace: Trace,
    book: Arc<Mutex<Book>>,
}

impl Ledger {
    pub(super) fn new(clinic: Arc<Clinic>, trace: Trace) -> Self {
        Self { clinic, trace, book: Arc::default() }
    }

    /// Looks at both systems, and books what changed since the last look on somebody.
    pub(super) fn book(&self, by: By) {
        let now = shown(&self.clinic);
        let messages = self.messages();
        let mut book = locked(&self.book);
        let mut changes = Vec::new();
        let before = std::mem::take(&mut book.shown);
        for (place, fields) in &now {
            let Some(old) = before.get(place) else {
                changes.push((place.clone(), What::Made(fields.clone())));
                continue;
            };
            let differing = fields.iter().filter(|(name, value)| old.get(*name) != Some(value));
            changes.extend(differing.map(|(name, value)| {
                let old = old.get(name).cloned().unwrap_or_default();
                (place.clone(), What::Set { field: name, old, new: value.clone() })
            }));
        }
        let gone = before.iter().filter(|(place, _)| !now.contains_key(*place));
        changes.extend(gone.map(|(place, fields)| (place.clone(), What::Gone(fields.clone()))));
        let mut carried_out = Vec::new();
        for (place, what) in changes {
            let looks = if by == By::Sync { book.known_of(&place) } else { book.looks_at(&place) };
            carried_out.extend((by == By::Sync).then(|| place.clone()));
            self.trace.note(format_args!("{by:?} {} {:?} {} {what:?}", place.side, place.family, place.id));
            book.touched.insert(place.clone(), (self.clinic.ghl.clock().now(), looks));
            book.changes.push(Change { by, place, what, looks });
        }
        let time = self.clinic.ghl.clock().now();
        book.sent.retain(|place, (until, _)| *until >= time && !carried_out.contains(place));
        if by != By::Staff {
            book.disturbed += messages.0 + messages.1 - book.messages.0 - book.messages.1;
        }
        book.messages = messages;
        book.shown = now;
    }

    /// Notes that a read of one record begins.
    pub(super) fn read(&self, side: Side, family: Family, id: &str) {
        locked(&self.book).look(side, family, Some(id.to_owned()));
    }

    /// Notes that a write is sent which will be carried out so much later.
    pub(super) fn sent(&self, place: Place, later: Duration) {
        let until = self.clinic.ghl.clock().now() + later;
        let mut book = locked(&self.book);
        let looks = book.looks_at(&place);
        book.sent.entry(place).or_insert((until, looks));
    }

    /// Notes that a listing begins. One that lags is no look at what changed so lately that it cannot show it yet.
    pub(super) fn listed(&self, side: Side, family: Family) {
        let mut book = locked(&self.book);
        if side == Side::Left || family == Family::Appointment || book.search_lag.is_zero() {
            return book.look(side, family, None);
        }
        let shows = self.clinic.ghl.clock().now() - book.search_lag;
        let of_side: Vec<Place> = book.shown.keys().filter(|place| place.side == side && place.family == family).cloned().collect();
        for place in of_side {
            match book.touched.get(&place).copied().filter(|(at, _)| *at > shows) {
                Some((_, looks)) => _ = book.outdated.insert(place, looks),
                None => book.look(side, family, Some(place.id)),
            }
        }
    }

    /// From now on a search shows changes so late.
    pub(super) fn set_search_lag(&self, lag: TimeDelta) {
        locked(&self.book).search_lag = lag;
    }

    /// Whether staff changed a field after the last look at the record.
    pub(super) fn was_edited_unseen(&self, place: &Place, field: &str) -> bool {
        let book = locked(&self.book);
        let looks = book.known_of(place);
        book.changes.iter().rev().take_while(|change| change.place != *place || change.looks >= looks).any(|change| {
            let sets = matches!(&change.what, What::Set { field: set, .. } if *set == field);
            change.by == By::Staff && change.place == *place && sets
        })
    }

    /// Notes a field that was written, and showed the wanted value already.
    pub(super) fn idle(&self, place: Place, field: &str) {
        locked(&self.book).idle.push((place, field.to_owned()));
    }

    /// The fields that were written, and showed the wanted value already.
    #[must_use]
    pub fn idled(&self) -> Vec<(Place, String)> {
        locked(&self.book).idle.clone()
    }

    /// Everything that happened.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        locked(&self.book).changes.clone()
    }

    /// How much has happened.
    #[must_use]
    pub fn count(&self) -> usize {
        locked(&self.book).changes.len()
    }

    /// What both systems showed at the last look.
    #[must_use]
    pub fn shown(&self) -> BTreeMap<Place, Fields> {
        locked(&self.book).shown.clone()
    }

    /// Messages and workflows that requests of the sync caused.
    #[must_use]
    pub fn disturbed(&self) -> u64 {
        locked(&self.book).disturbed
    }

    fn messages(&self) -> (u64, u64) {
        let (ghl, ephysio) = (self.clinic.ghl.counters(), self.clinic.ephysio.counters());
        (ghl.notifications + ghl.workflow_triggers, ephysio.reminders)
    }
}

fn shown(clinic: &Clinic) -> BTreeMap<Place, Fields> {
    let (practice, desk) = (clinic.ephysio.practice(), clinic.ghl.front_desk());
    let place = |side, family, id: String| Place { side, family, id };
    let patients = practice.patients().into_iter().map(|one| (place(Side::Left, Family::Person, one.id.to_string()), of_patient(one)));
    let contacts = desk.contacts().into_iter().map(|one| (place(Side::Right, Family::Person, one.id.clone()), of_contact(one)));
    let events = practice.events().into_iter().filter(|event| event.patient_id.is_some());
    let events = events.map(|one| (place(Side::Left, Family::Appointment, one.id.to_string()), of_event(&one)));
    let appointments = desk.appointments().into_iter();
    let appointments = appointments.map(|one| (place(Side::Right, Family::Appointment, one.id.clone()), of_appointment(one)));
    patients.chain(contacts).chain(events).chain(appointments).collect()
}

fn of_patient(patient: Patient) -> Fields {
    let state = if patient.is_active() { "open" } else { "inactive" };
    let unmapped = format!("{:?}", (patient.insurer, patient.language, patient.has_email_consent, patient.comment, patient.salutation));
    Fields::from([
        ("given_name", patient.first_name),
        ("family_name", patient.last_name),
        ("email", patient.email),
        ("phone", patient.phone),
        ("birth_date", patient.birth_date.map(|date| date.to_string()).unwrap_or_default()),
        ("street", patient.street),
        ("postal_code", patient.zip),
        ("city", patient.city),
        (STATE, state.to_owned()),
        (UNMAPPED, unmapped),
    ])
}

fn of_contact(contact: Contact) -> Fields {
    let text = Option::unwrap_or_default;
    let unmapped =
        format!("{:?}", (contact.tags, contact.source, contact.website, contact.company_name, contact.custom_fields, contact.dnd));
    Fields::from([
        ("given_name", text(contact.first_name)),
        ("family_name", text(contact.last_name)),
        ("email", text(contact.email)),
        ("phone", text(contact.phone)),
        ("birth_date", contact.date_of_birth.map(|date| date.to_string()).unwrap_or_default()),
        ("street", text(contact.address1)),
        ("postal_code", text(contact.postal_code)),
        ("city", text(contact.city)),
        (STATE, "open".to_owned()),
        (UNMAPPED, unmapped),
    ])
}

fn of_event(event: &Event) -> Fields {
    let state = if event.status == Event::PLANNED { "open" } else { "other" };
    let unmapped = format!("{:?}", (event.event_type_id, event.admin_info_id, event.invoice_id, event.series));
    Fields::from([
        ("start", event.start.to_rfc3339()),
        ("end", event.end.to_rfc3339()),
        (STATE, state.to_owned()),
        ("practitioner", event.client_id.to_string()),
        (PARENT, event.patient_id.map(|id| id.to_string()).unwrap_or_default()),
        (UNMAPPED, unmapped),
    ])
}

fn of_appointment(appointment: Appointment) -> Fields {
    let state = match appointment.status {
        AppointmentStatus::Confirmed | AppointmentStatus::New => "open",
        AppointmentStatus::Cancelled | AppointmentStatus::Invalid => "cancelled",
        _ => "other",
    };
    let unmapped = format!("{:?}", (appointment.title, appointment.address, appointment.description));
    Fields::from([
        ("start", appointment.start.to_rfc3339()),
        ("end", appointment.end.to_rfc3339()),
        (STATE, state.to_owned()),
        ("practitioner", appointment.calendar_id),
        (PARENT, appointment.contact_id),
        (UNMAPPED, unmapped),
    ])
}
