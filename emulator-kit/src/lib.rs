#![doc = include_str!("../README.md")]

mod clock;
mod fault;
mod journal;
mod serve;
mod stage;

pub use clock::Clock;
pub use fault::{Fault, Faults, Reply, Rule};
pub use journal::{Entry, Journal};
pub use serve::Running;
pub use stage::{Disconnected, Stage};
