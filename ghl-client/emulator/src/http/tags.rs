//! Adding and removing tags, without overwriting the others as an update would.

use serde_json::{Value, json};

use crate::body;
use crate::contact::Contact;
use crate::hooks::{ChangeKind, Origin};
use crate::state::State;

use super::{Answer, Call};

pub(super) fn add(state: &mut State, call: &Call, id: &str) -> Result<Answer, Answer> {
    let tags = read(call)?;
    let now = change(state, id, |contact| contact.add_tags(&tags))?;
    Ok(Answer::created(now))
}

/// The body of this DELETE is JSON.
pub(super) fn remove(state: &mut State, call: &Call, id: &str) -> Result<Answer, Answer> {
    let tags = read(call)?;
    let now = change(state, id, |contact| {
        contact.tags.retain(|tag| !tags.contains(tag));
    })?;
    Ok(Answer::ok(now))
}

fn read(call: &Call) -> Result<Vec<String>, Answer> {
    let body = call.object()?;
    let tags = body.get("tags").unwrap_or(&Value::Null);
    body::strings(tags, "tags").map_err(|complaint| Answer::unprocessable(&complaint))
}

fn change(state: &mut State, id: &str, change: impl FnOnce(&mut Contact)) -> Result<Value, Answer> {
    let contact = state.change(id, ChangeKind::Tagged, Origin::Api, change).ok_or_else(|| Answer::unknown_contact(id))?;
    Ok(json!({ "tags": contact.tags }))
}
