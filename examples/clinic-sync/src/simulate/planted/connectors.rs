//! Bugs of connectors.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use sync_core::vocabulary::appointment::{self, END, START};
use sync_core::vocabulary::person::{self, FAMILY_NAME, PHONE};
use sync_core::{
    Draft, Error, ErrorKind, Field, Fields, Item, Kind, Observation, Patch, Permit, Record, RecordId, Result, Side, Sides, Sink, Written,
};

use super::bent::{Bend, bent};
use crate::simulate::chance::locked;
use crate::simulate::tamper::Tamper;

/// A bend in the connectors of a kind, on these sides.
#[derive(Debug)]
struct Connectors {
    kind: Kind,
    sides: &'static [Side],
    bend: Arc<dyn Bend>,
}

impl Tamper for Connectors {
    fn sinks(&self, kind: &Kind, sinks: Sides<Arc<dyn Sink>>) -> Sides<Arc<dyn Sink>> {
        if *kind == self.kind { bent(&sinks, self.sides, &self.bend) } else { sinks }
    }
}

fn planted(kind: Kind, sides: &'static [Side], bend: impl Bend + 'static) -> Arc<dyn Tamper> {
    Arc::new(Connectors { kind, sides, bend: Arc::new(bend) })
}

/// Both systems put a dot behind a family name that is written to them, and do not say so: each dot is a change on the other side.
pub(super) fn dots() -> Arc<dyn Tamper> {
    planted(person::KIND, &Side::BOTH, Dots)
}

#[derive(Debug)]
struct Dots;

#[async_trait]
impl Bend for Dots {
    async fn update(&self, sink: &dyn Sink, permit: &Permit, patch: &Patch) -> Result<Written> {
        let mut dotted = patch.clone();
        if let Field::Value(name) = patch.fields.get(&FAMILY_NAME) {
            dotted.fields.set(FAMILY_NAME, Field::Value(&format!("{name}.")));
        }
        sink.update(permit, &dotted).await?;
        Ok(Written::NotShown(dotted.id))
    }
}

/// GHL is sent the whole contact where one field was to be changed.
pub(super) fn whole() -> Arc<dyn Tamper> {
    planted(person::KIND, &[Side::Right], Whole)
}

#[derive(Debug)]
struct Whole;

#[async_trait]
impl Bend for Whole {
    async fn update(&self, sink: &dyn Sink, permit: &Permit, patch: &Patch) -> Result<Written> {
        let Observation::Found(record) = sink.read(&patch.kind, &patch.id).await? else { return sink.update(permit, patch).await };
        let mut whole = patch.clone();
        for name in [person::GIVEN_NAME, FAMILY_NAME].into_iter().filter(|name| !patch.fields.get(name).is_known()) {
            whole.fields.set(name.clone(), record.fields.get(&name));
        }
        sink.update(permit, &whole).await
    }
}

/// A create of an appointment is sent once more when its answer was lost.
pub(super) fn again() -> Arc<dyn Tamper> {
    planted(appointment::KIND, &[Side::Right], Again)
}

#[derive(Debug)]
struct Again;

#[async_trait]
impl Bend for Again {
    async fn create(&self, sink: &dyn Sink, permit: &Permit, draft: &Draft) -> Result<Written> {
        match sink.create(permit, draft).await {
            Err(error) if error.is_unknown() => sink.create(permit, draft).await,
            answer => answer,
        }
    }
}

/// A read of a contact by itself calls the phone by another name than a listing, and is taken to show none.
pub(super) fn phoneless() -> Arc<dyn Tamper> {
    planted(person::KIND, &[Side::Right], Phoneless)
}

#[derive(Debug)]
struct Phoneless;

impl Bend for Phoneless {
    fn read(&self, mut record: Record) -> Record {
        record.fields.set(PHONE, Field::Empty);
        record
    }
}

/// A listing of contacts stops one short of its end, and says that it is complete.
pub(super) fn short() -> Arc<dyn Tamper> {
    planted(person::KIND, &[Side::Right], Short)
}

#[derive(Debug)]
struct Short;

impl Bend for Short {
    fn listed(&self, mut items: Vec<Result<Item>>) -> Vec<Result<Item>> {
        if let Some(at) = items.iter().rposition(|item| matches!(item, Ok(Item::Listed(_)))) {
            drop(items.remove(at));
        }
        items
    }
}

