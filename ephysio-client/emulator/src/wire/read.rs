//! The read format: `DD.MM.YYYY`, a boolean for the sex, and members that nobody asked for.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use futures::stream;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::patient::noise;
use crate::wire::access::Sight;
use crate::{Blank, Ids, Patient, Quirks};

const PIECE: usize = 64 * 1024;

/// How the caller is shown patients.
#[derive(Clone, Debug)]
pub(crate) struct View {
    quirks: Quirks,
    sight: Sight,
}

impl View {
    pub(crate) fn new(quirks: Quirks, sight: Sight) -> Self {
        Self { quirks, sight }
    }

    pub(crate) fn of<'a>(&'a self, patient: &'a Patient) -> Shown<'a> {
        Shown { patient, view: self }
    }

    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.sight {
            Sight::Clear => Cow::Borrowed(text),
            Sight::Noise => Cow::Owned(noise(text)),
        }
    }
}

/// An id in the JSON type that the switch asks for.
pub(crate) fn id(id: u64, ids: Ids) -> Value {
    match ids {
        Ids::Numbers => json!(id),
        Ids::Strings => json!(id.to_string()),
    }
}

/// A bare array, serialised while it is sent.
pub(crate) fn array<T: Send + Sync + 'static>(items: Vec<Arc<T>>, mut write: impl FnMut(&mut Vec<u8>, &T) + Send + 'static) -> Body {
    let mut items = items.into_iter();
    let mut separator = "[";
    let mut ended = false;
    let pieces = std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut piece = Vec::with_capacity(PIECE + 4096);
        for item in items.by_ref() {
            piece.extend_from_slice(separator.as_bytes());
            separator = ",";
            write(&mut piece, &item);
            if piece.len() >= PIECE {
                return Some(piece);
            }
        }
        ended = true;
        if separator == "[" {
            piece.push(b'[');
        }
        piece.push(b']');
        Some(piece)
    });
    Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>)))
}

/// A patient as the list shows it.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    patient: &'a Patient,
    view: &'a View,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { patient, view } = self;
        let quirks = &view.quirks;
        let mut map = serializer.serialize_map(None)?;
        match quirks.ids {
            Ids::Numbers => map.serialize_entry("id", &patient.id)?,
            Ids::Strings => map.serialize_entry("id", &patient.id.to_string())?,
        }
        self.text(&mut map, "firstName", &patient.first_name)?;
        self.text(&mut map, "lastName", &patient.last_name)?;
        self.text(&mut map, "salutation", &patient.salutation)?;
        self.text(&mut map, "street", &patient.street)?;
        self.zip(&mut map)?;
        self.text(&mut map, "city", &patient.city)?;
        self.text(&mut map, "birthDate", &self.birth_date())?;
        map.serialize_entry("sex", &patient.sex.map(|sex| sex == quirks.sex_true))?;
        self.text(&mut map, "phone", &patient.phone)?;
        if quirks.list_shows_email {
            self.text(&mut map, "email", &patient.email)?;
        }
        map.serialize_entry("status", &patient.status)?;
        if quirks.list_shows_consent {
            map.serialize_entry("hasEmailConsent", &patient.has_email_consent)?;
        }
        if quirks.list_shows_comment {
            self.text(&mut map, "comment", &patient.comment)?;
        }
        self.others(&mut map)?;
        map.end()
    }
}

impl Shown<'_> {
    fn text<M: SerializeMap>(&self, map: &mut M, name: &str, text: &str) -> Result<(), M::Error> {
        if !text.is_empty() {
            return map.serialize_entry(name, &self.view.text(text));
        }
        match self.view.quirks.blank {
            Blank::EmptyString => map.serialize_entry(name, ""),
            Blank::Absent => Ok(()),
            Blank::Null => map.serialize_entry(name, &()),
        }
    }

    fn zip<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self.patient.zip.parse::<u32>() {
            Ok(zip) if self.view.quirks.zip_is_number => map.serialize_entry("zip", &zip),
            _ => self.text(map, "zip", &self.patient.zip),
        }
    }

    fn birth_date(&self) -> String {
        let date = self.patient.birth_date;
        date.map(|date| date.format("%d.%m.%Y").to_string()).unwrap_or_default()
    }

    /// Members that no client is known to read.
    fn others<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Self { patient, view } = self;
        if view.quirks.list_shows_client_id {
            map.serialize_entry("clientId", &patient.client_id)?;
        }
        map.serialize_entry("language", &patient.language)?;
        map.serialize_entry("insurer", &Insurer { name: view.text(&patient.insurer) })?;
        map.serialize_entry("updatedInternally", &patient.updated_internally)?;
        for (name, value) in &patient.extra {
            map.serialize_entry(name, value)?;
        }
        Ok(())
    }
}

#[derive(serde::Serialize)]
struct Insurer<'a> {
    name: Cow<'a, str>,
}
