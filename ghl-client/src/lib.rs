#![doc = include_str!("../README.md")]

mod appointment;
mod auth;
mod calendar;
mod client;
mod config;
#[cfg(feature = "connector")]
pub mod connector;
mod custom_field;
mod error;
pub mod oauth;
mod person;
#[cfg(test)]
mod shape;
mod success;
mod time;
#[cfg(feature = "webhooks")]
pub mod webhook;

pub use appointment::{
    Appointment, AppointmentPatch, AppointmentStatus, Booked, EventWindow, EventsOf, ListedEvent, NewAppointment, ShownStatus, SlotCheck,
};
pub use auth::Credentials;
pub use calendar::{BlockedFor, BlockedSlot, Calendar, NewBlockedSlot, TeamMember};
pub use client::Client;
pub use config::{BASE_URL, Config, Version, Versions};
pub use custom_field::{CustomField, CustomFieldValue, CustomFieldWrite, NewCustomField};
pub use person::{Contact, ContactPage, ContactPatch, ContactSearch, Created, Cursor, Direction, Filter, NewContact, Probe, Upserted};
pub use sync_http::{Error, ErrorKind, Result, Verdict};
