//! What people do in both systems between two syncs.

use serde_json::json;

use super::check::{Expectation, Pair};
use super::clinic::Clinic;

/// The edits of a busy morning. Each says, without values, what was done, and what must come of it.
pub fn morning(clinic: &mut Clinic, pairs: &[Pair]) -> Vec<Expectation> {
    let mut steps: Vec<Expectation> = Vec::new();
    let plain: Vec<Pair> = pairs.iter().filter(|pair| is_plain(clinic, pair)).take(10).cloned().collect();
    let mut plain = plain.into_iter();
    let mut next = || plain.next();
    if let Some(pair) = next() {
        clinic.ephysio.practice().update(pair.patient, |patient| patient.email = "neu.eins@example.ch".to_owned());
        steps.push(Expectation::contact(&pair, "the e-mail of a patient was changed in e-Physio", |contact| {
            contact.email.as_deref() == Some("neu.eins@example.ch")
        }));
    }
    if let Some(pair) = next() {
        clinic.ghl.front_desk().update(&pair.contact, json!({ "phone": "+41791112233" }));
        steps.push(Expectation::task(&pair, "the phone of a contact was changed in GHL"));
    }
    if let Some(pair) = next() {
        clinic.ephysio.practice().update(pair.patient, |patient| patient.last_name = "Neuname".to_owned());
        clinic.ghl.front_desk().update(&pair.contact, json!({ "phone": "+41791112244" }));
        steps.push(Expectation::contact(
            &pair,
            "the family name was changed in e-Physio, the phone of the same person in GHL",
            |contact| contact.last_name.as_deref() == Some("Neuname") && contact.phone.as_deref() == Some("+41791112244"),
        ));
    }
    if let Some(pair) = next() {
        clinic.ephysio.practice().update(pair.patient, |patient| patient.email = "hier@example.ch".to_owned());
        clinic.ghl.front_desk().update(&pair.contact, json!({ "email": "dort@example.ch" }));
        steps.push(Expectation::task(&pair, "the e-mail of one person was changed on both sides, differently"));
    }
    if let Some(pair) = next() {
        clinic.ephysio.practice().update(pair.patient, |patient| patient.email.clear());
        steps.push(Expectation::contact(&pair, "the e-mail of a patient was removed in e-Physio", |contact| contact.email.is_none()));
    }
    if let Some(pair) = next() {
        clinic.ghl.front_desk().delete(&pair.contact);
        clinic.known_contacts.remove(&pair.contact);
        steps.push(Expectation::nothing("a contact was deleted in GHL"));
    }
    if let Some(pair) = next() {
        clinic.ephysio.practice().deactivate(pair.patient);
        steps.push(Expectation::nothing("a patient left the practice"));
    }
    let id = clinic.ephysio.practice().create(super::people::patient(4711, 6_900_000).patient);
    clinic.known_patients.insert(id);
    steps.push(Expectation::nothing("a new patient came to the practice"));
    steps
}

/// One small edit, for a demo that goes on.
pub fn one(clinic: &Clinic, pairs: &[Pair], round: usize) -> Option<String> {
    let pair = pairs.get(round % pairs.len().max(1))?;
    clinic.ephysio.practice().update(pair.patient, |patient| patient.first_name = format!("{} {round}", patient.first_name));
    Some(format!("patient {} was renamed in e-Physio", pair.patient))
}

/// Somebody of whom both sides show the same, so that an edit can be followed.
fn is_plain(clinic: &Clinic, pair: &Pair) -> bool {
    let (Some(patient), Some(contact)) = (clinic.ephysio.practice().patient(pair.patient), clinic.ghl.front_desk().contact(&pair.contact))
    else {
        return false;
    };
    let has_both = contact.email.is_some() && contact.phone.is_some() && !patient.email.is_empty();
    has_both && contact.last_name.as_deref() == Some(patient.last_name.as_str())
}
