//! Calls about events.

mod cancel;
mod clock;
mod create;
mod list;
mod read;
mod update;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, delete, get, post, put};

use crate::emulator::Inner;
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::query;
use crate::{CancelEvent, EventQuirks, UpdateEvent};

/// The routes, of which those for changes depend on what is switched on.
pub(crate) fn routes(quirks: &EventQuirks) -> Router<Arc<Inner>> {
    let here = post(create::create);
    let here = match quirks.cancel {
        CancelEvent::DeleteWithIds => here.delete(cancel::by_query),
        CancelEvent::NotFound404 => here.delete(answer::no_such_path),
        CancelEvent::MethodNotAllowed405 | CancelEvent::DeleteAtPath => here,
    };
    let changes = match quirks.update {
        UpdateEvent::PutToPath => put(update::at_path),
        UpdateEvent::NotFound404 | UpdateEvent::PostWithIds => put(answer::no_such_path),
        UpdateEvent::MethodNotAllowed405 => MethodRouter::new(),
    };
    let cancels = match quirks.cancel {
        CancelEvent::DeleteAtPath => delete(cancel::at_path),
        CancelEvent::NotFound404 | CancelEvent::DeleteWithIds => delete(answer::no_such_path),
        CancelEvent::MethodNotAllowed405 => MethodRouter::new(),
    };
    Router::new().route("/events/events", get(list::list)).route("/events", here).route("/events/{id}", changes.merge(cancels))
}

/// What the query of a write says.
#[derive(Debug)]
struct Scope {
    /// The events that are meant; none at a create.
    ids: Vec<u64>,
    /// Whether the whole series of each is meant.
    series: bool,
}

impl Scope {
    fn read(query: &str, quirks: &EventQuirks) -> Result<Self, Wrong> {
        let flag = |name: &'static str| match query::value(query, name) {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(Wrong::new(name, "must be true or false")),
            None if quirks.requires_query => Err(Wrong::new(name, "is required")),
            None => Ok(false),
        };
        flag("isCancelMultiUser")?;
        flag("changeAllDescriptions")?;
        let series = flag("changeSeries")?;
        let ids = match query::value(query, "ids") {
            Some(ids) => ids.split(',').filter(|id| !id.is_empty()).map(str::parse).collect::<Result<_, _>>(),
            None if quirks.requires_query => return Err(Wrong::new("ids", "is required")),
            None => Ok(Vec::new()),
        };
        Ok(Self { ids: ids.map_err(|_| Wrong::new("ids", "must be integers"))?, series })
    }
}

fn no_such_event() -> Refusal {
    Refusal::not_found("no such event".to_owned())
}
