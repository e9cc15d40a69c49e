//! Which appointments are synced, and by which rules.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono_tz::Tz;
use ephysio_client::{ClockFields, InvoiceTemplate};
use serde::Deserialize;
use sync_core::vocabulary::appointment::{self, status};
use sync_core::{Brake, FieldName, FieldPolicy, Policy, Removal, Scope, SharedIdentifier, Sides};

/// The rules for appointments. Without calendars, appointments are not synced.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppointmentSettings {
    /// The practitioners, by the names that stand for them here.
    pub practitioners: BTreeMap<String, Practitioner>,
    /// The services, by the names that stand for them here, and their event types in e-Physio.
    pub services: BTreeMap<String, i64>,
    /// The service of appointments that come from a calendar without one.
    pub default_service: Option<String>,
    /// GHL's calendars, and whose they are.
    pub calendars: Vec<Calendar>,
    /// e-Physio's status codes, as text, and what they mean.
    pub statuses: BTreeMap<String, String>,
    /// GHL's statuses, and what they mean, over the usual ones.
    pub ghl_statuses: BTreeMap<String, String>,
    /// The title of appointments created in GHL.
    pub title: String,
    /// Whether GHL may refuse a slot that is taken there.
    pub slot_check: SlotCheck,
    /// So many days back are synced.
    pub past_days: u32,
    /// So many days ahead are synced.
    pub future_days: u32,
    /// Whether appointments in GHL are created in e-Physio, and draw their person in.
    pub into_ephysio: bool,
    /// Whether appointments in e-Physio are created in GHL.
    pub into_ghl: bool,
    /// The practice's time zone.
    pub zone: Tz,
    /// What the hours and minutes of an event are written in.
    pub clock_fields: ClockFields,
    /// What new invoices say. Without it none is created.
    pub invoice: Option<InvoiceTemplate>,
    /// Rules per field, over the usual ones.
    pub fields: BTreeMap<String, FieldPolicy>,
    /// How long a created appointment may take to appear.
    pub settle_seconds: u64,
    /// When too many updates stop a batch.
    pub update_brake: Brake,
    /// When too many disappearances stop everything.
    pub removal_brake: Brake,
}

/// A practitioner, as e-Physio knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Practitioner {
    /// The number of their calendar.
    pub client_id: i64,
    /// The billing identity.
    pub admin_info_id: i64,
}

/// A calendar of GHL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Its id.
    pub calendar_id: String,
    /// The user to whom its appointments are assigned.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Whose it is.
    pub practitioner: String,
    /// What is booked there, if it is for one service only.
    #[serde(default)]
    pub service: Option<String>,
}

/// Whether GHL may refuse a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotCheck {
    /// No: what stands in e-Physio stands.
    #[default]
    Ignore,
    /// Yes: a person decides then.
    Enforce,
}

impl Default for AppointmentSettings {
    fn default() -> Self {
        Self {
            practitioners: BTreeMap::new(),
            services: BTreeMap::new(),
            default_service: None,
            calendars: Vec::new(),
            statuses: BTreeMap::from([("5".to_owned(), status::PLANNED.to_owned())]),
            ghl_statuses: BTreeMap::new(),
            title: "Termin".to_owned(),
            slot_check: SlotCheck::Ignore,
            past_days: 30,
            future_days: 365,
            into_ephysio: true,
            into_ghl: true,
            zone: chrono_tz::Europe::Zurich,
            clock_fields: ClockFields::default(),
            invoice: None,
            fields: BTreeMap::new(),
            settle_seconds: 600,
            update_brake: Brake::default(),
            removal_brake: Brake::default(),
        }
    }
}

