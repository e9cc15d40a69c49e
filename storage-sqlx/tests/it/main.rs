//! The stores, from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

#[cfg(feature = "postgres")]
mod copying;
mod files;
mod model;
mod opening;
mod place;
mod sealing;
#[cfg(feature = "postgres")]
mod server;
mod suite;
mod takeover;
mod writer;
mod writers;

use storage_sqlx::MasterKey;

/// A master key: the base64 of 32 bytes.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// Another one.
const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn key() -> MasterKey {
    MasterKey::from_base64(KEY).unwrap()
}
