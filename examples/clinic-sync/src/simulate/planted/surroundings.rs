//! Bugs of the store, of the rules and of the requests.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use sync_core::vocabulary::person;
use sync_core::{Changes, Conflict, Kind, Link, Policy, Reason, Review, RunState, Side, Sides, Sink, TenantId};

use crate::TENANT;
use crate::simulate::chance::locked;
use crate::simulate::sim::NEIGHBOUR;
use crate::simulate::tamper::Tamper;

/// The store drops the questions about conflicts.
pub(super) fn unasked() -> Arc<dyn Tamper> {
    Arc::new(Unasked)
}

#[derive(Debug)]
struct Unasked;

impl Tamper for Unasked {
    fn commit(&self, tenant: TenantId, mut changes: Changes) -> (TenantId, Changes) {
        changes.opened.retain(|review| !matches!(review.reason, Reason::Conflict { .. }));
        (tenant, changes)
    }
}

/// e-Physio wins every conflict, whatever the settings say.
pub(super) fn partial() -> Arc<dyn Tamper> {
    Arc::new(Partial)
}

#[derive(Debug)]
struct Partial;

impl Tamper for Partial {
    fn policy(&self, mut policy: Policy) -> Policy {
        policy.fields.values_mut().for_each(|field| field.conflict = Conflict::PreferLeft);
        policy
    }
}

/// The store keeps questions back until a run has ended: if the process is killed before, they are gone.
pub(super) fn torn() -> Arc<dyn Tamper> {
    Arc::new(Torn::default())
}

#[derive(Debug, Default)]
struct Torn(Mutex<Vec<Review>>);

impl Tamper for Torn {
    /// A new process begins: what was kept back in the memory of the old one is lost.
    fn sinks(&self, kind: &Kind, sinks: Sides<Arc<dyn Sink>>) -> Sides<Arc<dyn Sink>> {
        if *kind == person::KIND {
            locked(&self.0).clear();
        }
        sinks
    }

    fn commit(&self, tenant: TenantId, mut changes: Changes) -> (TenantId, Changes) {
        let mut kept = locked(&self.0);
        kept.append(&mut changes.opened);
        if changes.run.as_ref().is_some_and(|run| run.state != RunState::Running) {
            changes.opened.append(&mut kept);
        }
        drop(kept);
        (tenant, changes)
    }
}

/// The store does not write down what was changed.
pub(super) fn unrecorded() -> Arc<dyn Tamper> {
    Arc::new(Unrecorded)
}

#[derive(Debug)]
struct Unrecorded;

impl Tamper for Unrecorded {
    fn commit(&self, tenant: TenantId, mut changes: Changes) -> (TenantId, Changes) {
        changes.operations.clear();
        (tenant, changes)
    }
}

/// The first records that are seen are taken for those of another practice.
pub(super) fn astray() -> Arc<dyn Tamper> {
    Arc::new(Astray::default())
}

#[derive(Debug, Default)]
struct Astray(Mutex<bool>);

impl Tamper for Astray {
    fn commit(&self, tenant: TenantId, changes: Changes) -> (TenantId, Changes) {
        let mut went = locked(&self.0);
        let is_new = |link: &Link| link.kind == person::KIND && link.version == 0 && link.only_side() == Some(Side::Right);
        if *went || tenant != TENANT || changes.links.is_empty() || !changes.links.iter().all(is_new) {
            return (tenant, changes);
        }
        *went = true;
        (NEIGHBOUR, Changes { fence: None, ..changes })
    }
}

/// Appointments are made without asking GHL to be quiet.
pub(super) fn loud() -> Arc<dyn Tamper> {
    Arc::new(Loud)
}

#[derive(Debug)]
struct Loud;

impl Tamper for Loud {
    fn request(&self, _: Side, request: Request<Bytes>) -> Request<Bytes> {
        request.map(|body| match std::str::from_utf8(&body) {
            Ok(text) => Bytes::from(text.replace("\"toNotify\":false", "\"toNotify\":true")),
            Err(_) => body,
        })
    }
}
