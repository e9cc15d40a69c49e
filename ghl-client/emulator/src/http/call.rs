//! A request that passed the gate.

use std::collections::BTreeMap;

use axum::extract::Query;
use bytes::Bytes;
use http::header;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::state::State;
use crate::view::Version;

use super::Answer;

/// The parts of a request that endpoints look at.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) version: Version,
    query: BTreeMap<String, String>,
    content_type: String,
    body: Bytes,
}

/// The members of a form, or of an object that could have been one.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(object: Map<String, Value>) -> Self {
        Self(object.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect())
    }
}

impl Call {
    pub(super) fn new(parts: &Parts, body: Bytes, version: Version) -> Self {
        let query = Query::<BTreeMap<String, String>>::try_from_uri(&parts.uri);
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { version, query: query.map(|Query(pairs)| pairs).unwrap_or_default(), content_type: content_type.to_owned(), body }
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let value = self.query.get(name)?;
        (!value.is_empty()).then_some(value)
    }

    /// The body as an object. One that is not declared as JSON counts as empty.
    pub(super) fn object(&self) -> Result<Map<String, Value>, Answer> {
        if !self.is_json() || self.body.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Answer::unprocessable("the body must be an object")),
            Err(error) => Err(Answer::bad_request(&format!("Unexpected token in JSON at line {} column {}", error.line(), error.column()))),
        }
    }

    pub(super) fn is_json(&self) -> bool {
        self.content_type.contains("json")
    }

    /// The body as a form. One that is not declared as a form counts as empty.
    pub(super) fn form(&self) -> Fields {
        if !self.content_type.contains("x-www-form-urlencoded") {
            return Fields::default();
        }
        Fields(url::form_urlencoded::parse(&self.body).into_owned().collect())
    }

    /// Checks the `locationId` of a query.
    pub(super) fn location_of_query(&self, state: &State) -> Result<(), Answer> {
        own_location(state, self.query("locationId"))
    }
}

/// Checks the `locationId` of a body: it is required, and has to be the token's own.
pub(super) fn location_of_body(state: &State, body: &Map<String, Value>) -> Result<(), Answer> {
    own_location(state, body.get("locationId").and_then(Value::as_str))
}

fn own_location(state: &State, location_id: Option<&str>) -> Result<(), Answer> {
    match location_id {
        None | Some("") => {
            Err(Answer::unprocessable_all(vec!["locationId must be a string".to_owned(), "locationId should not be empty".to_owned()]))
        }
        Some(id) if id == state.config.location_id => Ok(()),
        Some(_) => Err(Answer::wrong_location()),
    }
}
