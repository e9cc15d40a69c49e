#![doc = include_str!("../README.md")]

mod birth_date;
mod body;
mod book;
mod config;
mod contact;
mod desk;
mod emulator;
mod fields;
mod hooks;
mod http;
mod ids;
mod limiter;
mod phone;
mod search;
mod state;
mod view;

pub use config::{Config, RateLimit};
pub use contact::Contact;
pub use desk::{FrontDesk, NewContact};
pub use emulator::{Counters, Emulator};
pub use hooks::{ChangeKind, ContactChange, Origin};
