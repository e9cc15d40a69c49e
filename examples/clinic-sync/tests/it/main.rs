//! The service as a whole, against emulators of both systems.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod access;
mod billing;
mod bookings;
mod calendar;
mod canary;
mod clocks;
mod contract;
mod exits;
mod fields;
#[cfg(feature = "postgres")]
mod group;
mod house;
mod inbox;
mod live;
mod mapping;
mod notices;
mod outages;
mod parents;
#[cfg(feature = "postgres")]
mod postgres;
mod refusals;
mod restored;
mod rules;
mod serve;
#[cfg(feature = "postgres")]
mod server;
mod simulation;
mod staff;
mod stopping;
mod story;
mod then;
mod vault;
mod volume;
mod watch;
mod window;
