//! An event in the words of the vocabulary, and back.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sync_core::vocabulary::appointment::{END, KIND, OPEN, PRACTITIONER, SERVICE, START, STATUS, instant, parse, status};
use sync_core::vocabulary::person;
use sync_core::{Draft, Error, ErrorKind, Field, FieldName, Fields, Record, RecordId, Result};

use super::window::Window;
use super::{Practitioner, Settings};
use crate::connector::refused;
use crate::{Event, EventDraft, EventPatch, EventStatus, Office, PracticeClock, Slot, column};

/// Both directions of the mapping.
pub(super) struct Lens {
    settings: Settings,
    window: Window,
}

impl Lens {
    pub(super) fn new(settings: Settings, clock: PracticeClock) -> Self {
        let window = Window::new(&settings, clock);
        Self { settings, window }
    }

    /// An event as a record. What is not configured stays unknown.
    pub(super) fn record(&self, event: &Event) -> Result<Record> {
        let Some(patient) = event.patient_id.text() else {
            return Err(Error::permanent(ErrorKind::Decode, "an entry of e-Physio's calendar without a patient is no appointment"));
        };
        let mut record = Record::new(KIND, RecordId::new(event.id.as_str()));
        record.references.insert(person::KIND, RecordId::new(patient));
        record.expires = self.window.expires(event.start);
        let status = self.status(event);
        record.fields.set(START, Field::Value(&instant(event.start)));
        record.fields.set(END, Field::Value(&instant(event.end)));
        record.fields.set(STATUS, known(status));
        record.fields.set(PRACTITIONER, known(self.practitioner(event)));
        record.fields.set(SERVICE, known(self.service(event)));
        if let Some(EventStatus(code)) = event.status.value() {
            record.marks.insert(format!("status:{code}").into());
        }
        if status.is_some_and(|status| status != status::CANCELLED) {
            record.marks.insert(OPEN.into());
        }
        Ok(record)
    }

    fn status(&self, event: &Event) -> Option<&str> {
        let EventStatus(code) = event.status.value()?;
        self.settings.statuses.get(&i32::try_from(*code).ok()?).map(String::as_str)
    }

    /// Whose calendar it stands in. What is shown beside the therapist must fit as well: an event that is billed or placed
    /// otherwise is not what a create for this practitioner would make.
    fn practitioner(&self, event: &Event) -> Option<&str> {
        let is_of = |known: &Practitioner| event.client_id.value() == Some(&known.client_id);
        let (name, known) = self.settings.practitioners.iter().find(|(_, known)| is_of(known))?;
        let is_billed_so = event.admin_info_id.value().is_none_or(|shown| *shown == known.admin_info_id);
        let stands_there = columns(event).is_none_or(|columns| columns.contains(&column(known.client_id)));
        (is_billed_so && stands_there).then_some(name)
    }

    fn service(&self, event: &Event) -> Option<&str> {
        let shown = event.event_type_id.value()?;
        self.settings.services.iter().find(|(_, event_type)| *event_type == shown).map(|(name, _)| name.as_str())
    }

    /// A draft in the form in which e-Physio takes a new event, still without an invoice.
    pub(super) fn event_draft(&self, draft: &Draft) -> Result<EventDraft> {
        let fields = &draft.fields;
        let slot = slot(moment(fields, &START)?, moment(fields, &END)?)?;
        let Practitioner { client_id, admin_info_id } = self.known_practitioner(required(fields, &PRACTITIONER)?)?;
        let service = fields.get(&SERVICE).value().or(self.settings.default_service.as_deref());
        let event_type_id = self.event_type(service.ok_or_else(|| lacking(&SERVICE))?)?;
        let status = self.code(fields.get(&STATUS).value().unwrap_or(status::PLANNED))?;
        let patient_id = draft.references.get(&person::KIND).and_then(|id| id.as_str().parse().ok());
        // The answer to a request for a patient may be no number; the patient's own id is one.
        let patient_id = patient_id.ok_or_else(|| Error::permanent(ErrorKind::Refused, "an appointment is of a patient with a number"))?;
        Ok(EventDraft { status, ..EventDraft::new(patient_id, slot, Office { event_type_id, client_id, admin_info_id }) })
    }

    /// Changes of a listed event in the form in which e-Physio takes them.
    pub(super) fn event_patch(&self, event: &Event, fields: &Fields) -> Result<EventPatch> {
        let mut patch = EventPatch::default();
        if [START, END].iter().any(|name| fields.get(name).is_known()) {
            let or_as_it_is = |name, shown| if fields.get(name).is_known() { moment(fields, name) } else { Ok(shown) };
            patch.slot = Some(slot(or_as_it_is(&START, event.start)?, or_as_it_is(&END, event.end)?)?);
        }
        patch.status = fields.get(&STATUS).value().map(|status| self.code(status)).transpose()?;
        patch.event_type_id = fields.get(&SERVICE).value().map(|service| self.event_type(service)).transpose()?;
        if let Some(name) = fields.get(&PRACTITIONER).value() {
            let practitioner = self.known_practitioner(name)?;
            patch.client_id = Some(practitioner.client_id);
            patch.admin_info_id = Some(practitioner.admin_info_id);
            patch.resource_ids = Some(columns_after(event, practitioner));
        }
        Ok(patch)
    }

