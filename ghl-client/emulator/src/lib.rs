#![doc = include_str!("../README.md")]

mod agenda;
mod appointment;
mod birth_date;
mod body;
mod book;
mod booking;
mod calendar;
mod config;
mod contact;
mod desk;
mod emulator;
mod event_view;
mod fields;
mod hooks;
mod http;
mod ids;
mod limiter;
mod phone;
mod search;
mod state;
mod view;

pub use appointment::{Appointment, AppointmentStatus};
pub use calendar::NewCalendar;
pub use config::{Config, RateLimit};
pub use contact::Contact;
pub use desk::{FrontDesk, NewAppointment, NewContact};
pub use emulator::{Counters, Emulator};
pub use hooks::{AppointmentChange, AppointmentChangeKind, ChangeKind, ContactChange, Origin};
