//! Custom fields of a location.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sync_http::{Request, Result, Shown, shown};

use crate::Client;

/// The definition of a custom field of contacts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomField {
    /// Its id; reads and writes of contacts name it by this.
    #[serde(deserialize_with = "shown::id")]
    pub id: String,
    /// Its name, as people see it.
    #[serde(default, deserialize_with = "shown::text")]
    pub name: Shown<String>,
    /// Its key, such as `contact.pincode`; GHL derives it from the first name.
    #[serde(default, deserialize_with = "shown::text")]
    pub field_key: Shown<String>,
    /// Its type, such as `TEXT`.
    #[serde(default, deserialize_with = "shown::text")]
    pub data_type: Shown<String>,
    /// What it belongs to: `contact` or `opportunity`.
    #[serde(default, deserialize_with = "shown::text")]
    pub model: Shown<String>,
}

/// A custom field of contacts to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCustomField {
    /// Its name, as people will see it.
    pub name: String,
    /// Its type, such as `TEXT`.
    pub data_type: String,
    /// The hint in the empty input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
}

/// The value of a custom field, as a contact shows it. Its debug output shows the id only.
#[derive(Clone, PartialEq)]
pub struct CustomFieldValue {
    /// The field's id.
    pub id: String,
    /// Text, number, list or object, by the field's type.
    pub value: Value,
}

/// An entry as it comes. Versions name its value differently, and some answers by two names at once.
#[derive(Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "shown::text")]
    id: Shown<String>,
    value: Option<Value>,
    #[serde(rename = "fieldValue")]
    camel: Option<Value>,
    #[serde(rename = "field_value")]
    snake: Option<Value>,
}

impl Entry {
    fn named(self) -> Option<CustomFieldValue> {
        let value = self.value.or(self.camel).or(self.snake).unwrap_or_default();
        self.id.value().map(|id| CustomFieldValue { id: id.clone(), value })
    }
}

/// Reads the values of custom fields. An entry without an id is of no field, and spoils none of the others.
pub(crate) fn values<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Shown<Vec<CustomFieldValue>>, D::Error> {
    let entries: Option<Vec<Entry>> = Option::deserialize(deserializer)?;
    Ok(entries.map(|entries| entries.into_iter().filter_map(Entry::named).collect()).into())
}

/// The value of a custom field, as it is written. Fields that are not written keep theirs.
#[derive(Clone, PartialEq, Serialize)]
pub struct CustomFieldWrite {
    /// The field's id.
    pub id: String,
    /// Text, number, list or object, by the field's type. An empty text empties it.
    // The name that all versions of the API understand; v3 prefers `fieldValue`.
    #[serde(rename = "field_value")]
    pub value: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    custom_fields: Vec<CustomField>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Defined {
    custom_field: CustomField,
}

#[derive(Serialize)]
struct Definition<'a> {
    #[serde(flatten)]
    field: &'a NewCustomField,
    model: &'static str,
}

impl Client {
    /// The custom fields that contacts of this location have.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn custom_fields(&self) -> Result<Vec<CustomField>> {
        let listed: Listed = self.send(&self.custom_fields_request()).await?.json()?;
        Ok(listed.custom_fields)
    }

    /// Defines a custom field of contacts. A field of this name must not exist.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn create_custom_field(&self, field: &NewCustomField) -> Result<CustomField> {
        let defined: Defined = self.send(&self.create_custom_field_request(field)?).await?.json()?;
        Ok(defined.custom_field)
    }

    pub(crate) fn custom_fields_request(&self) -> Request {
        let request = Request::get("custom_fields.list", "/locations").segment(self.location_id());
        self.versions().locations.on(request.segment("customFields").query("model", "contact"))
    }

    pub(crate) fn create_custom_field_request(&self, field: &NewCustomField) -> Result<Request> {
        let request = Request::post("custom_fields.create", "/locations").segment(self.location_id());
        self.versions().locations.on(request.segment("customFields")).json(&Definition { field, model: "contact" })
    }
}

impl fmt::Debug for CustomFieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomFieldValue").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for CustomFieldWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomFieldWrite").field("id", &self.id).finish_non_exhaustive()
    }
}
