//! The calendars.

use serde_json::{Value, json};

use crate::calendar::Calendar;
use crate::event_view;
use crate::state::State;

use super::{Answer, Call};

/// Lists the calendars, drafts too unless told otherwise.
pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    call.location_of_query(state)?;
    let (group, drafts) = (call.query("groupId"), call.query("showDrafted") != Some("false"));
    let wanted = |calendar: &&Calendar| {
        let Calendar { plan, .. } = calendar;
        (drafts || plan.is_active) && (group.is_none() || group == plan.group_id.as_deref())
    };
    let calendars = state.agenda.calendars().iter().filter(wanted);
    let shown: Vec<Value> = calendars.map(|calendar| event_view::calendar(calendar, &state.config.location_id)).collect();
    Ok(Answer::ok(json!({ "calendars": shown })))
}
