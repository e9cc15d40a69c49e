//! What became of a record: shown, missing once, gone, out of use, or back.
//!
//! Absence is evidence only from two complete listings, begun one after the other, and where the side
//! can be asked for the record itself, it is asked before anything is concluded.

use chrono::{DateTime, Utc};

use super::work::{Look, Work};
use crate::{Absence, Action, Description, EndState, Observation, Presence, Result, Side, Source};

/// Brings the state of one end up to date with what was seen. Says whether it is now gone for good.
pub(crate) async fn update_presence(work: &mut Work, side: Side, description: &Description, source: &dyn Source) -> Result<bool> {
    let Some((state, is_new)) = work.link.ends[side].as_ref().map(|end| (end.state, end.identity.is_empty())) else { return Ok(false) };
    // What was just made, and neither an answer nor a listing has shown yet, may still have to appear.
    let fresh = work.is_fresh(side, if is_new { description.lag + description.settle } else { description.lag });
    let shown = work.presence[side];
    let next = match (shown, &work.looks[side]) {
        (Some(presence), _) => state_of(presence),
        (None, Look::Absent(began)) if fresh => absent(state, *began, description),
        _ => state,
    };
    if !next.is_gone() || state.is_gone() {
        return Ok(set(work, side, next));
    }
    if shown.is_none() && description.single_read {
        return ask(work, side, next, source).await;
    }
    Ok(set(work, side, next))
}

fn state_of(presence: Presence) -> EndState {
    match presence {
        Presence::Live => EndState::Present,
        Presence::Inactive => EndState::Inactive,
        Presence::Deleted => EndState::Gone,
    }
}

fn absent(state: EndState, began: DateTime<Utc>, description: &Description) -> EndState {
    match state {
        EndState::Present => EndState::Missing { since: began },
        EndState::Missing { since } if began > since + description.lag => match description.absence {
            Absence::Gone => EndState::Gone,
            Absence::Inactive => EndState::Inactive,
        },
        other => other,
    }
}

/// The listings say that it is gone; the record itself has the last word.
async fn ask(work: &mut Work, side: Side, gone: EndState, source: &dyn Source) -> Result<bool> {
    let Some(id) = work.link.ends[side].as_ref().map(|end| end.id.clone()) else { return Ok(false) };
    match source.read(&work.link.kind, &id).await? {
        Observation::Missing => Ok(set(work, side, gone)),
        Observation::Found(record) => {
            let state = state_of(record.presence);
            work.looks[side] = Look::Read(record);
            Ok(set(work, side, state))
        }
    }
}

/// Sets the state and notes what it means. Says whether the record has just gone.
fn set(work: &mut Work, side: Side, next: EndState) -> bool {
    let Some(end) = work.link.ends[side].as_mut() else { return false };
    let before = std::mem::replace(&mut end.state, next);
    if before.is_gone() && next == EndState::Present {
        work.notes.push((Action::Revive, side));
    }
    let went = next.is_gone() && !before.is_gone();
    if went {
        work.notes.push((Action::Retire, side));
    }
    went
}
