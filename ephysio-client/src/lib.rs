#![doc = include_str!("../README.md")]

mod answered;
mod auth;
mod client;
mod clock;
mod config;
#[cfg(feature = "connector")]
pub mod connector;
mod error;
mod event;
mod invoice;
mod operation;
mod person;

pub use client::Client;
pub use clock::{ClockFields, PracticeClock, Slot, WallTime};
pub use config::{BASE_URL, Config};
pub use event::{CreatedEvent, Event, EventDraft, EventKey, EventPatch, EventStatus, Office, Placed, column};
pub use invoice::{CreatedInvoice, Invoice, InvoiceTemplate, Law, TreatmentCause};
pub use operation::{BodyForm, Operation, Operations, Performed, Support, Verify};
pub use person::{Created, NewPatient, Patient, PatientPatch, PatientStatus, Sex};
pub use sync_http::{Error, ErrorKind, Result, Verdict};
