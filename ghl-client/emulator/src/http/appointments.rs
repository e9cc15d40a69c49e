//! Reading and writing one appointment.

use chrono::{DateTime, FixedOffset};
use serde_json::{Value, json};

use crate::agenda::Span;
use crate::appointment::{Appointment, AppointmentStatus};
use crate::booking::{self, Booking, Draft};
use crate::calendar::Calendar;
use crate::hooks::Origin;
use crate::state::State;
use crate::view::Version;

use super::call::location_of_body;
use super::{Answer, Call};

/// Books an appointment. Two that overlap are refused, so of equal requests exactly one wins; with
/// `ignoreFreeSlotValidation` all of them do.
pub(super) fn create(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let body = call.object()?;
    location_of_body(state, &body)?;
    let draft = booking::read(&body, Booking::Create, call.version).map_err(Answer::unprocessable_all)?;
    let appointment = booked(state, &draft)?;
    check_assignment(state, &appointment)?;
    check_slot(state, &draft, &appointment, draft.start)?;
    let appointment = state.schedule(appointment, draft.notify, Origin::Api);
    Ok(written(state, call, &appointment))
}

pub(super) fn get(state: &State, call: &Call, id: &str) -> Result<Answer, Answer> {
    let kept = state.agenda.kept(id).filter(|appointment| is_shown(state, call, appointment));
    let appointment = kept.ok_or_else(|| Answer::unknown_appointment(id))?;
    Ok(Answer::ok(json!({ "event": event(state, call, appointment) })))
}

/// Updates an appointment. Only one that gets another time, calendar or user has to find a free slot.
pub(super) fn update(state: &mut State, call: &Call, id: &str) -> Result<Answer, Answer> {
    let body = call.object()?;
    let draft = booking::read(&body, Booking::Update, call.version).map_err(Answer::unprocessable_all)?;
    let before = state.agenda.appointment(id).ok_or_else(|| Answer::unknown_appointment(id))?;
    let mut after = Appointment::clone(before);
    after.apply(&draft);
    let place = |appointment: &Appointment| {
        (appointment.start, appointment.end, appointment.calendar_id.clone(), appointment.assigned_user_id.clone())
    };
    if place(before) != place(&after) {
        check_assignment(state, &after)?;
        check_slot(state, &draft, &after, draft.start)?;
    }
    let change = |appointment: &mut Appointment| *appointment = after;
    let appointment = state.reschedule(id, draft.notify, Origin::Api, change).ok_or_else(|| Answer::unknown_appointment(id))?;
    Ok(written(state, call, &appointment))
}

/// Cancelled appointments stay, deleted ones go, except that v3 has a mark for them.
pub(super) fn is_shown(state: &State, call: &Call, appointment: &Appointment) -> bool {
    !appointment.deleted || (state.config.show_deleted && call.version == Version::V3)
}

/// The appointment as reads and listings show it.
pub(super) fn event(state: &State, call: &Call, appointment: &Appointment) -> Value {
    let group_id = state.agenda.calendar(&appointment.calendar_id).and_then(|calendar| calendar.plan.group_id.as_deref());
    Value::Object(state.event_view(call.version).event(appointment, group_id))
}

// A write answers without a wrapper.
fn written(state: &State, call: &Call, appointment: &Appointment) -> Answer {
    Answer::ok(Value::Object(state.event_view(call.version).written(appointment)))
}

/// The appointment that a creation asks for, with what its calendar adds.
fn booked(state: &State, draft: &Draft) -> Result<Appointment, Answer> {
    let contact_id = draft.contact_id.clone().unwrap_or_default();
    if state.book.get(&contact_id).is_none() {
        return Err(Answer::unknown_contact(&contact_id));
    }
    let calendar = calendar(state, draft.calendar_id.as_deref().unwrap_or_default())?;
    let start = draft.start.map(|start| start.to_utc()).unwrap_or_default();
    let mut appointment = Appointment {
        title: state.title(calendar, &contact_id),
        contact_id,
        status: if calendar.plan.auto_confirm { AppointmentStatus::Confirmed } else { AppointmentStatus::New },
        // The only member of a team need not be named.
        assigned_user_id: <&[String; 1]>::try_from(calendar.plan.team.as_slice()).ok().map(|[only]| only.clone()),
        start,
        end: start + calendar.slot(),
        ..Appointment::default()
    };
    let title = draft.title.clone().filter(|title| !title.is_empty());
    appointment.apply(&Draft { title, ..draft.clone() });
    Ok(appointment)
}

fn calendar<'a>(state: &'a State, id: &str) -> Result<&'a Calendar, Answer> {
    state.agenda.calendar(id).ok_or_else(|| Answer::bad_request(&format!("Calendar with id {id} not found")))
}

/// A team's appointment needs one of the team: <https://github.com/GoHighLevel/highlevel-api-docs/issues/23>.
fn check_assignment(state: &State, appointment: &Appointment) -> Result<(), Answer> {
    let calendar = calendar(state, &appointment.calendar_id)?;
    match &appointment.assigned_user_id {
        Some(user_id) if state.agenda.can_be_assigned(calendar, user_id) => Ok(()),
        Some(_) => Err(Answer::unprocessable("The user id not part of calendar team.")),
        None if calendar.plan.team.is_empty() => Ok(()),
        None => Err(Answer::unprocessable("either userId or assignedUserId must be set")),
    }
}

/// Checks that the time is free. `written` is the start as it was sent; an update without one keeps a start that was offered once.
fn check_slot(state: &State, draft: &Draft, wanted: &Appointment, written: Option<DateTime<FixedOffset>>) -> Result<(), Answer> {
    if draft.ignore_slots {
        return Ok(());
    }
    let calendar = calendar(state, &wanted.calendar_id)?;
    let span = Span {
        calendar_id: &wanted.calendar_id,
        user_id: wanted.assigned_user_id.as_deref(),
        start: wanted.start,
        end: wanted.end,
        own_id: Some(&wanted.id),
    };
    let in_range = draft.ignore_range || wanted.start >= state.clock().now();
    let zone = state.zone();
    let written = written.unwrap_or_else(|| wanted.start.with_timezone(&zone).fixed_offset());
    if in_range && calendar.offers(written, wanted.end, zone) && !state.agenda.is_taken(&span) {
        return Ok(());
    }
    Err(Answer::slot_taken())
}
