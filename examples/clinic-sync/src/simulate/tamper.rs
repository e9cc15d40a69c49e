//! Where a test makes the engine's surroundings do the wrong thing, to see whether it is noticed.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use sync_core::{Changes, Kind, Policy, Side, Sides, Sink, TenantId};

/// Changes what the engine is given. Nothing is changed unless a test says so.
pub(super) trait Tamper: fmt::Debug + Send + Sync {
    /// The connectors of a process.
    fn sinks(&self, _: &Kind, sinks: Sides<Arc<dyn Sink>>) -> Sides<Arc<dyn Sink>> {
        sinks
    }

    /// The rules.
    fn policy(&self, policy: Policy) -> Policy {
        policy
    }

    /// A commit, and whose it is.
    fn commit(&self, tenant: TenantId, changes: Changes) -> (TenantId, Changes) {
        (tenant, changes)
    }

    /// A request, as it leaves for one of the two systems.
    fn request(&self, _: Side, request: Request<Bytes>) -> Request<Bytes> {
        request
    }
}

/// Changes nothing.
#[derive(Debug)]
pub(super) struct Untouched;

impl Tamper for Untouched {}
