#![doc = include_str!("../README.md")]

mod kept;
mod normal;
mod settings;
mod vendor;
mod webhook;

pub use kept::kept;
pub use normal::normalisation;
pub use settings::settings;
pub use vendor::{ephysio, ghl};
pub use webhook::webhook;

/// No refusal is longer than this, whatever was refused.
const SHORT: usize = 600;

/// Panics when a refusal is long: it would repeat what was refused.
fn assert_short(refusal: &impl std::fmt::Display) {
    let text = refusal.to_string();
    assert!(text.len() <= SHORT, "a refusal of {} bytes", text.len());
}

/// Panics when something is far larger than what it was made of.
fn assert_bounded(size: usize, input: usize) {
    // One letter may stand for a phrase of eighteen; more than that is made by nothing.
    assert!(size <= 18 * input + 256, "{size} bytes from {input}");
}
