//! What people do in both systems between two syncs, and what must come of it.

use std::fmt;

use ephysio_emulator::Patient;
use ghl_emulator::Contact;
use serde_json::json;
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{FieldName, Schema, Side};

use super::check::Pair;
use super::clinic::Clinic;
use super::people;

/// How many people are looked at to find one whom a calm edit can be made to.
const TRIES: usize = 64;

/// Which invented clinic the patients come from who arrive later, and from which number on.
const ARRIVALS: (u64, u64) = (4711, 6_900_000);

/// What must come of an edit.
#[derive(Debug)]
pub struct Expectation {
    /// What was done, without values.
    pub what: String,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) deleted: Option<Pair>,
}

/// A value that the other system must show too, unless a person is asked.
pub(super) struct Arrival {
    pub(super) pair: Pair,
    pub(super) on: Side,
    pub(super) fact: Fact,
    pub(super) value: String,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on the {} side", self.fact, self.on)
    }
}

impl Expectation {
    /// Nothing more than what the check looks at anyway.
    pub(super) fn of(what: String) -> Self {
        Self { what, arrivals: Vec::new(), deleted: None }
    }

    /// And GHL must show this value (an empty one: none), or a person must be asked.
    pub(super) fn in_ghl(self, pair: &Pair, fact: Fact, value: &str) -> Self {
        self.arrives(Side::Right, pair, fact, value)
    }

    /// And e-Physio must show this value, or a person must be asked.
    pub(super) fn in_ephysio(self, pair: &Pair, fact: Fact, value: &str) -> Self {
        self.arrives(Side::Left, pair, fact, value)
    }

    fn arrives(mut self, on: Side, pair: &Pair, fact: Fact, value: &str) -> Self {
        self.arrivals.push(Arrival { pair: pair.clone(), on, fact, value: value.to_owned() });
        self
    }

    /// And the contact must not come back under another id.
    pub(super) fn stays_deleted(mut self, pair: &Pair) -> Self {
        self.deleted = Some(pair.clone());
        self
    }
}

/// What both systems have of a person, and must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    GivenName,
    FamilyName,
    Email,
    Phone,
}

impl Fact {
    pub(super) const ALL: [Self; 4] = [Self::GivenName, Self::FamilyName, Self::Email, Self::Phone];

    pub(super) fn field(self) -> FieldName {
        match self {
            Self::GivenName => person::GIVEN_NAME,
            Self::FamilyName => person::FAMILY_NAME,
            Self::Email => person::EMAIL,
            Self::Phone => person::PHONE,
        }
    }

    pub(super) fn of_patient(self, patient: &Patient) -> &str {
        match self {
            Self::GivenName => &patient.first_name,
            Self::FamilyName => &patient.last_name,
            Self::Email => &patient.email,
            Self::Phone => &patient.phone,
        }
    }

    pub(super) fn of_contact(self, contact: &Contact) -> &str {
        match self {
            Self::GivenName => &contact.first_name,
            Self::FamilyName => &contact.last_name,
            Self::Email => &contact.email,
            Self::Phone => &contact.phone,
        }
        .as_deref()
        .unwrap_or_default()
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GivenName => "given name",
            Self::FamilyName => "family name",
            Self::Email => "e-mail",
            Self::Phone => "phone",
        })
    }
}

/// An edit of one person, on the morning of this number.
type Step = fn(&mut Clinic, &Pair, usize) -> Expectation;

/// What is most worth seeing comes first: a small clinic runs out of people.
const STEPS: [Step; 7] =
    [email_changed, email_changed_twice, phone_changed, name_and_phone_changed, email_cleared, contact_deleted, patient_left];

