//! Keys, and what is sealed under them.
//!
//! The master key comes from outside and wraps one random data key per tenant, kept in the database.
//! From a tenant's data key come, by HKDF, the key of its digests, the key of its secrets, and one key
//! per person, which also needs that person's salt.

mod master;
mod seal;
mod secrets;
mod shelf;
mod tenant;

#[cfg(feature = "sqlite")]
pub(crate) use master::private;
pub use master::{KeyBeside, MasterKey};
pub use secrets::Vault;
pub use tenant::TenantKey;

pub(crate) use seal::{Key, fresh_salt, identity};
pub(crate) use shelf::{Keyring, Named, Shelf, Wrapped, rewrap};
pub(crate) use tenant::TenantSecrets;
