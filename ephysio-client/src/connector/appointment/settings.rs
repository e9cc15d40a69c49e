//! How the connector behaves, and what cannot be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sync_core::vocabulary::appointment::status;
use sync_core::vocabulary::text;
use sync_core::{Error, ErrorKind, Result};

use crate::{BodyForm, Client, EventStatus};

/// Windows are days of people's appointments, not of history.
const LONGEST_WINDOW: u32 = 36_500;

/// A practitioner, as e-Physio knows them. Both numbers are the practice's own. The calendar column is that of the
/// [`client_id`](crate::column).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Practitioner {
    /// The therapist, in whose calendar the events stand.
    pub client_id: i64,
    /// The billing identity of their appointments.
    pub admin_info_id: i64,
}

/// How the connector behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The practitioners, by their names in the vocabulary. Who is not here stays unknown.
    pub practitioners: BTreeMap<String, Practitioner>,
    /// The services, by their names in the vocabulary, and their event types. Which is not here stays unknown.
    pub services: BTreeMap<String, i64>,
    /// The service of appointments that are created without one. With none, such a create lacks data.
    pub default_service: Option<String>,
    /// e-Physio's status codes, and what they mean: one of [`status::ALL`]. Only 5, planned, is known; a code that is not here
    /// stays unknown. A meaning of several codes is read and not written, except that `planned` is written as 5.
    pub statuses: BTreeMap<i32, String>,
    /// So many days back are listed.
    pub past_days: u32,
    /// So many days ahead are listed. Windows of 14 months were seen to work.
    pub future_days: u32,
    /// Whether an invoice is created for a patient who has none open, from the client's template. Otherwise that is a task for staff.
    pub create_invoice: bool,
    /// How late a change may show in the list.
    pub lag: Duration,
    /// How long after a create of unknown outcome the appointment, or an invoice, may still appear.
    pub settle: Duration,
    /// How many writes may be under way at once.
    pub parallel: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            practitioners: BTreeMap::new(),
            services: BTreeMap::new(),
            default_service: None,
            statuses: BTreeMap::from([(5, status::PLANNED.to_owned())]),
            past_days: 30,
            future_days: 365,
            create_invoice: false,
            lag: Duration::ZERO,
            settle: Duration::from_secs(600),
            parallel: 2,
        }
    }
}

impl Settings {
    /// The one code that stands for a status when it is written.
    pub(super) fn code(&self, name: &str) -> Option<EventStatus> {
        let codes = self.statuses.iter().filter(|(_, meaning)| *meaning == name);
        let codes: Vec<EventStatus> = codes.map(|(code, _)| EventStatus(i64::from(*code))).collect();
        match codes.as_slice() {
            [code] => Some(*code),
            several => (name == status::PLANNED && several.contains(&EventStatus::PLANNED)).then_some(EventStatus::PLANNED),
        }
    }

    /// Refuses settings that cannot be meant.
    pub(super) fn check(&self, client: &Client) -> Result<()> {
        let names = self.practitioners.keys().chain(self.services.keys());
        if let Some(name) = names.into_iter().find(|name| name.is_empty() || text(name) != **name) {
            return Err(contradiction(format!("{name:?} is no name: it is blank, or has spaces too many")));
        }
        if let Some(twin) = twin(self.practitioners.iter().map(|(name, known)| (name, known.client_id))) {
            return Err(contradiction(format!(
                "the practitioner {twin} has the calendar of another one: each client_id is one practitioner"
            )));
        }
        if let Some(twin) = twin(self.services.iter().map(|(name, event_type)| (name, *event_type))) {
            return Err(contradiction(format!("the service {twin} has the event type of another one")));
        }
        if let Some(service) = self.default_service.as_ref().filter(|service| !self.services.contains_key(*service)) {
            return Err(contradiction(format!("default_service {service} is none of the services")));
        }
        self.check_statuses()?;
        if self.past_days.saturating_add(self.future_days) > LONGEST_WINDOW {
            return Err(contradiction(format!("past_days and future_days are more than {LONGEST_WINDOW} days")));
        }
        self.check_client(client)
    }

    fn check_statuses(&self) -> Result<()> {
        if let Some(name) = self.statuses.values().find(|name| !status::ALL.contains(&name.as_str())) {
            return Err(contradiction(format!("the status {name} is none of {}", status::ALL.join(", "))));
        }
        if self.code(status::PLANNED).is_none() {
            return Err(contradiction("no single status code means planned, so nothing can be created".to_owned()));
        }
        Ok(())
    }

    fn check_client(&self, client: &Client) -> Result<()> {
        let operations = client.operations();
        for (name, operation) in [("update_event", &operations.update_event), ("move_event", &operations.move_event)] {
            if operation.is_enabled() && operation.body() == BodyForm::None {
                return Err(contradiction(format!("{name} has no body that could say what changes")));
            }
        }
        if !self.create_invoice {
            return Ok(());
        }
        let Some(template) = client.invoice_template() else {
            return Err(contradiction("create_invoice needs to know what an invoice says; it is not made up".to_owned()));
        };
        template.fault().map_or(Ok(()), |fault| Err(contradiction(fault)))
    }
}

/// The first name whose number another name has too.
fn twin<'a>(numbers: impl Iterator<Item = (&'a String, i64)>) -> Option<&'a String> {
    let mut seen = BTreeSet::new();
    numbers.into_iter().find(|(_, number)| !seen.insert(*number)).map(|(name, _)| name)
}

fn contradiction(message: String) -> Error {
    Error::permanent(ErrorKind::Configuration, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_several_codes_is_not_written_unless_it_is_the_known_one() {
        let statuses = |codes: &[i32], name: &str| codes.iter().map(|code| (*code, name.to_owned())).collect();
        let code = |codes: &[i32], name: &str| Settings { statuses: statuses(codes, name), ..Settings::default() }.code(name);
        assert_eq!(code(&[8], "cancelled"), Some(EventStatus(8)));
        assert_eq!(code(&[8, 9], "cancelled"), None);
        assert_eq!(code(&[1, 5], "planned"), Some(EventStatus::PLANNED));
        assert_eq!(code(&[1, 2], "planned"), None);
        assert_eq!(Settings::default().code("cancelled"), None);
    }
}
