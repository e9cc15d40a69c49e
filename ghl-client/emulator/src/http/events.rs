//! Listing what stands in calendars, blocking times, and deleting either.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::agenda::Window;
use crate::appointment::Block;
use crate::booking::Reader;
use crate::hooks::Origin;
use crate::state::State;

use super::appointments::{event, is_shown};
use super::call::location_of_body;
use super::{Answer, Call};

/// Lists a window at once; there are no pages. A calendar that does not exist is an empty one.
pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    let window = window(state, call)?;
    let found = state.agenda.appointments_in(&window);
    let shown = found.into_iter().filter(|appointment| is_shown(state, call, appointment));
    let events: Vec<Value> = shown.map(|appointment| event(state, call, appointment)).collect();
    Ok(Answer::ok(json!({ "events": events })))
}

pub(super) fn list_blocked(state: &State, call: &Call) -> Result<Answer, Answer> {
    let window = window(state, call)?;
    let view = state.event_view(call.version);
    let events: Vec<Value> = state.agenda.blocks_in(&window).into_iter().map(|block| Value::Object(view.block(block))).collect();
    Ok(Answer::ok(json!({ "events": events })))
}

/// Blocks a time of a calendar or of a user, not of both.
pub(super) fn block(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let body = call.object()?;
    location_of_body(state, &body)?;
    let block = read_block(&body).map_err(Answer::unprocessable_all)?;
    let block = Block { id: state.new_id(), ..block };
    let shown = state.event_view(call.version).block(&block);
    state.agenda.block(block);
    Ok(Answer::created(Value::Object(shown)))
}

/// Deletes an appointment or a blocked slot. Here the flag is spelled right, and the status is 201.
pub(super) fn delete(state: &mut State, id: &str) -> Result<Answer, Answer> {
    if !state.delete_appointment(id, Origin::Api) && !state.agenda.unblock(id) {
        return Err(Answer::unknown_appointment(id));
    }
    Ok(Answer::created(json!({ "succeeded": true })))
}

fn window<'a>(state: &State, call: &'a Call) -> Result<Window<'a>, Answer> {
    call.location_of_query(state)?;
    let (calendar_id, user_id, group_id) = (call.query("calendarId"), call.query("userId"), call.query("groupId"));
    if calendar_id.or(user_id).or(group_id).is_none() {
        return Err(Answer::unprocessable("either of userId, calendarId or groupId is required"));
    }
    Ok(Window { calendar_id, user_id, group_id, from: millis(call, "startTime")?, until: millis(call, "endTime")? })
}

fn millis(call: &Call, name: &str) -> Result<DateTime<Utc>, Answer> {
    let millis = call.query(name).and_then(|text| text.parse().ok());
    millis.and_then(DateTime::from_timestamp_millis).ok_or_else(|| Answer::unprocessable(&format!("{name} must be a number string")))
}

fn read_block(body: &Map<String, Value>) -> Result<Block, Vec<String>> {
    let mut complaints = Vec::new();
    let mut reader = Reader::new(body, &mut complaints);
    reader.require(&["startTime", "endTime"]);
    let (start, end) = (reader.time("startTime"), reader.time("endTime"));
    let block = Block {
        id: String::new(),
        calendar_id: reader.text("calendarId"),
        assigned_user_id: reader.text("assignedUserId"),
        title: reader.text("title"),
        start: start.map(|start| start.to_utc()).unwrap_or_default(),
        end: end.map(|end| end.to_utc()).unwrap_or_default(),
    };
    if block.calendar_id.is_some() == block.assigned_user_id.is_some() {
        complaints.push("Either calendarId or assignedUserId can be set, not both.".to_owned());
    }
    if complaints.is_empty() { Ok(block) } else { Err(complaints) }
}
