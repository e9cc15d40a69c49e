#![doc = include_str!("README.md")]

mod crash;
mod endpoint;
mod env;
mod fault;
mod lease;
mod memory_endpoint;
mod queue;
pub mod sample;
mod store;

use std::fmt;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::{HintQueue, Leases, MappingStore};

pub use crash::crash_suite;
pub use endpoint::{Breach, EndpointCheck, EndpointReport, Staff, Subject, endpoint_checks, endpoint_report, endpoint_suite, permit};
pub use env::SeededEnv;
pub use fault::{Bend, CallKind, Fault, Faults, Flaky};
pub use lease::lease_checks;
pub use memory_endpoint::{Call, Echo, MemoryEndpoint, Shape};
pub use queue::queue_checks;
pub use store::mapping_checks;

/// Everything that a store does. Implemented for whatever has the three traits.
pub trait AnyStore: MappingStore + Leases + HintQueue {}

impl<T: MappingStore + Leases + HintQueue + ?Sized> AnyStore for T {}

/// One promise of a contract. It panics with a sentence that says what the contract wants.
#[derive(Clone, Copy)]
pub struct Check {
    name: &'static str,
    run: for<'a> fn(&'a dyn AnyStore) -> BoxFuture<'a, ()>,
}

impl Check {
    /// The promise, as a sentence with underscores.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it against an empty store.
    ///
    /// # Panics
    /// When the store breaks the promise.
    pub async fn run(&self, store: &dyn AnyStore) {
        (self.run)(store).await;
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A list of checks, each named like its function.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        vec![$($crate::testing::Check { name: stringify!($name), run: |store| Box::pin($name(store)) }),*]
    };
}
pub(crate) use checks;

/// All checks of a store: mappings, leases and inbox.
#[must_use]
pub fn store_checks() -> Vec<Check> {
    [mapping_checks(), lease_checks(), queue_checks()].concat()
}

/// Runs all checks of a store, each against a fresh empty one.
///
/// # Panics
/// After all have run, when one failed; it names all that did.
pub async fn store_suite<S: AnyStore>(make: impl AsyncFn() -> S) {
    let failed = failures(&store_checks(), make).await;
    assert!(failed.is_empty(), "the store breaks its contract: {}", failed.join(", "));
}

/// Runs checks, each against a fresh empty store, and gives the names of those that failed.
pub async fn failures<S: AnyStore>(checks: &[Check], make: impl AsyncFn() -> S) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for check in checks {
        let store = make().await;
        // A broken store may panic anywhere; the other checks still tell what works.
        if AssertUnwindSafe(check.run(&store)).catch_unwind().await.is_err() {
            failed.push(check.name);
        }
    }
    failed
}

#[cfg(test)]
mod tests;
