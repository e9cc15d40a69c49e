//! The service as a whole, against emulators of both systems.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod billing;
mod bookings;
mod calendar;
mod canary;
mod clocks;
mod contract;
mod exits;
mod fields;
mod house;
mod mapping;
mod outages;
mod parents;
#[cfg(feature = "postgres")]
mod postgres;
mod refusals;
mod serve;
mod staff;
mod stopping;
mod story;
mod then;
mod window;
