//! A practice with one calendar and one contact, for the tests of calendars.

use chrono::{DateTime, Utc};
use ghl_emulator::{Config, NewAppointment, NewCalendar};
use serde_json::{Value, json};

use crate::api::{Api, Got};

pub(crate) const APPOINTMENTS: &str = "/calendars/events/appointments";
/// A Tuesday in winter: nine o'clock in Zurich, eight in UTC.
pub(crate) const NINE: &str = "2026-12-01T09:00:00+01:00";
pub(crate) const TEN: &str = "2026-12-01T10:00:00+01:00";

pub(crate) struct Practice {
    pub(crate) api: Api,
    pub(crate) calendar: String,
    pub(crate) contact: String,
}

impl Practice {
    pub(crate) fn new() -> Self {
        Self::with(Config::default(), NewCalendar::default())
    }

    pub(crate) fn with(config: Config, calendar: NewCalendar) -> Self {
        let api = Api::with(config).header("version", Some("2021-04-15"));
        let desk = api.emulator.front_desk();
        let calendar = desk.add_calendar(calendar);
        let contact = desk.create(json!({ "firstName": "Anna", "lastName": "Muster" }));
        Self { api, calendar, contact }
    }

    pub(crate) fn v3(mut self) -> Self {
        self.api = self.api.header("version", Some("v3"));
        self
    }

    /// Asks for an appointment of the contact in the calendar, with these properties.
    pub(crate) async fn ask(&self, mut properties: Value) -> Got {
        let usual = json!({ "calendarId": self.calendar, "contactId": self.contact, "startTime": NINE });
        for (property, value) in usual.as_object().unwrap() {
            if properties.get(property).is_none() {
                properties[property] = value.clone();
            }
        }
        self.api.here("POST", APPOINTMENTS, properties).await
    }

    /// Books an appointment over the API and returns its id.
    pub(crate) async fn book(&self, properties: Value) -> String {
        let got = self.ask(properties).await;
        assert_eq!(got.status, 200, "{}", got.body);
        got.body["id"].as_str().unwrap().to_owned()
    }

    /// An appointment for the front desk to book.
    pub(crate) fn wish(&self, start: &str) -> NewAppointment {
        NewAppointment {
            calendar_id: self.calendar.clone(),
            contact_id: self.contact.clone(),
            start: time(start),
            ..NewAppointment::default()
        }
    }

    pub(crate) async fn put(&self, id: &str, body: Value) -> Got {
        self.api.call("PUT", &format!("{APPOINTMENTS}/{id}"), body).await
    }

    pub(crate) async fn get(&self, id: &str) -> Got {
        self.api.get(&format!("{APPOINTMENTS}/{id}")).await
    }

    pub(crate) async fn delete(&self, id: &str) -> Got {
        self.api.call("DELETE", &format!("/calendars/events/{id}"), json!({})).await
    }

    /// The ids that a listing shows between two times.
    pub(crate) async fn listed(&self, path: &str, owner: &str, from: &str, until: &str) -> Vec<String> {
        let (from, until) = (time(from).timestamp_millis(), time(until).timestamp_millis());
        let target = format!("/calendars/{path}?locationId=loc-demo&{owner}&startTime={from}&endTime={until}");
        let got = self.api.get(&target).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let events = got.body["events"].as_array().unwrap().iter();
        events.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The ids in the calendar on the day of [`NINE`].
    pub(crate) async fn on_the_day(&self) -> Vec<String> {
        let owner = format!("calendarId={}", self.calendar);
        self.listed("events", &owner, "2026-12-01T00:00:00+01:00", "2026-12-02T00:00:00+01:00").await
    }
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}
