//! A contact as GHL keeps it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

/// A contact. Empty values are `None`; the clinic cannot tell an empty text from a missing one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contact {
    /// The id that GHL gave.
    pub id: String,
    /// First name, as typed.
    pub first_name: Option<String>,
    /// Last name, as typed.
    pub last_name: Option<String>,
    /// E-mail address in lower case, which is how GHL shows and matches it.
    pub email: Option<String>,
    /// Phone number, in E.164 where it could be read.
    pub phone: Option<String>,
    /// Street and number.
    pub address1: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or canton.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Web site.
    pub website: Option<String>,
    /// IANA time zone.
    pub timezone: Option<String>,
    /// Company.
    pub company_name: Option<String>,
    /// Where the contact came from.
    pub source: Option<String>,
    /// The user the contact is assigned to.
    pub assigned_to: Option<String>,
    /// Gender: set at creation, never shown by the API, not changeable through it.
    pub gender: Option<String>,
    /// Date of birth.
    pub date_of_birth: Option<NaiveDate>,
    /// Tags in the order they were added.
    pub tags: Vec<String>,
    /// Values of custom fields by the id of the field.
    pub custom_fields: BTreeMap<String, Value>,
    /// Do not disturb, over all channels.
    pub dnd: bool,
    /// Do not disturb by channel, keyed as before version v3 (`SMS`, `Email`, ...).
    pub dnd_settings: BTreeMap<String, Value>,
    /// When it was created.
    pub date_added: DateTime<Utc>,
    /// When it last changed.
    pub date_updated: DateTime<Utc>,
}

/// The texts of a contact that are set and cleared alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Text {
    FirstName,
    LastName,
    Email,
    Phone,
    Address1,
    City,
    State,
    PostalCode,
    Country,
    Website,
    Timezone,
    CompanyName,
    Source,
    AssignedTo,
    Gender,
}

impl Text {
    pub(crate) const ALL: [Self; 15] = [
        Self::FirstName,
        Self::LastName,
        Self::Email,
        Self::Phone,
        Self::Address1,
        Self::City,
        Self::State,
        Self::PostalCode,
        Self::Country,
        Self::Website,
        Self::Timezone,
        Self::CompanyName,
        Self::Source,
        Self::AssignedTo,
        Self::Gender,
    ];

    /// The property of the API.
    pub(crate) fn property(self) -> &'static str {
        match self {
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address1 => "address1",
            Self::City => "city",
            Self::State => "state",
            Self::PostalCode => "postalCode",
            Self::Country => "country",
            Self::Website => "website",
            Self::Timezone => "timezone",
            Self::CompanyName => "companyName",
            Self::Source => "source",
            Self::AssignedTo => "assignedTo",
            Self::Gender => "gender",
        }
    }

    pub(crate) fn of_property(property: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|text| text.property() == property)
    }
}

/// What a request or a person wants changed; what is not named stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patch {
    pub(crate) texts: BTreeMap<Text, Option<String>>,
    pub(crate) date_of_birth: Option<Option<NaiveDate>>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) custom_fields: BTreeMap<String, Option<Value>>,
    pub(crate) dnd: Option<bool>,
    pub(crate) dnd_settings: BTreeMap<String, Value>,
}

impl Patch {
    /// The value that `text` would get.
    pub(crate) fn text(&self, text: Text) -> Option<&str> {
        self.texts.get(&text)?.as_deref()
    }
}

impl Contact {
    /// First and last name with a space between, as far as they exist.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let names = [&self.first_name, &self.last_name];
        let present: Vec<&str> = names.into_iter().filter_map(Option::as_deref).collect();
        (!present.is_empty()).then(|| present.join(" "))
    }

    pub(crate) fn text(&self, text: Text) -> Option<&str> {
        match text {
            Text::FirstName => &self.first_name,
            Text::LastName => &self.last_name,
            Text::Email => &self.email,
            Text::Phone => &self.phone,
            Text::Address1 => &self.address1,
            Text::City => &self.city,
            Text::State => &self.state,
            Text::PostalCode => &self.postal_code,
            Text::Country => &self.country,
            Text::Website => &self.website,
            Text::Timezone => &self.timezone,
            Text::CompanyName => &self.company_name,
            Text::Source => &self.source,
            Text::AssignedTo => &self.assigned_to,
            Text::Gender => &self.gender,
        }
        .as_deref()
    }

    fn text_mut(&mut self, text: Text) -> &mut Option<String> {
        match text {
            Text::FirstName => &mut self.first_name,
            Text::LastName => &mut self.last_name,
            Text::Email => &mut self.email,
            Text::Phone => &mut self.phone,
            Text::Address1 => &mut self.address1,
            Text::City => &mut self.city,
            Text::State => &mut self.state,
            Text::PostalCode => &mut self.postal_code,
            Text::Country => &mut self.country,
            Text::Website => &mut self.website,
            Text::Timezone => &mut self.timezone,
            Text::CompanyName => &mut self.company_name,
            Text::Source => &mut self.source,
            Text::AssignedTo => &mut self.assigned_to,
            Text::Gender => &mut self.gender,
        }
    }

    pub(crate) fn apply(&mut self, patch: &Patch) {
        for (text, value) in &patch.texts {
            self.text_mut(*text).clone_from(value);
        }
        if let Some(date) = patch.date_of_birth {
            self.date_of_birth = date;
        }
        if let Some(tags) = &patch.tags {
            self.tags.clear();
            self.add_tags(tags);
        }
        for (id, value) in &patch.custom_fields {
            match value {
                Some(value) => self.custom_fields.insert(id.clone(), value.clone()),
                None => self.custom_fields.remove(id),
            };
        }
        if let Some(dnd) = patch.dnd {
            self.dnd = dnd;
        }
        self.dnd_settings.extend(patch.dnd_settings.clone());
    }

    pub(crate) fn add_tags(&mut self, tags: &[String]) {
        for tag in tags {
            if !self.tags.contains(tag) {
                self.tags.push(tag.clone());
            }
        }
    }

    /// Takes over what `loser` has and this contact lacks, as GHL's merge does.
    pub(crate) fn absorb(&mut self, loser: &Self) {
        for text in Text::ALL {
            if self.text(text).is_none() {
                *self.text_mut(text) = loser.text(text).map(str::to_owned);
            }
        }
        self.date_of_birth = self.date_of_birth.or(loser.date_of_birth);
        self.add_tags(&loser.tags);
        for (id, value) in &loser.custom_fields {
            self.custom_fields.entry(id.clone()).or_insert_with(|| value.clone());
        }
    }
}
