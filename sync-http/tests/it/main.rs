//! The pipeline against real connections, with waits of milliseconds.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod auth;
mod failing;
mod limits;
mod streaming;
mod support;
