//! Invented patients and events.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::chance::mix;
use crate::{NewEvent, NewPatient, Sex};

const WOMEN: [&str; 8] = ["Anna", "Zoé", "Chiara", "Léa", "Noemi", "Ursina", "Käthi", "Maria Luisa"];
const MEN: [&str; 8] = ["Beat", "Jürg", "Luca", "Noé", "Reto", "Urs", "Jean-Pierre", "Matteo"];
const LAST: [&str; 12] =
    ["Müller", "Meier", "Keller", "Bühler", "Rossi", "von Allmen", "Favre", "Zürcher", "Bernasconi", "O'Connor", "Caduff", "Meier-Frei"];
const STREETS: [&str; 6] = ["Bahnhofstrasse", "Dorfplatz", "Rue du Lac", "Via Stazione", "Im Grüt", "Seestrasse"];
const TOWNS: [(&str, &str); 6] =
    [("8001", "Zürich"), ("3011", "Bern"), ("1003", "Lausanne"), ("6900", "Lugano"), ("7000", "Chur"), ("9000", "St. Gallen")];
const INSURERS: [&str; 4] = ["Kasse Nord", "Kasse Süd", "Caisse Ouest", "Cassa Est"];

impl NewPatient {
    /// The invented patient of this number, the same one for the same seed.
    #[must_use]
    pub fn synthetic(seed: u64, number: u64) -> Self {
        let mut draw = Draw(mix(seed ^ mix(number)));
        let sex = if draw.below(2) == 0 { Sex::Female } else { Sex::Male };
        let (firsts, salutation) = match sex {
            Sex::Female => (&WOMEN, "Frau"),
            Sex::Male => (&MEN, "Herr"),
        };
        let (zip, city) = draw.one_of(&TOWNS);
        // One in eight shares a household's phone and address of e-mail with the one before.
        let household = if draw.below(8) == 0 { number.saturating_sub(1) } else { number };
        Self {
            first_name: draw.one_of(firsts).to_owned(),
            last_name: draw.one_of(&LAST).to_owned(),
            salutation: salutation.to_owned(),
            street: format!("{} {}", draw.one_of(&STREETS), 1 + draw.below(120)),
            zip: zip.to_owned(),
            city: city.to_owned(),
            birth_date: birth_date(draw.below(30_000)),
            sex: Some(sex),
            phone: draw.mostly(phone(household, draw.0)),
            email: draw.mostly(format!("haushalt{household}@example.ch")),
            has_email_consent: draw.below(2) == 0,
            insurer: draw.one_of(&INSURERS).to_owned(),
            ..Self::default()
        }
    }
}

/// Slots of half an hour in a day's calendar column.
const SLOTS: u64 = 20;
const THERAPISTS: [i64; 3] = [5_778, 5_779, 5_781];

impl NewEvent {
    /// The invented event of this number, of one of `patients` or of nobody; the same one for the same seed. A day, counted from
    /// that of `from`, holds sixty of them.
    #[must_use]
    pub fn synthetic(seed: u64, number: u64, from: DateTime<Utc>, patients: &[u64]) -> Self {
        let mut draw = Draw(mix(seed ^ mix(!number)));
        let therapists = THERAPISTS.len() as u64;
        let (day, place) = (number / (SLOTS * therapists), number % (SLOTS * therapists));
        let is_break = draw.below(10) == 0 || patients.is_empty();
        let minutes = day * 24 * 60 + 6 * 60 + place / therapists * 30;
        let midnight = from.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        let start = i64::try_from(minutes).ok().and_then(|minutes| midnight.checked_add_signed(TimeDelta::minutes(minutes)));
        let patient = (!is_break).then(|| patients[(draw.below(patients.len() as u64)) as usize]);
        Self { patient_id: patient, client_id: THERAPISTS[(place % therapists) as usize], ..Self::at(start.unwrap_or(from)) }
    }
}

fn birth_date(days: u64) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(1930, 1, 1)?.checked_add_days(Days::new(days))
}

// The same number in the forms that people type.
fn phone(household: u64, form: u64) -> String {
    let number = format!("79{:07}", household % 10_000_000);
    let (net, a, b, c) = (&number[..2], &number[2..5], &number[5..7], &number[7..]);
    match form % 3 {
        0 => format!("0{net} {a} {b} {c}"),
        1 => format!("+41{number}"),
        _ => format!("0041 {net} {a}{b}{c}"),
    }
}

struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = mix(self.0);
        self.0 % bound
    }

    fn one_of<T: Copy, const N: usize>(&mut self, choices: &[T; N]) -> T {
        // The remainder is smaller than the array, whose length is a usize.
        choices[self.below(N as u64) as usize]
    }

    /// The text nine times out of ten, otherwise a blank.
    fn mostly(&mut self, text: String) -> String {
        if self.below(10) == 0 { String::new() } else { text }
    }
}
