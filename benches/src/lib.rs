//! Benches live in `benches/`; each prints ratios to a floor that was measured in the same run. See the README.
