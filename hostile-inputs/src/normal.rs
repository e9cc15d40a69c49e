//! Values of people: any text.

use sync_core::FieldName;
use sync_core::Schema;
use sync_core::vocabulary::appointment::{self, AppointmentSchema};
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::vocabulary::phone::{self, Region};
use sync_core::vocabulary::{date, email, name, text};

use crate::assert_bounded;

/// Normalises a value in every way there is.
///
/// # Panics
/// When normalising twice is not the same as once, a value grows, or a day, an instant or a number is not read back.
pub fn normalisation(data: &[u8]) {
    let value = String::from_utf8_lossy(data);
    settles(&value, text);
    settles(&value, email::canonical);
    settles(&value, name::fold);
    settles(&value, date::canonical);
    for region in regions() {
        settles(&value, |value| phone::canonical(value, region));
        number(&value, region);
    }
    day(&value);
    instant(&value);
    compared(&value);
}

fn settles(value: &str, normal: impl Fn(&str) -> String) {
    let once = normal(value);
    assert_bounded(once.len(), value.len());
    assert_eq!(normal(&once), once, "of {value:?}");
}

fn regions() -> [Region; 3] {
    ["CH", "IT", "US"].map(|code| code.parse().expect("these are countries"))
}

fn number(value: &str, region: Region) {
    let Some(number) = phone::to_e164(value, region) else { return };
    assert_eq!(phone::to_e164(&number, region), Some(number.clone()), "of {value:?}");
    assert_eq!(phone::canonical(value, region), number);
    let digits = number.strip_prefix('+').expect("E.164 begins with a plus");
    assert!(digits.len() <= 17 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{number} of {value:?}");
}

fn day(value: &str) {
    let Some(day) = date::parse(value) else { return };
    assert_eq!(date::parse(&date::iso(day)), Some(day), "of {value:?}");
    assert_eq!(date::parse(&date::day_first(day)), Some(day), "of {value:?}");
}

fn instant(value: &str) {
    let Some(instant) = appointment::parse(value) else { return };
    assert_eq!(appointment::parse(&appointment::instant(instant)), Some(instant), "of {value:?}");
}

/// As every field of both kinds: what compares equal to a value compares equal to itself.
fn compared(value: &str) {
    let people = PersonSchema::default();
    let of_people =
        [person::GIVEN_NAME, person::FAMILY_NAME, person::EMAIL, person::PHONE, person::BIRTH_DATE, person::SEX, person::STREET];
    of_people.iter().chain([&person::custom("colour")]).for_each(|field| comparable(&people, field, value));
    let of_appointments = [appointment::START, appointment::END, appointment::STATUS, appointment::PRACTITIONER, appointment::SERVICE];
    of_appointments.iter().for_each(|field| comparable(&AppointmentSchema, field, value));
}

fn comparable(schema: &dyn Schema, field: &FieldName, value: &str) {
    settles(value, |value| schema.comparable(field, value));
}
