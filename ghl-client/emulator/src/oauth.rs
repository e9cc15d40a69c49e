//! Codes and tokens, and what they are good for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::Grantor;
use crate::ids::Ids;

/// How long a code is good. GHL does not say; somebody drew fifteen minutes.
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// How long a refresh token is good, if it is not used.
const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(365);

/// What was asked of the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounters {
    /// Codes that became tokens.
    pub exchanges: u64,
    /// Refresh tokens that became new tokens.
    pub refreshes: u64,
    /// Refresh tokens that came again within the grace and got the same tokens again.
    pub repeats: u64,
    /// Agency tokens that became tokens of the location.
    pub location_tokens: u64,
    /// Codes and refresh tokens that were not good, or not any more.
    pub refusals: u64,
}

/// Somebody's consent to an app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) grantor: Grantor,
}

/// Tokens that were handed out together.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) grant: Grant,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

#[derive(Debug)]
struct Refresh {
    grant: Grant,
    until: DateTime<Utc>,
    /// What it was exchanged for, and when.
    spent: Option<(DateTime<Utc>, Issued)>,
}

/// All that is in force.
#[derive(Debug)]
pub(crate) struct Grants {
    pub(crate) counters: TokenCounters,
    ids: Ids,
    lifetime: Duration,
    grace: Duration,
    installed: BTreeSet<Grant>,
    codes: BTreeMap<String, (Grant, DateTime<Utc>)>,
    access: BTreeMap<String, (Grant, DateTime<Utc>)>,
    refresh: BTreeMap<String, Refresh>,
}

impl Grants {
    pub(crate) fn new(seed: u64, lifetime: Duration, grace: Duration) -> Self {
        Self {
            counters: TokenCounters::default(),
            ids: Ids::new(seed),
            lifetime,
            grace,
            installed: BTreeSet::new(),
            codes: BTreeMap::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
        }
    }

    /// Who has installed the app.
    pub(crate) fn installed(&self, client_id: &str) -> BTreeSet<Grantor> {
        let grants = self.installed.iter().filter(|grant| grant.client_id == client_id);
        grants.map(|grant| grant.grantor).collect()
    }

    /// Installs the app and returns a code.
    pub(crate) fn authorize(&mut self, now: DateTime<Utc>, grant: Grant) -> String {
        let code = self.ids.record();
        self.installed.insert(grant.clone());
        self.codes.insert(code.clone(), (grant, now + CODE_LIFETIME));
        code
    }

    /// Removes the app and all that it was given; an agency takes the location's tokens along. False if it is not installed.
    pub(crate) fn uninstall(&mut self, gone: &Grant) -> bool {
        if !self.installed.remove(gone) {
            return false;
        }
        let stays = |grant: &Grant| grant.client_id != gone.client_id || (gone.grantor == Grantor::Location && grant != gone);
        self.codes.retain(|_, (grant, _)| stays(grant));
        self.access.retain(|_, (grant, _)| stays(grant));
        self.refresh.retain(|_, refresh| stays(&refresh.grant));
        true
    }

    /// Whose code it is, if it is still good.
    pub(crate) fn code(&self, now: DateTime<Utc>, code: &str) -> Option<&Grant> {
        self.codes.get(code).filter(|(_, until)| now < *until).map(|(grant, _)| grant)
    }

    /// Exchanges a code, which works once.
    pub(crate) fn exchange(&mut self, now: DateTime<Utc>, code: &str) -> Option<Issued> {
        let grant = self.code(now, code)?.clone();
        self.codes.remove(code);
        self.counters.exchanges += 1;
        Some(self.issue(now, grant))
    }

    /// Exchanges a refresh token, which works once; whoever asks again within the grace gets the same tokens.
    pub(crate) fn refresh(&mut self, now: DateTime<Utc>, client_id: &str, token: &str) -> Option<Issued> {
        let refresh = self.refresh.get(token).filter(|refresh| refresh.grant.client_id == client_id && now < refresh.until)?;
        if let Some((at, issued)) = &refresh.spent {
            let age = (now - at).to_std().unwrap_or_default();
            let repeated = (age < self.grace).then(|| issued.clone())?;
            self.counters.repeats += 1;
            return Some(repeated);
        }
        let issued = self.issue(now, refresh.grant.clone());
        self.counters.refreshes += 1;
        if let Some(refresh) = self.refresh.get_mut(token) {
            refresh.spent = Some((now, issued.clone()));
        }
        Some(issued)
    }

    /// Tokens of the location, for an app that its agency has installed.
    pub(crate) fn issue_for_location(&mut self, now: DateTime<Utc>, client_id: &str) -> Issued {
        self.counters.location_tokens += 1;
        self.issue(now, Grant { client_id: client_id.to_owned(), grantor: Grantor::Location })
    }

    /// Whose access token it is, if it is still good.
    pub(crate) fn holder(&self, now: DateTime<Utc>, access: &str) -> Option<&Grant> {
        self.access.get(access).filter(|(_, until)| now < *until).map(|(grant, _)| grant)
    }

    pub(crate) fn expires_in(&self) -> u64 {
        self.lifetime.as_secs()
    }

    pub(crate) fn revoke_access_tokens(&mut self) {
        self.access.clear();
    }

    pub(crate) fn revoke_refresh_tokens(&mut self) {
        self.refresh.clear();
    }

    fn issue(&mut self, now: DateTime<Utc>, grant: Grant) -> Issued {
        // JSON web tokens, by their looks.
        let access = format!("eyJ{}{}", self.ids.record(), self.ids.record());
        let refresh = format!("eyJ{}{}", self.ids.record(), self.ids.record());
        let lifetime = TimeDelta::from_std(self.lifetime).unwrap_or(TimeDelta::MAX);
        self.access.insert(access.clone(), (grant.clone(), now.checked_add_signed(lifetime).unwrap_or(DateTime::<Utc>::MAX_UTC)));
        self.refresh.insert(refresh.clone(), Refresh { grant: grant.clone(), until: now + REFRESH_LIFETIME, spent: None });
        Issued { grant, access, refresh }
    }
}
