#![cfg_attr(feature = "sqlite", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "sqlite"), doc = "Choose a database: the features `sqlite` and `postgres`.")]

#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod copy;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod error;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod row;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod store;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod vault;

#[cfg(all(feature = "sqlite", feature = "postgres"))]
pub use copy::{Copied, copy_store};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore, Tenant};
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenOptions, SqliteStore};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use store::Store;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use vault::{KeyBeside, MasterKey, TenantKey, Vault};
