//! A record as the side sends it in a listing: JSON, and nothing for what is empty.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::Shape;
use crate::{Error, ErrorKind, FieldName, Kind, Listed, Presence, Record, RecordId, Result, Token};

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    id: RecordId,
    #[serde(borrow)]
    fields: BTreeMap<FieldName, Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    references: BTreeMap<Kind, RecordId>,
    presence: Status,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    marks: BTreeSet<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Token>,
    modified: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<NaiveDate>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Live,
    Inactive,
    Deleted,
}

/// Writes one element of a listing.
pub(super) fn encode(shape: &Shape, record: &Record) -> Result<Listed> {
    let shown = |name: &FieldName| shape.description.fields.contains_key(name) && !shape.hidden.contains(name);
    let values = record.fields.iter().filter(|(name, _)| shown(name));
    let wire = Wire {
        id: record.id.clone(),
        fields: values.filter_map(|(name, field)| Some((name.clone(), Cow::Borrowed(field.value()?)))).collect(),
        references: record.references.clone(),
        presence: match record.presence {
            Presence::Live => Status::Live,
            Presence::Inactive => Status::Inactive,
            Presence::Deleted => Status::Deleted,
        },
        marks: record.marks.clone(),
        token: record.token,
        modified: record.modified,
        expires: record.expires,
    };
    let raw = serde_json::to_vec(&wire).map_err(|error| Error::permanent(ErrorKind::Decode, "not a record").with_source(error))?;
    Ok(Listed { id: record.id.clone(), raw: Bytes::from(raw) })
}

/// Reads one element of a listing.
pub(super) fn decode(shape: &Shape, listed: &Listed) -> Result<Record> {
    // serde's own message may quote the element, and with it a person: it is not kept.
    let wire: Wire<'_> = serde_json::from_slice(&listed.raw)
        .map_err(|_| Error::permanent(ErrorKind::Decode, "the element is not a record").with_context("id", listed.id.as_str()))?;
    Ok(Record {
        kind: shape.description.kind.clone(),
        fields: shape.shown(|name| wire.fields.get(name).map(AsRef::as_ref)),
        id: wire.id,
        references: wire.references,
        presence: match wire.presence {
            Status::Live => Presence::Live,
            Status::Inactive => Presence::Inactive,
            Status::Deleted => Presence::Deleted,
        },
        marks: wire.marks,
        token: wire.token,
        modified: wire.modified,
        expires: wire.expires,
    })
}
