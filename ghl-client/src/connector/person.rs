//! A contact in the words of the vocabulary, and back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::Value;
use sync_core::vocabulary::person::{BIRTH_DATE, CITY, COUNTRY, EMAIL, FAMILY_NAME, GIVEN_NAME, KIND, PHONE, POSTAL_CODE, SEX, STREET};
use sync_core::vocabulary::phone::Region;
use sync_core::vocabulary::{date, email, phone, text};
use sync_core::{Draft, Field, FieldName, Fields, Presence, Record, RecordId, Result, Token};
use sync_http::{Change, Shown};

use super::refused;
use crate::{Contact, ContactPatch, CustomFieldWrite, NewContact};

/// Both directions of the mapping.
#[derive(Debug)]
pub(super) struct Lens {
    region: Region,
    custom: BTreeMap<FieldName, String>,
    token: Option<String>,
    source: Option<String>,
}

impl Lens {
    pub(super) fn new(region: Region, custom: BTreeMap<FieldName, String>, token: Option<String>, source: Option<String>) -> Self {
        Self { region, custom, token, source }
    }

    pub(super) fn token_field(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A contact of a search or a single read as a record. Both leave out what is empty.
    pub(super) fn record(&self, contact: &Contact) -> Record {
        let mut record = self.frame(contact);
        for (name, shown) in self.values(contact) {
            match shown {
                Shown::Absent | Shown::Empty => record.fields.set(name, Field::Empty),
                Shown::Value(value) => record.fields.set(name, Field::Value(&value)),
            }
        }
        record
    }

    /// The answer to a write as a record. Which fields such an answer leaves out is not documented, so what is
    /// absent is unknown, except for what was just emptied.
    pub(super) fn answered(&self, contact: &Contact, written: &Fields) -> Record {
        let mut record = self.frame(contact);
        for (name, shown) in self.values(contact) {
            match shown {
                Shown::Absent if written.get(&name) != Field::Empty => {}
                Shown::Absent => record.fields.set(name, Field::Empty),
                Shown::Empty => record.fields.set(name, Field::Empty),
                Shown::Value(value) => record.fields.set(name, Field::Value(&value)),
            }
        }
        record
    }

    fn frame(&self, contact: &Contact) -> Record {
        let mut record = Record::new(KIND, RecordId::new(contact.id.clone()));
        if contact.deleted == Shown::Value(true) {
            record.presence = Presence::Deleted;
        }
        record.marks = marks(contact);
        record.modified = contact.updated_at();
        record.token = self.token.as_deref().and_then(|id| contact.custom_field(id)?.as_str()?.trim().parse::<Token>().ok());
        record
    }

    /// What a contact shows, in canonical text. What cannot be read is left out: it is unknown.
    fn values(&self, contact: &Contact) -> Vec<(FieldName, Shown<String>)> {
        let plain = |shown: &Shown<String>| mapped(shown, text);
        let mut values = vec![
            (GIVEN_NAME, plain(&contact.first_name)),
            (FAMILY_NAME, plain(&contact.last_name)),
            (EMAIL, mapped(&contact.email, email::canonical)),
            (PHONE, mapped(&contact.phone, |value| phone::canonical(value, self.region))),
            (STREET, plain(&contact.address1)),
            (POSTAL_CODE, plain(&contact.postal_code)),
            (CITY, plain(&contact.city)),
            (COUNTRY, plain(&contact.country)),
        ];
        values.extend(born(&contact.date_of_birth).map(|born| (BIRTH_DATE, born)));
        values.extend(self.custom.iter().filter_map(|(name, id)| Some((name.clone(), custom_value(contact, id)?))));
        values
    }

    /// A draft in the form in which GHL takes a new contact.
    pub(super) fn new_contact(&self, draft: &Draft) -> Result<NewContact> {
        let value = |name: FieldName| draft.fields.get(&name).value().map(str::to_owned);
        let mut custom_fields = self.custom_writes(&draft.fields);
        custom_fields.retain(|write| write.value != "");
        custom_fields.extend(self.token.iter().map(|id| CustomFieldWrite { id: id.clone(), value: draft.token.to_string().into() }));
        Ok(NewContact {
            first_name: value(GIVEN_NAME),
            last_name: value(FAMILY_NAME),
            email: value(EMAIL),
            phone: value(PHONE),
            gender: value(SEX),
            address1: value(STREET),
            postal_code: value(POSTAL_CODE),
            city: value(CITY),
            country: value(COUNTRY),
            date_of_birth: draft.fields.get(&BIRTH_DATE).value().map(birth_date).transpose()?,
            source: self.source.clone(),
            custom_fields,
            ..NewContact::default()
        })
    }

    /// A patch in the form in which GHL takes changes.
    pub(super) fn contact_patch(&self, fields: &Fields) -> Result<ContactPatch> {
        let date_of_birth = match fields.get(&BIRTH_DATE) {
            Field::Unknown => Change::Keep,
            Field::Empty => Change::Clear,
            Field::Value(value) => Change::Set(birth_date(value)?),
        };
        Ok(ContactPatch {
            first_name: change(fields, &GIVEN_NAME),
            last_name: change(fields, &FAMILY_NAME),
            email: change(fields, &EMAIL),
            phone: change(fields, &PHONE),
            address1: change(fields, &STREET),
            postal_code: change(fields, &POSTAL_CODE),
            city: change(fields, &CITY),
            country: change(fields, &COUNTRY),
            date_of_birth,
            custom_fields: self.custom_writes(fields),
            ..ContactPatch::default()
        })
    }

    fn custom_writes(&self, fields: &Fields) -> Vec<CustomFieldWrite> {
        let write = |(name, field): (&FieldName, Field<&str>)| {
            // An empty text empties a custom field.
            Some(CustomFieldWrite { id: self.custom.get(name)?.clone(), value: field.value().unwrap_or_default().into() })
        };
        fields.iter().filter_map(write).collect()
    }
}

fn mapped(shown: &Shown<String>, canonical: impl Fn(&str) -> String) -> Shown<String> {
    match shown {
        Shown::Absent => Shown::Absent,
        Shown::Empty => Shown::Empty,
        Shown::Value(value) => Shown::Value(canonical(value)),
    }
}

/// A civil date: GHL shows it alone, or as midnight UTC of that day. Any other form has parts whose order nobody wrote
/// down, or a time that may belong to the day before.
fn born(shown: &Shown<String>) -> Option<Shown<String>> {
    let Shown::Value(text) = shown else { return Some(shown.clone()) };
    let year_first = text.trim().as_bytes().get(4) == Some(&b'-');
    let day = date::parse(text).filter(|_| year_first)?;
    Some(Shown::Value(date::iso(day)))
}

/// A custom field as text; `None` for a file, and whatever else is no text.
fn custom_value(contact: &Contact, id: &str) -> Option<Shown<String>> {
    match contact.custom_field(id) {
        None => Some(Shown::Absent),
        Some(Value::Null) => Some(Shown::Empty),
        Some(Value::Array(values)) => {
            let texts: Vec<String> = values.iter().map(scalar).collect::<Option<_>>()?;
            Some(Shown::Value(text(&texts.join(", "))))
        }
        Some(value) => Some(Shown::Value(text(&scalar(value)?))),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What scope rules look at.
fn marks(contact: &Contact) -> BTreeSet<Box<str>> {
    let tags = contact.tags.value().into_iter().flatten().map(|tag| format!("tag:{}", tag.trim().to_lowercase()));
    let kind = contact.contact_type.text().map(|kind| format!("type:{kind}"));
    let source = contact.source.text().map(|source| format!("source:{source}"));
    let dnd = (contact.dnd == Shown::Value(true)).then(|| "dnd".to_owned());
    tags.chain(kind).chain(source).chain(dnd).map(String::into_boxed_str).collect()
}

fn change(fields: &Fields, name: &FieldName) -> Change<String> {
    match fields.get(name) {
        Field::Unknown => Change::Keep,
        Field::Empty => Change::Clear,
        Field::Value(value) => Change::Set(value.to_owned()),
    }
}

fn birth_date(text: &str) -> Result<NaiveDate> {
    date::parse(text).ok_or_else(|| refused("GHL takes only dates here", &BIRTH_DATE))
}