impl AppointmentSettings {
    /// Whether appointments are synced at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.calendars.is_empty()
    }

    /// Everything that does not fit together, in words that say what to do.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, problem: String| {
            if !ok {
                problems.push(problem);
            }
        };
        for calendar in &self.calendars {
            let (id, whose) = (&calendar.calendar_id, &calendar.practitioner);
            check(
                self.practitioners.contains_key(whose),
                format!("the calendar {id} is of \"{whose}\", who is not under [appointments.practitioners]"),
            );
            if let Some(service) = &calendar.service {
                check(
                    self.services.contains_key(service),
                    format!("the calendar {id} is for \"{service}\", which is not under [appointments.services]"),
                );
            }
        }
        if let Some(service) = &self.default_service {
            check(self.services.contains_key(service), format!("default_service \"{service}\" is not under [appointments.services]"));
        }
        let known = |meaning: &str| status::ALL.contains(&meaning);
        for (code, meaning) in &self.statuses {
            check(code.parse::<i32>().is_ok(), format!("[appointments.statuses] has \"{code}\", which is no number"));
            check(known(meaning), unknown_status("statuses", meaning));
        }
        for meaning in self.ghl_statuses.values() {
            check(known(meaning), unknown_status("ghl_statuses", meaning));
        }
        let fields = usual_fields();
        for name in self.fields.keys() {
            let is_field = fields.contains_key(&FieldName::new(name.clone()));
            check(is_field, format!("[appointments.fields] names {name}, which is no field of an appointment that is synced"));
        }
        problems
    }

    /// The rules as the engine wants them.
    #[must_use]
    pub fn policy(&self, freshness: Duration) -> Policy {
        let mut fields = usual_fields();
        fields.extend(self.fields.iter().map(|(name, policy)| (FieldName::new(name.clone()), *policy)));
        let open = || Scope::Mark(appointment::OPEN.to_owned());
        let scope = |on: bool| if on { open() } else { Scope::PulledOnly };
        Policy {
            fields,
            scope: Sides::new(scope(self.into_ghl), scope(self.into_ephysio)),
            // A cancelled appointment is cancelled on the other side too: by a task, where that cannot be done.
            removal: Sides::new(Removal::Remove, Removal::Remove),
            in_use: Sides::new(open(), open()),
            // A slot that is taken is a question; leaving the start out would make no sense.
            shared_identifier: SharedIdentifier::Review,
            update_brake: self.update_brake,
            removal_brake: self.removal_brake,
            listing_bound: freshness,
            ..Policy::closed(appointment::KIND)
        }
    }

    /// What the numbers and words of both systems stand for, as a text that is other when that is.
    #[must_use]
    pub fn mapping(&self) -> String {
        let names = (&self.practitioners, &self.services, &self.default_service, &self.calendars);
        format!("{:?}", (names, &self.statuses, self.ghl_meanings()))
    }

    /// What e-Physio's status codes mean.
    #[must_use]
    pub fn ephysio_statuses(&self) -> BTreeMap<i32, String> {
        self.statuses.iter().filter_map(|(code, meaning)| Some((code.parse().ok()?, meaning.clone()))).collect()
    }

    /// What GHL's statuses mean. Of the usual ones, those that e-Physio has no code for are not read: each would be a change
    /// that nobody can make there.
    #[must_use]
    pub fn ghl_meanings(&self) -> BTreeMap<String, String> {
        let held: BTreeSet<&str> = self.statuses.values().map(String::as_str).chain([status::CANCELLED]).collect();
        let usual = [
            ("new", status::PLANNED),
            ("booked", status::PLANNED),
            ("confirmed", if held.contains(status::CONFIRMED) { status::CONFIRMED } else { status::PLANNED }),
            ("showed", status::ATTENDED),
            ("noshow", status::NO_SHOW),
            ("cancelled", status::CANCELLED),
            ("invalid", status::CANCELLED),
        ];
        let readable = usual.into_iter().filter(|(_, meaning)| held.contains(meaning));
        let usual = readable.map(|(word, meaning)| (word.to_owned(), meaning.to_owned()));
        usual.chain(self.ghl_statuses.clone()).collect()
    }
}

fn unknown_status(table: &str, meaning: &str) -> String {
    format!("[appointments.{table}] has \"{meaning}\", which is none of {}", status::ALL.join(", "))
}

fn usual_fields() -> BTreeMap<FieldName, FieldPolicy> {
    let names = [appointment::START, appointment::END, appointment::STATUS, appointment::PRACTITIONER, appointment::SERVICE];
    names.map(|name| (name, FieldPolicy::default())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> AppointmentSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_does_not_fit_together_is_said_at_once() {
        let settings = parse(
            "default_service = \"massage\"\nstatuses = { five = \"planned\", 6 = \"late\" }\n[[calendars]]\ncalendar_id = \"c1\"\n\
             practitioner = \"anna\"\nservice = \"physio\"\n[fields.title]\ndirection = \"both\"\n",
        );
        let problems = settings.problems();
        for word in ["\"anna\"", "\"physio\"", "\"massage\"", "\"five\"", "\"late\"", "title"] {
            assert!(problems.iter().any(|problem| problem.contains(word)), "{word}: {problems:?}");
        }
        assert_eq!(problems.len(), 6);
        assert_eq!(AppointmentSettings::default().problems(), [""; 0]);
    }

    #[test]
    fn a_status_that_ephysio_cannot_hold_is_not_read_from_ghl() {
        let usual = AppointmentSettings::default().ghl_meanings();
        assert_eq!(usual.get("showed"), None);
        assert_eq!((usual["confirmed"].as_str(), usual["cancelled"].as_str()), ("planned", "cancelled"));
        let richer = parse("statuses = { 5 = \"planned\", 6 = \"attended\", 7 = \"confirmed\" }").ghl_meanings();
        assert_eq!((richer["showed"].as_str(), richer["confirmed"].as_str()), ("attended", "confirmed"));
    }
}
