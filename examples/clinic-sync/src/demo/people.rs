//! Invented people, the same for the same seed.
//!
//! Everybody is drawn by number, without looking at anybody else: what must be unique (phone, e-mail) follows from
//! the number, what may repeat (names, streets, birth dates) from the seed as well.

use chrono::NaiveDate;
use ephysio_emulator::{NewPatient, Sex};
use serde_json::{Value, json};
use sync_core::vocabulary::name;

/// A part of the country: its names, its streets, its towns, and how its fixed-line numbers begin.
struct Region {
    language: &'static str,
    women: [&'static str; 8],
    men: [&'static str; 8],
    families: [&'static str; 12],
    streets: [&'static str; 4],
    towns: [(&'static str, &'static str); 4],
    area: &'static str,
}

const GERMAN: Region = Region {
    language: "de",
    women: ["Anna", "Käthi", "Zoë", "Jana", "Noëmi", "Vreni", "Anna-Lena", "Bärbel"],
    men: ["Jürg", "Björn", "Hans-Peter", "Köbi", "Özgür", "Noah", "Beat", "Urs"],
    families: [
        "Müller",
        "Brönnimann",
        "von Allmen",
        "Schäfer",
        "Küng-Moser",
        "Zgraggen",
        "Lüthi",
        "Grünenfelder",
        "Hölzle",
        "Đorđević",
        "O'Neill",
        "Keller",
    ],
    streets: ["Bahnhofstrasse", "Mühleweg", "Obere Gasse", "Im Grüt"],
    towns: [("8001", "Zürich"), ("3011", "Bern"), ("4051", "Basel"), ("9000", "St. Gallen")],
    area: "44",
};

const FRENCH: Region = Region {
    language: "fr",
    women: ["Séverine", "Élodie", "Zoé", "Anaïs", "Marie-Claude", "Maëlle", "Hélène", "Léa"],
    men: ["François", "Loïc", "Jean-Pierre", "Noé", "Gaël", "Aurèle", "Benoît", "Luc"],
    families: [
        "Favre",
        "De La Harpe",
        "Rochat",
        "Bétrisey",
        "Cuénoud",
        "Genêt",
        "Maître",
        "Reymond",
        "Crettaz-Dubuis",
        "L'Eplattenier",
        "Août",
        "Guex",
    ],
    streets: ["Rue du Lac", "Chemin des Vignes", "Avenue de la Gare", "Route du Château"],
    towns: [("1204", "Genève"), ("1003", "Lausanne"), ("1950", "Sion"), ("2000", "Neuchâtel")],
    area: "22",
};

const ITALIAN: Region = Region {
    language: "it",
    women: ["Chiara", "Maria Luisa", "Beatrice", "Nicoletta", "Giulia", "Alessia", "Mirò", "Ilaria"],
    men: ["Luca", "Matteo", "Niccolò", "Gian Carlo", "Davide", "Elia", "Raffaele", "Tazio"],
    families: [
        "Bernasconi",
        "Rossi",
        "De' Medici",
        "Cattò",
        "Pedrazzini",
        "Foletti",
        "Della Pietra",
        "Ghiringhelli",
        "Nicoli",
        "Soldà",
        "Bianchi-Pini",
        "Cereghetti",
    ],
    streets: ["Via Nassa", "Via alla Stazione", "Piazza Grande", "Salita ai Ronchi"],
    towns: [("6900", "Lugano"), ("6600", "Locarno"), ("6500", "Bellinzona"), ("6850", "Mendrisio")],
    area: "91",
};

const ROMANSH: Region = Region {
    language: "rm",
    women: ["Ursina", "Ladina", "Seraina", "Flurina", "Madlaina", "Aita", "Braida", "Mengia"],
    men: ["Gian-Andrea", "Reto", "Flurin", "Curdin", "Andri", "Gion", "Duri", "Not"],
    families: [
        "Caduff",
        "Cavelty",
        "Bezzola",
        "Derungs",
        "Planta-Vital",
        "Camenisch",
        "À Porta",
        "Tuor",
        "Grischott",
        "Candrian",
        "Sialm",
        "Lechthaler",
    ],
    streets: ["Via Principala", "Stradun", "Via da Scoula", "Plaz"],
    towns: [("7000", "Chur"), ("7130", "Ilanz"), ("7550", "Scuol"), ("7500", "St. Moritz")],
    area: "81",
};

/// As often as they are met.
const COUNTRY: [&Region; 8] = [&GERMAN, &FRENCH, &GERMAN, &ITALIAN, &GERMAN, &FRENCH, &ROMANSH, &GERMAN];

/// Numbers of people who are no patients from the start, out of reach of those who are.
const NEWCOMERS: u64 = 6_000_000;

/// A person, as e-Physio would be told.
#[derive(Clone)]
pub(super) struct Person {
    number: u64,
    pub(super) patient: NewPatient,
}

/// The `number`th patient of a clinic.
pub(super) fn patient(seed: u64, number: u64) -> Person {
    let mut chance = Chance::of(seed, number);
    let region = chance.one_of(&COUNTRY);
    let female = chance.below(2) == 0;
    let given = chance.one_of(if female { &region.women } else { &region.men });
    let family = chance.family(region);
    let (zip, city) = chance.one_of(&region.towns);
    let patient = NewPatient {
        first_name: given.to_owned(),
        salutation: if female { "Frau" } else { "Herr" }.to_owned(),
        street: format!("{} {}", chance.one_of(&region.streets), 1 + chance.below(90)),
        zip: zip.to_owned(),
        city: city.to_owned(),
        birth_date: NaiveDate::from_num_days_from_ce_opt(707_000 + i32::try_from(chance.below(28_000)).unwrap_or_default()),
        sex: Some(if female { Sex::Female } else { Sex::Male }),
        phone: phone(number, region.area, chance.below(8)),
        email: chance.email(number, given, &family),
        has_email_consent: chance.below(4) > 0,
        language: region.language.to_owned(),
        last_name: family,
        ..NewPatient::default()
    };
    Person { number, patient }
}

/// A phone number that nobody else has, written as people write.
fn phone(number: u64, area: &str, habit: usize) -> String {
    let digits = format!("{:07}", local(number));
    let (a, b, c) = (&digits[..3], &digits[3..5], &digits[5..]);
    match habit {
        0 => format!("0041 79 {a} {b} {c}"),
        1 => format!("+41 (0)79 {a} {b} {c}"),
        2 => format!("0{area}/{a} {b} {c}"),
        3 => format!("+41 {area} {a} {b} {c}"),
        4 => format!("078/{a}.{b}.{c}"),
        5 => format!("+4176{digits}"),
        _ => format!("079 {a} {b} {c}"),
    }
}

/// The last seven digits of somebody's number. Steps of 13 through 7,000,000 come back only after all of them.
fn local(number: u64) -> u64 {
    2_100_000 + number * 13 % 7_000_000
}

/// A mobile number that none of the people here has: one of 800,000, counted.
pub(super) fn new_phone(count: usize) -> String {
    format!("+4179{:07}", 9_100_000 + count % 800_000)
}

/// Some family name.
pub(super) fn family(count: usize) -> String {
    Chance::of(0, count as u64).family(&ROMANSH)
}

impl Person {
    /// Someone who lives with `other`: same family name, same home, same phone, perhaps the same e-mail.
    pub(super) fn living_with(mut self, other: &Self, same_email: bool) -> Self {
        let (mine, theirs) = (&mut self.patient, &other.patient);
        mine.last_name.clone_from(&theirs.last_name);
        mine.street.clone_from(&theirs.street);
        mine.zip.clone_from(&theirs.zip);
        mine.city.clone_from(&theirs.city);
        mine.phone.clone_from(&theirs.phone);
        if name::fold(&mine.first_name) == name::fold(&theirs.first_name) {
            mine.first_name = format!("Rose-{}", mine.first_name);
        }
        if same_email {
            mine.email.clone_from(&theirs.email);
        }
        self
    }

    /// The twin of `other`: nothing but the given name and the e-mail tells them apart.
    pub(super) fn twin_of(self, other: &Self) -> Self {
        let mut twin = self.living_with(other, false);
        twin.patient.birth_date = other.patient.birth_date;
        twin
    }

    /// With a remark in the phone field: 22 characters, and no number to any machine.
    pub(super) fn reachable_in_the_evening(mut self) -> Self {
        self.patient.phone = format!("{} (abends)", phone(self.number, "", usize::MAX));
        self
    }

    /// With a phone in Italy.
    pub(super) fn living_abroad(mut self) -> Self {
        self.patient.phone = format!("+39 06 {}", 60_000_000 + self.number % 9_000_000);
        self
    }

    /// The contact that this person already is in GHL, as somebody typed it there.
    pub(super) fn contact(&self) -> Value {
        let patient = &self.patient;
        let mut contact = json!({
            "firstName": patient.first_name,
            "lastName": patient.last_name,
            "email": patient.email,
            "phone": patient.phone,
            "tags": ["newsletter"],
            "source": "website",
        });
        match self.number / 7 % 5 {
            0 => contact["lastName"] = without_umlauts(&patient.last_name).into(),
            1 => contact["lastName"] = patient.last_name.to_uppercase().into(),
            // No phone: recognised by e-mail, name and birth date.
            2 => {
                contact["phone"] = Value::Null;
                contact["dateOfBirth"] = patient.birth_date.map(|date| date.to_string()).into();
            }
            _ => {}
        }
        contact
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

fn without_umlauts(text: &str) -> String {
    text.replace('ü', "ue").replace('ö', "oe").replace('ä', "ae")
}

/// A contact that is no patient.
pub(super) fn lead(seed: u64, number: u64) -> Value {
    const TAGS: [&[&str]; 3] = [&["lead"], &["newsletter"], &["lead", "newsletter"]];
    // Drawn apart from the patients, who have the same numbers.
    let mut chance = Chance::of(!seed, number);
    let region = chance.one_of(&COUNTRY);
    json!({
        "firstName": chance.one_of(&region.women),
        "lastName": chance.family(region),
        "email": format!("lead.{number}@example.com"),
        "tags": chance.one_of(&TAGS),
        "source": "landing page",
    })
}

/// A contact that should become a patient. GHL never shows a gender, so something is always missing; of every
/// other one it is birth date and address too.
pub(super) fn newcomer(seed: u64, number: u64) -> Value {
    let patient = patient(seed, NEWCOMERS + number).patient;
    let mut contact = json!({
        "firstName": patient.first_name,
        "lastName": patient.last_name,
        "email": format!("neu.{number}@example.com"),
        "phone": patient.phone,
        "tags": ["patient"],
        "source": "front desk",
    });
    if number.is_multiple_of(2) {
        contact["dateOfBirth"] = patient.birth_date.map(|date| date.to_string()).into();
        contact["address1"] = patient.street.into();
        contact["postalCode"] = patient.zip.into();
        contact["city"] = patient.city.into();
    }
    contact
}

/// A small generator: the same seed, the same people.
struct Chance(u64);

impl Chance {
    /// For one person.
    fn of(seed: u64, number: u64) -> Self {
        let mut chance = Self(seed);
        Self(chance.next() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// One step of SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or_default()
    }

    fn one_of<T: Copy, const N: usize>(&mut self, choices: &[T; N]) -> T {
        choices[self.below(N)]
    }

    /// One in eight has two.
    fn family(&mut self, region: &Region) -> String {
        let name = self.one_of(&region.families);
        let second = self.one_of(&region.families);
        if self.below(8) == 0 && name != second { format!("{name}-{second}") } else { name.to_owned() }
    }

    /// An address of its own for six in seven, typed in capitals by some.
    fn email(&mut self, number: u64, given: &str, family: &str) -> String {
        let word = |text: &str| name::fold(text).replace(' ', "");
        let address = format!("{}.{}.{number}@example.{}", word(given), word(family), self.one_of(&["ch", "com"]));
        match self.below(14) {
            0 | 1 => String::new(),
            2 => address.to_uppercase(),
            3 => address.replace("@example", "@Example"),
            _ => address,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sync_core::vocabulary::email;
    use sync_core::vocabulary::phone::{Region as Country, to_e164};

    use super::*;

    #[test]
    fn nobody_shares_a_phone_or_an_email_by_accident() {
        let (mut phones, mut emails) = (BTreeSet::new(), BTreeSet::new());
        for number in (0..3000).chain(49_000..50_000).chain([NEWCOMERS, NEWCOMERS + 1, 6_900_000]) {
            let patient = patient(1, number).patient;
            let e164 = to_e164(&patient.phone, Country::CH).unwrap_or_else(|| panic!("{} is valid", patient.phone));
            assert!(phones.insert(e164), "{}", patient.phone);
            let address = email::canonical(&patient.email);
            assert!(address.is_empty() || email::is_plausible(&address) && emails.insert(address), "{}", patient.email);
        }
        for count in [0, 1, 2, 400_000, 400_001, 799_999] {
            assert!(to_e164(&new_phone(count), Country::CH).is_some_and(|phone| phones.insert(phone)), "{count}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_people_and_another_one_others() {
        assert_eq!(patient(7, 12).patient, patient(7, 12).patient);
        let names = |seed| (0..20).map(|number| patient(seed, number).patient.last_name).collect::<Vec<_>>();
        assert_ne!(names(7), names(8));
    }

    #[test]
    fn six_in_seven_have_an_email_and_all_formats_of_phones_occur() {
        let patients: Vec<NewPatient> = (0..1400).map(|number| patient(1, number).patient).collect();
        let with_email = patients.iter().filter(|patient| !patient.email.is_empty()).count();
        assert!((1150..1250).contains(&with_email), "{with_email}");
        for start in ["0041 79 ", "+41 (0)79 ", "044/", "022/", "091/", "081/", "078/", "+4176", "079 "] {
            assert!(patients.iter().any(|patient| patient.phone.starts_with(start)), "{start}");
        }
        assert!(patients.iter().any(|patient| patient.email.contains('P')), "some type in capitals");
    }

    #[test]
    fn odd_phones_are_as_odd_as_they_should_be() {
        let remark = patient(1, 10).reachable_in_the_evening().patient.phone;
        assert_eq!((remark.chars().count(), to_e164(&remark, Country::CH)), (22, None));
        let abroad = patient(1, 11).living_abroad().patient.phone;
        assert_eq!(to_e164(&abroad, Country::CH).map(|phone| phone.starts_with("+3906")), Some(true));
    }
}
