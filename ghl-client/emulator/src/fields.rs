//! The custom fields that the location has defined.

use serde_json::{Value, json};

/// The definition of one custom field.
#[derive(Clone, Debug)]
pub(crate) struct CustomField {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) data_type: String,
    pub(crate) placeholder: String,
    pub(crate) model: String,
}

/// All definitions in the order of their creation, which is also their position.
#[derive(Debug, Default)]
pub(crate) struct CustomFields {
    all: Vec<CustomField>,
}

impl CustomFields {
    pub(crate) fn add(&mut self, field: CustomField) {
        self.all.push(field);
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&CustomField> {
        self.all.iter().find(|field| field.id == id)
    }

    /// Finds a field by its key, with or without the prefix of the model.
    pub(crate) fn by_key(&self, model: &str, key: &str) -> Option<&CustomField> {
        let full = full_key(model, key);
        self.all.iter().find(|field| field.key == full)
    }

    /// The definitions of one model, or of both for `all`, as the API lists them.
    pub(crate) fn listed(&self, model: &str, location_id: &str) -> Vec<Value> {
        let positions = self.all.iter().enumerate();
        positions
            .filter(|(_, field)| model == "all" || field.model == model)
            .map(|(position, field)| field.shown(position, location_id))
            .collect()
    }

    pub(crate) fn last_shown(&self, location_id: &str) -> Option<Value> {
        let position = self.all.len().checked_sub(1)?;
        Some(self.all.get(position)?.shown(position, location_id))
    }
}

impl CustomField {
    fn shown(&self, position: usize, location_id: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "fieldKey": self.key,
            "placeholder": self.placeholder,
            "dataType": self.data_type,
            "position": position,
            "model": self.model,
            "locationId": location_id,
        })
    }
}

/// The key that GHL derives from a name: `E-Physio Patient` becomes `contact.ephysio_patient`.
pub(crate) fn key_of_name(model: &str, name: &str) -> String {
    let name = name.strip_prefix("contact.").unwrap_or(name);
    let slug: String =
        name.to_lowercase().chars().map(|c| if c.is_whitespace() { '_' } else { c }).filter(|c| c.is_alphanumeric() || *c == '_').collect();
    full_key(model, &slug)
}

fn full_key(model: &str, key: &str) -> String {
    let prefix = format!("{model}.");
    if key.starts_with(&prefix) {
        return key.to_owned();
    }
    prefix + key
}
