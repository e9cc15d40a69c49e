#![doc = include_str!("../README.md")]

mod agenda;
mod app;
mod appointment;
mod birth_date;
mod body;
mod book;
mod booking;
mod calendar;
mod chance;
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
mod oauth;
mod phone;
mod search;
mod state;
mod view;
mod webhooks;

pub use app::{App, Grantor};
pub use appointment::{Appointment, AppointmentStatus};
pub use calendar::NewCalendar;
pub use config::{Config, RateLimit};
pub use contact::Contact;
pub use desk::{FrontDesk, NewAppointment, NewContact};
pub use emulator::{Counters, Emulator};
pub use hooks::{AppChange, AppChangeKind, AppointmentChange, AppointmentChangeKind, ChangeKind, ContactChange, Origin};
pub use oauth::TokenCounters;
pub use webhooks::{Arrival, Deliveries, Delivery, Receiver, RetryPolicy, Sending, Webhook, WebhookSettings};
