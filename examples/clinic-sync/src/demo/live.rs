//! The running service, to which GHL sends webhooks.

use std::time::Duration;

use ghl_emulator::{Grantor, Receiver, WebhookSettings};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::check::Pair;
use super::clinic::Clinic;
use super::edits::{Expectation, phone_changed_now};
use crate::serve::Server;
use crate::{Error, Result, Service, Settings};

/// The app to which GHL sends webhooks.
const APP: &str = "appdemo-m0000000";
/// How this e-Physio changes a patient. A real one tells its customers.
const OPERATIONS: &str = r#"
[ephysio.operations.update_patient]
support = "enabled"
method = "PUT"
path = "/patients/{id}"
body = "patch"
success = [200, 204]
"#;
/// How long anybody waits.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// Runs the service, with changes to e-Physio switched on, while GHL's front desk changes a phone number. Says how soon e-Physio
/// shows it, if it does; and what must come of the edit.
///
/// # Errors
/// When the service cannot be started.
pub async fn live(clinic: &mut Clinic, settings: &Settings, pairs: &[Pair]) -> Result<Option<(Expectation, Option<Duration>)>> {
    let stop = CancellationToken::new();
    let server = Server::start(Service::open(serving(clinic, settings)?).await?, stop.clone()).await?;
    let receiver = Receiver::url(&format!("http://{}/api/webhooks/", server.address())).map_err(|error| not_shown(&error))?;
    let running = tokio::spawn(server.run());
    let deliveries = clinic.ghl.send_webhooks(APP, receiver, WebhookSettings::default()).ok_or_else(|| not_shown(&"it knows no app"))?;
    clinic.ghl.front_desk().authorize(APP, Grantor::Location);
    let sending = deliveries.start();
    let edited = phone_changed_now(clinic, pairs);
    let outcome = match edited {
        Some((patient, phone, edit)) => Some((edit, time_until(clinic, patient, &phone).await)),
        None => None,
    };
    stop.cancel();
    drop(sending);
    running.await.map_err(|error| not_shown(&error))??;
    Ok(outcome)
}

fn serving(clinic: &Clinic, settings: &Settings) -> Result<Settings> {
    let mut settings = settings.clone();
    settings.ephysio.operations = Settings::parse(OPERATIONS).map_err(|error| not_shown(&error))?.ephysio.operations;
    settings.serve.listen = ([127, 0, 0, 1], 0).into();
    settings.serve.webhook_public_keys = vec![clinic.ghl.webhook_public_key()];
    Ok(settings)
}

async fn time_until(clinic: &Clinic, patient: u64, phone: &str) -> Option<Duration> {
    let edited = Instant::now();
    let shows = || clinic.ephysio.practice().patient(patient).is_some_and(|patient| patient.phone == phone);
    while !shows() && edited.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
    }
    shows().then(|| edited.elapsed())
}

fn not_shown(error: &dyn std::fmt::Display) -> Error {
    let message = format!("the running service could not be shown: {error}");
    Error::Failed(sync_core::Error::permanent(sync_core::ErrorKind::Configuration, message))
}
