//! An endpoint under test, with people who work on its side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;

use super::{Breach, ensure, permit};
use crate::schema::comparable;
use crate::{
    Description, Draft, Field, FieldName, Fields, Item, Kind, Listed, Observation, Patch, Presence, Record, RecordId, Schema, Sink, Token,
    Written,
};

/// People who work on the side, without the connector; for an emulator its back door, for a real account
/// its user interface. A failure of theirs is a failure of the test bench, and may panic.
#[async_trait]
pub trait Staff: Send + Sync + fmt::Debug {
    /// Enters a record with these fields, given in the vocabulary's canonical formats.
    async fn create(&self, kind: &Kind, fields: &Fields, references: &BTreeMap<Kind, RecordId>) -> RecordId;

    /// Changes a field; `Empty` clears it.
    async fn edit(&self, kind: &Kind, id: &RecordId, name: &FieldName, field: Field<&str>);

    /// Takes a record out of use, as people do on that side.
    async fn remove(&self, kind: &Kind, id: &RecordId);

    /// Accepts a create that was answered with [`Written::Pending`].
    async fn approve(&self, kind: &Kind, id: &RecordId);

    /// Lets this much time pass on that side.
    async fn pass(&self, time: Duration);

    /// An id that looks like one of that side, and is none.
    fn unused_id(&self, kind: &Kind) -> RecordId;
}

/// A fresh endpoint, its people, and what to test it with.
#[derive(Clone, Debug)]
pub struct Subject {
    pub(super) endpoint: Arc<dyn Sink>,
    pub(super) staff: Arc<dyn Staff>,
    pub(super) schema: Arc<dyn Schema>,
    pub(super) kind: Kind,
    pub(super) samples: Vec<Fields>,
    pub(super) references: BTreeMap<Kind, RecordId>,
    pub(super) own_way: BTreeSet<FieldName>,
    pub(super) texts: BTreeMap<FieldName, usize>,
}

impl Subject {
    /// An endpoint to be tested with records of the schema's kind.
    ///
    /// At least three samples, in canonical formats, that have no value in common. The first has every field
    /// that the side knows, the last as few as a record can have.
    ///
    /// # Panics
    /// With fewer than three samples.
    pub fn new(endpoint: Arc<dyn Sink>, staff: Arc<dyn Staff>, schema: Arc<dyn Schema>, samples: impl IntoIterator<Item = Fields>) -> Self {
        let samples: Vec<Fields> = samples.into_iter().collect();
        assert!(samples.len() >= 3, "the checks need three samples");
        let kind = schema.kind().clone();
        Self { endpoint, staff, schema, kind, samples, references: BTreeMap::new(), own_way: BTreeSet::new(), texts: BTreeMap::new() }
    }

    /// Records that all samples belong to. They have to be there.
    #[must_use]
    pub fn with_reference(mut self, kind: Kind, id: RecordId) -> Self {
        self.references.insert(kind, id);
        self
    }

    /// A field that the side stores in its own way: it need not show what was written, but must show the same
    /// each time, and keep it when it is written back.
    #[must_use]
    pub fn with_own_way(mut self, name: FieldName) -> Self {
        self.own_way.insert(name);
        self
    }

    /// A field for free text, of so many characters at most. Any text of that length has to survive.
    #[must_use]
    pub fn with_text(mut self, name: FieldName, longest: usize) -> Self {
        self.texts.insert(name, longest);
        self
    }

    pub(super) fn description(&self) -> Result<&Description, Breach> {
        self.endpoint.describe(&self.kind).ok_or_else(|| Breach(format!("the kind {} is not described", self.kind)))
    }

    /// Waits until listings and searches show what has happened.
    pub(super) async fn settle(&self) -> Result<(), Breach> {
        let lag = self.description()?.lag;
        if !lag.is_zero() {
            self.staff.pass(lag).await;
        }
        Ok(())
    }

    pub(super) fn full(&self) -> &Fields {
        &self.samples[0]
    }

    pub(super) fn other(&self) -> &Fields {
        &self.samples[1]
    }

    pub(super) fn sparse(&self) -> &Fields {
        &self.samples[self.samples.len() - 1]
    }

    /// People enter a record.
    pub(super) async fn enter(&self, fields: &Fields) -> RecordId {
        self.staff.create(&self.kind, fields, &self.references).await
    }

    /// The elements of a listing that ends well.
    pub(super) async fn list(&self) -> Result<Vec<Listed>, Breach> {
        let mut listing = self.endpoint.list(&self.kind);
        let mut elements = Vec::new();
        while let Some(item) = listing.next().await {
            match item? {
                Item::Listed(listed) => elements.push(listed),
                Item::Broken { why, .. } => return Err(Breach(format!("a good record is listed as broken: {why}"))),
                Item::End { .. } => return Ok(elements),
            }
        }
        Err(Breach("the listing stops without an end".to_owned()))
    }

