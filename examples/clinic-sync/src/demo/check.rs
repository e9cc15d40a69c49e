//! The final check: it looks at the two systems themselves, not at what the sync believes.

use std::collections::{BTreeMap, BTreeSet};

use ephysio_emulator::Patient;
use ghl_emulator::Contact;
use sync_core::vocabulary::person::PersonSchema;
use sync_core::{FieldName, Schema, Side};

use super::clinic::Clinic;
pub use super::edits::Expectation;
use super::edits::{Arrival, Fact};
use super::verdict::Verdict;

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
    /// The fields it is about; none: the whole person.
    pub fields: Vec<FieldName>,
    /// Why, in a word.
    pub reason: &'static str,
}

/// Compares the two systems.
#[must_use]
pub fn check(clinic: &Clinic, pairs: &[Pair], waiting: &[Waiting], edits: &[Expectation]) -> Verdict {
    let scene = Scene::new(clinic, pairs, waiting);
    let mut verdict = Verdict::default();
    for item in waiting {
        *verdict.waiting.entry(item.reason).or_default() += 1;
    }
    scene.find_doubles(&mut verdict);
    scene.find_strangers(&mut verdict);
    scene.find_losses(&mut verdict);
    pairs.iter().for_each(|pair| scene.compare(pair, &mut verdict));
    edits.iter().for_each(|edit| scene.follow(edit, &mut verdict));
    verdict
}

fn by<'a, K: Ord>(waiting: &'a [Waiting], key: impl Fn(&'a Waiting) -> Option<K>) -> BTreeMap<K, Vec<&'a Waiting>> {
    let mut sorted: BTreeMap<K, Vec<&Waiting>> = BTreeMap::new();
    let keyed = waiting.iter().filter_map(|item| Some((key(item)?, item)));
    keyed.for_each(|(key, item)| sorted.entry(key).or_default().push(item));
    sorted
}

/// Everything there is, so arranged that no question about one person looks at all the others.
struct Scene<'a> {
    clinic: &'a Clinic,
    schema: PersonSchema,
    patients: BTreeMap<u64, Patient>,
    contacts: BTreeMap<String, Contact>,
    pairs: &'a [Pair],
    contact_of: BTreeMap<u64, &'a str>,
    paired_contacts: BTreeSet<&'a str>,
    /// What GHL lets only one contact have, as compared.
    taken: BTreeSet<(Fact, String)>,
    waiting_patients: BTreeMap<u64, Vec<&'a Waiting>>,
    waiting_contacts: BTreeMap<&'a str, Vec<&'a Waiting>>,
}

impl<'a> Scene<'a> {
    fn new(clinic: &'a Clinic, pairs: &'a [Pair], waiting: &'a [Waiting]) -> Self {
        let schema = PersonSchema::default();
        let contacts = clinic.ghl.front_desk().contacts();
        let identifiers = contacts.iter().flat_map(|contact| [Fact::Email, Fact::Phone].map(|fact| (fact, fact.of_contact(contact))));
        let taken = identifiers.filter(|(_, value)| !value.is_empty());
        let taken = taken.map(|(fact, value)| (fact, schema.comparable(&fact.field(), value))).collect();
        Self {
            clinic,
            schema,
            taken,
            patients: clinic.ephysio.practice().patients().into_iter().map(|patient| (patient.id, patient)).collect(),
            contacts: contacts.into_iter().map(|contact| (contact.id.clone(), contact)).collect(),
            pairs,
            contact_of: pairs.iter().map(|pair| (pair.patient, pair.contact.as_str())).collect(),
            paired_contacts: pairs.iter().map(|pair| pair.contact.as_str()).collect(),
            waiting_patients: by(waiting, |item| item.patient),
            waiting_contacts: by(waiting, |item| item.contact.as_deref()),
        }
    }

    /// Whether a person is asked about somebody, about whatever it is.
    fn waits(&self, patient: u64, contact: Option<&str>) -> bool {
        self.items(patient, contact).next().is_some()
    }

    /// Whether a person is asked about this.
    fn waits_for(&self, fact: Fact, pair: &Pair) -> bool {
        self.items(pair.patient, Some(&pair.contact)).any(|item| item.fields.is_empty() || item.fields.contains(&fact.field()))
    }

