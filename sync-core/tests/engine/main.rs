//! The engine between two sides in memory: what it promises, seen in what the sides were asked.

mod clinic;
mod deletion;
mod first_sync;
mod interruption;
mod updates;
