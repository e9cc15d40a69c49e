//! An emulated clinic, and what it takes to sync it.

mod calendar;
mod check;
mod clinic;
mod edits;
mod live;
mod people;
mod verdict;

use sync_core::vocabulary::person;
use sync_core::{EndState, Head, ReviewQuery, Side};

pub use calendar::{Booking, bookings, check_calendars, waiting_bookings};
pub use check::{Expectation, Pair, Waiting, check};
pub use clinic::{Behaviour, Clinic};
pub use edits::{morning, one};
pub use live::live;
pub use verdict::Verdict;

use crate::{Result, Service};

/// How many heads are read at a time.
const PAGE: usize = 1000;

/// Everybody who is linked.
///
/// # Errors
/// When the store cannot be read.
pub async fn pairs(service: &Service) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    let mut after = None;
    loop {
        let heads = service.store().heads(service.tenant(), &person::KIND, after, PAGE).await?;
        let Some(last) = heads.last().map(|head| head.link) else { return Ok(pairs) };
        pairs.extend(heads.iter().filter_map(pair));
        after = Some(last);
    }
}

fn pair(head: &Head) -> Option<Pair> {
    let (patient, contact) = (head.ends[Side::Left].as_ref()?, head.ends[Side::Right].as_ref()?);
    let away = |state: EndState| state.is_gone() || matches!(state, EndState::Missing { .. });
    let retired = away(patient.state) || away(contact.state);
    Some(Pair { patient: patient.id.as_str().parse().ok()?, contact: contact.id.to_string(), retired })
}

/// Everybody about whom something waits for a person.
///
/// # Errors
/// When the store cannot be read.
pub async fn waiting(service: &Service) -> Result<Vec<Waiting>> {
    let reviews = service.store().reviews(service.tenant(), &ReviewQuery { kind: Some(person::KIND), ..ReviewQuery::default() }).await?;
    let open = reviews.into_iter().filter(|review| review.decision.is_none());
    Ok(open
        .map(|review| Waiting {
            patient: review.records.left.as_ref().and_then(|id| id.as_str().parse().ok()),
            contact: review.records.right.as_ref().map(ToString::to_string),
            fields: review.reason.fields().to_vec(),
            reason: review.reason.name(),
        })
        .collect())
}
