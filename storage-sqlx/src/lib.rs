#![doc = include_str!("../README.md")]

mod error;
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
mod vault;

#[cfg(feature = "sqlite")]
pub use sqlite::{OpenOptions, SqliteStore, Vault};
pub use vault::{KeyBeside, MasterKey, TenantKey};
