//! What a client is set up with.

use std::time::Duration;

use chrono_tz::Tz;
use secrecy::SecretString;
use sync_http::budget::Limit;
use sync_http::{BaseUrl, Result, Settings, WallClock};

use crate::{ClockFields, InvoiceTemplate, Operations, Sex};

/// Where e-Physio's API lives, unless told otherwise.
pub const BASE_URL: &str = "https://ehealth.pharmedsolutions.ch/api/1.0";

/// The set-up of a client of one practice.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API lives.
    pub base_url: BaseUrl,
    /// The e-mail address that logs in.
    pub email: String,
    /// Its password.
    pub password: SecretString,
    /// Which of the login's keys belongs to this practice, counted from 0. A login of several practices has
    /// several keys.
    pub key_index: usize,
    /// The call budget. No limits are published; the usual one is two calls per second with bursts of four.
    pub budget: Limit,
    /// Time limits, retries and caps.
    pub settings: Settings,
    /// How long before a token expires it is renewed.
    pub renew_before: Duration,
    /// How long no login is tried after one was refused. Whether too many of them lock the account is not
    /// documented.
    pub login_pause: Duration,
    /// Tells the time, to which the expiry of tokens is compared, and by which the day is told.
    pub clock: WallClock,
    /// Calls that are not publicly documented.
    pub operations: Operations,
    /// Which sex the list's boolean `true` stands for. It is not documented, so it is not guessed.
    pub sex_true: Option<Sex>,
    /// The time zone of the practice.
    pub zone: Tz,
    /// What the hours and minutes of a written event are.
    pub clock_fields: ClockFields,
    /// What new invoices say. Without it none is created.
    pub invoice: Option<InvoiceTemplate>,
}

impl Config {
    /// The usual set-up.
    ///
    /// # Errors
    /// None in practice: the usual base URL is valid.
    pub fn new(email: impl Into<String>, password: impl Into<SecretString>) -> Result<Self> {
        Ok(Self {
            base_url: BASE_URL.parse()?,
            email: email.into(),
            password: password.into(),
            key_index: 0,
            budget: Limit::new(4, Duration::from_secs(2)),
            settings: Settings::default(),
            renew_before: Duration::from_secs(60),
            login_pause: Duration::from_secs(15 * 60),
            clock: WallClock::system(),
            operations: Operations::default(),
            sex_true: None,
            zone: chrono_tz::Europe::Zurich,
            clock_fields: ClockFields::default(),
            invoice: None,
        })
    }
}
