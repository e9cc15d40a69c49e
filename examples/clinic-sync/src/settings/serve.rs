//! How the running service listens and when it works.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;

/// How the running service listens and when it works.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeSettings {
    /// Where GHL's webhooks and the admin's browser arrive, behind a proxy that brings https.
    pub listen: SocketAddr,
    /// Where figures can be read; a loopback address. Unset: nowhere.
    pub metrics: Option<SocketAddr>,
    /// Minutes between two syncs of patients.
    pub patients_minutes: u64,
    /// Minutes between two syncs of appointments.
    pub appointments_minutes: u64,
    /// The hour, in the practice's time zone, at which everything is reconciled.
    pub nightly_hour: u32,
    /// A command that is run when a question opens, or a sync keeps failing; its only argument is what happened.
    pub notify: Option<String>,
    /// How many of the practices on a database server one process works for at a time. Most of the time is spent waiting for answers.
    pub practices_at_once: NonZeroUsize,
    /// Public keys, in PEM, that sign webhooks, in the place of GHL's own.
    pub webhook_public_keys: Vec<String>,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics: None,
            patients_minutes: 60,
            appointments_minutes: 60,
            nightly_hour: 3,
            notify: None,
            practices_at_once: const { NonZeroUsize::new(64).unwrap() },
            webhook_public_keys: Vec::new(),
        }
    }
}

impl ServeSettings {
    /// Everything that cannot be, in words that say what to do.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.metrics.is_some_and(|address| !address.ip().is_loopback()) {
            problems.push("`metrics` under [serve] must be a loopback address: whoever can read it sees how the practice works".to_owned());
        }
        if self.nightly_hour > 23 {
            problems.push("`nightly_hour` under [serve] must be between 0 and 23".to_owned());
        }
        if self.patients_minutes == 0 || self.appointments_minutes == 0 {
            problems.push("`patients_minutes` and `appointments_minutes` under [serve] must be at least 1".to_owned());
        }
        if self.webhook_public_keys.iter().any(|key| key.parse::<ghl_client::webhook::PublicKey>().is_err()) {
            problems.push("a key in GHL_WEBHOOK_PUBLIC_KEYS, or `webhook_public_keys` under [serve], is no Ed25519 key in PEM".to_owned());
        }
        problems
    }

    /// The time between two syncs of patients.
    #[must_use]
    pub const fn patients(&self) -> Duration {
        Duration::from_secs(self.patients_minutes.saturating_mul(60))
    }

    /// The time between two syncs of appointments.
    #[must_use]
    pub const fn appointments(&self) -> Duration {
        Duration::from_secs(self.appointments_minutes.saturating_mul(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unless_told_otherwise_it_syncs_every_hour() {
        let hour = Duration::from_secs(60 * 60);
        assert_eq!((ServeSettings::default().patients(), ServeSettings::default().appointments()), (hour, hour));
    }
}
