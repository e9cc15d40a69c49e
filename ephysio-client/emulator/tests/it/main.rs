//! The emulator over the wire: each switch, in process; and one call on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say where")]

mod create;
mod determinism;
mod event_changes;
mod events;
mod invoices;
mod list;
mod login;
mod served;
mod support;
mod update;
