//! An appointment as the practice keeps it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

/// An entry of the calendar: an appointment of a patient, or a break or absence, which has no patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The id: 8 digits, from a counter of all practices; never given twice.
    pub id: u64,
    /// The patient; breaks and absences have none.
    pub patient_id: Option<u64>,
    /// The invoice that it is billed on.
    pub invoice_id: Option<u64>,
    /// When it starts.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// 5 is planned, all else is not publicly documented.
    pub status: i64,
    /// The type, from a catalogue of the practice's own.
    pub event_type_id: i64,
    /// The user who entered it.
    pub user_id: i64,
    /// The therapist.
    pub client_id: i64,
    /// The billing identity of the practice.
    pub admin_info_id: i64,
    /// The calendar columns it stands in: `c-` and the therapist's id.
    pub resource_ids: Vec<String>,
    /// The series it belongs to: the id of the first event.
    pub series: Option<u64>,
    /// Whether the patient is to be reminded by e-mail.
    pub send_reminder: bool,
    /// Whether the patient is to be reminded by SMS.
    pub has_sms_reminder: bool,
    /// Milliseconds of the last change, shown in the list as `updatedInternally`.
    pub updated_internally: i64,
    /// Further members that the list shows as they are.
    pub extra: Map<String, Value>,
}

impl Event {
    /// The status of an event to come.
    pub const PLANNED: i64 = 5;

    /// Moves it; it stays as long as it is.
    pub(crate) fn move_to(&mut self, start: DateTime<Utc>) {
        let length = self.end - self.start;
        self.start = start;
        self.end = start.checked_add_signed(length).unwrap_or(start);
    }

    pub(crate) fn overlaps(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.start < to && self.end > from
    }
}

/// An event to be. Build it with [`NewEvent::at`] and `..`: planned, of nobody, no reminders.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// The patient; breaks and absences have none.
    pub patient_id: Option<u64>,
    /// The invoice that it is billed on. Staff may leave it out.
    pub invoice_id: Option<u64>,
    /// When it starts.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// 5 is planned.
    pub status: i64,
    /// The type.
    pub event_type_id: i64,
    /// The therapist, in whose calendar column it stands.
    pub client_id: i64,
    /// The billing identity of the practice.
    pub admin_info_id: i64,
    /// Further members that the list shows as they are.
    pub extra: Map<String, Value>,
}

impl NewEvent {
    /// A break of half an hour in the calendar of therapist 5778.
    #[must_use]
    pub fn at(start: DateTime<Utc>) -> Self {
        Self {
            patient_id: None,
            invoice_id: None,
            start,
            end: start.checked_add_signed(TimeDelta::minutes(30)).unwrap_or(start),
            status: Event::PLANNED,
            event_type_id: 29_330,
            client_id: 5_778,
            admin_info_id: 5_770,
            extra: Map::new(),
        }
    }

    /// The same with a patient.
    #[must_use]
    pub fn of(mut self, patient: u64) -> Self {
        self.patient_id = Some(patient);
        self
    }
}

impl From<NewEvent> for Event {
    /// The event with no id yet.
    fn from(new: NewEvent) -> Self {
        Self {
            id: 0,
            patient_id: new.patient_id,
            invoice_id: new.invoice_id,
            start: new.start,
            end: new.end,
            status: new.status,
            event_type_id: new.event_type_id,
            user_id: 0,
            client_id: new.client_id,
            admin_info_id: new.admin_info_id,
            resource_ids: vec![format!("c-{}", new.client_id)],
            series: None,
            send_reminder: false,
            has_sms_reminder: false,
            updated_internally: 0,
            extra: new.extra,
        }
    }
}
