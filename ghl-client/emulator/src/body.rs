//! Reads the body of a contact write, as strictly as GHL does.
//!
//! GHL refuses what its schema does not name or types differently, with 422 and all complaints at
//! once: <https://github.com/GoHighLevel/highlevel-api-docs/issues/313>.

use serde_json::{Map, Value};

use crate::birth_date;
use crate::contact::{Patch, Text};
use crate::fields::CustomFields;
use crate::phone;
use crate::view::{CHANNELS, Version};

/// Which write it is; they differ in what they declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Create,
    Upsert,
    Update,
    /// A person in the user interface, who may do everything.
    FrontDesk,
}

impl Write {
    fn declares(self, property: &str) -> bool {
        match property {
            "createNewIfDuplicateAllowed" => self == Self::Upsert,
            // The API cannot change a gender, and says so: "property gender should not exist".
            "locationId" | "gender" | "companyName" => self != Self::Update,
            _ => true,
        }
    }

    /// Whether the schema calls this text nullable.
    fn nullable(self, text: Text) -> bool {
        match text {
            _ if self == Self::FrontDesk => true,
            Text::PostalCode | Text::Country | Text::Gender => false,
            Text::Source | Text::AssignedTo => self == Self::Update,
            _ => true,
        }
    }
}

/// What is needed to understand a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) write: Write,
    pub(crate) version: Version,
    pub(crate) fields: &'a CustomFields,
    pub(crate) default_country_code: &'a str,
}

impl Reading<'_> {
    /// The change that the body asks for, and every complaint about it.
    pub(crate) fn read(self, body: &Map<String, Value>) -> (Patch, Vec<String>) {
        let mut reader = Reader { reading: self, patch: Patch::default(), complaints: Vec::new() };
        // A full name fills the two names first, so that they win where both are sent.
        if let Some(name) = body.get("name") {
            reader.name(name);
        }
        for (property, value) in body {
            reader.property(property, value);
        }
        (reader.patch, reader.complaints)
    }
}

struct Reader<'a> {
    reading: Reading<'a>,
    patch: Patch,
    complaints: Vec<String>,
}