/// The edits of a busy morning, another one at every call. Each says, without values, what was done, and knows
/// what must come of it.
pub fn morning(clinic: &mut Clinic, pairs: &[Pair]) -> Vec<Expectation> {
    let morning = clinic.mornings;
    clinic.mornings += 1;
    let people: Vec<&Pair> = in_order(pairs).into_iter().filter(|pair| is_plain(clinic, pair)).take(STEPS.len()).collect();
    let mut edits = Vec::new();
    for (step, pair) in STEPS.iter().zip(people) {
        clinic.edited.insert(pair.patient);
        edits.push(step(clinic, pair, morning));
    }
    let (seed, first) = ARRIVALS;
    let id = clinic.receive(&people::patient(seed, first + morning as u64));
    edits.push(Expectation::of(format!("patient {id} came to the practice")));
    edits
}

/// One small edit, for a demo that goes on.
pub fn one(clinic: &Clinic, pairs: &[Pair], round: usize) -> Option<String> {
    let pairs = in_order(pairs);
    // Strides that meet everybody sooner or later, and seldom the same person soon.
    let mut tried = (0..TRIES.min(pairs.len())).map(|step| pairs[(round * 7919 + step) % pairs.len()]);
    let pair = tried.find(|pair| is_plain(clinic, pair))?;
    let (id, practice) = (pair.patient, clinic.ephysio.practice());
    let (what, place) = match round % 8 {
        // A task for the practice, as long as nothing can be written to e-Physio: not too many of them.
        7 => {
            clinic.ghl.front_desk().update(&pair.contact, json!({ "phone": people::new_phone(400_000 + round) }));
            ("phone", "GHL")
        }
        1 | 4 => {
            practice.update(id, |patient| patient.phone = people::new_phone(400_000 + round));
            ("phone", "e-Physio")
        }
        2 | 5 => {
            practice.update(id, |patient| patient.last_name = people::family(round));
            ("family name", "e-Physio")
        }
        _ => {
            practice.update(id, |patient| patient.email = format!("wechsel.{round}.{id}@example.ch"));
            ("e-mail", "e-Physio")
        }
    };
    Some(format!("the {what} of patient {id} was changed in {place}"))
}

fn email_changed(clinic: &mut Clinic, pair: &Pair, morning: usize) -> Expectation {
    let (id, email) = (pair.patient, address("neu", pair, morning));
    clinic.ephysio.practice().update(id, |patient| patient.email.clone_from(&email));
    Expectation::of(format!("the e-mail of patient {id} was changed in e-Physio")).in_ghl(pair, Fact::Email, &email)
}

fn email_changed_twice(clinic: &mut Clinic, pair: &Pair, morning: usize) -> Expectation {
    let (id, here, there) = (pair.patient, address("hier", pair, morning), address("dort", pair, morning));
    clinic.ephysio.practice().update(id, |patient| patient.email.clone_from(&here));
    clinic.ghl.front_desk().update(&pair.contact, json!({ "email": there }));
    Expectation::of(format!("the e-mail of patient {id} was changed on both sides, differently"))
        .in_ghl(pair, Fact::Email, &here)
        .in_ephysio(pair, Fact::Email, &there)
}

fn phone_changed(clinic: &mut Clinic, pair: &Pair, morning: usize) -> Expectation {
    let phone = people::new_phone(2 * morning);
    clinic.ghl.front_desk().update(&pair.contact, json!({ "phone": phone }));
    Expectation::of(format!("the phone of patient {} was changed in GHL", pair.patient)).in_ephysio(pair, Fact::Phone, &phone)
}

/// The front desk changes a phone number of somebody whom nobody has edited yet. Says of whom, and to what.
pub(super) fn phone_changed_now(clinic: &mut Clinic, pairs: &[Pair]) -> Option<(u64, String, Expectation)> {
    let pair = in_order(pairs).into_iter().find(|pair| is_plain(clinic, pair))?;
    clinic.edited.insert(pair.patient);
    let phone = people::new_phone(300_000 + clinic.mornings);
    clinic.ghl.front_desk().update(&pair.contact, json!({ "phone": phone }));
    let edit = Expectation::of(format!("the phone of patient {} was changed in GHL", pair.patient)).in_ephysio(pair, Fact::Phone, &phone);
    Some((pair.patient, phone, edit))
}

