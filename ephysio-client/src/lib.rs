#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod config;
#[cfg(feature = "connector")]
pub mod connector;
mod error;
mod operation;
mod person;

pub use client::Client;
pub use config::{BASE_URL, Config};
pub use operation::{BodyForm, Operation, Operations, Performed, Support, Verify};
pub use person::{Created, NewPatient, Patient, PatientPatch, PatientStatus, Sex};
pub use sync_http::{Error, ErrorKind, Result, Verdict};
