//! What a new invoice says.

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

/// The law under which a treatment is paid. Only `kvg` was seen; the others are those of the Swiss exchange standard for
/// invoices (generalInvoiceRequest 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Law {
    /// Health insurance.
    Kvg,
    /// Accident insurance.
    Uvg,
    /// Invalidity insurance.
    Ivg,
    /// Military insurance.
    Mvg,
    /// Insurance contracts: supplementary insurance.
    Vvg,
    /// None of them: the patient.
    Org,
}

/// Why a patient is treated. Only `disease` was seen; the others are those of the Swiss exchange standard for invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TreatmentCause {
    /// A disease.
    Disease,
    /// An accident.
    Accident,
    /// A pregnancy or a birth.
    Maternity,
    /// Prevention.
    Prevention,
    /// A birth defect.
    #[serde(rename = "birthdefect")]
    BirthDefect,
    /// It is not known.
    Unknown,
}

/// What every new invoice of a practice says. An invoice is a billing document under social insurance law, so there is no usual one:
/// without a template none is created, and each value of a template has to be given.
///
/// ```
/// # let text = r#"
/// admin_info_id = 5770       # the billing identity of the practice
/// law = "kvg"                # kvg | uvg | ivg | mvg | vvg | org
/// treatment_cause = "disease" # disease | accident | maternity | prevention | birthdefect | unknown
/// tiers_payant = false       # whether the insurer pays, not the patient
/// vat = false
/// sessions = 9               # sessions of the prescription; under kvg at most 9
/// first_session = 1          # the number of the first one
/// # "#;
/// # let template: ephysio_client::InvoiceTemplate = toml::from_str(text).unwrap();
/// # assert_eq!(template.law, ephysio_client::Law::Kvg);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Description")]
pub struct InvoiceTemplate {
    /// The billing identity of the practice.
    pub admin_info_id: i64,
    /// The law under which the treatment is paid.
    pub law: Law,
    /// Why the patient is treated.
    pub treatment_cause: TreatmentCause,
    /// Whether the insurer pays. By law the patient does, unless it is agreed otherwise.
    pub tiers_payant: bool,
    /// Whether there is value added tax.
    pub vat: bool,
    /// How many sessions the prescription allows.
    pub sessions: NonZeroU8,
    /// The number of the first session.
    pub first_session: NonZeroU8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    admin_info_id: i64,
    law: Law,
    treatment_cause: TreatmentCause,
    tiers_payant: bool,
    vat: bool,
    sessions: NonZeroU8,
    first_session: NonZeroU8,
}

/// A prescription of physiotherapy is for at most so many sessions (KLV, article 5).
const LONGEST: u8 = 9;

impl InvoiceTemplate {
    /// What is wrong with it.
    pub(crate) fn fault(&self) -> Option<String> {
        let is_too_long = self.law == Law::Kvg && self.sessions.get() > LONGEST;
        is_too_long.then(|| format!("sessions: under kvg a prescription is for at most {LONGEST}"))
    }
}

impl TryFrom<Description> for InvoiceTemplate {
    type Error = String;

    fn try_from(description: Description) -> Result<Self, String> {
        let Description { admin_info_id, law, treatment_cause, tiers_payant, vat, sessions, first_session } = description;
        let template = Self { admin_info_id, law, treatment_cause, tiers_payant, vat, sessions, first_session };
        match template.fault() {
            Some(fault) => Err(fault),
            None => Ok(template),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str =
        "admin_info_id = 1\nlaw = 'kvg'\ntreatment_cause = 'disease'\ntiers_payant = true\nvat = false\nsessions = 9\nfirst_session = 1";

    fn parse(text: &str) -> Result<InvoiceTemplate, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn no_value_of_a_template_is_made_up() {
        assert!(parse(USUAL).is_ok());
        for line in USUAL.lines() {
            let rest: Vec<&str> = USUAL.lines().filter(|other| *other != line).collect();
            assert!(parse(&rest.join("\n")).is_err(), "without {line}");
        }
    }

    #[test]
    fn a_prescription_is_no_longer_than_the_law_allows() {
        assert!(parse(&USUAL.replace("sessions = 9", "sessions = 10")).unwrap_err().contains("at most 9"));
        assert!(parse(&USUAL.replace("sessions = 9", "sessions = 10").replace("kvg", "vvg")).is_ok());
        assert!(parse(&USUAL.replace("sessions = 9", "sessions = 0")).is_err());
        assert!(parse(&USUAL.replace("disease", "birthdefect")).is_ok());
        assert!(parse(&format!("{USUAL}\nquarter = 1")).is_err());
    }
}