    fn items(&self, patient: u64, contact: Option<&str>) -> impl Iterator<Item = &'a Waiting> {
        let of_contact = contact.and_then(|contact| self.waiting_contacts.get(contact));
        self.waiting_patients.get(&patient).into_iter().chain(of_contact).flatten().copied()
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
        for id in self.contacts.keys().filter(|id| !self.clinic.known_contacts.contains_key(*id) && !contacts.contains(id.as_str())) {
            verdict.duplicates.push(format!("contact {id} was created and stands for nobody"));
        }
        for id in self.patients.keys().filter(|id| !self.clinic.known_patients.contains(id) && !patients.contains(id)) {
            verdict.duplicates.push(format!("patient {id} was created and stands for nobody"));
        }
    }

    /// Who was in both systems from the start must be paired with themselves, and with nobody else.
    fn find_strangers(&self, verdict: &mut Verdict) {
        for (contact, patient) in self.clinic.known_contacts.iter().filter_map(|(contact, patient)| Some((contact, (*patient)?))) {
            let second = self.contact_of.get(&patient).filter(|paired| **paired != contact);
            if let Some(second) = second.filter(|_| self.contacts.contains_key(contact) && !self.waits(patient, Some(contact))) {
                verdict.duplicates.push(format!("patient {patient} was in GHL as {contact}, and is there as {second} too"));
            }
        }
        for pair in self.pairs.iter().filter(|pair| self.clinic.known_patients.contains(&pair.patient)) {
            if self.clinic.known_contacts.get(&pair.contact).is_some_and(|owner| *owner != Some(pair.patient)) {
                verdict.lost.push(format!("contact {} is somebody else, and was taken for patient {}", pair.contact, pair.patient));
            }
        }
    }

    /// What became of those who are in no pair. The others are told by the comparison.
    fn find_losses(&self, verdict: &mut Verdict) {
        for patient in self.patients.values().filter(|patient| patient.is_active()) {
            if !self.contact_of.contains_key(&patient.id) && !self.waits(patient.id, None) {
                verdict.lost.push(format!("patient {} has no contact, and nobody is asked why", patient.id));
            }
        }
        let unpaired = self.clinic.known_contacts.keys().filter(|id| !self.paired_contacts.contains(id.as_str()));
        let gone = unpaired.filter(|id| !self.contacts.contains_key(*id) && !self.clinic.deleted_contacts.contains(*id));
        verdict.lost.extend(gone.map(|id| format!("contact {id} was there and is gone")));
        let unpaired = self.clinic.known_patients.iter().filter(|id| !self.contact_of.contains_key(id));
        let gone = unpaired.filter(|id| !self.patients.contains_key(id));
        verdict.lost.extend(gone.map(|id| format!("patient {id} was there and is gone")));
    }

    fn compare(&self, pair: &Pair, verdict: &mut Verdict) {
        let (id, contact) = (pair.patient, &pair.contact);
        let waits = self.waits(id, Some(contact));
        match (self.patients.get(&id), self.contacts.get(contact)) {
            (None, _) => verdict.lost.push(format!("patient {id} was there and is gone")),
            (_, None) if !self.clinic.deleted_contacts.contains(contact) => {
                verdict.lost.push(format!("contact {contact} is gone, and nobody deleted it"));
            }
            (_, None) if pair.retired => verdict.apart += 1,
            (_, None) if waits => {}
            (_, None) => verdict.lost.push(format!("contact {contact} was deleted, and nobody noticed")),
            (Some(patient), _) if pair.retired && !patient.is_active() => verdict.apart += 1,
            // Both are there: what the sync calls the pair excuses nothing.
            (Some(patient), Some(record)) => {
                let differences = self.differences(patient, record);
                for fact in differences.iter().filter(|fact| !self.waits_for(**fact, pair)) {
                    verdict.lost.push(format!("patient {id} and contact {contact} differ in {fact}"));
                }
                verdict.agree += usize::from(differences.is_empty());
            }
        }
    }

    fn differences(&self, patient: &Patient, contact: &Contact) -> Vec<Fact> {
        let differs = |fact: &Fact| {
            let ours = self.comparable(*fact, fact.of_patient(patient));
            ours != self.comparable(*fact, fact.of_contact(contact)) && !self.taken.contains(&(*fact, ours))
        };
        Fact::ALL.into_iter().filter(differs).collect()
    }

    fn comparable(&self, fact: Fact, value: &str) -> String {
        self.schema.comparable(&fact.field(), value)
    }

    fn follow(&self, edit: &Expectation, verdict: &mut Verdict) {
        for arrival in &edit.arrivals {
            if !self.arrived(arrival) && !self.waits_for(arrival.fact, &arrival.pair) {
                verdict.lost.push(format!("{}: the {} was neither carried over nor asked about", edit.what, arrival.fact));
            }
        }
        if let Some(Pair { patient, contact, .. }) = &edit.deleted
            && let Some(again) = self.contact_of.get(patient).filter(|again| *again != contact)
        {
            verdict.duplicates.push(format!("contact {contact} was deleted, and patient {patient} was made again as {again}"));
        }
    }

    fn arrived(&self, arrival: &Arrival) -> bool {
        let (fact, pair) = (arrival.fact, &arrival.pair);
        let shown = match arrival.on {
            Side::Left => self.patients.get(&pair.patient).map(|patient| fact.of_patient(patient)),
            Side::Right => self.contacts.get(&pair.contact).map(|contact| fact.of_contact(contact)),
        };
        shown.is_some_and(|shown| self.comparable(fact, shown) == self.comparable(fact, &arrival.value))
    }
}

