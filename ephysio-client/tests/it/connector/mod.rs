//! The connector, held to the contract of the engine.

mod appointment;
mod conformance;
mod key;
mod lens;
mod reading;
mod staff;
mod writing;

use std::collections::BTreeMap;

use ephysio_client::connector::{Connector, Settings};
use ephysio_client::{Client, Operations, Sex};
use ephysio_emulator::Emulator;
use futures::TryStreamExt;
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{Draft, Field, FieldName, Fields, Item, Listed, Record, Source, Token};

use crate::client_with;

const PUT: &str = "method = 'PUT'\npath = '/patients/{id}'";

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
        (person::FAMILY_NAME, "Muster"),
        (person::STREET, "Seestrasse 17"),
        (person::POSTAL_CODE, "8001"),
        (person::CITY, "Zürich"),
        (person::BIRTH_DATE, "1980-05-17"),
        (person::SEX, "female"),
        (person::PHONE, "+41791234567"),
        (person::EMAIL, "anna@example.test"),
    ])
}

fn draft(fields: Fields) -> Draft {
    Draft { kind: KIND, fields, references: BTreeMap::new(), token: Token::from_bytes([7; 16]) }
}

/// A client that may change patients as described, and knows which sex is which.
fn able_client(emulator: &Emulator, description: &str) -> Client {
    let operations: Operations = toml::from_str(&format!("[update_patient]\nsupport = 'enabled'\n{description}")).unwrap();
    client_with(emulator, |config| {
        config.operations = operations;
        config.sex_true = Some(Sex::Male);
    })
}

fn able(emulator: &Emulator) -> Connector {
    Connector::new(able_client(emulator, PUT), Settings::default())
}

async fn items(connector: &Connector) -> sync_core::Result<Vec<Item>> {
    connector.list(&KIND).try_collect().await
}

async fn listed(connector: &Connector) -> Vec<Listed> {
    let listed = |item| match item {
        Item::Listed(listed) => Some(listed),
        Item::Broken { .. } | Item::End { .. } => None,
    };
    items(connector).await.unwrap().into_iter().filter_map(listed).collect()
}

async fn records(connector: &Connector) -> Vec<Record> {
    listed(connector).await.iter().map(|listed| connector.decode(&KIND, listed).unwrap()).collect()
}

fn decode(connector: &Connector, raw: &str) -> sync_core::Result<Record> {
    connector.decode(&KIND, &Listed { id: "1".into(), raw: raw.to_owned().into() })
}
