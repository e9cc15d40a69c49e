//! Where benches go that print ratios to a floor measured in the same run. There are none yet.
