//! Webhooks of the emulator, checked and read by the client.

mod documented;

use std::sync::{Arc, Mutex};

use ghl_client::webhook::{AppointmentChange, ContactChange, Event, PublicKey, Rejection, SIGNATURE_HEADER, Subject, Verifier};
use ghl_emulator::{Deliveries, Emulator, Grantor, NewAppointment, NewCalendar, Receiver, Webhook, WebhookSettings};
use http::StatusCode;
use serde_json::json;

use crate::emulator;

const CLIENT: &str = "appdemo-m0000000";

/// What an app has received, in order.
type Received = Arc<Mutex<Vec<Webhook>>>;

fn app(emulator: &Emulator) -> (Deliveries, Received) {
    let received = Received::default();
    let list = Arc::clone(&received);
    let receiver = Receiver::new(move |webhook| {
        list.lock().unwrap().push(webhook);
        std::future::ready(Some(StatusCode::OK))
    });
    let deliveries = emulator.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    (deliveries, received)
}

fn verifier(emulator: &Emulator) -> Verifier {
    Verifier::new([emulator.webhook_public_key().parse::<PublicKey>().unwrap()])
}

/// Verifies and reads all that was received.
fn events(emulator: &Emulator, received: &Received) -> Vec<Event> {
    let verifier = verifier(emulator);
    let read = |webhook: &Webhook| {
        verifier.verify(&webhook.headers, &webhook.body).unwrap();
        Event::decode(&webhook.body).unwrap()
    };
    received.lock().unwrap().iter().map(read).collect()
}

#[tokio::test(start_paused = true)]
async fn what_happens_to_a_contact_is_heard() {
    let emulator = emulator();
    let (deliveries, received) = app(&emulator);
    let desk = emulator.front_desk();
    desk.authorize(CLIENT, Grantor::Location);
    let id = desk.create(json!({ "firstName": "Anna", "email": "anna@example.ch" }));
    desk.update(&id, json!({ "dnd": true }));
    desk.add_tag(&id, "vip");
    desk.delete(&id);
    deliveries.deliver_all().await;

    let events = events(&emulator, &received);
    assert_eq!((events[0].name.as_str(), events[0].envelope.location_id.as_deref()), ("INSTALL", Some("loc-demo")));
    let changes: Vec<ContactChange> = events.iter().skip(1).map(|event| change_of(event, &id)).collect();
    use ContactChange::{Created, Deleted, DndChanged, Tagged, Updated};
    assert_eq!(changes, [Created, Updated, DndChanged, Tagged, Updated, Deleted]);
    let Subject::Contact { contact: Some(contact), .. } = &events[1].subject else { panic!("{events:?}") };
    assert_eq!((contact.first_name.text(), contact.email.text()), (Some("Anna"), Some("anna@example.ch")));
    assert_eq!(events[1].envelope.app_id.as_deref(), Some("appdemo"));
    assert_eq!(events[1].envelope.timestamp, Some(chrono::DateTime::UNIX_EPOCH));
}

fn change_of(event: &Event, id: &str) -> ContactChange {
    match &event.subject {
        Subject::Contact { change, contact_id, .. } if contact_id == id => *change,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_to_an_appointment_is_heard_with_the_ids_to_look_at() {
    let emulator = emulator();
    let (deliveries, received) = app(&emulator);
    let desk = emulator.front_desk();
    let (calendar, contact) = (desk.add_calendar(NewCalendar::default()), desk.create(json!({ "firstName": "Anna" })));
    desk.authorize(CLIENT, Grantor::Location);
    let start = "2026-12-01T08:00:00Z".parse().unwrap();
    let booking = NewAppointment { calendar_id: calendar.clone(), contact_id: contact.clone(), start, ..NewAppointment::default() };
    let id = desk.book(booking).unwrap();
    desk.cancel(&id);
    desk.delete_appointment(&id);
    desk.uninstall(CLIENT, Grantor::Location);
    deliveries.deliver_all().await;

    let events = events(&emulator, &received);
    let expected = [AppointmentChange::Created, AppointmentChange::Updated, AppointmentChange::Deleted];
    for (event, expected) in events[1..4].iter().zip(expected) {
        let Subject::Appointment { change, appointment_id, calendar_id, contact_id, appointment } = &event.subject else {
            panic!("{event:?}")
        };
        assert_eq!((*change, appointment_id), (expected, &id));
        assert_eq!((calendar_id.as_ref(), contact_id.as_ref()), (Some(&calendar), Some(&contact)));
        assert_eq!(appointment.as_ref().unwrap().start_time.value(), Some(&start));
    }
    assert_eq!((&events[4].subject, events[4].envelope.location_id.as_deref()), (&Subject::Uninstall, Some("loc-demo")));
}

#[tokio::test(start_paused = true)]
async fn what_was_altered_truncated_or_signed_by_somebody_else_is_refused() {
    let emulator = emulator();
    let (deliveries, received) = app(&emulator);
    emulator.front_desk().authorize(CLIENT, Grantor::Location);
    deliveries.deliver_all().await;
    let Webhook { headers, body } = received.lock().unwrap()[0].clone();
    let own = verifier(&emulator);
    assert_eq!(own.verify(&headers, &body), Ok(()));

    let altered = [&body[..], b" "].concat();
    assert_eq!(own.verify(&headers, &altered), Err(Rejection::Wrong), "one space more");
    assert_eq!(Verifier::default().verify(&headers, &body), Err(Rejection::Wrong), "GHL's key has not signed it");
    let mut truncated = headers.clone();
    let signature = headers[SIGNATURE_HEADER].to_str().unwrap();
    truncated.insert(SIGNATURE_HEADER, signature[..signature.len() - 4].parse().unwrap());
    assert_eq!(own.verify(&truncated, &body), Err(Rejection::Malformed));
    let mut unsigned = headers;
    unsigned.remove(SIGNATURE_HEADER);
    assert_eq!(own.verify(&unsigned, &body), Err(Rejection::Missing));
}