fn name_and_phone_changed(clinic: &mut Clinic, pair: &Pair, morning: usize) -> Expectation {
    let (id, phone) = (pair.patient, people::new_phone(2 * morning + 1));
    let mut name = String::new();
    clinic.ephysio.practice().update(id, |patient| {
        // As after a wedding.
        patient.last_name.push_str("-Neukomm");
        name.clone_from(&patient.last_name);
    });
    clinic.ghl.front_desk().update(&pair.contact, json!({ "phone": phone }));
    Expectation::of(format!("the family name of patient {id} was changed in e-Physio, and the phone in GHL"))
        .in_ghl(pair, Fact::FamilyName, &name)
        .in_ephysio(pair, Fact::Phone, &phone)
}

fn email_cleared(clinic: &mut Clinic, pair: &Pair, _: usize) -> Expectation {
    clinic.ephysio.practice().update(pair.patient, |patient| patient.email.clear());
    Expectation::of(format!("the e-mail of patient {} was removed in e-Physio", pair.patient)).in_ghl(pair, Fact::Email, "")
}

fn contact_deleted(clinic: &mut Clinic, pair: &Pair, _: usize) -> Expectation {
    clinic.delete(&pair.contact);
    Expectation::of(format!("the contact of patient {} was deleted in GHL", pair.patient)).stays_deleted(pair)
}

fn patient_left(clinic: &mut Clinic, pair: &Pair, _: usize) -> Expectation {
    clinic.ephysio.practice().deactivate(pair.patient);
    Expectation::of(format!("patient {} left the practice", pair.patient))
}

/// An address that nobody has yet.
fn address(word: &str, pair: &Pair, morning: usize) -> String {
    format!("{word}.{morning}.{}@example.ch", pair.patient)
}

/// By patient. In the order in which a store has them, other people would be edited at every run.
fn in_order(pairs: &[Pair]) -> Vec<&Pair> {
    let mut pairs: Vec<&Pair> = pairs.iter().collect();
    pairs.sort_by_key(|pair| pair.patient);
    pairs
}

/// Somebody of whom both sides show the same, so that an edit can be followed. Nobody who shares a phone or an
/// e-mail: what becomes of it depends on the others then. And nobody twice: the first edit would be lost in the second.
fn is_plain(clinic: &Clinic, pair: &Pair) -> bool {
    if pair.retired || clinic.households.contains(&pair.patient) || clinic.edited.contains(&pair.patient) {
        return false;
    }
    let patient = clinic.ephysio.practice().patient(pair.patient).filter(Patient::is_active);
    let contact = clinic.ghl.front_desk().contact(&pair.contact);
    let schema = PersonSchema::default();
    patient.zip(contact).is_some_and(|(patient, contact)| {
        Fact::ALL.into_iter().all(|fact| {
            let [ours, theirs] =
                [fact.of_patient(&patient), fact.of_contact(&contact)].map(|value| schema.comparable(&fact.field(), value));
            !ours.is_empty() && ours == theirs
        })
    })
}

#[cfg(test)]
mod tests {
    use ephysio_emulator::NewPatient;

    use super::super::check::check;
    use super::super::clinic::Behaviour;
    use super::*;

    /// A clinic whose contacts are all those of its patients.
    fn clinic(patients: u64) -> (Clinic, Vec<Pair>) {
        let mut clinic = Clinic::build(0, 1, Behaviour::default());
        let mut pairs = Vec::new();
        for number in 0..patients {
            let person = people::patient(1, number);
            let patient = clinic.receive(&person);
            let NewPatient { first_name, last_name, email, phone, .. } = person.patient;
            let contact = json!({ "firstName": first_name, "lastName": last_name, "email": email, "phone": phone });
            pairs.push(Pair { patient, contact: clinic.ghl.front_desk().create(contact), retired: false });
        }
        (clinic, pairs)
    }

