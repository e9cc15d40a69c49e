//! Invented people, the same for the same seed.

use chrono::NaiveDate;
use ephysio_emulator::{NewPatient, Sex};
use serde_json::{Value, json};

const WOMEN: [&str; 12] =
    ["Anna", "Zoë", "Chiara", "Séverine", "Ursina", "Noëmi", "Maria Luisa", "Élodie", "Käthi", "Ladina", "Beatrice", "Jana"];
const MEN: [&str; 12] =
    ["Jürg", "Luca", "François", "Gian-Andrea", "Björn", "Matteo", "Hans-Peter", "Loïc", "Köbi", "Reto", "Özgür", "Noah"];
const FAMILIES: [&str; 16] = [
    "Müller",
    "Brönnimann",
    "Bernasconi",
    "Favre",
    "Caduff",
    "von Allmen",
    "Schäfer",
    "De La Harpe",
    "Küng-Moser",
    "Rossi",
    "Zgraggen",
    "Đorđević",
    "Lüthi",
    "O'Neill",
    "Grünenfelder",
    "Hölzle",
];
const TOWNS: [(&str, &str); 8] = [
    ("8001", "Zürich"),
    ("3011", "Bern"),
    ("1204", "Genève"),
    ("6900", "Lugano"),
    ("7000", "Chur"),
    ("4051", "Basel"),
    ("1950", "Sion"),
    ("9000", "St. Gallen"),
];
const STREETS: [&str; 6] = ["Bahnhofstrasse", "Rue du Lac", "Via Nassa", "Obere Gasse", "Chemin des Vignes", "Mühleweg"];

/// A person, as e-Physio would be told.
#[derive(Clone)]
pub(super) struct Person {
    number: u64,
    pub(super) patient: NewPatient,
}

/// The `number`th patient of a clinic.
pub(super) fn patient(seed: u64, number: u64) -> Person {
    let mut chance = Chance(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let female = chance.below(2) == 0;
    let first = if female { WOMEN } else { MEN }[chance.below(12)];
    let family = FAMILIES[chance.below(FAMILIES.len())];
    let (zip, city) = TOWNS[chance.below(TOWNS.len())];
    let birth_date = NaiveDate::from_num_days_from_ce_opt(710_000 + i32::try_from(chance.below(20_000)).unwrap_or_default());
    let patient = NewPatient {
        first_name: first.to_owned(),
        last_name: family.to_owned(),
        salutation: if female { "Frau" } else { "Herr" }.to_owned(),
        street: format!("{} {}", STREETS[chance.below(STREETS.len())], 1 + chance.below(90)),
        zip: zip.to_owned(),
        city: city.to_owned(),
        birth_date,
        sex: Some(if female { Sex::Female } else { Sex::Male }),
        phone: phone(number, chance.below(5)),
        email: email(number, chance.below(7)),
        has_email_consent: chance.below(4) > 0,
        language: "de".to_owned(),
        ..NewPatient::default()
    };
    Person { number, patient }
}

/// A Swiss mobile number of its own for everybody, written as people write.
fn phone(number: u64, habit: usize) -> String {
    let digits = format!("{:07}", 2_100_000 + number * 13 % 7_000_000);
    let (a, b, c) = (&digits[..3], &digits[3..5], &digits[5..]);
    match habit {
        0 => format!("079 {a} {b} {c}"),
        1 => format!("0041 79 {a} {b} {c}"),
        2 => format!("+41 (0)79 {a} {b} {c}"),
        3 => format!("079/{a}.{b}.{c}"),
        _ => format!("+4179{a}{b}{c}"),
    }
}

fn email(number: u64, habit: usize) -> String {
    match habit {
        0 => String::new(),
        1 => format!("Patient.{number}@Example.CH"),
        _ => format!("patient.{number}@example.ch"),
    }
}

impl Person {
    /// Someone who lives with `other`: same family name, same phone, perhaps the same e-mail.
    pub(super) fn living_with(mut self, other: &Self, same_email: bool) -> Self {
        self.patient.last_name.clone_from(&other.patient.last_name);
        self.patient.phone.clone_from(&other.patient.phone);
        if self.patient.first_name == other.patient.first_name {
            self.patient.first_name = format!("{}-Rose", self.patient.first_name);
        }
        if same_email {
            self.patient.email.clone_from(&other.patient.email);
        }
        self
    }

    /// The twin of `other`.
    pub(super) fn twin_of(self, other: &Self) -> Self {
        let mut twin = self.living_with(other, true);
        twin.patient.birth_date = other.patient.birth_date;
        twin
    }

    /// The contact that this person already is in GHL: spelt a little differently.
    pub(super) fn contact(&self) -> Value {
        let plain = self.patient.last_name.replace('ü', "ue").replace('ö', "oe").replace('ä', "ae");
        json!({
            "firstName": self.patient.first_name,
            "lastName": plain,
            "email": self.patient.email,
            "phone": self.patient.phone,
            "tags": ["newsletter"],
            "source": "website",
        })
    }

    /// Whether it can be found in the other system by two identifiers.
    pub(super) fn is_known_by_two(&self) -> bool {
        !self.patient.email.is_empty() && !self.patient.phone.is_empty()
    }

    /// Its number in the clinic.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// A contact that is no patient.
pub(super) fn lead(number: u64) -> Value {
    json!({
        "firstName": WOMEN[usize::try_from(number).unwrap_or_default() % WOMEN.len()],
        "lastName": "Interessiert",
        "email": format!("lead.{number}@example.com"),
        "tags": ["lead"],
        "source": "landing page",
    })
}

/// A contact that should become a patient. GHL never shows a gender, so something is always missing.
pub(super) fn newcomer(number: u64) -> Value {
    json!({
        "firstName": MEN[usize::try_from(number).unwrap_or_default() % MEN.len()],
        "lastName": "Neuzugang",
        "email": format!("neu.{number}@example.com"),
        "dateOfBirth": "1988-02-29",
        "address1": "Mühleweg 7",
        "postalCode": "3011",
        "city": "Bern",
        "tags": ["patient"],
        "source": "front desk",
    })
}

/// A small generator: the same seed, the same people.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound.max(1) as u64).unwrap_or_default()
    }
}
