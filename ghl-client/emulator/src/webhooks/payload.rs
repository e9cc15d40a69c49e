//! What webhooks say, in the shapes of GHL's pages about each event and the envelope that real ones have.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::app::{App, Grantor};
use crate::appointment::Appointment;
use crate::contact::{Contact, Text};
use crate::hooks::{AppChange, AppChangeKind, AppointmentChange, AppointmentChangeKind, Change, ChangeKind, ContactChange};
use crate::view::{CHANNELS, instant, put};

/// Gender and time zone are in no event.
const TEXTS: [Text; 13] = [
    Text::Address1,
    Text::City,
    Text::State,
    Text::CompanyName,
    Text::Country,
    Text::Source,
    Text::Email,
    Text::FirstName,
    Text::LastName,
    Text::Phone,
    Text::PostalCode,
    Text::Website,
    Text::AssignedTo,
];

/// Writes what an app is told.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) app: App,
    pub(crate) location_id: String,
    pub(crate) company_id: String,
    pub(crate) zone: Tz,
}

impl Writer {
    /// The events of a change. One change may be several events: <https://github.com/GoHighLevel/highlevel-api-docs/issues/27>.
    pub(super) fn events(&self, change: &Change) -> Vec<(&'static str, Map<String, Value>)> {
        match change {
            Change::Contact(change) => {
                let names = contact_events(change).into_iter();
                names.map(|name| (name, self.contact(name, &change.contact))).collect()
            }
            Change::Appointment(change) => {
                let name = appointment_event(change);
                vec![(name, self.appointment(name, &change.appointment))]
            }
            Change::App(change) => vec![self.app(change)],
        }
    }

    /// The body with its envelope, as bytes: these are signed.
    pub(super) fn sealed(&self, mut payload: Map<String, Value>, at: DateTime<Utc>, webhook_id: &str) -> Bytes {
        put(&mut payload, "appId", Some(self.app.id()));
        put(&mut payload, "versionId", Some(self.app.version_id.as_str()));
        put(&mut payload, "timestamp", Some(instant(at)));
        put(&mut payload, "webhookId", Some(webhook_id));
        Value::Object(payload).to_string().into()
    }

    /// The contact stands at the top. What is empty is left out, as in a real one:
    /// <https://github.com/GoHighLevel/highlevel-api-docs/issues/264>.
    fn contact(&self, name: &'static str, contact: &Contact) -> Map<String, Value> {
        let mut shown = self.head(name);
        put(&mut shown, "id", Some(contact.id.as_str()));
        for text in TEXTS {
            put(&mut shown, text.property(), contact.text(text));
        }
        put(&mut shown, "name", contact.name());
        put(&mut shown, "dateAdded", Some(instant(contact.date_added)));
        put(&mut shown, "dateOfBirth", contact.date_of_birth.map(|date| format!("{date}T00:00:00.000Z")));
        put(&mut shown, "dnd", Some(contact.dnd));
        put(&mut shown, "tags", some_of(&contact.tags));
        let fields: Vec<Value> = contact.custom_fields.iter().map(|(id, value)| json!({ "id": id, "value": value })).collect();
        put(&mut shown, "customFields", some_of(&fields));
        if name == "ContactDndUpdate" {
            // Pascal case, whatever the version of the API.
            let settings =
                CHANNELS.iter().filter_map(|(channel, _)| Some(((*channel).to_owned(), contact.dnd_settings.get(*channel)?.clone())));
            put(&mut shown, "dndSettings", Some(settings.collect::<Map<_, _>>()));
        }
        shown
    }

    fn appointment(&self, name: &'static str, appointment: &Appointment) -> Map<String, Value> {
        let local = |time: DateTime<Utc>| time.with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::Secs, false);
        let mut within = Map::new();
        put(&mut within, "id", Some(appointment.id.as_str()));
        put(&mut within, "title", appointment.title.clone());
        put(&mut within, "address", appointment.address.clone());
        put(&mut within, "calendarId", Some(appointment.calendar_id.as_str()));
        put(&mut within, "contactId", Some(appointment.contact_id.as_str()));
        put(&mut within, "appointmentStatus", Some(appointment.status.name()));
        put(&mut within, "assignedUserId", appointment.assigned_user_id.clone());
        put(&mut within, "users", appointment.assigned_user_id.clone().map(|user| vec![user]));
        put(&mut within, "notes", appointment.description.clone());
        put(&mut within, "source", Some(appointment.source.as_str()));
        for (property, time) in [
            ("startTime", appointment.start),
            ("endTime", appointment.end),
            ("dateAdded", appointment.date_added),
            ("dateUpdated", appointment.date_updated),
        ] {
            put(&mut within, property, Some(local(time)));
        }
        let mut shown = self.head(name);
        put(&mut shown, "appointment", Some(within));
        shown
    }

    /// A removal names the location or the agency, and not both.
    fn app(&self, change: &AppChange) -> (&'static str, Map<String, Value>) {
        let mut shown = Map::new();
        let is_location = change.grantor == Grantor::Location;
        let location_id = is_location.then_some(self.location_id.as_str());
        put(&mut shown, "locationId", location_id);
        let name = match change.kind {
            AppChangeKind::Installed => {
                put(&mut shown, "installType", Some(if is_location { "Location" } else { "Company" }));
                put(&mut shown, "companyId", Some(self.company_id.as_str()));
                put(&mut shown, "userId", Some("user-demo"));
                "INSTALL"
            }
            AppChangeKind::Uninstalled => {
                put(&mut shown, "companyId", Some(self.company_id.as_str()).filter(|_| !is_location));
                "UNINSTALL"
            }
        };
        put(&mut shown, "type", Some(name));
        (name, shown)
    }

    fn head(&self, name: &'static str) -> Map<String, Value> {
        let mut shown = Map::new();
        put(&mut shown, "type", Some(name));
        put(&mut shown, "locationId", Some(self.location_id.as_str()));
        shown
    }
}

fn contact_events(change: &ContactChange) -> Vec<&'static str> {
    match change.kind {
        ChangeKind::Created => vec!["ContactCreate"],
        ChangeKind::Updated if change.dnd_changed => vec!["ContactUpdate", "ContactDndUpdate"],
        ChangeKind::Updated => vec!["ContactUpdate"],
        ChangeKind::Tagged => vec!["ContactTagUpdate", "ContactUpdate"],
        ChangeKind::Deleted => vec!["ContactDelete"],
    }
}

fn appointment_event(change: &AppointmentChange) -> &'static str {
    match change.kind {
        AppointmentChangeKind::Created => "AppointmentCreate",
        AppointmentChangeKind::Updated => "AppointmentUpdate",
        AppointmentChangeKind::Deleted => "AppointmentDelete",
    }
}

fn some_of<T: Clone>(list: &[T]) -> Option<Vec<T>> {
    (!list.is_empty()).then(|| list.to_vec())
}
