//! The final check: it looks at the two systems themselves, not at what the sync believes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ephysio_emulator::Patient;
use ghl_emulator::Contact;
use sync_core::vocabulary::phone::{self, Region};
use sync_core::vocabulary::{email, text};

use super::clinic::Clinic;

/// A patient and the contact that stands for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The patient's id.
    pub patient: u64,
    /// The contact's id.
    pub contact: String,
    /// Whether one of them left or was removed on purpose.
    pub retired: bool,
}

/// Somebody about whom a person has to decide or do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The patient, if it is about one.
    pub patient: Option<u64>,
    /// The contact, if it is about one.
    pub contact: Option<String>,
    /// Why, in a word.
    pub reason: &'static str,
}

/// What must come of an edit.
#[derive(Debug)]
pub struct Expectation {
    /// What was done, without values.
    pub what: String,
    pair: Option<Pair>,
    arrived: Option<fn(&Contact) -> bool>,
}

impl Expectation {
    /// The contact must show it, or it must wait for a person.
    pub(super) fn contact(pair: &Pair, what: &str, arrived: fn(&Contact) -> bool) -> Self {
        Self { what: what.to_owned(), pair: Some(pair.clone()), arrived: Some(arrived) }
    }

    /// It must wait for a person.
    pub(super) fn task(pair: &Pair, what: &str) -> Self {
        Self { what: what.to_owned(), pair: Some(pair.clone()), arrived: None }
    }

    /// Nothing more than what the check looks at anyway.
    pub(super) fn nothing(what: &str) -> Self {
        Self { what: what.to_owned(), pair: None, arrived: None }
    }
}

/// What the check found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Pairs that show the same, or differ as a rule says.
    pub agree: usize,
    /// What waits for a person, by reason.
    pub waiting: BTreeMap<&'static str, usize>,
    /// Contacts or patients that stand for nobody or twice for somebody.
    pub duplicates: Vec<String>,
    /// People or edits that are nowhere.
    pub lost: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>6} pairs of patient and contact agree", self.agree)?;
        for (reason, count) in &self.waiting {
            writeln!(f, "{count:>6} wait for a person: {}", reason.replace('_', " "))?;
        }
        self.duplicates.iter().try_for_each(|double| writeln!(f, "double: {double}"))?;
        self.lost.iter().try_for_each(|lost| writeln!(f, "lost: {lost}"))?;
        write!(f, "{} duplicates, {} lost", self.duplicates.len(), self.lost.len())
    }
}

/// Compares the two systems.
#[must_use]
pub fn check(clinic: &Clinic, pairs: &[Pair], waiting: &[Waiting], edits: &[Expectation]) -> Verdict {
    let patients: BTreeMap<u64, Patient> = clinic.ephysio.practice().patients().into_iter().map(|patient| (patient.id, patient)).collect();
    let contacts: BTreeMap<String, Contact> =
        clinic.ghl.front_desk().contacts().into_iter().map(|contact| (contact.id.clone(), contact)).collect();
    let scene = Scene { clinic, patients, contacts, pairs, waiting };
    let mut verdict = Verdict::default();
    for item in waiting {
        *verdict.waiting.entry(item.reason).or_default() += 1;
    }
    scene.find_doubles(&mut verdict);
    scene.find_losses(&mut verdict);
    scene.compare(&mut verdict);
    scene.follow(edits, &mut verdict);
    verdict
}

struct Scene<'a> {
    clinic: &'a Clinic,
    patients: BTreeMap<u64, Patient>,
    contacts: BTreeMap<String, Contact>,
    pairs: &'a [Pair],
    waiting: &'a [Waiting],
}

