//! The rules of a practice of your own, under which the simulated one can be played.

use ephysio_client::{Operation, Operations};
use secrecy::SecretString;
use sync_core::FieldName;
use sync_core::vocabulary::person::{self, PersonSchema};

use crate::settings::{AppointmentSettings, Consent, PatientSettings, ServeSettings, Timeouts, VaultSettings};
use crate::{Error, Result, Settings};

/// What of a practice's settings is played: who is synced, which field flows where, who wins, and what stops a run. Everything else
/// is the simulated world's: accounts, calendars, codes, windows of time, and how long a create may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    patients: PatientSettings,
    appointments: AppointmentSettings,
    /// Which calls the practice has switched on.
    operations: Operations,
    custom_fields: Vec<String>,
}

impl Rules {
    /// The rules in these settings. They need no accounts.
    ///
    /// # Errors
    /// A `Settings` error with everything that is wrong with the rules.
    pub fn of(settings: &Settings) -> Result<Self> {
        let mut problems = match reachable(settings.clone()).check() {
            Err(Error::Settings(problems)) => problems,
            Err(other) => return Err(other),
            Ok(()) => Vec::new(),
        };
        let region = &settings.patients.region;
        if PersonSchema::new(region).is_err() {
            problems.push(format!("[patients] region = \"{region}\" is no country code such as CH"));
        }
        if !problems.is_empty() {
            return Err(Error::Settings(problems));
        }
        let mut patients = settings.patients.clone();
        let is_custom = |name: &String| person::custom_name(&FieldName::new(name.clone())).is_some();
        let custom_fields = patients.fields.keys().filter(|name| is_custom(name)).cloned().collect();
        patients.fields.retain(|name, _| !is_custom(name));
        let (appointments, operations) = (settings.appointments.clone(), settings.ephysio.operations.clone());
        Ok(Self { patients, appointments, operations, custom_fields })
    }

    /// Fields that have rules and are not simulated.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.custom_fields
    }

    /// Whether appointments are synced.
    #[must_use]
    pub fn has_appointments(&self) -> bool {
        self.appointments.is_on()
    }

    /// Whether a change can reach e-Physio by a call.
    pub(super) fn can_change_ephysio(&self) -> bool {
        let Operations { update_patient, update_event, move_event, cancel_event } = &self.operations;
        [update_patient, update_event, move_event, cancel_event].into_iter().any(is_on)
    }

    /// Puts these rules into the settings of a simulated practice, whose systems have these calls.
    pub(super) fn apply(&self, settings: &mut Settings, calls: Operations) {
        settings.patients = PatientSettings { settle_seconds: settings.patients.settle_seconds, ..self.patients.clone() };
        let world = std::mem::take(&mut settings.appointments);
        let calendars = if self.has_appointments() { world.calendars } else { Vec::new() };
        let admin_info_id = world.practitioners.values().next().map_or(0, |known| known.admin_info_id);
        settings.appointments = AppointmentSettings {
            calendars,
            practitioners: world.practitioners,
            services: world.services,
            default_service: world.default_service,
            statuses: world.statuses,
            ghl_statuses: world.ghl_statuses,
            past_days: world.past_days,
            future_days: world.future_days,
            zone: world.zone,
            clock_fields: world.clock_fields,
            settle_seconds: world.settle_seconds,
            invoice: self.appointments.invoice.clone().map(|invoice| ephysio_client::InvoiceTemplate { admin_info_id, ..invoice }),
            ..self.appointments.clone()
        };
        let own = |own: &Operation, call: Operation| if is_on(own) { call } else { Operation::default() };
        settings.ephysio.operations = Operations {
            update_patient: own(&self.operations.update_patient, calls.update_patient),
            update_event: own(&self.operations.update_event, calls.update_event),
            move_event: own(&self.operations.move_event, calls.move_event),
            cancel_event: own(&self.operations.cancel_event, calls.cancel_event),
        };
    }

    /// The tag by which staff say that a contact is to become a patient.
    pub(super) fn tag(&self) -> Option<String> {
        self.patients.into_ephysio.tags.first().map(|tag| tag.to_lowercase())
    }

    /// Whether patients are asked if they may be written e-mails.
    pub(super) fn asks_consent(&self) -> bool {
        self.patients.consent == Some(Consent::EmailConsent)
    }
}

fn is_on(operation: &Operation) -> bool {
    operation.support() == ephysio_client::Support::Enabled
}

/// The same settings with whatever reaches the real systems made up, which a simulation does not need.
fn reachable(settings: Settings) -> Settings {
    let usual = Settings::default();
    let mut ghl = usual.ghl;
    let mut ephysio = usual.ephysio;
    (ephysio.email, ephysio.password) = (Some(String::new()), Some(SecretString::from("")));
    (ghl.location_id, ghl.private_integration_token) = (Some(String::new()), Some(SecretString::from("")));
    Settings {
        ephysio,
        ghl,
        database_url: None,
        vault: VaultSettings::default(),
        timeouts: Timeouts::default(),
        serve: ServeSettings::default(),
        ..settings
    }
}
