//! What a run of the emulator is set up with.

use std::time::Duration;

use emulator_kit::Clock;

use crate::app::App;

/// The set-up of one emulated location.
#[derive(Clone, Debug)]
pub struct Config {
    /// The id of the only location.
    pub location_id: String,
    /// The name of the location.
    pub location_name: String,
    /// The IANA time zone of the location.
    pub timezone: String,
    /// The id of the agency that the location belongs to.
    pub company_id: String,
    /// The private integration token that is accepted as a bearer.
    pub token: String,
    /// The apps in the marketplace.
    pub apps: Vec<App>,
    /// How long an access token of an app is good.
    pub token_lifetime: Duration,
    /// How long a refresh token that was used answers the same new tokens.
    pub refresh_grace: Duration,
    /// The location's setting "Allow Duplicate Contact".
    pub allow_duplicates: bool,
    /// The calling code of phone numbers typed without one, such as `+41`.
    pub default_country_code: String,
    /// How long a change stays invisible to `POST /contacts/search`.
    pub search_lag: Duration,
    /// Whether v3 still shows deleted appointments, marked as such; GHL does not say. The dated versions never do.
    pub show_deleted: bool,
    /// The limits on requests; `None` neither counts nor sends the headers.
    pub rate_limit: Option<RateLimit>,
    /// Contacts created with one of these sources start no workflow.
    pub workflow_excluded_sources: Vec<String>,
    /// The vendor's wall clock.
    pub clock: Clock,
    /// Ids follow from this and from the order of creation, and from nothing else.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            location_id: "loc-demo".to_owned(),
            location_name: "Demo Practice".to_owned(),
            timezone: "Europe/Zurich".to_owned(),
            company_id: "company-demo".to_owned(),
            token: "pit-demo".to_owned(),
            apps: vec![App::default()],
            token_lifetime: Duration::from_secs(86_399),
            refresh_grace: Duration::from_secs(30),
            allow_duplicates: false,
            default_country_code: "+41".to_owned(),
            search_lag: Duration::ZERO,
            show_deleted: false,
            rate_limit: None,
            workflow_excluded_sources: Vec::new(),
            clock: Clock::real(),
            seed: 0,
        }
    }
}

/// A burst limit and a daily limit, as GHL enforces per app and location.
///
/// The burst is a fixed window that opens with its first request; the day is a UTC day, since GHL
/// does not say when its day begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per window.
    pub max: u32,
    /// The length of a window.
    pub interval: Duration,
    /// Requests per day.
    pub daily: u32,
}

impl RateLimit {
    /// The lower limits that sandbox accounts show.
    #[must_use]
    pub fn sandbox() -> Self {
        Self { max: 25, daily: 10_000, ..Self::default() }
    }
}

impl Default for RateLimit {
    /// The published limits: 100 requests per 10 seconds and 200,000 per day.
    fn default() -> Self {
        Self { max: 100, interval: Duration::from_secs(10), daily: 200_000 }
    }
}
