//! `POST /contacts/search`: its index, which lags, and its language.

mod filter;
mod index;
mod page;
mod term;

pub(crate) use index::Index;
pub(crate) use page::{Hit, Request, run};

use crate::http::Answer;

/// GHL answers a field that it cannot filter or sort by with 400 and this text:
/// <https://github.com/GoHighLevel/highlevel-api-docs/issues/289>.
fn invalid_field(field: &str) -> Answer {
    Answer::bad_request(&format!("Invalid field {field}"))
}
