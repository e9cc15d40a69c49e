#![doc = include_str!("../README.md")]

mod clients;
pub mod command;
mod database;
#[cfg(feature = "demo")]
pub mod demo;
mod engines;
mod error;
mod output;
pub mod serve;
mod service;
pub mod settings;
#[cfg(feature = "demo")]
pub mod simulate;
mod tokens;

pub use clients::Clients;
pub use error::{Error, Result};
pub use output::{KindReport, SyncReport};
pub use service::{Lease, Service, TENANT};
pub use settings::Settings;
