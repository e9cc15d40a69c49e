use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use emulator_kit::{Clock, Fault, Faults, Journal, Reply, Rule, Stage};
use ghl_emulator::{
    Arrival, Config, Deliveries, Delivery, Emulator, Grantor, NewAppointment, NewCalendar, Receiver, RetryPolicy, WebhookSettings,
};
use http::StatusCode;
use serde_json::{Value, json};

const CLIENT: &str = "appdemo-m0000000";

/// An emulator whose location has installed the app, and the webhooks to an app that answers with these statuses in turn, and then
/// always with success.
fn installed(settings: WebhookSettings, answers: &[Option<u16>]) -> (Emulator, Deliveries) {
    let answers = Arc::new(Mutex::new(answers.to_vec()));
    let receiver = Receiver::new(move |_| {
        let mut answers = answers.lock().unwrap();
        let next = if answers.is_empty() { Some(200) } else { answers.remove(0) };
        std::future::ready(next.map(|status| StatusCode::from_u16(status).unwrap()))
    });
    let emulator = Emulator::new(Config { clock: Clock::starting_at(chrono::DateTime::UNIX_EPOCH), ..Config::default() });
    emulator.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let deliveries = emulator.send_webhooks(CLIENT, receiver, settings).unwrap();
    (emulator, deliveries)
}