    pub(super) async fn element(&self, id: &RecordId) -> Result<Option<Listed>, Breach> {
        Ok(self.list().await?.into_iter().find(|listed| listed.id == *id))
    }

    /// A record as a listing shows it.
    pub(super) async fn listed(&self, id: &RecordId) -> Result<Option<Record>, Breach> {
        self.element(id).await?.map(|listed| Ok(self.endpoint.decode(&self.kind, &listed)?)).transpose()
    }

    /// A record as a single read shows it.
    pub(super) async fn read(&self, id: &RecordId) -> Result<Option<Record>, Breach> {
        match self.endpoint.read(&self.kind, id).await? {
            Observation::Found(record) => Ok(Some(*record)),
            Observation::Missing => Ok(None),
        }
    }

    /// A record by the best view that the side has, once it has caught up.
    pub(super) async fn view(&self, id: &RecordId) -> Result<Record, Breach> {
        self.settle().await?;
        let record = if self.description()?.single_read { self.read(id).await? } else { self.listed(id).await? };
        record.ok_or_else(|| Breach("a record that is there is not shown".to_owned()))
    }

    /// Whether anything shows the record as being in use.
    pub(super) async fn is_in_use(&self, id: &RecordId) -> Result<bool, Breach> {
        self.settle().await?;
        let mut views = vec![self.listed(id).await?];
        if self.description()?.single_read {
            views.push(self.read(id).await?);
        }
        Ok(views.into_iter().flatten().any(|record| record.presence == Presence::Live))
    }

    pub(super) fn draft(&self, fields: &Fields, token: u8) -> Result<Draft, Breach> {
        let description = self.description()?;
        let can = |name: &FieldName| description.field(name).is_some_and(|support| support.create);
        let mut given = Fields::default();
        for (name, field) in fields.iter().filter(|(name, _)| can(name)) {
            given.set(name.clone(), field);
        }
        Ok(Draft { kind: self.kind.clone(), fields: given, references: self.references.clone(), token: Token::from_bytes([token; 16]) })
    }

    /// Creates a record through the connector; where people have to accept it, they do.
    pub(super) async fn create(&self, draft: &Draft) -> Result<RecordId, Breach> {
        let written = self.endpoint.create(&permit(), draft).await?;
        self.accepted(written).await
    }

    pub(super) async fn update(&self, id: &RecordId, fields: &Fields) -> Result<(), Breach> {
        let patch = Patch { kind: self.kind.clone(), id: id.clone(), fields: fields.clone() };
        let written = self.endpoint.update(&permit(), &patch).await?;
        let answered = self.accepted(written).await?;
        ensure!(answered == *id, "the answer to an update names another record");
        Ok(())
    }

    pub(super) async fn accepted(&self, written: Written) -> Result<RecordId, Breach> {
        match written {
            Written::Done(record) => Ok(record.id),
            Written::NotShown(id) => Ok(id),
            Written::Pending(id) => {
                self.staff.approve(&self.kind, &id).await;
                Ok(id)
            }
            Written::Blocked(what) => Err(Breach(format!("a write is blocked, though nothing is missing: {what}"))),
            Written::Exists { .. } => Err(Breach("a write is answered with Exists, though no other record has the value".to_owned())),
        }
    }

    /// The fields in which two views of a record differ, as the vocabulary compares them.
    pub(super) fn differences(&self, one: &Fields, other: &Fields) -> BTreeSet<FieldName> {
        let shown = |fields: &Fields, name: &FieldName| comparable(&*self.schema, name, fields.get(name));
        one.names().chain(other.names()).filter(|name| shown(one, name) != shown(other, name)).cloned().collect()
    }

    /// Checks that a record shows what was written, as far as the side shows it at all.
    pub(super) fn check_shows(&self, record: &Record, wanted: &Fields) -> Result<(), Breach> {
        let description = self.description()?;
        for (name, field) in wanted.iter() {
            let shown = record.fields.get(name);
            // Only a view that proves nothing by absence may leave a field out.
            let hidden = shown == Field::Unknown && description.field(name).is_some_and(|support| !support.listed);
            let kept = self.own_way.contains(name) && shown.is_known() && shown.value().is_some() == field.value().is_some();
            let same = comparable(&*self.schema, name, shown) == comparable(&*self.schema, name, field);
            ensure!(hidden || kept || same, "the field {name} was written as {}, and shows {}", told(field), told(shown));
        }
        Ok(())
    }
}

/// Fields with a single one in them.
pub(super) fn only(name: &FieldName, field: Field<&str>) -> Fields {
    let mut fields = Fields::default();
    fields.set(name.clone(), field);
    fields
}

/// A field with its value: a sample is nobody's secret, and the author of a connector needs to see it.
fn told(field: Field<&str>) -> String {
    match field {
        Field::Unknown => "nothing".to_owned(),
        Field::Empty => "empty".to_owned(),
        Field::Value(value) => format!("{value:?}"),
    }
}
