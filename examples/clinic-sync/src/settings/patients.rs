//! Which patients and contacts are synced, and by which rules.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use sync_core::vocabulary::person;
use sync_core::{Brake, Conflict, Direction, FieldName, FieldPolicy, Policy, Scope, SharedIdentifier, Sides};

/// The rules for patients and contacts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatientSettings {
    /// Which patients may be passed on to GHL. There is no default: somebody has to decide.
    pub consent: Option<Consent>,
    /// Which contacts become patients.
    pub into_ephysio: IntoEphysio,
    /// The country whose phone numbers are written without a prefix.
    pub region: String,
    /// Rules per field, over the usual ones.
    pub fields: BTreeMap<String, FieldPolicy>,
    /// What to do when another contact has the same e-mail or phone.
    pub shared_identifier: SharedIdentifier,
    /// How long a created record may take to appear.
    pub settle_seconds: u64,
    /// How old a listing may be before the next create asks for a new one.
    pub freshness_seconds: u64,
    /// When too many updates stop a batch.
    pub update_brake: Brake,
    /// When too many disappearances stop everything.
    pub removal_brake: Brake,
}

/// Which patients may be passed on to GHL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// The practice has the consent of all its active patients.
    AllActivePatients,
    /// Patients whose record says that they may be written e-mails.
    EmailConsent,
    /// Patients whose record bears this mark.
    Mark(String),
    /// Nobody is created in GHL; who is there already is linked.
    Nobody,
}

/// Which contacts become patients, unless an appointment pulls them in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntoEphysio {
    /// Those with one of these tags.
    pub tags: Vec<String>,
}

impl Default for PatientSettings {
    fn default() -> Self {
        Self {
            consent: None,
            into_ephysio: IntoEphysio::default(),
            region: "CH".to_owned(),
            fields: BTreeMap::new(),
            shared_identifier: SharedIdentifier::Omit,
            settle_seconds: 600,
            freshness_seconds: 300,
            update_brake: Brake::default(),
            removal_brake: Brake::default(),
        }
    }
}

impl PatientSettings {
    /// The rules as the engine wants them.
    ///
    /// # Errors
    /// Names the fields that do not exist.
    pub fn policy(&self) -> Result<Policy, Vec<String>> {
        let mut fields = usual_fields();
        let mut problems = Vec::new();
        for (name, policy) in &self.fields {
            let field = FieldName::new(name.clone());
            let known = fields.contains_key(&field) || person::custom_name(&field).is_some() || is_optional(&field);
            if known {
                fields.insert(field, *policy);
            } else {
                problems.push(format!("[patients.fields] names {name}, which is no field of a person; custom fields are \"custom:NAME\""));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Policy {
            fields,
            scope: Sides::new(self.ghl_scope(), self.into_ephysio.scope()),
            // A contact with an appointment becomes a patient. No appointment passes a patient on to GHL.
            pulled: Sides::new(false, true),
            shared_identifier: self.shared_identifier,
            update_brake: self.update_brake,
            removal_brake: self.removal_brake,
            listing_bound: Duration::from_secs(self.freshness_seconds),
            ..Policy::closed(person::KIND)
        })
    }

    fn ghl_scope(&self) -> Scope {
        match &self.consent {
            None | Some(Consent::Nobody) => Scope::PulledOnly,
            Some(Consent::AllActivePatients) => Scope::All,
            Some(Consent::EmailConsent) => Scope::Mark("consent:email".to_owned()),
            Some(Consent::Mark(mark)) => Scope::Mark(mark.clone()),
        }
    }
}

impl IntoEphysio {
    fn scope(&self) -> Scope {
        let marks = self.tags.iter().map(|tag| Scope::Mark(format!("tag:{}", tag.to_lowercase())));
        if self.tags.is_empty() { Scope::PulledOnly } else { Scope::Any(marks.collect()) }
    }
}

/// Names and ways to reach a person flow both ways. Birth date, sex and address are needed to create a
/// patient, and are nobody's business in a marketing system: they flow toward e-Physio only.
fn usual_fields() -> BTreeMap<FieldName, FieldPolicy> {
    let both = [person::GIVEN_NAME, person::FAMILY_NAME, person::EMAIL, person::PHONE].map(|name| (name, Direction::Both));
    let inward =
        [person::BIRTH_DATE, person::SEX, person::STREET, person::POSTAL_CODE, person::CITY].map(|name| (name, Direction::RightToLeft));
    let policy = |(name, direction)| (name, FieldPolicy { direction, conflict: Conflict::Review, ..FieldPolicy::default() });
    both.into_iter().chain(inward).map(policy).collect()
}

fn is_optional(field: &FieldName) -> bool {
    [person::SALUTATION, person::COUNTRY].contains(field)
}
