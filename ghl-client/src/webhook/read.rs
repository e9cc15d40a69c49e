//! From the bytes of a webhook to its event.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sync_http::{Error, ErrorKind, Result, Shown, decode};

use super::{AppointmentChange, Change, ContactChange, Envelope, Event, Install, Subject, TaskChange};
use crate::{Appointment, Contact};

const ENDPOINT: &str = "webhook";

impl Event {
    /// Reads an event whose signature is good. Only its type and the id of its record have to be there: what GHL documents of the
    /// rest is not always what it sends.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is no event, or one without the id of its record. It quotes nothing.
    pub fn decode(raw: &[u8]) -> Result<Self> {
        let body = Body(decode(ENDPOINT, raw)?);
        let name = body.required("type")?;
        let subject = subject(&name, &body)?;
        let mut envelope = envelope(&body);
        if let Subject::Location { .. } = subject {
            envelope.location_id = envelope.location_id.or(body.text("id"));
        }
        Ok(Self { name, envelope, subject })
    }
}

fn envelope(body: &Body) -> Envelope {
    let time = |text: String| DateTime::parse_from_rfc3339(&text).ok();
    Envelope {
        webhook_id: body.text("webhookId"),
        timestamp: body.text("timestamp").and_then(time).map(|time| time.with_timezone(&Utc)),
        location_id: body.text("locationId"),
        company_id: body.text("companyId"),
        app_id: body.text("appId"),
        version_id: body.text("versionId"),
    }
}

fn subject(name: &str, body: &Body) -> Result<Subject> {
    match name {
        "ContactCreate" => contact(ContactChange::Created, body),
        "ContactUpdate" => contact(ContactChange::Updated, body),
        "ContactTagUpdate" => contact(ContactChange::Tagged, body),
        "ContactDndUpdate" => contact(ContactChange::DndChanged, body),
        "ContactDelete" => contact(ContactChange::Deleted, body),
        "AppointmentCreate" => appointment(AppointmentChange::Created, body),
        "AppointmentUpdate" => appointment(AppointmentChange::Updated, body),
        "AppointmentDelete" => appointment(AppointmentChange::Deleted, body),
        "INSTALL" => Ok(Subject::Install(install(body))),
        "UNINSTALL" => Ok(Subject::Uninstall),
        "LocationCreate" => location(Change::Created, body),
        "LocationUpdate" => location(Change::Updated, body),
        "NoteCreate" => note(Change::Created, body),
        "NoteUpdate" => note(Change::Updated, body),
        "NoteDelete" => note(Change::Deleted, body),
        "TaskCreate" => task(TaskChange::Created, body),
        "TaskComplete" => task(TaskChange::Completed, body),
        "TaskDelete" => task(TaskChange::Deleted, body),
        "UserCreate" => user(Change::Created, body),
        "UserUpdate" => user(Change::Updated, body),
        "UserDelete" => user(Change::Deleted, body),
        _ => Ok(Subject::Other),
    }
}

fn contact(change: ContactChange, body: &Body) -> Result<Subject> {
    let contact_id = body.required("id")?;
    let contact = Contact::from_json(&body.bytes()).ok().map(|mut contact| {
        // Here `type` is that of the event.
        contact.contact_type = Shown::Absent;
        Box::new(contact)
    });
    Ok(Subject::Contact { change, contact_id, contact })
}

fn appointment(change: AppointmentChange, body: &Body) -> Result<Subject> {
    let shown = body.object("appointment").ok_or_else(|| missing("appointment"))?;
    let appointment_id = shown.required("id")?;
    let appointment = Appointment::from_json(&shown.bytes(), None).ok().map(Box::new);
    Ok(Subject::Appointment {
        change,
        appointment_id,
        calendar_id: shown.text("calendarId"),
        contact_id: shown.text("contactId"),
        appointment,
    })
}

fn install(body: &Body) -> Install {
    Install {
        user_id: body.text("userId"),
        install_type: body.text("installType"),
        plan_id: body.text("planId"),
        company_name: body.text("companyName"),
        whitelabel_domain: body.object("whitelabelDetails").and_then(|details| details.text("domain")),
        on_trial: body.object("trial").and_then(|trial| trial.0.get("onTrial")?.as_bool()),
    }
}

fn location(change: Change, body: &Body) -> Result<Subject> {
    body.required("id")?;
    Ok(Subject::Location { change })
}

fn note(change: Change, body: &Body) -> Result<Subject> {
    Ok(Subject::Note { change, note_id: body.required("id")?, contact_id: body.text("contactId") })
}

fn task(change: TaskChange, body: &Body) -> Result<Subject> {
    Ok(Subject::Task { change, task_id: body.required("id")?, contact_id: body.text("contactId") })
}

