#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod config;
#[cfg(feature = "connector")]
pub mod connector;
mod custom_field;
mod error;
mod person;

pub use client::Client;
pub use config::{BASE_URL, Config, Version, Versions};
pub use custom_field::{CustomField, CustomFieldValue, CustomFieldWrite, NewCustomField};
pub use person::{Contact, ContactPage, ContactPatch, ContactSearch, Created, Cursor, Direction, Filter, NewContact, Probe, Upserted};
pub use sync_http::{Error, ErrorKind, Result, Verdict};
