//! What a client is set up with.

use std::time::Duration;

use chrono_tz::Tz;
use http::HeaderValue;
use http::header::HeaderName;
use secrecy::SecretString;
use sync_http::budget::Limit;
use sync_http::{BaseUrl, Request, Result, Settings};

use crate::Credentials;
use crate::oauth::Grant;

/// Where GHL's API lives, unless told otherwise.
pub const BASE_URL: &str = "https://services.leadconnectorhq.com";

/// The set-up of a client of one location.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API lives.
    pub base_url: BaseUrl,
    /// The location (sub-account).
    pub location_id: String,
    /// What opens this location.
    pub credentials: Credentials,
    /// The call budget. GHL allows 100 calls per 10 s and 200,000 per day for an app and a location, less for
    /// sandboxes; what its headers say makes this stricter while running.
    pub budget: Limit,
    /// Time limits, retries and caps.
    pub settings: Settings,
    /// The API versions to ask for.
    pub versions: Versions,
    /// The location's time zone. Appointments are written with its offset, since GHL knows its free slots by their text, and times
    /// that GHL shows without an offset are read in it. Without it, times are written in UTC, and such times are errors.
    pub timezone: Option<Tz>,
}

impl Config {
    /// The usual set-up with a private integration token.
    ///
    /// # Errors
    /// None in practice: the usual base URL is valid.
    pub fn new(location_id: impl Into<String>, token: impl Into<SecretString>) -> Result<Self> {
        Self::with_credentials(location_id, Credentials::PrivateIntegrationToken(token.into()))
    }

    /// The usual set-up for a location that has connected an app.
    ///
    /// # Errors
    /// None in practice: the usual base URL is valid.
    pub fn connected(location_id: impl Into<String>, grant: Grant) -> Result<Self> {
        Self::with_credentials(location_id, Credentials::OAuth(grant))
    }

    fn with_credentials(location_id: impl Into<String>, credentials: Credentials) -> Result<Self> {
        Ok(Self {
            base_url: BASE_URL.parse()?,
            location_id: location_id.into(),
            credentials,
            budget: Limit { margin: 5, ..Limit::new(100, Duration::from_secs(10)) },
            settings: Settings::default(),
            versions: Versions::default(),
            timezone: None,
        })
    }
}

/// A version of GHL's API. It goes into the `Version` header of every call; a call without one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Version {
    /// `2021-04-15`
    V2021_04_15,
    /// `2021-07-28`
    V2021_07_28,
    /// `2023-02-21`
    V2023_02_21,
    /// `v3`, released in June 2026. Its writes are not proven, so it is no default.
    V3,
}

impl Version {
    /// What the specification of contacts asks for.
    pub const CONTACTS: Self = Self::V2021_07_28;
    /// What the specification of locations and custom fields asks for.
    pub const LOCATIONS: Self = Self::V2021_07_28;
    /// What the specification of OAuth asks for, where it asks for one.
    pub const OAUTH: Self = Self::V2021_07_28;
    /// What the specification of calendars and appointments asks for.
    pub const CALENDARS: Self = Self::V2021_04_15;

    /// As it stands in the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2021_04_15 => "2021-04-15",
            Self::V2021_07_28 => "2021-07-28",
            Self::V2023_02_21 => "2023-02-21",
            Self::V3 => "v3",
        }
    }

    pub(crate) fn on(self, request: Request) -> Request {
        request.header(HeaderName::from_static("version"), HeaderValue::from_static(self.as_str()))
    }
}

/// The versions by part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// For contacts.
    pub contacts: Version,
    /// For locations and custom fields.
    pub locations: Version,
    /// For calendars and appointments.
    pub calendars: Version,
    /// For tokens.
    pub oauth: Version,
}

impl Default for Versions {
    fn default() -> Self {
        Self { contacts: Version::CONTACTS, locations: Version::LOCATIONS, calendars: Version::CALENDARS, oauth: Version::OAUTH }
    }
}
