//! What an emulator is started with.

use std::fmt;
use std::time::Duration;

use chrono_tz::Tz;
use emulator_kit::Clock;

use crate::{
    Blank, Create, CryptoKeyCheck, EventQuirks, Expiry, Ids, InvoiceQuirks, Repost, Sex, UpdateAnswer, UpdatePatient, WithoutStatus,
};

/// What an emulator is started with.
#[derive(Clone)]
pub struct Config {
    /// The e-mail address that logs in.
    pub email: String,
    /// Its password.
    pub password: String,
    /// The wall clock: tokens expire by it.
    pub clock: Clock,
    /// Decides every id, token and key: the same seed and the same calls give the same answers.
    pub seed: u64,
    /// The time zone that the practice's clock shows.
    pub zone: Tz,
    /// How the unknowns of the real system are answered.
    pub quirks: Quirks,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            email: "praxis@example.ch".to_owned(),
            password: "demo-password".to_owned(),
            clock: Clock::real(),
            seed: 1,
            zone: chrono_tz::Europe::Zurich,
            quirks: Quirks::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("email", &self.email)
            .field("clock", &self.clock)
            .field("seed", &self.seed)
            .field("zone", &self.zone)
            .field("quirks", &self.quirks)
            .finish_non_exhaustive()
    }
}

/// One switch per unknown of the real system. The defaults are the most plausible answers; a client
/// should live with every other one, or refuse it in words.
#[derive(Clone, Debug)]
pub struct Quirks {
    /// How the login tells when its token expires.
    pub expiry: Expiry,
    /// How long a token is good for. The real lifetime is not known.
    pub token_lifetime: Duration,
    /// How many keys the login answers. One login may serve several practices.
    pub keys: usize,
    /// Which of the keys opens this practice's data; the others count as wrong.
    pub opening_key: usize,
    /// The JSON type of the ids in answers.
    pub ids: Ids,
    /// What `POST /patients/request` does.
    pub create: Create,
    /// What a create does whose `id` was sent before.
    pub repost_same_client_id: Repost,
    /// The status of a successful create, of a patient, an event or an invoice: 200 was seen, 201 is possible.
    pub created_status: u16,
    /// The members without which a create is refused. That these are required follows only from
    /// the observation that they are always sent.
    pub required: &'static [&'static str],
    /// The status of a refused body: 400 or 422.
    pub invalid_status: u16,
    /// What a missing or wrong `X-CRYPTO-KEY` leads to.
    pub crypto_key: CryptoKeyCheck,
    /// Whether a login makes earlier tokens invalid.
    pub login_invalidates_others: bool,
    /// Whether HTTP Basic with e-mail and password opens the data, without token and key, as it
    /// does in the vendor's partner interface.
    pub accepts_basic: bool,
    /// Whether the list shows `email`; it is said that it may not.
    pub list_shows_email: bool,
    /// Whether the list shows `comment`. It is the only read known, so a form for editing can be
    /// fed by nothing else: plausible, not certain.
    pub list_shows_comment: bool,
    /// Whether the list shows `hasEmailConsent`. As for `comment`.
    pub list_shows_consent: bool,
    /// Whether the list shows the `id` that a create sent, as `clientId`.
    pub list_shows_client_id: bool,
    /// Whether `status` in the query filters; otherwise it is ignored and all are listed.
    pub list_filters_status: bool,
    /// What the list shows when the query carries no `status`.
    pub list_without_status: WithoutStatus,
    /// How long it takes until the list shows a patient or an event that was created over HTTP.
    pub list_lag: Duration,
    /// How the list shows what was left blank.
    pub blank: Blank,
    /// Whether the list shows `zip` as a number.
    pub zip_is_number: bool,
    /// Which sex the list's boolean `true` means. Not known: a client must not guess it.
    pub sex_true: Sex,
    /// The status of a patient whom the practice deactivated; only 1, active, is known.
    pub inactive_status: i64,
    /// Which call changes a patient.
    pub update_patient: UpdatePatient,
    /// What a successful update answers.
    pub update_answer: UpdateAnswer,
    /// Whether an update blanks what its body leaves out (`status` excepted).
    pub update_replaces: bool,
    /// Whether an update answers success and changes nothing.
    pub update_does_nothing: bool,
    /// Appointments.
    pub events: EventQuirks,
    /// Invoices.
    pub invoices: InvoiceQuirks,
}

const REQUIRED: &[&str] = &["firstName", "lastName", "street", "zip", "city", "birthDate", "sex", "hasEmailConsent"];

impl Default for Quirks {
    fn default() -> Self {
        Self {
            expiry: Expiry::default(),
            token_lifetime: Duration::from_secs(60 * 60),
            keys: 1,
            opening_key: 0,
            ids: Ids::default(),
            create: Create::default(),
            repost_same_client_id: Repost::default(),
            created_status: 200,
            required: REQUIRED,
            invalid_status: 400,
            crypto_key: CryptoKeyCheck::default(),
            login_invalidates_others: false,
            accepts_basic: false,
            list_shows_email: true,
            list_shows_comment: true,
            list_shows_consent: true,
            list_shows_client_id: false,
            list_filters_status: true,
            list_without_status: WithoutStatus::default(),
            list_lag: Duration::ZERO,
            blank: Blank::default(),
            zip_is_number: false,
            sex_true: Sex::Male,
            inactive_status: 0,
            update_patient: UpdatePatient::default(),
            update_answer: UpdateAnswer::default(),
            update_replaces: false,
            update_does_nothing: false,
            events: EventQuirks::default(),
            invoices: InvoiceQuirks::default(),
        }
    }
}