fn events(log: &[Delivery]) -> Vec<&str> {
    log.iter().map(|delivery| delivery.event).collect()
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_change_of_a_contact_is_told_in_the_documented_shape() {
    let (emulator, deliveries) = installed(WebhookSettings::default(), &[]);
    let desk = emulator.front_desk();
    let id = desk.create(json!({ "firstName": "Ada", "email": "Ada@b.ch", "dateOfBirth": "1990-09-25", "gender": "female" }));
    desk.update(&id, json!({ "city": "Bern" }));
    desk.update(&id, json!({ "dnd": true }));
    desk.add_tag(&id, "vip");
    desk.delete(&id);
    assert_eq!(deliveries.deliver_due().await, 7);
    let log = deliveries.log();
    let expected =
        ["ContactCreate", "ContactUpdate", "ContactUpdate", "ContactDndUpdate", "ContactTagUpdate", "ContactUpdate", "ContactDelete"];
    assert_eq!(events(&log), expected);
    let mut created = body(&log[0]);
    assert_eq!(created["webhookId"].as_str().unwrap().len(), 36);
    created.as_object_mut().unwrap().remove("webhookId");
    let expected = json!({
        "type": "ContactCreate", "locationId": "loc-demo", "id": id, "firstName": "Ada", "name": "Ada", "email": "ada@b.ch", "dnd": false,
        "dateOfBirth": "1990-09-25T00:00:00.000Z", "dateAdded": "1970-01-01T00:00:00.000Z", "timestamp": "1970-01-01T00:00:00.000Z",
        "appId": "appdemo", "versionId": "appdemoversion",
    });
    assert_eq!(created, expected);
    assert_eq!(body(&log[3])["dndSettings"], json!({}));
    assert_eq!(body(&log[4])["tags"], json!(["vip"]));
    let ids: BTreeSet<&str> = log.iter().map(|delivery| delivery.webhook_id.as_str()).collect();
    assert_eq!(ids.len(), log.len());
}

#[tokio::test(start_paused = true)]
async fn every_change_of_an_appointment_is_told_with_the_offset_of_the_location() {
    let (emulator, deliveries) = installed(WebhookSettings::default(), &[]);
    let desk = emulator.front_desk();
    let (calendar_id, contact_id) = (desk.add_calendar(NewCalendar::default()), desk.create(json!({ "firstName": "Ada" })));
    let start = "2026-12-01T08:00:00Z".parse().unwrap();
    let booking = NewAppointment { calendar_id: calendar_id.clone(), contact_id: contact_id.clone(), start, ..NewAppointment::default() };
    let id = desk.book(booking).unwrap();
    desk.cancel(&id);
    desk.delete_appointment(&id);
    deliveries.deliver_all().await;
    let log = deliveries.log();
    assert_eq!(events(&log), ["ContactCreate", "AppointmentCreate", "AppointmentUpdate", "AppointmentDelete"]);
    let shown = &body(&log[1])["appointment"];
    assert_eq!(shown["startTime"], "2026-12-01T09:00:00+01:00");
    assert_eq!((&shown["id"], &shown["calendarId"], &shown["contactId"]), (&json!(id), &json!(calendar_id), &json!(contact_id)));
    assert_eq!(body(&log[2])["appointment"]["appointmentStatus"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn an_app_hears_only_while_it_is_installed_and_of_its_own_coming_and_going() {
    let (emulator, deliveries) = installed(WebhookSettings::default(), &[]);
    let desk = emulator.front_desk();
    desk.uninstall(CLIENT, Grantor::Location);
    desk.create(json!({ "firstName": "Ada" }));
    desk.authorize(CLIENT, Grantor::Company);
    desk.create(json!({ "firstName": "Bea" }));
    desk.uninstall(CLIENT, Grantor::Company);
    deliveries.deliver_all().await;
    let log = deliveries.log();
    assert_eq!(events(&log), ["UNINSTALL", "INSTALL", "ContactCreate", "UNINSTALL"]);
    let named = |index: usize| (body(&log[index])["locationId"].clone(), body(&log[index])["companyId"].clone());
    assert_eq!(named(0), (json!("loc-demo"), Value::Null), "a removal names one of both");
    assert_eq!(named(1), (Value::Null, json!("company-demo")));
    assert_eq!(named(3), (Value::Null, json!("company-demo")));
}

#[tokio::test(start_paused = true)]
async fn one_policy_tries_again_after_a_429_only() {
    let settings = WebhookSettings { policy: RetryPolicy::OnlyRateLimited, ..WebhookSettings::default() };
    let (emulator, deliveries) = installed(settings, &[Some(500), None, Some(429), Some(429)]);
    for name in ["Ada", "Bea", "Cleo"] {
        emulator.front_desk().create(json!({ "firstName": name }));
    }
    deliveries.deliver_all().await;
    let log = deliveries.log();
    let answered = |status: u16| Arrival::Answered(StatusCode::from_u16(status).unwrap());
    let arrivals: Vec<_> = log.iter().map(|delivery| delivery.arrival).collect();
    assert_eq!(arrivals, [answered(500), Arrival::Unanswered, answered(429), answered(429), answered(200)]);
    let pauses = [log[3].at - log[2].at, log[4].at - log[3].at];
    assert!(pauses.iter().all(|pause| (600..=661).contains(&pause.num_seconds())), "{pauses:?}");
    assert_eq!((log[4].attempt, &log[4].body, &log[4].webhook_id), (3, &log[2].body, &log[2].webhook_id), "the same bytes");

    let (emulator, deliveries) = installed(settings, &[Some(429); 20]);
    emulator.front_desk().create(json!({ "firstName": "Ada" }));
    deliveries.deliver_all().await;
    assert_eq!(deliveries.log().len(), 7, "once, and six times more");
}

#[tokio::test(start_paused = true)]
async fn the_other_policy_tries_again_after_any_failure_ever_farther_apart() {
    let (emulator, deliveries) = installed(WebhookSettings::default(), &[Some(500), None, Some(404)]);
    emulator.front_desk().create(json!({ "firstName": "Ada" }));
    deliveries.deliver_all().await;
    assert_eq!(deliveries.log().last().unwrap().attempt, 4);
    assert_eq!(deliveries.waiting(), 0);

    let (emulator, deliveries) = installed(WebhookSettings::default(), &[Some(503); 20]);
    emulator.front_desk().create(json!({ "firstName": "Ada" }));
    deliveries.deliver_all().await;
    let log = deliveries.log();
    assert_eq!(log.len(), 13, "once, and twelve times more");
    let pauses: Vec<_> = log.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert!(pauses.windows(2).all(|pair| pair[0] < pair[1]), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn webhooks_are_lost_doubled_and_overtaken_as_the_seed_wants_it() {
    let run = || async {
        let rough = WebhookSettings {
            delay: Duration::from_secs(1),
            jitter: Duration::from_secs(60),
            duplicated: 30,
            lost: 30,
            ..WebhookSettings::default()
        };
        let (emulator, deliveries) = installed(rough, &[]);
        for number in 0..40 {
            emulator.front_desk().create(json!({ "firstName": format!("Ada {number}") }));
        }
        assert_eq!(deliveries.deliver_due().await, 0, "nothing arrives before its time");
        deliveries.deliver_all().await;
        deliveries.log()
    };
    let log = run().await;
    let lost = log.iter().filter(|delivery| delivery.arrival == Arrival::Lost).count();
    let arrived: Vec<&str> = log.iter().filter(|delivery| delivery.arrival != Arrival::Lost).map(|d| d.webhook_id.as_str()).collect();
    let different: BTreeSet<_> = arrived.iter().collect();
    assert!(lost > 0 && lost + different.len() == 40, "{lost} lost");
    assert!(arrived.len() > different.len(), "some arrive twice");
    let names: Vec<String> = log.iter().map(|delivery| body(delivery)["firstName"].to_string()).collect();
    let again: Vec<String> = run().await.iter().map(|delivery| body(delivery)["firstName"].to_string()).collect();
    assert_eq!(names, again);
}

#[tokio::test(start_paused = true)]
async fn webhooks_go_out_by_themselves_once_they_are_started() {
    let (emulator, deliveries) = installed(WebhookSettings { delay: Duration::from_secs(5), ..WebhookSettings::default() }, &[]);
    let sending = deliveries.start();
    emulator.front_desk().create(json!({ "firstName": "Ada" }));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(deliveries.log().len(), 1);
    drop(sending);
    emulator.front_desk().create(json!({ "firstName": "Bea" }));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((deliveries.log().len(), deliveries.waiting()), (1, 1));
}

#[tokio::test]
async fn webhooks_are_posted_to_a_url_with_their_signature() {
    let (journal, faults) = (Journal::default(), Faults::default());
    let router = Router::new().route("/hooks", post(|| async { "ok" }));
    let app = Stage::new(router, Clock::real(), journal.clone(), faults.clone()).serve().await.unwrap();
    faults.add(Rule::on("/hooks", Fault::Refuse(Reply::new(503, ""))));
    let emulator = Emulator::new(Config { clock: Clock::starting_at(chrono::DateTime::UNIX_EPOCH), ..Config::default() });
    let receiver = Receiver::url(&format!("{}/hooks", app.url())).unwrap();
    let deliveries = emulator.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    emulator.front_desk().authorize(CLIENT, Grantor::Location);
    deliveries.deliver_due().await;
    emulator.clock().advance(Duration::from_secs(15));
    assert_eq!(deliveries.deliver_due().await, 1);
    let entries = journal.entries();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].body, entries[1].body);
    assert_eq!(entries[1].headers["content-type"], "application/json");
    assert_eq!(entries[1].headers["x-ghl-signature"].len(), 88);
    assert_eq!(serde_json::from_slice::<Value>(&entries[1].body).unwrap()["type"], "INSTALL");
    let unknown = emulator.send_webhooks("nobody-x", Receiver::new(|_| std::future::ready(None)), WebhookSettings::default());
    assert!(unknown.is_none());
}
