//! How values become columns and come back. Nothing in here knows which database it is.

mod hint;
mod journal;
mod link;
mod review;

use chrono::{DateTime, Utc};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use sqlx::{ColumnIndex, Decode, Row, Type};

use crate::error::Failure;

pub(crate) use hint::{HintRow, depth, granted, in_order, taken};
pub(crate) use journal::{OperationRow, PreImageRow, RunRow, operation, pre_image, run};
pub(crate) use link::{LinkRow, heads, link, marks, taken_out};
pub(crate) use review::{ReviewRow, person, review};

type Result<T, E = Failure> = std::result::Result<T, E>;

/// A row as it comes from a database: texts, bytes and whole numbers, by their place in it.
pub(crate) trait Columns {
    fn text(&self, index: usize) -> Result<&str>;
    fn text_if_any(&self, index: usize) -> Result<Option<&str>>;
    fn bytes(&self, index: usize) -> Result<&[u8]>;
    fn bytes_if_any(&self, index: usize) -> Result<Option<&[u8]>>;
    fn number(&self, index: usize) -> Result<i64>;
    fn number_if_any(&self, index: usize) -> Result<Option<i64>>;
}

impl<R: Row> Columns for R
where
    usize: ColumnIndex<R>,
    for<'r> &'r str: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
{
    fn text(&self, index: usize) -> Result<&str> {
        Ok(self.try_get(index)?)
    }

    fn text_if_any(&self, index: usize) -> Result<Option<&str>> {
        Ok(self.try_get(index)?)
    }

    fn bytes(&self, index: usize) -> Result<&[u8]> {
        Ok(self.try_get(index)?)
    }

    fn bytes_if_any(&self, index: usize) -> Result<Option<&[u8]>> {
        Ok(self.try_get(index)?)
    }

    fn number(&self, index: usize) -> Result<i64> {
        Ok(self.try_get(index)?)
    }

    fn number_if_any(&self, index: usize) -> Result<Option<i64>> {
        Ok(self.try_get(index)?)
    }
}

/// A limit as databases take it.
pub(crate) fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A number of rows.
pub(crate) fn counted(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// A time as microseconds: all of chrono's range fits.
pub(crate) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// A time from its microseconds.
pub(crate) fn time(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).ok_or(Failure::Row("time"))
}

/// The 16 bytes of an id or a digest.
pub(crate) fn sixteen(bytes: &[u8]) -> Result<[u8; 16]> {
    bytes.try_into().map_err(|_| Failure::Row("id"))
}

/// The word for a value without parts, as serde names it.
pub(crate) fn word(value: &impl Serialize) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(Failure::Encode("word")),
    }
}

/// The value that a word stands for.
pub(crate) fn from_word<T: DeserializeOwned>(word: &str) -> Result<T> {
    let word: StrDeserializer<'_, serde::de::value::Error> = word.into_deserializer();
    T::deserialize(word).map_err(|_| Failure::Row("word"))
}

/// A value with parts, as text.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Failure::Encode("value"))
}

/// The value of such a text.
pub(crate) fn from_json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| Failure::Row("value"))
}

/// 16 bytes as hexadecimal digits, to go into a JSON list.
#[cfg(feature = "sqlite")]
pub(crate) fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{Action, RunState};

    #[test]
    fn every_moment_fits() {
        for moment in [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH] {
            assert_eq!(time(micros(moment)).unwrap(), moment);
        }
        assert_eq!(micros(time(micros(DateTime::<Utc>::MAX_UTC)).unwrap()), micros(DateTime::<Utc>::MAX_UTC));
    }

    #[test]
    fn words_come_back_and_unknown_ones_are_refused() {
        assert_eq!(from_word::<Action>(&word(&Action::Relink).unwrap()).unwrap(), Action::Relink);
        assert!(from_word::<RunState>("paused").is_err());
        assert!(sixteen(&[0; 15]).is_err());
    }
}
