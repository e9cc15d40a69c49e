//! Reading and writing one contact.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body::Write;
use crate::book::Identifier;
use crate::contact::{Contact, Patch, Text};
use crate::hooks::{ChangeKind, Origin};
use crate::state::State;
use crate::view;

use super::call::location_of_body;
use super::{Answer, Call};

pub(super) fn create(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let body = call.object()?;
    location_of_body(state, &body)?;
    let patch = read(state, call, Write::Create, &body)?;
    refuse_duplicate(state, &patch, None)?;
    let contact = state.create(&patch, Origin::Api);
    let shown = view::created(&contact, &state.config.location_id, call.version);
    Ok(Answer::created(json!({ "contact": shown })))
}

/// Updates the contact that has the e-mail, else the one that has the phone, else creates one.
///
/// If e-mail and phone belong to two contacts, the phone is dropped without a word:
/// <https://github.com/GoHighLevel/highlevel-api-docs/issues/37>.
pub(super) fn upsert(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let body = call.object()?;
    location_of_body(state, &body)?;
    let mut patch = read(state, call, Write::Upsert, &body)?;
    let wants_new = body.get("createNewIfDuplicateAllowed") == Some(&Value::Bool(true));
    let found = match state.duplicate(&patch, None) {
        // The wish has an effect only where the location allows duplicates.
        Some(_) if wants_new && state.config.allow_duplicates => None,
        Some((_, contact)) => Some(contact.id.clone()),
        None => None,
    };
    let Some(id) = found else {
        let contact = state.create(&patch, Origin::Api);
        return Ok(Answer::ok(upserted(state, call, &contact, true)));
    };
    // A gender is set at creation only; here it is ignored where an update refuses it:
    // https://github.com/GoHighLevel/highlevel-api-docs/issues/313
    patch.texts.remove(&Text::Gender);
    drop_foreign_identifiers(state, &mut patch, &id);
    let contact = apply(state, &id, &patch)?;
    Ok(Answer::ok(upserted(state, call, &contact, false)))
}

pub(super) fn get(state: &State, call: &Call, id: &str) -> Result<Answer, Answer> {
    let contact = state.book.get(id).ok_or_else(|| Answer::unknown_contact(id))?;
    Ok(Answer::ok(json!({ "contact": shown(state, call, contact) })))
}

pub(super) fn update(state: &mut State, call: &Call, id: &str) -> Result<Answer, Answer> {
    let body = call.object()?;
    let patch = read(state, call, Write::Update, &body)?;
    let contact = state.book.get(id);
    let contact = contact.ok_or_else(|| Answer::unknown_contact(id))?;
    refuse_duplicate(state, &changed_identifiers(&patch, contact), Some(id))?;
    let contact = apply(state, id, &patch)?;
    let mut answer = call.version.success();
    answer["contact"] = Value::Object(shown(state, call, &contact));
    Ok(Answer::ok(answer))
}

pub(super) fn delete(state: &mut State, call: &Call, id: &str) -> Result<Answer, Answer> {
    let deleted = state.delete(id, Origin::Api);
    deleted.ok_or_else(|| Answer::unknown_contact(id))?;
    Ok(Answer::ok(call.version.success()))
}

fn read(state: &State, call: &Call, write: Write, body: &Map<String, Value>) -> Result<Patch, Answer> {
    let (patch, complaints) = state.reading(write, call.version).read(body);
    if complaints.is_empty() {
        return Ok(patch);
    }
    Err(Answer::unprocessable_all(complaints))
}

fn apply(state: &mut State, id: &str, patch: &Patch) -> Result<Arc<Contact>, Answer> {
    let change = |contact: &mut Contact| contact.apply(patch);
    state.change(id, ChangeKind::Updated, Origin::Api, change).ok_or_else(|| Answer::unknown_contact(id))
}

fn refuse_duplicate(state: &State, patch: &Patch, own_id: Option<&str>) -> Result<(), Answer> {
    if state.config.allow_duplicates {
        return Ok(());
    }
    let Some((identifier, contact)) = state.duplicate(patch, own_id) else {
        return Ok(());
    };
    Err(Answer::duplicate(&contact.id, identifier.name(), contact.name()))
}

/// Only what changes can become a duplicate: an e-mail that is shared already may be sent again.
fn changed_identifiers(patch: &Patch, contact: &Contact) -> Patch {
    let mut changed = patch.clone();
    changed.texts.retain(|text, value| contact.text(*text) != value.as_deref());
    changed
}

fn drop_foreign_identifiers(state: &State, patch: &mut Patch, own_id: &str) {
    for identifier in Identifier::BY_PRIORITY {
        let text = identifier.text();
        let value = patch.text(text);
        let owner = value.and_then(|value| state.book.owner(identifier, value, None));
        if owner.is_some_and(|owner| owner.id != own_id) {
            patch.texts.remove(&text);
        }
    }
}

fn shown(state: &State, call: &Call, contact: &Contact) -> Map<String, Value> {
    view::read(contact, &state.config.location_id, call.version)
}

fn upserted(state: &State, call: &Call, contact: &Contact, new: bool) -> Value {
    json!({ "new": new, "contact": shown(state, call, contact) })
}