impl Scene<'_> {
    fn waits(&self, patient: Option<u64>, contact: Option<&str>) -> bool {
        self.waiting.iter().any(|item| {
            (item.patient.is_some() && item.patient == patient) || (item.contact.is_some() && item.contact.as_deref() == contact)
        })
    }

    fn find_doubles(&self, verdict: &mut Verdict) {
        let (mut patients, mut contacts) = (BTreeSet::new(), BTreeSet::new());
        for pair in self.pairs {
            if !patients.insert(pair.patient) {
                verdict.duplicates.push(format!("patient {} is in two pairs", pair.patient));
            }
            if !contacts.insert(pair.contact.as_str()) {
                verdict.duplicates.push(format!("contact {} is in two pairs", pair.contact));
            }
        }
        for id in self.contacts.keys().filter(|id| !self.clinic.known_contacts.contains(*id) && !contacts.contains(id.as_str())) {
            verdict.duplicates.push(format!("contact {id} was created and stands for nobody"));
        }
        for id in self.patients.keys().filter(|id| !self.clinic.known_patients.contains(id) && !patients.contains(id)) {
            verdict.duplicates.push(format!("patient {id} was created and stands for nobody"));
        }
    }

    fn find_losses(&self, verdict: &mut Verdict) {
        let paired: BTreeSet<u64> = self.pairs.iter().map(|pair| pair.patient).collect();
        for patient in self.patients.values().filter(|patient| patient.is_active()) {
            if !paired.contains(&patient.id) && !self.waits(Some(patient.id), None) {
                verdict.lost.push(format!("patient {} has no contact, and nobody is asked why", patient.id));
            }
        }
        let gone = self.clinic.known_contacts.iter().filter(|id| !self.contacts.contains_key(*id));
        verdict.lost.extend(gone.map(|id| format!("contact {id} was there and is gone")));
        let gone = self.clinic.known_patients.iter().filter(|id| !self.patients.contains_key(id));
        verdict.lost.extend(gone.map(|id| format!("patient {id} was there and is gone")));
    }

    fn compare(&self, verdict: &mut Verdict) {
        for pair in self.pairs.iter().filter(|pair| !pair.retired) {
            let (Some(patient), Some(contact)) = (self.patients.get(&pair.patient), self.contacts.get(&pair.contact)) else {
                verdict.lost.push(format!("patient {} or contact {} is gone, and nobody noticed", pair.patient, pair.contact));
                continue;
            };
            match self.difference(patient, contact) {
                None => verdict.agree += 1,
                Some(_) if self.waits(Some(pair.patient), Some(&pair.contact)) => {}
                Some(field) => verdict.lost.push(format!("patient {} and contact {} differ in {field}", pair.patient, pair.contact)),
            }
        }
    }

    fn difference(&self, patient: &Patient, contact: &Contact) -> Option<&'static str> {
        let same_text = |one: &str, other: &Option<String>| text(one) == text(other.as_deref().unwrap_or_default());
        let phone = |value: &str| phone::canonical(value, Region::CH);
        let mail = |value: &str| email::canonical(value).to_lowercase();
        if !same_text(&patient.first_name, &contact.first_name) {
            return Some("the given name");
        }
        if !same_text(&patient.last_name, &contact.last_name) {
            return Some("the family name");
        }
        let theirs = contact.email.as_deref().unwrap_or_default();
        if mail(&patient.email) != mail(theirs)
            && !self.taken(contact, |other| other.email.as_deref().map(mail) == Some(mail(&patient.email)))
        {
            return Some("the e-mail");
        }
        let theirs = contact.phone.as_deref().unwrap_or_default();
        if phone(&patient.phone) != phone(theirs)
            && !self.taken(contact, |other| other.phone.as_deref().map(phone) == Some(phone(&patient.phone)))
        {
            return Some("the phone");
        }
        None
    }

    /// A value that another contact has, which GHL therefore refused.
    fn taken(&self, contact: &Contact, has: impl Fn(&Contact) -> bool) -> bool {
        self.contacts.values().any(|other| other.id != contact.id && has(other))
    }

    fn follow(&self, edits: &[Expectation], verdict: &mut Verdict) {
        for edit in edits {
            let Some(pair) = &edit.pair else { continue };
            let shown = edit.arrived.is_some_and(|arrived| self.contacts.get(&pair.contact).is_some_and(arrived));
            if !shown && !self.waits(Some(pair.patient), Some(&pair.contact)) {
                verdict.lost.push(format!("{} (patient {}): neither carried over nor asked about", edit.what, pair.patient));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clinic::Behaviour;
    use super::*;

    /// A clinic of four patients, of whom each has a contact.
    fn clinic() -> (Clinic, Vec<Pair>) {
        let mut clinic = Clinic::build(0, 1, Behaviour::default());
        let mut pairs = Vec::new();
        for number in 0..4 {
            let mut person = super::super::people::patient(1, number);
            person.patient.email = format!("p{number}@example.ch");
            let patient = clinic.ephysio.practice().create(person.patient.clone());
            let mut contact = person.contact();
            contact["lastName"] = person.patient.last_name.into();
            let contact = clinic.ghl.front_desk().create(contact);
            clinic.known_patients.insert(patient);
            clinic.known_contacts.insert(contact.clone());
            pairs.push(Pair { patient, contact, retired: false });
        }
        (clinic, pairs)
    }

    #[test]
    fn a_clinic_in_sync_agrees() {
        let (clinic, pairs) = clinic();
        let verdict = check(&clinic, &pairs, &[], &[]);
        assert_eq!(verdict.to_string(), "     4 pairs of patient and contact agree\n0 duplicates, 0 lost");
    }

    #[test]
    fn a_doubled_contact_is_found() {
        let (clinic, pairs) = clinic();
        clinic.ghl.front_desk().create(serde_json::json!({ "firstName": "Double" }));
        assert_eq!(check(&clinic, &pairs, &[], &[]).duplicates.len(), 1);
        let twice = [pairs.clone(), vec![pairs[0].clone()]].concat();
        assert_eq!(check(&clinic, &twice, &[], &[]).duplicates.len(), 3);
    }

    #[test]
    fn a_difference_is_a_loss_unless_somebody_is_asked() {
        let (clinic, pairs) = clinic();
        clinic.ephysio.practice().update(pairs[0].patient, |patient| patient.email = "verloren@example.ch".to_owned());
        assert_eq!(check(&clinic, &pairs, &[], &[]).lost.len(), 1);
        let asked = Waiting { patient: Some(pairs[0].patient), contact: None, reason: "conflict" };
        assert_eq!(check(&clinic, &pairs, &[asked], &[]).lost, [""; 0]);
    }

    #[test]
    fn a_lost_edit_a_lost_patient_and_a_lost_contact_are_found() {
        let (clinic, pairs) = clinic();
        let edit = Expectation::contact(&pairs[0], "an edit", |contact| contact.city.as_deref() == Some("Bern"));
        assert_eq!(check(&clinic, &pairs, &[], &[edit]).lost.len(), 1);
        assert_eq!(check(&clinic, &pairs[1..], &[], &[]).lost.len(), 1, "a patient without a contact");
        clinic.ghl.front_desk().delete(&pairs[0].contact);
        assert_eq!(check(&clinic, &pairs, &[], &[]).lost.len(), 2, "the contact itself, and its pair");
    }
}
