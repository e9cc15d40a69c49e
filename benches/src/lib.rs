//! Benches live in `benches/`; each prints ratios to a floor that was measured in the same run. See the README.

pub mod group;
pub mod practice;
pub mod process;

/// Why a bench cannot be run.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
