//! Events as they are written: instants in three forms, and members that the user interface always sends.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use sync_http::{Error, ErrorKind, Result};

use super::{Event, EventStatus};
use crate::clock::{PracticeClock, Slot, Times};

/// The calendar column of a therapist, as `resourceIds` names it.
#[must_use]
pub fn column(client_id: i64) -> String {
    format!("c-{client_id}")
}

/// Where in a practice an event belongs. All three numbers are the practice's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Office {
    /// The type of the event.
    pub event_type_id: i64,
    /// The therapist.
    pub client_id: i64,
    /// The billing identity.
    pub admin_info_id: i64,
}

/// An event to be, of one patient. Its debug output shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// When it is.
    pub slot: Slot,
    /// Where it belongs.
    pub office: Office,
    /// Whose appointment it is: the id of a listed patient. That of a request for a patient is none.
    pub patient_id: i64,
    /// The invoice it is billed on. e-Physio refuses events of billable types without one.
    pub invoice_id: Option<i64>,
    /// How it stands.
    pub status: EventStatus,
    /// The calendar columns it stands in; usually the [`column`](fn@column) of its therapist.
    pub resource_ids: Vec<String>,
    /// The user who enters it; 0 leaves that to the server.
    pub user_id: i64,
    /// Whether the patient is to be reminded by e-mail.
    pub send_reminder: bool,
    /// Whether the patient is to be reminded by SMS.
    pub has_sms_reminder: bool,
    /// Not documented; the user interface sends `false`.
    pub has_presence_admin_info: bool,
    /// Not documented; the user interface sends `false`.
    pub new_patient: bool,
}

impl EventDraft {
    /// A planned event in the column of its therapist. Nobody is reminded of it.
    #[must_use]
    pub fn new(patient_id: i64, slot: Slot, office: Office) -> Self {
        Self {
            slot,
            office,
            patient_id,
            invoice_id: None,
            status: EventStatus::PLANNED,
            resource_ids: vec![column(office.client_id)],
            user_id: 0,
            send_reminder: false,
            has_sms_reminder: false,
            has_presence_admin_info: false,
            new_patient: false,
        }
    }

    /// Whether a listed event is what a create of this draft would have made: same patient, times and therapist. It is how the
    /// effect of a create whose outcome is unknown is looked for; nothing in an event carries a mark of the caller's.
    #[must_use]
    pub fn describes(&self, event: &Event) -> bool {
        event.patient_id.text() == Some(self.patient_id.to_string().as_str())
            && (event.start, event.end) == (self.slot.start(), self.slot.end())
            && event.client_id.value() == Some(&self.office.client_id)
    }

    pub(super) fn body(&self, clock: PracticeClock) -> Body<'_> {
        Body {
            user_id: self.user_id,
            patient_id: self.patient_id,
            invoice_id: self.invoice_id,
            event_type_id: self.office.event_type_id,
            client_id: self.office.client_id,
            admin_info_id: self.office.admin_info_id,
            resource_ids: &self.resource_ids,
            has_presence_admin_info: self.has_presence_admin_info,
            times: clock.times(self.slot.start(), self.slot.end()),
            send_reminder: self.send_reminder,
            has_sms_reminder: self.has_sms_reminder,
            reminder_sent: false,
            is_serial_event: false,
            new_patient: self.new_patient,
            has_validation_errors: false,
            event_metadata: Map::new(),
            status: self.status.0,
        }
    }
}

/// The body of a create, as the user interface sends it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    #[serde(rename = "user_id")]
    user_id: i64,
    patient_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<i64>,
    event_type_id: i64,
    client_id: i64,
    admin_info_id: i64,
    resource_ids: &'a [String],
    has_presence_admin_info: bool,
    #[serde(flatten)]
    times: Times,
    send_reminder: bool,
    has_sms_reminder: bool,
    reminder_sent: bool,
    is_serial_event: bool,
    new_patient: bool,
    has_validation_errors: bool,
    event_metadata: Map<String, Value>,
    status: i64,
}

/// What an update changes; the rest is not named. Its debug output shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EventPatch {
    /// When it is.
    pub slot: Option<Slot>,
    /// How it stands.
    pub status: Option<EventStatus>,
    /// Its type.
    pub event_type_id: Option<i64>,
    /// The therapist. The columns do not follow by themselves.
    pub client_id: Option<i64>,
    /// The billing identity.
    pub admin_info_id: Option<i64>,
    /// The calendar columns.
    pub resource_ids: Option<Vec<String>>,
    /// The invoice it is billed on.
    pub invoice_id: Option<i64>,
}

impl EventPatch {
    /// A patch that moves an event.
    #[must_use]
    pub fn moving(slot: Slot) -> Self {
        Self { slot: Some(slot), ..Self::default() }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn members(&self, clock: PracticeClock) -> Result<Map<String, Value>> {
        let mut members = match self.slot {
            Some(slot) => as_members(&clock.times(slot.start(), slot.end()))?,
            None => Map::new(),
        };
        let numbers = [
            ("status", self.status.map(|status| status.0)),
            ("eventTypeId", self.event_type_id),
            ("clientId", self.client_id),
            ("adminInfoId", self.admin_info_id),
            ("invoiceId", self.invoice_id),
        ];
        members.extend(numbers.into_iter().filter_map(|(name, number)| Some((name.to_owned(), number?.into()))));
        if let Some(columns) = &self.resource_ids {
            members.insert("resourceIds".to_owned(), columns.clone().into());
        }
        Ok(members)
    }
}

/// A listed event in the form in which it is written, with the changes of a patch. What the list does not show is not made up.
pub(super) fn full_body(listed: &[u8], patch: Map<String, Value>, clock: PracticeClock) -> Result<Map<String, Value>> {
    let event = Event::from_json(listed)?;
    let mut body: Map<String, Value> = sync_http::decode(super::calls::LIST, listed)?;
    // They may be listed as texts; they are written as numbers.
    for name in ["id", "patientId", "invoiceId"] {
        if let Some(number) = body.get(name).and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok()) {
            body.insert(name.to_owned(), number.into());
        }
    }
    body.extend(as_members(&clock.times(event.start, event.end))?);
    body.extend(patch);
    Ok(body)
}

fn as_members(value: &impl Serialize) -> Result<Map<String, Value>> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Error::new(ErrorKind::Configuration, super::calls::UPDATE).with_message("the patch has no JSON form")),
    }
}

impl fmt::Debug for EventDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventDraft").finish_non_exhaustive()
    }
}

impl fmt::Debug for EventPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventPatch").finish_non_exhaustive()
    }
}
