//! The two clients, as the settings have them.

use std::sync::Arc;
use std::time::Duration;

use sync_core::{Sides, Sink};
use sync_http::budget::Limit;
use sync_http::{Counts, Transport};
use tokio::sync::OnceCell;

use crate::settings::{EphysioSettings, GhlSettings, Settings};
use crate::{Error, Result};

/// The two clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The client of e-Physio.
    pub ephysio: ephysio_client::Client,
    /// The client of GHL.
    pub ghl: ghl_client::Client,
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
        complete(settings)?;
        let ephysio = ephysio_client::Client::new(ephysio_config(settings)?)?;
        Ok(Self { ephysio, ghl: ghl_client::Client::new(ghl_config(settings)?)?, connected: Arc::default(), calendars: Arc::default() })
    }

    /// Clients over other transports, such as emulators in process.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_transports(settings: &Settings, ephysio: Arc<dyn Transport>, ghl: Arc<dyn Transport>) -> Result<Self> {
        complete(settings)?;
        Ok(Self {
            ephysio: ephysio_client::Client::with_transport(ephysio_config(settings)?, ephysio),
            ghl: ghl_client::Client::with_transport(ghl_config(settings)?, ghl)?,
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

fn complete(settings: &Settings) -> Result<()> {
    let mut problems = settings.problems();
    problems.extend(settings.patients.policy().err().unwrap_or_default());
    if problems.is_empty() { Ok(()) } else { Err(Error::Settings(problems)) }
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

fn ghl_config(settings: &Settings) -> Result<ghl_client::Config> {
    let GhlSettings { base_url, location_id, private_integration_token, calls_per_10_seconds, .. } = settings.ghl.clone();
    let (Some(location), Some(token)) = (location_id, private_integration_token) else {
        return Err(Error::Settings(settings.problems()));
    };
    // Also of the lower limit that GHL may announce.
    let margin = (calls_per_10_seconds / 20).min(5);
    Ok(ghl_client::Config {
        base_url: base_url.parse()?,
        budget: Limit { margin, ..Limit::new(calls_per_10_seconds, Duration::from_secs(10)) },
        settings: http_settings(settings),
        timezone: Some(settings.appointments.zone),
        ..ghl_client::Config::new(location, token)?
    })
}