    #[test]
    fn a_morning_is_followed_edit_by_edit_and_tells_no_values() {
        let (mut clinic, pairs) = clinic(30);
        let edits = morning(&mut clinic, &pairs);
        assert_eq!(edits.len(), STEPS.len() + 1);
        for edit in &edits {
            assert!(!edit.what.contains(['@', '+']) && edit.what.contains("patient "), "{}", edit.what);
        }
        // No sync has run: what should have been carried over is missing, each piece once by itself.
        let lost = check(&clinic, &pairs, &[], &edits).lost;
        for edit in &edits[..5] {
            let told = lost.iter().filter(|found| found.starts_with(&edit.what)).count();
            assert_eq!(told, edit.arrivals.len(), "{}", edit.what);
        }
        assert!(lost.iter().any(|found| found.ends_with("nobody noticed")), "the contact that was deleted");
        assert!(lost.iter().any(|found| found.ends_with("nobody is asked why")), "the patient who came");
    }

    #[test]
    fn mornings_differ_and_repeat_with_the_clinic() {
        let two = || {
            let (mut clinic, pairs) = clinic(60);
            let edits: Vec<Expectation> = [morning(&mut clinic, &pairs), morning(&mut clinic, &pairs)].into_iter().flatten().collect();
            let told: Vec<String> = edits.iter().map(|edit| edit.what.clone()).collect();
            let values: Vec<String> = edits.into_iter().flat_map(|edit| edit.arrivals).map(|arrival| arrival.value).collect();
            (told, values)
        };
        let (told, values) = two();
        let distinct: std::collections::BTreeSet<&String> = values.iter().filter(|value| !value.is_empty()).collect();
        assert_eq!(distinct.len(), 2 * 6, "no value is given to two people");
        assert_eq!((told, values), two());
    }

    #[test]
    fn the_order_of_pairs_does_not_matter() {
        let told = |turn: fn(&mut [Pair])| {
            let (mut clinic, mut pairs) = clinic(30);
            turn(&mut pairs);
            let calm = one(&clinic, &pairs, 3);
            (calm, morning(&mut clinic, &pairs).into_iter().map(|edit| edit.what).collect::<Vec<_>>())
        };
        assert_eq!(told(|_| {}), told(<[Pair]>::reverse));
    }

    #[test]
    fn only_people_whose_edit_can_be_followed_are_edited() {
        let (mut clinic, mut pairs) = clinic(40);
        pairs.retain(|pair| is_plain(&clinic, pair));
        let [shares, edited, retired, left, differs, lacks, deleted, ..] = &mut pairs[..] else { panic!("enough people") };
        clinic.households.insert(shares.patient);
        clinic.edited.insert(edited.patient);
        retired.retired = true;
        clinic.ephysio.practice().deactivate(left.patient);
        clinic.ephysio.practice().update(differs.patient, |patient| patient.first_name.push('x'));
        clinic.ephysio.practice().update(lacks.patient, |patient| patient.email.clear());
        clinic.ghl.front_desk().update(&lacks.contact, json!({ "email": null }));
        clinic.delete(&deleted.contact);
        let plain: Vec<bool> = pairs.iter().take(8).map(|pair| is_plain(&clinic, pair)).collect();
        assert_eq!(plain, [false, false, false, false, false, false, false, true]);
    }

    #[test]
    fn small_clinics_and_small_edits() {
        let (mut empty, _) = clinic(0);
        assert_eq!((morning(&mut empty, &[]).len(), one(&empty, &[], 3)), (1, None));
        let (clinic, pairs) = clinic(40);
        let told: Vec<String> = (0..16).filter_map(|round| one(&clinic, &pairs, round)).collect();
        assert_eq!(told.len(), 16);
        assert!(told.iter().filter(|what| what.ends_with("GHL")).count() == 2, "{told:?}");
    }
}
