//! The client against an emulated e-Physio in the same process, under a paused clock.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[cfg(feature = "connector")]
mod connector;
mod event_changes;
mod events;
mod faults;
mod invoices;
mod login;
mod patients;
mod updates;

use std::sync::Arc;

use ephysio_client::{Client, Config};
use ephysio_emulator::{Clock, Emulator, Quirks};
use sync_http::{ServiceTransport, WallClock};

fn emulator(quirks: Quirks) -> Emulator {
    let clock = Clock::starting_at(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    Emulator::new(ephysio_emulator::Config { clock, quirks, ..Default::default() })
}

fn config(emulator: &Emulator) -> Config {
    let clock = emulator.clock().clone();
    Config { clock: WallClock::new(move || clock.now()), ..Config::new("praxis@example.ch", "demo-password").unwrap() }
}

fn client_with(emulator: &Emulator, change: impl FnOnce(&mut Config)) -> Client {
    let mut config = config(emulator);
    change(&mut config);
    Client::with_transport(config, Arc::new(ServiceTransport::new(emulator.stage())))
}

fn client(emulator: &Emulator) -> Client {
    client_with(emulator, |_| {})
}

fn logins(emulator: &Emulator) -> usize {
    emulator.journal().entries().iter().filter(|entry| entry.path.ends_with("/token")).count()
}
