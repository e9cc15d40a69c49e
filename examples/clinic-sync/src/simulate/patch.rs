//! What an update of a person asks for, and whether it was needed.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};
use sync_core::vocabulary::person::PersonSchema;
use sync_core::{FieldName, Schema, Side};

use super::fault::{Group, Op};
use super::ledger::{Family, Fields, Ledger, Place};

/// The members of a body that carry what is synced of a person.
const MEMBERS: [(&str, &str); 4] = [("firstName", "given_name"), ("lastName", "family_name"), ("email", "email"), ("phone", "phone")];

/// An update of a person that is under way.
pub(super) struct Patch {
    place: Place,
    wanted: Map<String, Value>,
    before: Fields,
}

impl Patch {
    /// What a request asks for, if it is an update of a person who is there.
    pub(super) fn of(request: &Request<Bytes>, op: Op, ledger: &Ledger) -> Option<Self> {
        let (side, family) = op.about?;
        if op.group != Group::Update || family != Family::Person {
            return None;
        }
        let id = request.uri().path().rsplit('/').next()?.to_owned();
        let place = Place { side, family, id };
        let before = ledger.shown().get(&place)?.clone();
        let Ok(Value::Object(wanted)) = serde_json::from_slice(request.body()) else { return None };
        Some(Self { place, wanted, before })
    }

    /// Notes the fields that showed the wanted value before. What somebody typed since the last look could not be known.
    pub(super) fn note_idle(self, ledger: &Ledger) {
        let schema = PersonSchema::default();
        for (member, field) in MEMBERS {
            let Some(wanted) = self.wanted.get(member) else { continue };
            let comparable = |text: &str| schema.comparable(&FieldName::new(field.to_owned()), text);
            let before = comparable(self.before.get(field).map_or("", String::as_str));
            let is_idle = before == comparable(wanted.as_str().unwrap_or_default());
            if is_idle && !ledger.was_edited_unseen(&self.place, field) {
                ledger.idle(self.place.clone(), field);
            }
        }
    }
}

/// The id in the path of a read of one record.
pub(super) fn id_in(request: &Request<Bytes>) -> Option<&str> {
    request.uri().path().rsplit('/').next()
}

/// Whether a request begins a listing: the first page of one, or all of it.
pub(super) fn begins_listing(request: &Request<Bytes>, side: Side) -> bool {
    let goes_on = || serde_json::from_slice::<Value>(request.body()).is_ok_and(|body| body.get("searchAfter").is_some());
    side == Side::Left || !goes_on()
}
