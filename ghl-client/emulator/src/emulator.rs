//! The emulator as its users hold it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use emulator_kit::{Clock, Faults, Journal, Running, Stage};
use tokio::sync::Notify;

use crate::config::{Config, RateLimit};
use crate::desk::FrontDesk;
use crate::hooks::{AppChange, AppointmentChange, ContactChange, Hook, Hooks};
use crate::http;
use crate::oauth::TokenCounters;
use crate::state::State;
use crate::webhooks::{Deliveries, Outbox, Queue, Receiver, SigningKey, WebhookSettings, Writer};

/// What the location would have sent out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages to people, such as the confirmation of an appointment.
    pub notifications: u64,
    /// Workflows that a new contact or a change of an appointment started.
    pub workflow_triggers: u64,
}

/// An emulated GHL location. Clones share its state.
#[derive(Clone, Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    hooks: Hooks,
    clock: Clock,
    journal: Journal,
    faults: Faults,
    webhook_key: Arc<SigningKey>,
}

impl Shared {
    /// Does one thing to the state, with nothing in between, and then tells the hooks.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut state);
        let changes = state.take_changes();
        drop(state);
        self.hooks.tell(&changes);
        result
    }
}

impl Emulator {
    /// A location without contacts.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let clock = config.clock.clone();
        let webhook_key = Arc::new(SigningKey::new(config.seed));
        let shared = Shared {
            state: Mutex::new(State::new(config)),
            hooks: Hooks::default(),
            clock,
            journal: Journal::default(),
            faults: Faults::default(),
            webhook_key,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The API in process, as a tower service.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let router = Router::new().fallback(http::handle).with_state(Arc::clone(&self.shared));
        let shared = &self.shared;
        let (journal, faults) = (shared.journal.clone(), shared.faults.clone());
        Stage::new(router, shared.clock.clone(), journal, faults)
    }

    /// The API on a free loopback port, until the returned value is dropped.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn serve(&self) -> std::io::Result<Running> {
        self.stage().serve().await
    }

    /// Every request so far.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// The script of faults.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The vendor's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// What would have been sent out so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.with(|state| state.counters)
    }

    /// What people at the clinic do.
    #[must_use]
    pub fn front_desk(&self) -> FrontDesk<'_> {
        FrontDesk::new(&self.shared)
    }

    /// Calls `hook` after every change to a contact, whoever made it. It runs outside the state's
    /// lock, on the task that made the change.
    pub fn on_change(&self, hook: impl Fn(&ContactChange) + Send + Sync + 'static) {
        self.shared.hooks.add(Hook::Contact(Arc::new(hook)));
    }

    /// Calls `hook` after every change to an appointment, as [`Emulator::on_change`] does for contacts. Blocked slots tell nobody.
    pub fn on_appointment_change(&self, hook: impl Fn(&AppointmentChange) + Send + Sync + 'static) {
        self.shared.hooks.add(Hook::Appointment(Arc::new(hook)));
    }

    /// Calls `hook` after every installation and removal of an app, as [`Emulator::on_change`] does for contacts.
    pub fn on_app_change(&self, hook: impl Fn(&AppChange) + Send + Sync + 'static) {
        self.shared.hooks.add(Hook::App(Arc::new(hook)));
    }

    /// Tells an app about changes from now on, by signed webhooks; `None` if there is no such app. As GHL does, it tells the app only
    /// while it is installed.
    pub fn send_webhooks(&self, client_id: &str, receiver: Receiver, settings: WebhookSettings) -> Option<Deliveries> {
        let outbox = self.shared.with(|state| {
            let config = &state.config;
            Some(Arc::new(Outbox {
                clock: config.clock.clone(),
                writer: Writer {
                    app: state.app(client_id)?.clone(),
                    location_id: config.location_id.clone(),
                    company_id: config.company_id.clone(),
                    zone: state.zone(),
                },
                key: Arc::clone(&self.shared.webhook_key),
                receiver,
                queue: Mutex::new(Queue::new(settings, config.seed, state.grants.installed(client_id))),
                news: Notify::new(),
            }))
        })?;
        let noting = Arc::clone(&outbox);
        self.shared.hooks.add(Hook::Any(Arc::new(move |change| noting.note(change))));
        Some(Deliveries::new(outbox))
    }

    /// The public key of the webhooks' signatures, in PEM. It follows from the seed.
    #[must_use]
    pub fn webhook_public_key(&self) -> String {
        self.shared.webhook_key.public_pem()
    }

    /// What was asked of the token endpoint so far.
    #[must_use]
    pub fn token_counters(&self) -> TokenCounters {
        self.shared.with(|state| state.grants.counters)
    }

    /// Accepts no access token of an app any longer; what it can be refreshed with stays good.
    pub fn revoke_access_tokens(&self) {
        self.shared.with(|state| state.grants.revoke_access_tokens());
    }

    /// Accepts no refresh token of an app any longer, without telling anyone; access tokens stay good until they expire.
    pub fn revoke_refresh_tokens(&self) {
        self.shared.with(|state| state.grants.revoke_refresh_tokens());
    }

    /// Changes how long a change stays invisible to the search. What it shows already, it keeps.
    pub fn set_search_lag(&self, lag: Duration) {
        self.shared.with(|state| {
            let now = state.clock().now();
            state.index.set_lag(now, lag);
        });
    }

    /// Changes the limits on requests, and starts counting anew.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.shared.with(|state| state.limiter.set(limit));
    }

    /// Whether a 429 carries `Retry-After`. GHL documents none, so the default is that it does not.
    pub fn send_retry_after(&self, send: bool) {
        self.shared.with(|state| state.limiter.send_retry_after(send));
    }

    /// Changes the location's setting "Allow Duplicate Contact".
    pub fn set_allow_duplicates(&self, allow: bool) {
        self.shared.with(|state| state.config.allow_duplicates = allow);
    }

    /// Accepts this token and no other ("expire now").
    pub fn set_token(&self, token: &str) {
        self.shared.with(|state| state.tokens = BTreeSet::from([token.to_owned()]));
    }

    /// Accepts this token too, as while a rotated token "expires later".
    pub fn add_token(&self, token: &str) {
        self.shared.with(|state| state.tokens.insert(token.to_owned()));
    }

    /// Accepts this token no longer.
    pub fn revoke_token(&self, token: &str) {
        self.shared.with(|state| state.tokens.remove(token));
    }
}
