//! A member of a JSON object: not there, there but empty, or there with a value.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// What an answer shows of a member. Vendors leave members out for two reasons, because there is nothing
/// in them, and because this answer never shows them; which it is, only the caller can know, so both
/// must not look the same as *empty*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shown<T> {
    /// The answer does not have this member.
    #[default]
    Absent,
    /// It is `null` or an empty text.
    Empty,
    /// It has a value.
    Value(T),
}

impl<T> Shown<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Empty => None,
        }
    }

    /// Whether the answer does not have this member.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The same with another value, which may not be one after all.
    ///
    /// # Errors
    /// Those of `convert`.
    pub fn try_map<U, E>(self, convert: impl FnOnce(T) -> Result<U, E>) -> Result<Shown<U>, E> {
        Ok(match self {
            Self::Absent => Shown::Absent,
            Self::Empty => Shown::Empty,
            Self::Value(value) => Shown::Value(convert(value)?),
        })
    }
}

impl Shown<String> {
    /// The text, if there is one.
    pub fn text(&self) -> Option<&str> {
        self.value().map(String::as_str)
    }
}

impl<T> From<Option<T>> for Shown<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Self::Value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shown<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

/// Reads a text that may come as a number; an empty text is [`Shown::Empty`]. For
/// `#[serde(default, deserialize_with = "…")]`.
///
/// # Errors
/// Those of the deserializer, and for anything that is neither text nor number nor null.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Shown<String>, D::Error> {
    deserializer.deserialize_any(TextOrNumber)
}

/// Reads a whole number that may come as text.
///
/// # Errors
/// Those of the deserializer, and for a text that is no number.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Shown<i64>, D::Error> {
    let parse = |text: String| text.trim().parse().map_err(|_| D::Error::custom("expected a whole number"));
    text(deserializer)?.try_map(parse)
}

/// Reads an id, which may come as a number and must not be empty.
///
/// # Errors
/// Those of the deserializer, and when there is no id.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match text(deserializer)? {
        Shown::Value(id) => Ok(id),
        Shown::Absent | Shown::Empty => Err(D::Error::custom("expected an id")),
    }
}

struct TextOrNumber;

impl Visitor<'_> for TextOrNumber {
    type Value = Shown<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or null")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(if text.is_empty() { Shown::Empty } else { Shown::Value(text.to_owned()) })
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(if text.is_empty() { Shown::Empty } else { Shown::Value(text) })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Shown::Value(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Shown::Value(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Shown::Value(number.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Shown::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Record {
        #[serde(deserialize_with = "id")]
        id: String,
        #[serde(default, deserialize_with = "text")]
        zip: Shown<String>,
        #[serde(default, deserialize_with = "integer")]
        status: Shown<i64>,
        #[serde(default)]
        sex: Shown<bool>,
    }

    fn read(json: &str) -> Record {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn absent_empty_and_value_are_three_things() {
        let absent = read(r#"{"id":1}"#);
        assert_eq!((absent.id.as_str(), absent.zip, absent.status, absent.sex), ("1", Shown::Absent, Shown::Absent, Shown::Absent));
        let empty = read(r#"{"id":"a","zip":"","status":null,"sex":null}"#);
        assert_eq!((empty.zip, empty.status, empty.sex), (Shown::Empty, Shown::Empty, Shown::Empty));
        let full = read(r#"{"id":-7,"zip":8001,"status":"1","sex":false}"#);
        assert_eq!(full.id, "-7");
        assert_eq!((full.zip.text(), full.status, full.sex), (Some("8001"), Shown::Value(1), Shown::Value(false)));
    }

    #[test]
    fn a_record_without_id_is_none() {
        for json in [r#"{"id":""}"#, r#"{"id":null}"#, "{}", r#"{"id":{}}"#] {
            assert!(serde_json::from_str::<Record>(json).is_err(), "{json}");
        }
    }
}
