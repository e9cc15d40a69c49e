#![cfg_attr(feature = "sqlite", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "sqlite"), doc = "Choose a database: the feature `sqlite`.")]

#[cfg(feature = "sqlite")]
mod error;
#[cfg(feature = "sqlite")]
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod vault;

#[cfg(feature = "sqlite")]
pub use sqlite::{OpenOptions, SqliteStore, Vault};
#[cfg(feature = "sqlite")]
pub use vault::{KeyBeside, MasterKey, TenantKey};
