#![doc = include_str!("../README.md")]

pub mod command;
#[cfg(feature = "demo")]
pub mod demo;
mod error;
mod output;
mod service;
pub mod settings;

pub use error::{Error, Result};
pub use output::{KindReport, SyncReport};
pub use service::{Clients, Service, TENANT};
pub use settings::Settings;