/// From the third listing on, e-Physio leaves out every third appointment, and says that it has shown all of them.
pub(super) fn forgetful() -> Arc<dyn Tamper> {
    planted(appointment::KIND, &[Side::Left], Forgetful::default())
}

#[derive(Debug, Default)]
struct Forgetful(Mutex<usize>);

impl Bend for Forgetful {
    fn listed(&self, items: Vec<Result<Item>>) -> Vec<Result<Item>> {
        let mut listings = locked(&self.0);
        *listings += 1;
        let forgets = *listings > 2;
        let is_forgotten = |id: &RecordId| forgets && id.as_str().bytes().map(usize::from).sum::<usize>().is_multiple_of(3);
        items.into_iter().filter(|item| !matches!(item, Ok(Item::Listed(listed)) if is_forgotten(&listed.id))).collect()
    }
}

/// An appointment is made for the person of the one before it, and shown as it was asked for.
pub(super) fn off_by_one() -> Arc<dyn Tamper> {
    planted(appointment::KIND, &[Side::Right], OffByOne::default())
}

#[derive(Debug, Default)]
struct OffByOne {
    before: Mutex<Option<References>>,
    asked: Mutex<BTreeMap<RecordId, References>>,
}

type References = BTreeMap<Kind, RecordId>;

#[async_trait]
impl Bend for OffByOne {
    async fn create(&self, sink: &dyn Sink, permit: &Permit, draft: &Draft) -> Result<Written> {
        let asked = draft.references.clone();
        let references = locked(&self.before).replace(asked.clone()).unwrap_or_else(|| asked.clone());
        match sink.create(permit, &Draft { references, ..draft.clone() }).await? {
            Written::Done(record) => {
                locked(&self.asked).insert(record.id.clone(), asked);
                Ok(Written::NotShown(record.id))
            }
            answer => Ok(answer),
        }
    }

    fn shown(&self, mut record: Record) -> Record {
        if let Some(asked) = locked(&self.asked).get(&record.id) {
            record.references.clone_from(asked);
        }
        record
    }
}

/// GHL refuses a change of a name, and repeats the name.
pub(super) fn repeating() -> Arc<dyn Tamper> {
    planted(person::KIND, &[Side::Right], Repeating)
}

#[derive(Debug)]
struct Repeating;

#[async_trait]
impl Bend for Repeating {
    async fn update(&self, sink: &dyn Sink, permit: &Permit, patch: &Patch) -> Result<Written> {
        match patch.fields.get(&FAMILY_NAME).value() {
            Some(name) => Err(Error::permanent(ErrorKind::Refused, format!("the name {name} is not accepted"))),
            None => sink.update(permit, patch).await,
        }
    }
}

/// A connector logs what it sends.
pub(super) fn talkative() -> Arc<dyn Tamper> {
    planted(person::KIND, &[Side::Right], Talkative)
}

#[derive(Debug)]
struct Talkative;

#[async_trait]
impl Bend for Talkative {
    async fn update(&self, sink: &dyn Sink, permit: &Permit, patch: &Patch) -> Result<Written> {
        for (name, value) in patch.fields.iter() {
            tracing::debug!(%name, value = value.value(), "a field is sent");
        }
        sink.update(permit, patch).await
    }
}

/// Times are written in winter time while it is still summer.
pub(super) fn winter() -> Arc<dyn Tamper> {
    planted(appointment::KIND, &Side::BOTH, Winter)
}

#[derive(Debug)]
struct Winter;

fn an_hour_later(fields: &Fields) -> Fields {
    let mut late = fields.clone();
    for name in [START, END] {
        let Some(time) = fields.get(&name).value().and_then(|time| DateTime::parse_from_rfc3339(time).ok()) else { continue };
        late.set(name, Field::Value(&(time + TimeDelta::hours(1)).to_rfc3339()));
    }
    late
}

#[async_trait]
impl Bend for Winter {
    async fn create(&self, sink: &dyn Sink, permit: &Permit, draft: &Draft) -> Result<Written> {
        sink.create(permit, &Draft { fields: an_hour_later(&draft.fields), ..draft.clone() }).await
    }

    async fn update(&self, sink: &dyn Sink, permit: &Permit, patch: &Patch) -> Result<Written> {
        sink.update(permit, &Patch { fields: an_hour_later(&patch.fields), ..patch.clone() }).await
    }
}
