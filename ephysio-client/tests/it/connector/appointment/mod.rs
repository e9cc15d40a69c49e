//! The connector for appointments, held to the contract of the engine.

mod calendar;
mod changing;
mod clock;
mod conformance;
mod creating;
mod engine;
mod invoices;
mod lens;
mod reading;
mod settings;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use ephysio_client::connector::appointment::{Connector, Practitioner, Settings};
use ephysio_client::{Client, Config};
use ephysio_emulator::{Emulator, Entry, EventQuirks, NewEvent, Quirks};
use futures::TryStreamExt;
use sync_core::testing::permit;
use sync_core::vocabulary::appointment::{END, KIND, PRACTITIONER, SERVICE, START, instant};
use sync_core::vocabulary::person;
use sync_core::{Draft, Fields, Item, Listed, Patch, Record, RecordId, Result, Sink, Source, Token, Written};

use super::fields;
use crate::client_with;

/// The emulator's day is the 15th of January 2027, a Friday.
pub(crate) const START_AT: &str = "2027-02-01T08:00:00Z";
const SUMMER: &str = "2027-07-01T08:00:00Z";
const LATER: &str = "2027-02-03T13:00:00Z";

const UPDATE: &str = "[update_event]\nsupport = 'enabled'\nmethod = 'PUT'\npath = '/events/{id}'\n";
const MOVE: &str = "[move_event]\nsupport = 'enabled'\nmethod = 'PUT'\npath = '/events/{id}'\n";
const CANCEL: &str = "[cancel_event]\nsupport = 'enabled'\nmethod = 'DELETE'\npath = '/events/{id}'\nbody = 'none'\n";

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn quirks(events: EventQuirks) -> Quirks {
    Quirks { events, ..Quirks::default() }
}

pub(crate) fn settings() -> Settings {
    let statuses = [(5, "planned"), (6, "confirmed"), (7, "no_show"), (8, "attended"), (9, "cancelled")];
    Settings {
        practitioners: BTreeMap::from([
            ("anna".to_owned(), Practitioner { client_id: 5_778, admin_info_id: 5_770 }),
            ("beat".to_owned(), Practitioner { client_id: 5_779, admin_info_id: 5_771 }),
        ]),
        services: BTreeMap::from([("physio".to_owned(), 29_330), ("lymph drainage".to_owned(), 29_331)]),
        statuses: statuses.map(|(code, name)| (code, name.to_owned())).into(),
        ..Settings::default()
    }
}

fn template(config: &mut Config) {
    let text = "admin_info_id = 5770\nlaw = 'uvg'\ntreatment_cause = 'accident'\ntiers_payant = false\nvat = false\nsessions = 6\nfirst_session = 1";
    config.invoice = Some(toml::from_str(text).unwrap());
}

/// A client for which these calls are described.
fn described(emulator: &Emulator, operations: &str) -> Client {
    client_with(emulator, |config| config.operations = toml::from_str(operations).unwrap())
}

fn able(emulator: &Emulator, operations: &str) -> Connector {
    Connector::new(described(emulator, operations), settings()).unwrap()
}

fn connector(emulator: &Emulator) -> Connector {
    able(emulator, "")
}

/// A patient with an open invoice.
fn patient(emulator: &Emulator) -> u64 {
    let patient = emulator.practice().populate(1)[0];
    emulator.practice().open_invoice(patient);
    patient
}

/// Half an hour of physiotherapy with Anna.
fn physio(start: &str) -> Fields {
    let end = instant(utc(start) + TimeDelta::minutes(30));
    fields(&[(START, start), (END, &end), (PRACTITIONER, "anna"), (SERVICE, "physio")])
}

fn draft(patient: u64, fields: Fields) -> Draft {
    let references = BTreeMap::from([(person::KIND, RecordId::new(patient.to_string()))]);
    Draft { kind: KIND, fields, references, token: Token::from_bytes([7; 16]) }
}

async fn create(connector: &Connector, patient: u64, fields: Fields) -> Result<Written> {
    connector.create(&permit(), &draft(patient, fields)).await
}

/// An event as staff book it, and its id.
fn booked(emulator: &Emulator, patient: u64, start: &str) -> RecordId {
    RecordId::new(emulator.practice().book(NewEvent::at(utc(start)).of(patient)).to_string())
}

fn number(id: &RecordId) -> u64 {
    id.as_str().parse().unwrap()
}

async fn change(connector: &Connector, id: &RecordId, fields: Fields) -> Result<Written> {
    connector.update(&permit(), &Patch { kind: KIND, id: id.clone(), fields }).await
}

async fn items(connector: &Connector) -> Result<Vec<Item>> {
    connector.list(&KIND).try_collect().await
}

async fn records(connector: &Connector) -> Vec<Record> {
    let listed = |item| match item {
        Item::Listed(listed) => Some(listed),
        Item::Broken { .. } | Item::End { .. } => None,
    };
    let listed: Vec<Listed> = items(connector).await.unwrap().into_iter().filter_map(listed).collect();
    listed.iter().map(|listed| connector.decode(&KIND, listed).unwrap()).collect()
}

fn requests(emulator: &Emulator, method: &str, path: &str) -> Vec<Entry> {
    emulator.journal().entries().into_iter().filter(|entry| entry.method == method && entry.path.ends_with(path)).collect()
}

/// All that was written, short of logins.
fn writes(emulator: &Emulator) -> Vec<Entry> {
    let is_write = |entry: &Entry| entry.method != "GET" && !entry.path.ends_with("/token");
    emulator.journal().entries().into_iter().filter(is_write).collect()
}

fn sent(entry: &Entry) -> serde_json::Value {
    serde_json::from_slice(&entry.body).unwrap()
}