impl Reader<'_> {
    fn complain(&mut self, complaint: impl Into<String>) {
        self.complaints.push(complaint.into());
    }

    fn property(&mut self, property: &str, value: &Value) {
        if !self.reading.write.declares(property) {
            return self.complain(format!("property {property} should not exist"));
        }
        if let Some(text) = Text::of_property(property) {
            return self.text(text, value);
        }
        match property {
            // Read before or by the endpoint itself.
            "name" | "locationId" => {}
            "createNewIfDuplicateAllowed" => {
                self.boolean(property, value);
            }
            "dateOfBirth" => self.date_of_birth(value),
            "tags" => self.tags(value),
            "customFields" => self.custom_fields(value),
            "dnd" => self.patch.dnd = self.boolean(property, value),
            "dndSettings" => self.dnd_settings(value),
            // Accepted and never shown again.
            "inboundDndSettings" => {}
            _ => self.complain(format!("property {property} should not exist")),
        }
    }

    fn boolean(&mut self, property: &str, value: &Value) -> Option<bool> {
        let boolean = value.as_bool();
        if boolean.is_none() {
            self.complain(format!("{property} must be a boolean value"));
        }
        boolean
    }

    fn name(&mut self, value: &Value) {
        let full = match value {
            Value::Null => "",
            Value::String(name) => name.trim(),
            _ => return self.complain("name must be a string"),
        };
        let (first, last) = full.split_once(' ').unwrap_or((full, ""));
        for (text, part) in [(Text::FirstName, first), (Text::LastName, last.trim())] {
            let part = (!part.is_empty()).then(|| part.to_owned());
            self.patch.texts.insert(text, part);
        }
    }

    fn text(&mut self, text: Text, value: &Value) {
        let value = match value {
            Value::Null if self.reading.write.nullable(text) => None,
            Value::String(typed) => Some(typed.trim()),
            _ => return self.complain(format!("{} must be a string", text.property())),
        };
        if text == Text::Email && value.is_some_and(|email| !looks_like_email(email)) {
            return self.complain("email must be an email");
        }
        let code = self.reading.default_country_code;
        let value = value.filter(|typed| !typed.is_empty()).map(|typed| match text {
            Text::Email => typed.to_lowercase(),
            Text::Phone => phone::normalize(typed, code),
            _ => typed.to_owned(),
        });
        self.patch.texts.insert(text, value);
    }

    fn date_of_birth(&mut self, value: &Value) {
        if value.is_null() {
            self.patch.date_of_birth = Some(None);
            return;
        }
        match value.as_str().and_then(birth_date::parse) {
            Some(date) => self.patch.date_of_birth = Some(Some(date)),
            None => self.complain("dateOfBirth must be a valid date"),
        }
    }

    fn tags(&mut self, value: &Value) {
        match strings(value, "tags") {
            Ok(tags) => self.patch.tags = Some(tags),
            Err(complaint) => self.complain(complaint),
        }
    }

    fn custom_fields(&mut self, value: &Value) {
        let Some(entries) = value.as_array() else {
            return self.complain("customFields must be an array");
        };
        for (index, entry) in entries.iter().enumerate() {
            self.custom_field(index, entry);
        }
    }

    fn custom_field(&mut self, index: usize, entry: &Value) {
        let Some(entry) = entry.as_object() else {
            let complaint = "each value in nested property customFields must be either object or array";
            return self.complain(complaint);
        };
        let v3 = self.reading.version == Version::V3;
        for property in entry.keys() {
            let known = matches!(property.as_str(), "id" | "key" | "field_value") || (v3 && property == "fieldValue");
            if !known {
                self.complain(format!("customFields.{index}.property {property} should not exist"));
            }
        }
        let text = |property: &str| entry.get(property).and_then(Value::as_str);
        let fields = self.reading.fields;
        let field = match (text("id"), text("key")) {
            (Some(id), _) => fields.by_id(id),
            (None, Some(key)) => fields.by_key("contact", key),
            (None, None) => {
                return self.complain(format!("customFields.{index}.id must be a string"));
            }
        };
        let renamed = entry.get("fieldValue").filter(|_| v3);
        let value = renamed.or_else(|| entry.get("field_value"));
        // A value for a field that does not exist is dropped without a word.
        let (Some(field), Some(value)) = (field, value) else {
            return;
        };
        let value = (!is_empty(value)).then(|| value.clone());
        self.patch.custom_fields.insert(field.id.clone(), value);
    }

    fn dnd_settings(&mut self, value: &Value) {
        let Some(settings) = value.as_object() else {
            return self.complain("dndSettings must be an object");
        };
        for (channel, setting) in settings {
            let known = CHANNELS.iter().find(|(dated, v3)| dated == channel || v3 == channel);
            let Some((stored, _)) = known else {
                self.complain(format!("dndSettings.property {channel} should not exist"));
                continue;
            };
            let status = setting.get("status").and_then(Value::as_str);
            if !matches!(status, Some("active" | "inactive" | "permanent")) {
                self.complain(format!("dndSettings.{channel}.status must be one of the following values: active, inactive, permanent"));
                continue;
            }
            let settings = &mut self.patch.dnd_settings;
            settings.insert((*stored).to_owned(), setting.clone());
        }
    }
}

/// The strings of an array, or what GHL says if it is none.
pub(crate) fn strings(value: &Value, property: &str) -> Result<Vec<String>, String> {
    let Some(values) = value.as_array() else {
        return Err(format!("{property} must be an array"));
    };
    values
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect::<Option<Vec<String>>>()
        .ok_or_else(|| format!("each value in {property} must be a string"))
}

fn looks_like_email(text: &str) -> bool {
    let Some((user, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let spaced = text.chars().any(char::is_whitespace);
    !spaced && !user.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}
