//! The engine between two sides in memory: what it promises, seen in what the sides were asked.

#![expect(clippy::unwrap_used, reason = "in a test, a failure is the report")]

mod again;
mod beside;
mod calendar;
mod clinic;
mod crash;
mod deletion;
mod first_sync;
mod hints;
mod interruption;
mod misread;
mod updates;
mod window;
