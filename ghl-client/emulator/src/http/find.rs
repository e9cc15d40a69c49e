//! Finding contacts.

use serde_json::{Value, json};

use crate::contact::{Patch, Text};
use crate::phone;
use crate::search::{self, Hit, Request};
use crate::state::State;
use crate::view;

use super::call::location_of_body;
use super::{Answer, Call};

/// The search. It needs `locationId` and `pageLimit`, and says so with 422:
/// <https://github.com/GoHighLevel/highlevel-api-docs/issues/31>.
pub(super) fn search(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let body = call.object()?;
    location_of_body(state, &body)?;
    let request = Request::read(&body)?;
    let now = state.clock().now();
    let (hits, total) = search::run(&request, state.index.visible(now));
    let show = |hit: Hit| {
        let mut shown = view::read(&hit.contact, &state.config.location_id, call.version);
        shown.insert("searchAfter".to_owned(), Value::from(hit.search_after));
        Value::Object(shown)
    };
    let contacts: Vec<Value> = hits.into_iter().map(show).collect();
    Ok(Answer::ok(json!({ "contacts": contacts, "total": total })))
}

/// The contact with an e-mail, else with a phone number; unlike the search, it does not lag.
pub(super) fn duplicate(state: &State, call: &Call) -> Result<Answer, Answer> {
    call.location_of_query(state)?;
    let email = call.query("email").map(str::to_lowercase);
    let code = &state.config.default_country_code;
    let number = call.query("number").map(|typed| phone::normalize(typed, code));
    let mut wanted = Patch::default();
    wanted.texts.insert(Text::Email, email);
    wanted.texts.insert(Text::Phone, number);
    let found = state.duplicate(&wanted, None);
    let shown = found.map(|(_, contact)| view::read(contact, &state.config.location_id, call.version));
    Ok(Answer::ok(json!({ "contact": shown })))
}
