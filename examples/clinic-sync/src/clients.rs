//! The two clients, as the settings have them.

use std::sync::Arc;
use std::time::Duration;

use ghl_client::oauth::{App, Grant, TokenEndpoint, TokenStore};
use sync_core::{Sides, Sink};
use sync_http::budget::Limit;
use sync_http::{Counts, Transport, WallClock};
use tokio::sync::OnceCell;

use crate::settings::{AppSettings, EphysioSettings, GhlSettings, Settings};
use crate::tokens::VaultTokens;
use crate::{Error, Result, Service};

/// The two clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The client of e-Physio.
    pub ephysio: ephysio_client::Client,
    /// The client of GHL.
    pub ghl: ghl_client::Client,
    /// Tells what day it is, by which appointments are listed.
    pub(crate) clock: WallClock,
    /// GHL's connector. A process asks once which custom fields there are.
    pub(crate) connected: Arc<OnceCell<Arc<ghl_client::connector::Connector>>>,
    /// The connectors for appointments. They remember what went wrong, such as a clock that is read in another zone.
    pub(crate) calendars: Arc<OnceCell<Sides<Arc<dyn Sink>>>>,
}

impl Clients {
    /// Clients over HTTP.
    ///
    /// # Errors
    /// When the settings are not complete, or an address is not allowed.
    pub fn new(settings: &Settings) -> Result<Self> {
        Self::connected(settings, None, WallClock::system())
    }

    /// Clients over HTTP, whose tokens of an app are in a store.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of(service: &Service) -> Result<Self> {
        Self::connected(service.settings(), Some(Arc::new(VaultTokens::of(service))), WallClock::system())
    }

    /// Clients over HTTP that tell the time by another clock than the machine's.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_clock(settings: &Settings, clock: WallClock) -> Result<Self> {
        Self::connected(settings, None, clock)
    }

    fn connected(settings: &Settings, tokens: Option<Arc<dyn TokenStore>>, clock: WallClock) -> Result<Self> {
        settings.check()?;
        let ephysio = ephysio_client::Client::new(ephysio_client::Config { clock: clock.clone(), ..ephysio_config(settings)? })?;
        let ghl = ghl_client::Client::new(ghl_config(settings, tokens)?)?;
        Ok(Self { ephysio, ghl, clock, connected: Arc::default(), calendars: Arc::default() })
    }

    /// Clients over other transports, such as emulators in process.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_transports(settings: &Settings, ephysio: Arc<dyn Transport>, ghl: Arc<dyn Transport>) -> Result<Self> {
        Self::over(settings, Sides::new(ephysio, ghl), None, WallClock::system())
    }

    /// Clients over other transports, with the tokens of an app and a clock from somewhere else too.
    pub(crate) fn over(
        settings: &Settings,
        transports: Sides<Arc<dyn Transport>>,
        tokens: Option<Arc<dyn TokenStore>>,
        clock: WallClock,
    ) -> Result<Self> {
        settings.check()?;
        let ephysio = ephysio_client::Config { clock: clock.clone(), ..ephysio_config(settings)? };
        let ghl = timed(ghl_config(settings, tokens)?, &clock);
        Ok(Self {
            ephysio: ephysio_client::Client::with_transport(ephysio, transports.left),
            ghl: ghl_client::Client::with_transport(ghl, transports.right)?,
            clock,
            connected: Arc::default(),
            calendars: Arc::default(),
        })
    }

    /// The calls of both so far, by endpoint.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ephysio.meter().snapshot().with(&self.ghl.meter().snapshot())
    }
}

/// The set-up with the clock by which tokens expire.
fn timed(mut config: ghl_client::Config, clock: &WallClock) -> ghl_client::Config {
    if let ghl_client::Credentials::OAuth(grant) = &mut config.credentials {
        grant.clock = clock.clone();
    }
    config
}

fn http_settings(settings: &Settings) -> sync_http::Settings {
    sync_http::Settings { timeouts: settings.timeouts.into(), ..sync_http::Settings::default() }
}

fn ephysio_config(settings: &Settings) -> Result<ephysio_client::Config> {
    let EphysioSettings { base_url, email, password, key_index, sex_true, calls_per_2_seconds, operations, .. } = settings.ephysio.clone();
    let (Some(email), Some(password)) = (email, password) else { return Err(Error::Settings(settings.problems())) };
    Ok(ephysio_client::Config {
        base_url: base_url.parse()?,
        key_index,
        budget: Limit::new(calls_per_2_seconds, Duration::from_secs(2)),
        settings: http_settings(settings),
        operations,
        sex_true,
        zone: settings.appointments.zone,
        clock_fields: settings.appointments.clock_fields,
        invoice: settings.appointments.invoice.clone(),
        ..ephysio_client::Config::new(email, password)?
    })
}

/// The app of GHL's marketplace, if one is configured.
///
/// # Errors
/// When its settings are not complete.
pub(crate) fn app(settings: &Settings) -> Result<Option<App>> {
    let Some(AppSettings { client_id, client_secret, redirect_uri, version_id, marketplace }) = settings.ghl.app.clone() else {
        return Ok(None);
    };
    let secret = client_secret.ok_or_else(|| Error::Settings(settings.problems()))?;
    let mut app = App { version_id, ..App::new(client_id, secret, redirect_uri)? };
    if let Some(marketplace) = marketplace {
        app.marketplace = marketplace.parse()?;
    }
    Ok(Some(app))
}

/// Where tokens of the app are bought.
pub(crate) fn token_endpoint(settings: &Settings, app: App) -> Result<TokenEndpoint> {
    let base: sync_http::BaseUrl = settings.ghl.base_url.parse()?;
    let http = http_settings(settings);
    let transport = sync_http::ReqwestTransport::new(&base, &http.timeouts)?;
    Ok(TokenEndpoint::with_transport(app, base, Arc::new(transport), http))
}

/// The usual set-up with what opens the location: a private integration token, or an app that was connected.
fn opened(settings: &Settings, location: String, tokens: Option<Arc<dyn TokenStore>>) -> Result<ghl_client::Config> {
    if let Some(token) = settings.ghl.private_integration_token.clone() {
        return Ok(ghl_client::Config::new(location, token)?);
    }
    match (app(settings)?, tokens) {
        (Some(app), Some(store)) => Ok(ghl_client::Config::connected(location, Grant::new(app, store))?),
        (Some(_), None) => Err(Error::Usage("nobody has connected GHL yet: `clinic-sync auth link` prints the link for it".to_owned())),
        (None, _) => Err(Error::Settings(settings.problems())),
    }
}

fn ghl_config(settings: &Settings, tokens: Option<Arc<dyn TokenStore>>) -> Result<ghl_client::Config> {
    let GhlSettings { base_url, location_id, calls_per_10_seconds, .. } = settings.ghl.clone();
    let location = location_id.ok_or_else(|| Error::Settings(settings.problems()))?;
    // Also of the lower limit that GHL may announce.
    let margin = (calls_per_10_seconds / 20).min(5);
    Ok(ghl_client::Config {
        base_url: base_url.parse()?,
        budget: Limit { margin, ..Limit::new(calls_per_10_seconds, Duration::from_secs(10)) },
        settings: http_settings(settings),
        timezone: Some(settings.appointments.zone),
        ..opened(settings, location, tokens)?
    })
}