    /// Whether a status can be written.
    pub(super) fn has_code(&self, status: &str) -> bool {
        self.settings.code(status).is_some()
    }

    fn code(&self, status: &str) -> Result<EventStatus> {
        self.settings.code(status).ok_or_else(|| refused("which code of e-Physio's stands for this status is not configured", &STATUS))
    }

    fn known_practitioner(&self, name: &str) -> Result<Practitioner> {
        let known = self.settings.practitioners.get(name).copied();
        known.ok_or_else(|| refused("this practitioner's calendar in e-Physio is not configured", &PRACTITIONER))
    }

    fn event_type(&self, service: &str) -> Result<i64> {
        let known = self.settings.services.get(service).copied();
        known.ok_or_else(|| refused("this service's event type in e-Physio is not configured", &SERVICE))
    }
}

fn known(name: Option<&str>) -> Field<&str> {
    name.map_or(Field::Unknown, Field::Value)
}

/// The calendar columns, if the list shows them.
fn columns(event: &Event) -> Option<Vec<String>> {
    event.extra.get("resourceIds")?.as_array()?.iter().map(|column| column.as_str().map(str::to_owned)).collect()
}

/// The columns of an event that goes to another practitioner: what else it stands in, such as a room, stays.
fn columns_after(event: &Event, practitioner: Practitioner) -> Vec<String> {
    let before = event.client_id.value().copied().map(column);
    let other = columns(event).unwrap_or_default().into_iter().filter(|column| Some(column) != before.as_ref());
    let own = column(practitioner.client_id);
    std::iter::once(own.clone()).chain(other.filter(|column| *column != own)).collect()
}

/// A listed event as it may be written back: reminders stay as staff have set them, but what was sent is not sent again.
pub(super) fn written_back(listed: &[u8]) -> Result<Vec<u8>> {
    let unreadable = |error| Error::permanent(ErrorKind::Decode, "an event of e-Physio's list cannot be written back").with_source(error);
    let mut members: Map<String, Value> = serde_json::from_slice(listed).map_err(unreadable)?;
    if members.get("reminderSent") != Some(&Value::Bool(true)) {
        return Ok(listed.to_vec());
    }
    for name in ["sendReminder", "hasSmsReminder"] {
        if let Some(reminder) = members.get_mut(name) {
            *reminder = Value::Bool(false);
        }
    }
    serde_json::to_vec(&members).map_err(unreadable)
}

/// Reads an event.
pub(super) fn event(raw: &[u8]) -> Result<Event> {
    Event::from_json(raw).map_err(|error| {
        let unreadable = Error::permanent(ErrorKind::Decode, "an element of e-Physio's list is no event");
        let unreadable = match error.message() {
            Some(place) => unreadable.with_context("detail", place),
            None => unreadable,
        };
        unreadable.with_source(error)
    })
}

fn slot(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Slot> {
    Slot::new(start, end).map_err(|error| refused(error.message().unwrap_or("e-Physio takes no such time"), &START))
}

fn moment(fields: &Fields, name: &FieldName) -> Result<DateTime<Utc>> {
    parse(required(fields, name)?).ok_or_else(|| refused("e-Physio takes instants only", name))
}

fn required<'a>(fields: &'a Fields, name: &FieldName) -> Result<&'a str> {
    fields.get(name).value().ok_or_else(|| lacking(name))
}

fn lacking(name: &FieldName) -> Error {
    refused("e-Physio creates no event without this field", name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_sent_is_not_sent_again_and_nothing_is_switched_on() {
        let back = |event: Value| serde_json::from_slice::<Value>(&written_back(event.to_string().as_bytes()).unwrap()).unwrap();
        let waiting = json!({ "id": 1, "sendReminder": true, "hasSmsReminder": false, "reminderSent": false });
        assert_eq!(back(waiting.clone()), waiting);
        let sent = json!({ "id": 1, "sendReminder": true, "hasSmsReminder": true, "reminderSent": true });
        assert_eq!(back(sent), json!({ "id": 1, "sendReminder": false, "hasSmsReminder": false, "reminderSent": true }));
        let unsaid = json!({ "id": 1, "reminderSent": true });
        assert_eq!(back(unsaid.clone()), unsaid);
    }

    #[test]
    fn a_room_stays_when_the_therapist_changes() {
        let raw = json!({ "id": 1, "start": 0, "end": 60000, "clientId": 1, "resourceIds": ["c-1", "r-7", "c-2"] });
        let columns = columns_after(&event(raw.to_string().as_bytes()).unwrap(), Practitioner { client_id: 2, admin_info_id: 3 });
        assert_eq!(columns, ["c-2", "r-7"]);
    }
}