#[cfg(test)]
mod tests {
    use sync_core::vocabulary::person;

    use super::super::clinic::Behaviour;
    use super::super::people;
    use super::*;

    /// A clinic of four patients, of whom each has a contact; that of the last one was made by the sync.
    fn clinic() -> (Clinic, Vec<Pair>) {
        let mut clinic = Clinic::build(0, 1, Behaviour::default());
        let number_to_pair = |number| {
            let person = people::patient(1, number);
            let patient = clinic.receive(&person);
            let contact = clinic.ghl.front_desk().create(serde_json::json!({
                "firstName": person.patient.first_name, "lastName": person.patient.last_name,
                "email": person.patient.email, "phone": person.patient.phone,
            }));
            if number < 3 {
                clinic.known_contacts.insert(contact.clone(), Some(patient));
            }
            Pair { patient, contact, retired: false }
        };
        let pairs = (0..4).map(number_to_pair).collect();
        (clinic, pairs)
    }

    fn lose_an_email(clinic: &Clinic, pair: &Pair) {
        clinic.ephysio.practice().update(pair.patient, |patient| patient.email = "verloren@example.ch".to_owned());
    }

    #[test]
    fn a_clinic_in_sync_agrees() {
        let (clinic, pairs) = clinic();
        let verdict = check(&clinic, &pairs, &[], &[]);
        assert_eq!(verdict.to_string(), "     4 pairs of patient and contact agree\n0 duplicates, 0 lost");
    }

    #[test]
    fn a_doubled_contact_is_found() {
        let (clinic, mut pairs) = clinic();
        let double = clinic.ghl.front_desk().create(serde_json::json!({ "firstName": "Double" }));
        assert_eq!(check(&clinic, &pairs, &[], &[]).duplicates.len(), 1);
        let twice = [pairs.clone(), vec![pairs[0].clone()]].concat();
        assert_eq!(check(&clinic, &twice, &[], &[]).duplicates.len(), 3);
        pairs[0].contact = double;
        let [found] = &check(&clinic, &pairs, &[], &[]).duplicates[..] else { panic!("one double") };
        assert!(found.contains("was in GHL as"), "{found}");
    }

    #[test]
    fn a_doubled_patient_is_found() {
        let (clinic, pairs) = clinic();
        let double = clinic.ephysio.practice().create(people::patient(1, 99).patient);
        assert_eq!(check(&clinic, &pairs, &[], &[]).duplicates, [format!("patient {double} was created and stands for nobody")]);
    }

    #[test]
    fn somebody_taken_for_another_is_a_loss() {
        let (mut clinic, mut pairs) = clinic();
        clinic.known_contacts.insert(pairs[0].contact.clone(), None);
        let [found] = &check(&clinic, &pairs, &[], &[]).lost[..] else { panic!("one loss") };
        assert!(found.contains("was taken for patient"), "{found}");
        let [one, other, ..] = &mut pairs[..] else { panic!("four pairs") };
        std::mem::swap(&mut one.contact, &mut other.contact);
        let verdict = check(&clinic, &pairs, &[], &[]);
        assert!(verdict.lost.iter().any(|found| found.contains("differ in")), "{verdict}");
    }

    #[test]
    fn a_difference_is_a_loss_unless_somebody_is_asked() {
        let (clinic, mut pairs) = clinic();
        lose_an_email(&clinic, &pairs[0]);
        let [found] = &check(&clinic, &pairs, &[], &[]).lost[..] else { panic!("one loss") };
        assert!(found.ends_with("differ in e-mail") && !found.contains('@'), "{found}");
        let (patient, contact) = (pairs[0].patient, pairs[0].contact.clone());
        for (patient, contact) in [(Some(patient), None), (None, Some(contact))] {
            let asked = |fields: &[FieldName]| [Waiting { patient, contact: contact.clone(), fields: fields.to_vec(), reason: "conflict" }];
            for fields in [&[][..], &[person::PHONE, person::EMAIL]] {
                assert_eq!(check(&clinic, &pairs, &asked(fields), &[]).lost, [""; 0]);
            }
            assert_eq!(check(&clinic, &pairs, &asked(&[person::PHONE]), &[]).lost.len(), 1, "asked about something else");
        }
        pairs[0].retired = true;
        assert_eq!(check(&clinic, &pairs, &[], &[]).lost.len(), 1, "both are there: that it is set aside excuses nothing");
    }

