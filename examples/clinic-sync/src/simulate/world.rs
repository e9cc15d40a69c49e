//! The practice of a seed: how both systems behave, and by which rules they are synced.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use emulator_kit::Clock;
use ephysio_emulator::{CancelEvent, EventAnswer, EventQuirks, Quirks, UpdateAnswer, UpdateEvent, UpdatePatient};
use ghl_client::oauth::{App, MemoryTokenStore, TokenEndpoint, TokenStore, UserType};
use ghl_emulator::{Grantor, RateLimit};
use secrecy::SecretString;
use sync_core::{Clearing, Conflict, Direction, FieldPolicy};
use sync_http::{ServiceTransport, WallClock};

use super::chance::Chance;
use super::rules::Rules;
use crate::demo::{Behaviour, Clinic};
use crate::settings::AppSettings;
use crate::{Error, Result, Settings};

/// The app that the clinic has connected.
const APP: (&str, &str, &str) = ("appdemo-m0000000", "secret-demo", "https://sync.example.ch/api/auth/callback");
/// The fields that flow both ways, unless the seed says otherwise.
const FIELDS: [&str; 4] = ["given_name", "family_name", "email", "phone"];
/// How late a search may be, by the settings; it never is later.
const LAG: u64 = 10;
/// How long a create may take to appear.
const SETTLE: u64 = 120;

/// When every history begins: a Monday, two weeks before summer time ends.
fn beginning() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 10, 12, 6, 0, 0).single().unwrap_or(DateTime::UNIX_EPOCH)
}

/// Both systems of a seed, empty but for calendars, and the settings that reach them: by given rules, or those of the seed.
pub(super) fn build(seed: u64, rules: Option<&Rules>) -> Result<(Clinic, Settings)> {
    let mut chance = Chance::new(seed, 0x0b1d);
    let able = chance.percent(80);
    let able = rules.map_or(able, Rules::can_change_ephysio);
    let clock = Clock::starting_at(beginning());
    let behaviour = Behaviour {
        rate_limit: Some(RateLimit::default()).filter(|_| chance.percent(50)),
        search_lag: Duration::ZERO,
        quirks: quirks(&mut chance, able),
        clock,
        ..Behaviour::default()
    };
    let clinic = Clinic::build(0, seed, behaviour);
    let mut settings = clinic.settings("http://localhost:1", "http://localhost:2", std::path::Path::new("simulated.db"));
    settings.ghl.search_lag_seconds = LAG;
    settings.patients.settle_seconds = SETTLE;
    settings.appointments.settle_seconds = SETTLE;
    settings.ephysio.sex_true = Some(ephysio_client::Sex::Male);
    settings.patients.fields = FIELDS.map(|name| (name.to_owned(), policy(&mut chance))).into();
    if able {
        settings.ephysio.operations = operations()?;
    }
    if let Some(rules) = rules {
        rules.apply(&mut settings, operations()?);
    }
    if chance.percent(50) {
        settings.ghl.private_integration_token = None;
        settings.ghl.app = Some(app_settings());
    }
    Ok((clinic, settings))
}

fn quirks(chance: &mut Chance, able: bool) -> Quirks {
    let usual = Quirks { list_lag: Duration::from_secs(chance.below(3) as u64 * 10), ..Quirks::default() };
    if !able {
        return usual;
    }
    let answers = [UpdateAnswer::Id, UpdateAnswer::Patient, UpdateAnswer::Empty];
    let events = EventQuirks {
        update: UpdateEvent::PutToPath,
        cancel: CancelEvent::DeleteAtPath,
        answer: chance.one_of(&[EventAnswer::IdAndEvents, EventAnswer::IdAlone]).unwrap_or_default(),
        ..EventQuirks::default()
    };
    Quirks { update_patient: UpdatePatient::Put, update_answer: chance.one_of(&answers).unwrap_or_default(), events, ..usual }
}

fn policy(chance: &mut Chance) -> FieldPolicy {
    let directions = [Direction::Both, Direction::Both, Direction::Both, Direction::LeftToRight, Direction::RightToLeft];
    let conflicts = [Conflict::Review, Conflict::Review, Conflict::PreferLeft, Conflict::PreferRight];
    let clearings = [Clearing::Propagate, Clearing::Propagate, Clearing::Keep, Clearing::Review];
    FieldPolicy {
        direction: chance.one_of(&directions).unwrap_or_default(),
        conflict: chance.one_of(&conflicts).unwrap_or_default(),
        clearing: chance.one_of(&clearings).unwrap_or_default(),
    }
}

/// The calls that are not publicly documented, as the emulator has them.
fn operations() -> Result<ephysio_client::Operations> {
    const DESCRIBED: &str = r#"
        update_patient = { support = "enabled", method = "PUT", path = "/patients/{id}", body = "patch" }
        update_event = { support = "enabled", method = "PUT", path = "/events/{id}", body = "full" }
        move_event = { support = "enabled", method = "PUT", path = "/events/{id}", body = "full" }
        cancel_event = { support = "enabled", method = "DELETE", path = "/events/{id}", body = "none" }
    "#;
    toml::from_str(DESCRIBED).map_err(|error| Error::Settings(vec![error.to_string()]))
}

fn app_settings() -> AppSettings {
    let (client_id, secret, redirect_uri) = APP;
    AppSettings {
        client_id: client_id.to_owned(),
        client_secret: Some(SecretString::from(secret)),
        redirect_uri: redirect_uri.to_owned(),
        version_id: None,
        marketplace: None,
    }
}

/// Connects the app, so that webhooks come; gives the tokens, if the settings want to use them.
pub(super) async fn connect(clinic: &Clinic, settings: &Settings) -> Result<Option<Arc<dyn TokenStore>>> {
    let (client_id, secret, redirect_uri) = APP;
    let code = clinic.ghl.front_desk().authorize(client_id, Grantor::Location);
    let Some(code) = code.filter(|_| settings.ghl.app.is_some()) else { return Ok(None) };
    let app = App::new(client_id, secret, redirect_uri)?;
    let transport = ServiceTransport::<_, axum::body::Body>::new(clinic.ghl.stage());
    let clock = clinic.ghl.clock().clone();
    let endpoint = TokenEndpoint::with_transport(app, settings.ghl.base_url.parse()?, Arc::new(transport), sync_http::Settings::default())
        .with_clock(WallClock::new(move || clock.now()));
    let tokens = endpoint.exchange(&code, UserType::Location).await?;
    Ok(Some(Arc::new(MemoryTokenStore::new(tokens))))
}

/// The id of the app, as webhooks are sent to it.
pub(super) const fn app_id() -> &'static str {
    APP.0
}
