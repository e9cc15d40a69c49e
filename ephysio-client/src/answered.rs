//! What creates answer.

use serde_json::{Map, Value};
use sync_http::{Answer, Result};

/// The members of an answer; none if there is no body.
pub(crate) fn members(answer: &Answer) -> Result<Map<String, Value>> {
    if answer.body().iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    answer.json()
}

/// An id, which comes as a number or as text.
pub(crate) fn id(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}