    #[test]
    fn a_value_that_another_contact_has_may_be_missing_and_no_other() {
        let (clinic, pairs) = clinic();
        let phone = clinic.ephysio.practice().patient(pairs[0].patient).unwrap().phone;
        clinic.ephysio.practice().update(pairs[1].patient, |patient| patient.phone = phone);
        assert_eq!(check(&clinic, &pairs, &[], &[]).lost, [""; 0]);
        // That others have no phone either is no excuse for a phone that should have gone.
        clinic.ghl.front_desk().update(&pairs[2].contact, serde_json::json!({ "phone": null }));
        clinic.ephysio.practice().update(pairs[2].patient, |patient| patient.phone.clear());
        clinic.ephysio.practice().update(pairs[3].patient, |patient| patient.phone.clear());
        assert_eq!(check(&clinic, &pairs, &[], &[]).lost.len(), 1);
    }

    #[test]
    fn a_lost_edit_is_found_wherever_it_was_made() {
        let (clinic, pairs) = clinic();
        let edit = Expectation::of("an edit".to_owned()).in_ghl(&pairs[0], Fact::Email, "a@example.ch");
        let edits = [edit.in_ephysio(&pairs[1], Fact::Phone, "+41791234567")];
        assert_eq!(check(&clinic, &pairs, &[], &edits).lost.len(), 2);
        lose_an_email(&clinic, &pairs[3]);
        assert_eq!(check(&clinic, &pairs, &[], &edits).lost.len(), 3);
        clinic.ephysio.practice().update(pairs[1].patient, |patient| patient.phone = "079 123 45 67".to_owned());
        let item = |pair: &Pair| Waiting { patient: Some(pair.patient), contact: None, fields: vec![person::PHONE], reason: "manual" };
        let mut asked: Vec<Waiting> = pairs.iter().map(item).collect();
        assert_eq!(check(&clinic, &pairs, &asked, &edits).lost.len(), 2, "two e-mails are still lost");
        asked.iter_mut().for_each(|item| item.fields.push(person::EMAIL));
        assert_eq!(check(&clinic, &pairs, &asked, &edits).lost, [""; 0]);
    }

    #[test]
    fn lost_people_are_found() {
        let (mut clinic, mut pairs) = clinic();
        assert_eq!(check(&clinic, &pairs[1..], &[], &[]).lost.len(), 1, "a patient without a contact");
        clinic.ghl.front_desk().delete(&pairs[3].contact);
        for retired in [true, false] {
            pairs[3].retired = retired;
            assert_eq!(check(&clinic, &pairs, &[], &[]).lost.len(), 1, "a contact that the sync made, and deleted again");
        }
        clinic.delete(&pairs[3].contact);
        assert_eq!(check(&clinic, &pairs, &[], &[]).lost.len(), 1, "nobody noticed");
        pairs[3].retired = true;
        let verdict = check(&clinic, &pairs, &[], &[]);
        assert_eq!((verdict.agree, verdict.apart, verdict.lost.len()), (3, 1, 0));
        let deleted = [Expectation::of("deleted".to_owned()).stays_deleted(&pairs[3])];
        pairs[3].contact = clinic.ghl.front_desk().create(serde_json::json!({ "firstName": "Again" }));
        assert_eq!(check(&clinic, &pairs, &[], &deleted).duplicates.len(), 1, "made again");
        clinic.ephysio.practice().delete(pairs[2].patient);
        let gone = |pairs: &[Pair]| check(&clinic, pairs, &[], &[]).lost.iter().filter(|found| found.ends_with("is gone")).count();
        assert_eq!((gone(&pairs), gone(&pairs[..2])), (1, 1), "a patient, in a pair or in none");
        clinic.ghl.front_desk().delete(&pairs[1].contact);
        let unpaired = check(&clinic, &pairs[..1], &[], &[]).lost;
        assert!(unpaired.contains(&format!("contact {} was there and is gone", pairs[1].contact)), "{unpaired:?}");
    }
}
