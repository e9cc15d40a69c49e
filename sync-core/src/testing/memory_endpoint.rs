//! An endpoint in memory: the readable reference for what a side does, with quirks to choose from.

mod journal;
mod shape;
mod sink;
mod source;
mod staff;
mod state;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub use journal::Call;
pub use shape::{Echo, Shape};
use state::State;

use super::fault::lock;
use super::{CallKind, Faults};
use crate::{Env, Error, ErrorKind, FieldName, Kind, Record, RecordId, Result};

/// A side in memory. Clones are the same side.
///
/// People work on it through [`add`](Self::add), [`edit`](Self::edit) and the like; the engine through
/// [`Source`](crate::Source) and [`Sink`](crate::Sink). Everything that it is asked is in [`calls`](Self::calls), and
/// [`faults`](Self::faults) is what will go wrong.
///
/// It is strict: what its [`Description`](crate::Description) does not offer, it refuses.
///
/// ```
/// use std::sync::Arc;
/// use sync_core::testing::{CallKind, MemoryEndpoint, SeededEnv, Shape};
/// use sync_core::{Kind, Observation, Source};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let person = Kind::from_static("person");
/// let side = MemoryEndpoint::new("L", Arc::new(SeededEnv::frozen(1)), [Shape::full(person.clone(), &["name"])]);
/// let id = side.add(&person, &[("name", "Anna")]);
/// assert!(matches!(side.read(&person, &id).await, Ok(Observation::Found(_))));
/// assert_eq!(side.count(CallKind::Read), 1);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct MemoryEndpoint {
    prefix: &'static str,
    env: Arc<dyn Env>,
    shapes: Arc<BTreeMap<Kind, Shape>>,
    state: Arc<Mutex<State>>,
    faults: Arc<Faults>,
}

impl MemoryEndpoint {
    /// An empty side whose ids start with `prefix`, and which serves these kinds.
    pub fn new(prefix: &'static str, env: Arc<dyn Env>, shapes: impl IntoIterator<Item = Shape>) -> Self {
        let shapes = shapes.into_iter().map(|shape| (shape.description.kind.clone(), shape)).collect();
        Self { prefix, env, shapes: Arc::new(shapes), state: Arc::default(), faults: Arc::default() }
    }

    /// What will go wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Everything that was asked, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state).calls.clone()
    }

    /// The creates, updates and removals among the calls.
    #[must_use]
    pub fn writes(&self) -> Vec<Call> {
        lock(&self.state).calls.iter().filter(|call| call.is_write()).cloned().collect()
    }

    /// How many calls of a kind there were.
    #[must_use]
    pub fn count(&self, kind: CallKind) -> usize {
        lock(&self.state).calls.iter().filter(|call| call.kind() == kind).count()
    }

    /// Begins the journal of calls anew.
    pub fn forget_calls(&self) {
        lock(&self.state).calls.clear();
    }

    /// A record as it really is, whatever listings show: only fields that have a value are in it.
    #[must_use]
    pub fn record(&self, id: &RecordId) -> Option<Record> {
        lock(&self.state).slots.get(id)?.record().cloned()
    }

    /// A field as it really is; `None` if it is empty, or the record is not there.
    #[must_use]
    pub fn value(&self, id: &RecordId, field: &str) -> Option<String> {
        self.record(id)?.fields.get(&FieldName::from(field)).value().map(str::to_owned)
    }

    /// All records of a kind as they really are, by id. Removed ones are among them where the side keeps tombstones.
    #[must_use]
    pub fn records(&self, kind: &Kind) -> Vec<Record> {
        self.all().into_iter().filter(|record| record.kind == *kind).collect()
    }

    /// The records that were asked for, and that nobody accepted yet.
    #[must_use]
    pub fn pending(&self, kind: &Kind) -> Vec<Record> {
        let state = lock(&self.state);
        let waiting = state.slots.values().filter(|slot| slot.record().is_none()).filter_map(|slot| slot.held());
        waiting.filter(|record| record.kind == *kind).cloned().collect()
    }

    fn all(&self) -> Vec<Record> {
        lock(&self.state).slots.values().filter_map(|slot| slot.record().cloned()).collect()
    }

    fn held(&self, id: &RecordId) -> Option<Record> {
        lock(&self.state).slots.get(id)?.held().cloned()
    }

    fn next_id(&self) -> RecordId {
        let mut state = lock(&self.state);
        state.created += 1;
        RecordId::new(format!("{}{}", self.prefix, state.created))
    }

    fn shape(&self, kind: &Kind) -> Result<&Shape> {
        self.shapes.get(kind).ok_or_else(|| Error::permanent(ErrorKind::Configuration, "the side does not know this kind"))
    }

    fn note(&self, call: Call) -> usize {
        let calls = &mut lock(&self.state).calls;
        calls.push(call);
        calls.len() - 1
    }
}

/// A record as a single read or an answer shows it.
fn in_full(shape: &Shape, record: Record) -> Box<Record> {
    let fields = shape.shown(|name| record.fields.get(name).value());
    Box::new(Record { fields, ..record })
}

fn refused(message: &'static str) -> Error {
    Error::permanent(ErrorKind::Refused, message)
}

#[cfg(test)]
mod tests;