fn user(change: Change, body: &Body) -> Result<Subject> {
    let locations = body.0.get("locations").and_then(Value::as_array);
    let locations = locations.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Subject::User { change, user_id: body.required("id")?, role: body.text("role"), locations })
}

/// An object of which nothing is certain.
struct Body(Map<String, Value>);

impl Body {
    /// A text that is not empty. A number counts, as ids have been seen to be numbers; anything else is as if it were not there.
    fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn required(&self, name: &'static str) -> Result<String> {
        self.text(name).ok_or_else(|| missing(name))
    }

    fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name)?.as_object().cloned().map(Self)
    }

    fn bytes(&self) -> Vec<u8> {
        // What was read from JSON has a JSON form.
        serde_json::to_vec(&self.0).unwrap_or_default()
    }
}

fn missing(name: &str) -> Error {
    Error::new(ErrorKind::Decode, ENDPOINT).with_message(format!("the event has no {name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(body: &Value) -> Event {
        Event::decode(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_envelope_is_read_from_around_the_contact() {
        let event = event(&json!({
            "type": "ContactUpdate", "locationId": "l1", "companyId": "k1", "appId": "a1", "versionId": "v1", "webhookId": "w1",
            "timestamp": "2026-11-24T09:00:00.5+01:00", "id": "c1", "email": "anna@x.ch", "firstName": "Anna",
        }));
        assert_eq!(event.envelope.webhook_id.as_deref(), Some("w1"));
        assert_eq!(event.envelope.timestamp, "2026-11-24T08:00:00.5Z".parse().ok());
        assert_eq!(event.envelope.location_id.as_deref(), Some("l1"));
        assert_eq!(event.envelope.company_id.as_deref(), Some("k1"));
        assert_eq!(event.envelope.app_id.as_deref(), Some("a1"));
        assert_eq!(event.envelope.version_id.as_deref(), Some("v1"));
        let Subject::Contact { change: ContactChange::Updated, contact_id, contact: Some(contact) } = &event.subject else {
            panic!("{event:?}");
        };
        assert_eq!((contact_id.as_str(), contact.email.text(), &contact.contact_type), ("c1", Some("anna@x.ch"), &Shown::Absent));
        assert!(!format!("{event:?}").to_lowercase().contains("anna"), "{event:?}");
    }

    #[test]
    fn an_odd_member_costs_the_payload_and_not_the_hint() {
        let odd = event(&json!({ "type": "ContactUpdate", "id": "c1", "tags": 7, "timestamp": "soon", "appId": [1], "locationId": null }));
        let expected = Subject::Contact { change: ContactChange::Updated, contact_id: "c1".to_owned(), contact: None };
        assert_eq!((odd.subject, odd.envelope), (expected, Envelope::default()));

        let odd = json!({ "id": 17, "calendarId": "k1", "contactId": {}, "startTime": "tomorrow" });
        let expected = Subject::Appointment {
            change: AppointmentChange::Deleted,
            appointment_id: "17".to_owned(),
            calendar_id: Some("k1".to_owned()),
            contact_id: None,
            appointment: None,
        };
        assert_eq!(event(&json!({ "type": "AppointmentDelete", "appointment": odd })).subject, expected);
    }

    #[test]
    fn a_task_may_come_without_its_contact() {
        let expected = Subject::Task { change: TaskChange::Completed, task_id: "t1".to_owned(), contact_id: None };
        assert_eq!(event(&json!({ "type": "TaskComplete", "id": "t1" })).subject, expected);
    }

    #[test]
    fn an_unknown_type_keeps_its_name() {
        let event = event(&json!({ "type": "OpportunityCreate", "id": "o1", "locationId": "l1" }));
        assert_eq!((event.name.as_str(), event.subject), ("OpportunityCreate", Subject::Other));
    }

    #[test]
    fn what_is_no_event_is_an_error_that_quotes_nothing() {
        let without_id = [
            json!({ "email": "anna@x.ch" }),
            json!(["anna@x.ch"]),
            json!({ "type": "ContactCreate", "email": "anna@x.ch" }),
            json!({ "type": "ContactCreate", "id": "", "email": "anna@x.ch" }),
            json!({ "type": "ContactCreate", "data": { "id": "c1", "email": "anna@x.ch" } }),
            json!({ "type": "AppointmentCreate", "id": "a1", "title": "anna@x.ch" }),
            json!({ "type": "NoteCreate", "body": "anna@x.ch" }),
        ];
        for body in without_id {
            let error = Event::decode(body.to_string().as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
            assert!(!format!("{error} {error:?}").contains("anna"), "{error}");
        }
        assert_eq!(Event::decode(b"<html>").unwrap_err().kind(), ErrorKind::Decode);
    }
}
