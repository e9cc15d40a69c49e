//! How the side is written to.

use async_trait::async_trait;

use super::state::Entry;
use super::{Call, Echo, MemoryEndpoint, Shape, in_full, refused};
use crate::testing::CallKind;
use crate::testing::fault::lock;
use crate::{Draft, Error, ErrorKind, Field, FieldName, Kind, Patch, Permit, Record, RecordId, Result, Sink, Support, Written};

#[async_trait]
impl Sink for MemoryEndpoint {
    async fn create(&self, _permit: &Permit, draft: &Draft) -> Result<Written> {
        let fields = draft.fields.names().cloned().collect();
        let call = self.note(Call::Create { kind: draft.kind.clone(), id: None, token: draft.token, fields });
        self.faults.around(CallKind::Create, async { self.create_now(draft, call) }).await
    }

    async fn update(&self, _permit: &Permit, patch: &Patch) -> Result<Written> {
        let fields = patch.fields.names().cloned().collect();
        self.note(Call::Update { kind: patch.kind.clone(), id: patch.id.clone(), fields });
        self.faults.around(CallKind::Update, async { self.update_now(patch) }).await
    }

    async fn remove(&self, _permit: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        self.note(Call::Remove(kind.clone(), id.clone()));
        self.faults.around(CallKind::Remove, async { self.remove_now(kind, id) }).await
    }
}

impl MemoryEndpoint {
    fn create_now(&self, draft: &Draft, call: usize) -> Result<Written> {
        let shape = self.shape(&draft.kind)?;
        self.check_draft(shape, draft)?;
        let fields = self.stored(&draft.kind, &draft.fields);
        let id = self.next_id();
        let mut state = lock(&self.state);
        if let Some((id, fields)) = state.duplicate(shape, &fields, None) {
            return Ok(Written::Exists { id, fields });
        }
        let now = self.env.now();
        let record = Record {
            fields,
            references: draft.references.clone(),
            token: shape.description.carries_token.then_some(draft.token),
            modified: Some(now),
            ..Record::new(draft.kind.clone(), id.clone())
        };
        if let Some(Call::Create { id: made, .. }) = state.calls.get_mut(call) {
            *made = Some(id.clone());
        }
        if shape.pending {
            state.set(&id, now, shape.description.lag, Entry::Pending(record));
            return Ok(Written::Pending(id));
        }
        state.set(&id, now, shape.description.lag, Entry::Accepted(record.clone()));
        Ok(answer(shape, record))
    }

    fn check_draft(&self, shape: &Shape, draft: &Draft) -> Result<()> {
        check_support(shape.description.create)?;
        let given = draft.fields.iter().filter(|(_, field)| *field != Field::Empty).map(|(name, _)| name);
        check_fields(given, |name| shape.description.field(name).is_some_and(|field| field.create))?;
        if let Some(name) = shape.description.required.iter().find(|name| draft.fields.get(name).value().is_none()) {
            return Err(refused("a required field is missing").with_context("field", name.as_str()));
        }
        let state = lock(&self.state);
        if draft.references.iter().any(|(kind, id)| state.present(kind, id).is_none()) {
            return Err(refused("a record that it refers to is not there"));
        }
        Ok(())
    }

    fn update_now(&self, patch: &Patch) -> Result<Written> {
        let shape = self.shape(&patch.kind)?;
        check_support(shape.description.update)?;
        check_fields(patch.fields.names(), |name| shape.description.can_write(name, patch.fields.get(name) == Field::Empty))?;
        let stored = self.stored(&patch.kind, &patch.fields);
        let mut state = lock(&self.state);
        let Some(mut record) = state.present(&patch.kind, &patch.id).cloned() else { return Err(not_found(&patch.id)) };
        if let Some((id, fields)) = state.duplicate(shape, &stored, Some(&patch.id)) {
            return Ok(Written::Exists { id, fields });
        }
        for name in patch.fields.names() {
            // What was cleared is not among the stored values, and is forgotten.
            record.fields.set(name.clone(), stored.get(name));
        }
        let now = self.env.now();
        record.modified = Some(now);
        state.set(&patch.id, now, shape.description.lag, Entry::Accepted(record.clone()));
        Ok(answer(shape, record))
    }

    fn remove_now(&self, kind: &Kind, id: &RecordId) -> Result<()> {
        check_support(self.shape(kind)?.description.remove)?;
        if lock(&self.state).present(kind, id).is_none() {
            return Err(not_found(id));
        }
        self.remove_by_hand(id);
        Ok(())
    }
}

fn answer(shape: &Shape, record: Record) -> Written {
    match shape.echo {
        Echo::Record => Written::Done(in_full(shape, record)),
        Echo::Id => Written::NotShown(record.id),
    }
}

fn check_support(support: Support) -> Result<()> {
    if support == Support::Enabled { Ok(()) } else { Err(refused("the side does not offer this operation")) }
}

fn check_fields<'a>(mut names: impl Iterator<Item = &'a FieldName>, may: impl Fn(&FieldName) -> bool) -> Result<()> {
    match names.find(|name| !may(name)) {
        Some(name) => Err(refused("the field cannot be written like this").with_context("field", name.as_str())),
        None => Ok(()),
    }
}

fn not_found(id: &RecordId) -> Error {
    Error::permanent(ErrorKind::NotFound, "the record is not there").with_context("id", id.as_str())
}
