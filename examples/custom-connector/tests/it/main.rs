//! The connector, on folders of its own.
#![expect(clippy::unwrap_used, reason = "in a test, a failure is the report")]

mod cards;
mod conformance;
mod events;
mod folder;
mod program;
mod staff;
