//! Whom a process listens for: one practice, or a group of them.

use std::sync::Arc;

use ghl_client::webhook::Verifier;
use sync_core::TenantId;

use super::Shared;
#[cfg(feature = "postgres")]
use super::group::Group;
use super::stats::Stats;
use crate::settings::ServeSettings;
use crate::{Result, TENANT};

/// What requests from outside are answered with.
#[derive(Debug)]
pub(crate) struct Practices {
    pub(super) verifier: Verifier,
    /// Of requests; those of practices are theirs.
    pub(super) stats: Stats,
    whom: Whom,
}

#[derive(Debug)]
enum Whom {
    One(Arc<Shared>),
    #[cfg(feature = "postgres")]
    Many(Arc<Group>),
}

impl Practices {
    pub(super) fn one(shared: Arc<Shared>) -> Self {
        let verifier = verifier(&shared.service.settings().serve);
        Self { verifier, stats: Stats::default(), whom: Whom::One(shared) }
    }

    #[cfg(feature = "postgres")]
    pub(super) fn many(group: Arc<Group>) -> Self {
        let verifier = verifier(&group.process().serve);
        Self { verifier, stats: Stats::default(), whom: Whom::Many(group) }
    }

    /// The practice with a location of GHL.
    pub(super) async fn at(&self, location: Option<&str>) -> Result<Option<Arc<Shared>>> {
        match &self.whom {
            Whom::One(shared) => Ok((location == shared.service.settings().ghl.location_id.as_deref()).then(|| shared.clone())),
            #[cfg(feature = "postgres")]
            Whom::Many(group) => match location {
                Some(location) => group.at(location).await,
                None => Ok(None),
            },
        }
    }

    /// The practice for which something random [was issued](marked).
    pub(super) async fn marked(&self, text: &str) -> Result<Option<Arc<Shared>>> {
        let tenant = text.split_once('.').map_or(TENANT, |(tenant, _)| TenantId::new(tenant));
        match &self.whom {
            Whom::One(shared) => Ok((*shared.tenant() == tenant).then(|| shared.clone())),
            #[cfg(feature = "postgres")]
            Whom::Many(group) => group.get(&tenant).await,
        }
    }

    /// Those that this process knows by now, each with the label that tells it from the others.
    pub(super) fn known(&self) -> Vec<(Option<TenantId>, Arc<Shared>)> {
        match &self.whom {
            Whom::One(shared) => vec![(None, shared.clone())],
            #[cfg(feature = "postgres")]
            Whom::Many(group) => group.known().into_iter().map(|shared| (Some(shared.tenant().clone()), shared)).collect(),
        }
    }

    /// Whether the database can be read.
    pub(super) async fn can_read(&self) -> bool {
        match &self.whom {
            Whom::One(shared) => shared.service.store().depth(shared.tenant()).await.is_ok(),
            #[cfg(feature = "postgres")]
            Whom::Many(group) => group.can_read().await,
        }
    }
}

/// Something random that says for whom it was issued.
pub(super) fn marked(tenant: &TenantId, random: &str) -> String {
    if *tenant == TENANT { random.to_owned() } else { format!("{tenant}.{random}") }
}

fn verifier(settings: &ServeSettings) -> Verifier {
    let keys: Vec<_> = settings.webhook_public_keys.iter().filter_map(|key| key.parse().ok()).collect();
    if keys.is_empty() { Verifier::default() } else { Verifier::new(keys) }
}
