//! The connector, held to the contract of the engine.

mod appointment;
mod conformance;
mod documented;
mod lens;
mod reading;
mod settings;
mod staff;
mod writing;

use std::collections::BTreeMap;

use futures::TryStreamExt;
use ghl_client::connector::{Connector, Settings};
use ghl_emulator::Emulator;
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{Draft, Field, FieldName, Fields, Item, Listed, Record, Source, Token};

use crate::client;

/// The name of a custom field in the vocabulary, and in GHL's key.
const REFERRAL: &str = "referral";
const TOKEN: &str = "contact.sync_token";

fn fields(values: &[(FieldName, &str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in values {
        fields.set(name.clone(), Field::Value(value));
    }
    fields
}

fn anna() -> Fields {
    fields(&[
        (person::GIVEN_NAME, "Anna Maria"),
        (person::FAMILY_NAME, "Müller-Łódzka"),
        (person::EMAIL, "anna+praxis@example.test"),
        (person::PHONE, "+41791234567"),
        (person::BIRTH_DATE, "1980-05-17"),
        (person::SEX, "female"),
        (person::STREET, "Seestrasse 17"),
        (person::POSTAL_CODE, "8001"),
        (person::CITY, "Zürich"),
        (person::COUNTRY, "CH"),
        (person::custom(REFERRAL), "Dr. Beispiel"),
    ])
}

fn draft(fields: Fields) -> Draft {
    Draft { kind: KIND, fields, references: BTreeMap::new(), token: Token::from_bytes([7; 16]) }
}

/// A location with the custom fields that the connector uses.
fn prepared() -> Emulator {
    let emulator = crate::emulator();
    emulator.front_desk().define_custom_field("sync token", "TEXT");
    emulator.front_desk().define_custom_field(REFERRAL, "TEXT");
    emulator
}

fn mapping() -> Settings {
    Settings { custom_fields: BTreeMap::from([(REFERRAL.to_owned(), format!("contact.{REFERRAL}"))]), ..Settings::default() }
}

async fn connector_with(emulator: &Emulator, settings: Settings) -> Connector {
    Connector::connect(client(emulator), settings).await.unwrap()
}

async fn connector(emulator: &Emulator) -> Connector {
    connector_with(emulator, mapping()).await
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
    connector.decode(&KIND, &Listed { id: "c1".into(), raw: raw.to_owned().into() })
}
