//! The client against an emulated GHL in the same process, under a paused clock.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod appointments;
#[cfg(feature = "connector")]
mod connector;
mod contacts;
mod custom_fields;
mod faults;
mod limits;
mod oauth;
mod search;
#[cfg(feature = "webhooks")]
mod webhooks;

use std::sync::Arc;

use ghl_client::{Client, Config, NewContact};
use ghl_emulator::Emulator;
use sync_http::ServiceTransport;

/// A client of the emulator, with its token or another one.
fn client_with(emulator: &Emulator, token: &str) -> Client {
    let config = Config::new("loc-demo", token.to_owned()).unwrap();
    Client::with_transport(config, Arc::new(ServiceTransport::new(emulator.stage()))).unwrap()
}

fn client(emulator: &Emulator) -> Client {
    client_with(emulator, "pit-demo")
}

fn emulator() -> Emulator {
    Emulator::new(ghl_emulator::Config { clock: emulator_kit::Clock::starting_at(chrono::DateTime::UNIX_EPOCH), ..Default::default() })
}

fn anna() -> NewContact {
    NewContact {
        first_name: Some("Anna".to_owned()),
        last_name: Some("Muster".to_owned()),
        email: Some("anna+praxis@example.ch".to_owned()),
        phone: Some("+41791234567".to_owned()),
        date_of_birth: chrono::NaiveDate::from_ymd_opt(1990, 9, 5),
        postal_code: Some("3000".to_owned()),
        ..NewContact::default()
    }
}
