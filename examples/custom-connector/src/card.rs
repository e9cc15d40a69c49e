//! A person as a vCard.

use std::fmt::{self, Write};

use calcard::common::PartialDateTime;
use calcard::vcard::{VCardEntry, VCardParameter, VCardParameterName, VCardProperty, VCardValue, VCardValueType};
use calcard::{Entry, Parser};
use chrono::{DateTime, Datelike, Utc};
use sync_core::vocabulary::{date, person};
use sync_core::{Error, ErrorKind, Field, FieldName, Record, RecordId, Result, Token};

use crate::page::{Page, TOKEN, refused, unreadable};
use crate::sheet::{Property, Sheet};

/// Where each field is: a property, and which of its values. RFC 6350 numbers the parts of a name and of an address.
pub(crate) const PLACES: [(FieldName, VCardProperty, usize); 10] = [
    (person::FAMILY_NAME, VCardProperty::N, 0),
    (person::GIVEN_NAME, VCardProperty::N, 1),
    (person::SALUTATION, VCardProperty::N, 3),
    (person::EMAIL, VCardProperty::Email, 0),
    (person::PHONE, VCardProperty::Tel, 0),
    (person::BIRTH_DATE, VCardProperty::Bday, 0),
    (person::STREET, VCardProperty::Adr, 2),
    (person::CITY, VCardProperty::Adr, 3),
    (person::POSTAL_CODE, VCardProperty::Adr, 5),
    (person::COUNTRY, VCardProperty::Adr, 6),
];

/// A file with one vCard.
pub(crate) struct Card(Sheet<VCardEntry>);

/// A file with nobody in it yet.
pub(crate) fn blank(_id: &RecordId) -> String {
    "BEGIN:VCARD\r\nVERSION:4.0\r\nEND:VCARD\r\n".to_owned()
}

/// Reads a file.
///
/// # Errors
/// When it is not exactly one vCard.
pub(crate) fn open(text: &str) -> Result<Box<dyn Page>> {
    let mut parser = Parser::new(text);
    let (Entry::VCard(card), Entry::Eof) = (parser.entry(), parser.entry()) else {
        return Err(unreadable("the file is not one vCard"));
    };
    let sheet = Sheet::new(text, "VCARD", card.entries).filter(|sheet| sheet.first("VERSION").is_some());
    Ok(Box::new(Card(sheet.ok_or_else(|| unreadable("the vCard has lines that are no properties"))?)))
}

impl Property for VCardEntry {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn write(&self, mut out: &mut dyn Write) -> fmt::Result {
        self.write_to(&mut out, true)
    }
}

impl Card {
    fn get(&self, property: &VCardProperty, index: usize) -> String {
        self.0.first(property.as_str()).and_then(|entry| entry.values.get(index)).map(shown).unwrap_or_default()
    }

    fn set(&mut self, property: VCardProperty, index: usize, value: VCardValue) {
        self.0.edit(VCardEntry::new(property), |entry| {
            // What is written is plain text, or a date; a phone number need no longer be a URI.
            entry.params.retain(|param| !matches!(param.name, VCardParameterName::Value | VCardParameterName::Calscale));
            if matches!((&entry.name, &value), (VCardProperty::Bday, VCardValue::Text(_))) {
                entry.params.push(VCardParameter::value(VCardValueType::Text));
            }
            if entry.values.len() <= index {
                entry.values.resize(index + 1, VCardValue::Text(String::new()));
            }
            entry.values[index] = value;
        });
    }

    /// Removes what has become empty. One of several stays: else the next one would take its place.
    fn tidy(&mut self, property: &VCardProperty) {
        let name = property.as_str();
        let is_empty = self.0.first(name).is_some_and(|entry| entry.values.iter().all(|value| shown(value).is_empty()));
        if is_empty && self.0.count(name) == 1 {
            self.0.remove(name);
        }
    }

    fn whole_name(&self) -> String {
        let parts = [self.get(&VCardProperty::N, 1), self.get(&VCardProperty::N, 0)];
        parts.join(" ").trim().to_owned()
    }

    /// The name that people see follows the name, unless somebody chose another one.
    fn rename(&mut self, before: &str) {
        let (seen, now) = (self.get(&VCardProperty::Fn, 0), self.whole_name());
        if seen == before || seen.is_empty() {
            self.set(VCardProperty::Fn, 0, VCardValue::Text(now));
        }
    }
}

impl Page for Card {
    fn show(&self, record: &mut Record) {
        for (name, property, index) in PLACES {
            record.fields.set(name, Field::Value(&self.get(&property, index)));
        }
        record.token = self.0.first(TOKEN).and_then(|entry| entry.values.first()).and_then(|value| shown(value).parse().ok());
    }

    fn put(&mut self, name: &FieldName, value: Option<&str>) -> Result<()> {
        let place = PLACES.into_iter().find(|(known, ..)| known == name);
        let (_, property, index) = place.ok_or_else(|| refused(name, "a vCard has no place for this field"))?;
        let value = value.unwrap_or_default();
        if self.get(&property, index) == value {
            return Ok(());
        }
        let before = self.whole_name();
        let written = match date::parse(value) {
            Some(day) if property == VCardProperty::Bday => VCardValue::PartialDateTime(partial(day)),
            _ => VCardValue::Text(value.to_owned()),
        };
        self.set(property.clone(), index, written);
        self.tidy(&property);
        if property == VCardProperty::N {
            self.rename(&before);
        }
        Ok(())
    }

    fn carry(&mut self, token: Token) {
        self.set(VCardProperty::Other(TOKEN.to_owned()), 0, VCardValue::Text(token.to_string()));
    }

    fn refer(&mut self, _person: &RecordId) -> Result<()> {
        Err(Error::permanent(ErrorKind::Refused, "a person refers to nobody"))
    }

    fn stamp(&mut self, now: DateTime<Utc>) {
        self.set(VCardProperty::Rev, 0, VCardValue::PartialDateTime(PartialDateTime::from_utc_timestamp(now.timestamp())));
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A value in canonical format; empty text where there is none.
fn shown(value: &VCardValue) -> String {
    match value {
        VCardValue::PartialDateTime(date) => day(date),
        // Two first names may be two values.
        VCardValue::Component(parts) => parts.join(" "),
        value => value.as_text().map(|text| text.strip_prefix("tel:").unwrap_or(text)).unwrap_or_default().to_owned(),
    }
}

/// A birthday without its year, or a year alone, stays as it is written: nothing is invented.
fn day(date: &PartialDateTime) -> String {
    let mut text = String::new();
    match (date.year, date.month, date.day) {
        (Some(year), Some(month), Some(day)) => write!(text, "{year:04}-{month:02}-{day:02}"),
        _ => date.format_as_vcard(&mut text, &VCardValueType::Date),
    }
    .map_or_else(|_| String::new(), |()| text)
}

fn partial(day: chrono::NaiveDate) -> PartialDateTime {
    let narrow = |number: u32| u8::try_from(number).ok();
    PartialDateTime {
        year: u16::try_from(day.year()).ok(),
        month: narrow(day.month()),
        day: narrow(day.day()),
        ..PartialDateTime::default()
    }
}
