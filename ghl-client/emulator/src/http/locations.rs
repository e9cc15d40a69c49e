//! The location and its custom fields.

use serde_json::{Map, Value, json};

use crate::fields::key_of_name;
use crate::state::State;

use super::{Answer, Call};

pub(super) fn get(state: &State, id: &str) -> Result<Answer, Answer> {
    own(state, id)?;
    let config = &state.config;
    let location = json!({
        "id": config.location_id,
        "companyId": config.company_id,
        "name": config.location_name,
        "timezone": config.timezone,
        "settings": {
            "allowDuplicateContact": config.allow_duplicates,
            "allowDuplicateOpportunity": false,
            "allowFacebookNameMerge": false,
            "disableContactTimezone": false,
        },
    });
    Ok(Answer::ok(json!({ "location": location })))
}

pub(super) fn custom_fields(state: &State, call: &Call, id: &str) -> Result<Answer, Answer> {
    own(state, id)?;
    let model = call.query("model").unwrap_or("all");
    if !matches!(model, "contact" | "opportunity" | "all") {
        return Err(Answer::unprocessable("model must be one of the following values: contact, opportunity, all"));
    }
    let listed = state.fields.listed(model, &state.config.location_id);
    Ok(Answer::ok(json!({ "customFields": listed })))
}

pub(super) fn create_custom_field(state: &mut State, call: &Call, id: &str) -> Result<Answer, Answer> {
    own(state, id)?;
    let body = call.object()?;
    let (name, data_type) = (required(&body, "name")?, required(&body, "dataType")?);
    let model = match body.get("model").map(Value::as_str) {
        None => "contact",
        Some(Some(model @ ("contact" | "opportunity"))) => model,
        Some(_) => {
            return Err(Answer::unprocessable("model must be one of the following values: contact, opportunity"));
        }
    };
    if state.fields.by_key(model, &key_of_name(model, name)).is_some() {
        return Err(Answer::bad_request(&format!("{name} already exists")));
    }
    let placeholder = body.get("placeholder").and_then(Value::as_str);
    state.define(name, data_type, model, placeholder.unwrap_or_default());
    let shown = state.fields.last_shown(&state.config.location_id);
    Ok(Answer::created(json!({ "customField": shown })))
}

fn required<'a>(body: &'a Map<String, Value>, property: &str) -> Result<&'a str, Answer> {
    let text = body.get(property).and_then(Value::as_str);
    text.filter(|text| !text.is_empty()).ok_or_else(|| Answer::unprocessable(&format!("{property} must be a string")))
}

fn own(state: &State, id: &str) -> Result<(), Answer> {
    if id == state.config.location_id {
        return Ok(());
    }
    Err(Answer::wrong_location())
}
