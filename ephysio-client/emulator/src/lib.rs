#![doc = include_str!("../README.md")]

mod chance;
mod config;
mod emulator;
mod event;
mod events;
mod invoice;
mod patient;
mod patients;
mod practice;
mod quirks;
mod sessions;
mod synthetic;
mod wire;

pub use config::{Config, Quirks};
pub use emulator::{Counters, Emulator};
pub use event::{Event, NewEvent};
pub use invoice::Invoice;
pub use patient::{NewPatient, Patient, Sex};
pub use practice::Practice;
pub use quirks::{
    Blank, CancelEvent, Cancelled, ClockFields, Create, CryptoKeyCheck, EventAnswer, EventQuirks, EventWindow, Expiry, Ids, InvoiceAnswer,
    InvoiceCheck, InvoiceQuirks, InvoiceShape, Repost, UpdateAnswer, UpdateEvent, UpdatePatient, WithoutStatus,
};

// What a user of the emulator holds in hand comes from one crate.
pub use emulator_kit::{Clock, Disconnected, Entry, Fault, Faults, Journal, Reply, Rule, Running, Stage};
