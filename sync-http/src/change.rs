//! What an update does to a field.

use serde::{Serialize, Serializer};

/// What an update does to a field. Use it with
/// `#[serde(skip_serializing_if = "Change::is_keep")]`: then exactly the changes are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Change<T> {
    /// It stays as it is; the field is not sent.
    #[default]
    Keep,
    /// It is emptied; `null` is sent.
    Clear,
    /// It gets this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether nothing is sent.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<Option<T>> for Change<T> {
    /// `None` clears.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

/// Writes a field that the vendor empties by an empty text, because it refuses `null`.
///
/// # Errors
/// Those of the serializer.
pub fn text_clears<S: Serializer>(change: &Change<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match change {
        Change::Keep | Change::Clear => serializer.serialize_str(""),
        Change::Set(text) => serializer.serialize_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_changes_are_sent() {
        #[derive(Serialize)]
        struct Patch {
            #[serde(skip_serializing_if = "Change::is_keep")]
            kept: Change<String>,
            #[serde(skip_serializing_if = "Change::is_keep")]
            cleared: Change<String>,
            #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
            emptied: Change<String>,
            #[serde(skip_serializing_if = "Change::is_keep")]
            set: Change<bool>,
        }
        let patch = Patch { kept: Change::Keep, cleared: Change::Clear, emptied: Change::Clear, set: Some(true).into() };
        let json = serde_json::to_value(patch).unwrap();
        assert_eq!(json, serde_json::json!({ "cleared": null, "emptied": "", "set": true }));
    }
}
