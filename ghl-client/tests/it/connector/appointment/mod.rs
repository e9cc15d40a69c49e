//! The connector for appointments, held to the contract of the engine.

mod conformance;
mod engine;
mod lens;
mod reading;
mod refusals;
mod settings;
mod staff;
mod writing;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Zurich;
use futures::TryStreamExt;
use ghl_client::connector::appointment::{CalendarRow, Connector, Settings};
use ghl_client::{Client, Config, Version};
use ghl_emulator::{Emulator, NewAppointment, NewCalendar};
use serde_json::{Value, json};
use sync_core::vocabulary::appointment::{self, KIND};
use sync_core::vocabulary::person;
use sync_core::{Draft, Fields, Item, Listed, Patch, Record, RecordId, Source, Token};
use sync_http::{ServiceTransport, WallClock};

use super::fields;

/// A Monday in winter, seven in Zurich.
const TODAY: &str = "2026-11-30T06:00:00Z";
/// The next day at nine, half past nine and ten in Zurich.
const NINE: &str = "2026-12-01T08:00:00Z";
const HALF_PAST: &str = "2026-12-01T08:30:00Z";
const TEN: &str = "2026-12-01T09:00:00Z";

/// A location in which Anja and Beat work, each with a user, and one contact.
struct Practice {
    emulator: Emulator,
    rows: Vec<CalendarRow>,
    contact: String,
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

impl Practice {
    /// Each practitioner has one calendar for each of these services, or one without a service.
    fn with_services(services: &[&str]) -> Self {
        let clock = emulator_kit::Clock::starting_at(time(TODAY));
        let emulator = Emulator::new(ghl_emulator::Config { clock, show_deleted: true, ..ghl_emulator::Config::default() });
        let desk = emulator.front_desk();
        let services: Vec<Option<&str>> = if services.is_empty() { vec![None] } else { services.iter().copied().map(Some).collect() };
        let mut rows = Vec::new();
        for practitioner in ["anja keller", "beat meier"] {
            let user = desk.add_user();
            for service in &services {
                let calendar_id = desk.add_calendar(NewCalendar { team: vec![user.clone()], ..NewCalendar::default() });
                rows.push(row(&calendar_id, Some(&user), practitioner, *service));
            }
        }
        let contact = desk.create(json!({ "firstName": "Anna", "lastName": "Muster" }));
        Self { rows, contact, emulator }
    }

    fn new() -> Self {
        Self::with_services(&[])
    }

    fn client(&self, version: Version) -> Client {
        let mut config = Config { timezone: Some(Zurich), ..Config::new("loc-demo", "pit-demo").unwrap() };
        config.versions.calendars = version;
        Client::with_transport(config, Arc::new(ServiceTransport::new(self.emulator.stage()))).unwrap()
    }

    fn settings(&self) -> Settings {
        Settings { calendars: self.rows.clone(), ..Settings::default() }
    }

    fn connector_with(&self, settings: Settings) -> Connector {
        self.connector_of(Version::CALENDARS, settings)
    }

    fn connector_of(&self, version: Version, settings: Settings) -> Connector {
        let clock = self.emulator.clock().clone();
        Connector::new(self.client(version), settings).unwrap().with_clock(WallClock::new(move || clock.now()))
    }

    fn connector(&self) -> Connector {
        self.connector_with(self.settings())
    }

    fn draft(&self, fields: Fields) -> Draft {
        let references = BTreeMap::from([(person::KIND, RecordId::new(self.contact.clone()))]);
        Draft { kind: KIND, fields, references, token: Token::from_bytes([7; 16]) }
    }

    /// Staff book half an hour in the first calendar.
    fn booked(&self, start: &str) -> String {
        self.booked_in(0, start)
    }

    fn booked_in(&self, row: usize, start: &str) -> String {
        let row = &self.rows[row];
        let new = NewAppointment {
            calendar_id: row.calendar_id.clone(),
            contact_id: self.contact.clone(),
            start: time(start),
            assigned_user_id: row.user_id.clone(),
            ..NewAppointment::default()
        };
        self.emulator.front_desk().book(new).unwrap()
    }

    fn appointment(&self, id: &str) -> ghl_emulator::Appointment {
        self.emulator.front_desk().appointment(id).unwrap()
    }

    fn calls(&self) -> usize {
        self.emulator.journal().len()
    }

    /// The body of the last request.
    fn sent(&self) -> Value {
        serde_json::from_slice(&self.emulator.journal().entries().last().unwrap().body).unwrap()
    }
}

fn row(calendar_id: &str, user_id: Option<&str>, practitioner: &str, service: Option<&str>) -> CalendarRow {
    let owned = |text: &str| text.to_owned();
    CalendarRow {
        calendar_id: owned(calendar_id),
        user_id: user_id.map(owned),
        practitioner: owned(practitioner),
        service: service.map(owned),
    }
}

/// An appointment of Anja's that is planned.
fn planned(start: &str, end: &str) -> Fields {
    fields(&[
        (appointment::START, start),
        (appointment::END, end),
        (appointment::STATUS, "planned"),
        (appointment::PRACTITIONER, "anja keller"),
    ])
}

fn patch(id: &str, fields: Fields) -> Patch {
    Patch { kind: KIND, id: id.into(), fields }
}

async fn items(connector: &Connector) -> sync_core::Result<Vec<Item>> {
    connector.list(&KIND).try_collect().await
}

async fn records(connector: &Connector) -> Vec<Record> {
    let listed = |item| match item {
        Item::Listed(listed) => Some(listed),
        Item::Broken { .. } | Item::End { .. } => None,
    };
    let listed = items(connector).await.unwrap().into_iter().filter_map(listed);
    listed.map(|listed| connector.decode(&KIND, &listed).unwrap()).collect()
}

fn decode(connector: &Connector, raw: &str) -> sync_core::Result<Record> {
    connector.decode(&KIND, &Listed { id: "a1".into(), raw: raw.to_owned().into() })
}
