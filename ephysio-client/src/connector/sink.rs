//! How e-Physio is written to.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use sync_core::{Draft, Error, ErrorKind, Field, FieldSupport, Fields, Kind, Patch, Permit, RecordId, Result, Sink, Support, Written};

use super::person::{new_patient, patient_patch};
use super::source::id;
use super::{Connector, CreateAnswers, failed, refused, switched_off};
use crate::{BodyForm, Performed};

#[async_trait]
impl Sink for Connector {
    async fn create(&self, _: &Permit, draft: &Draft) -> Result<Written> {
        self.check_kind(&draft.kind)?;
        if self.description.create != Support::Enabled {
            return Err(switched_off("patients are not created: create_patient is switched off"));
        }
        self.check_fields(&draft.fields, |support, _| support.create)?;
        let patient = new_patient(draft)?;
        self.check_key().await?;
        let created = self.client.create_patient(&patient).await.map_err(failed)?;
        let id = created.id.filter(|id| !id.trim().is_empty()).map(RecordId::new);
        let id = id.ok_or_else(|| Error::unknown(ErrorKind::Decode, "e-Physio accepted a patient and answered no id; look in its list"))?;
        Ok(match self.settings.create {
            CreateAnswers::Immediate => Written::NotShown(id),
            CreateAnswers::Request => Written::Pending(id),
        })
    }

    async fn update(&self, _: &Permit, patch: &Patch) -> Result<Written> {
        self.check_kind(&patch.kind)?;
        if self.description.update != Support::Enabled {
            return Err(switched_off("patients are not changed: update_patient is not enabled"));
        }
        self.check_fields(&patch.fields, |support, clearing| support.update && (support.clear || !clearing))?;
        let change = patient_patch(&patch.fields)?;
        let listed = self.listed_for_body(&patch.id).await?;
        match self.client.update_patient(patch.id.as_str(), &change, listed.as_deref()).await.map_err(failed)? {
            Performed::Done => Ok(Written::NotShown(patch.id.clone())),
            Performed::DryRun { .. } => Err(switched_off("patients are not changed: update_patient is a dry run")),
        }
    }

    async fn remove(&self, _: &Permit, _: &Kind, id: &RecordId) -> Result<()> {
        Err(Error::permanent(ErrorKind::Refused, "a patient is never deleted in e-Physio").with_context("id", id.as_str()))
    }
}

impl Connector {
    fn check_fields(&self, fields: &Fields, can: impl Fn(FieldSupport, bool) -> bool) -> Result<()> {
        let can = |name, field| self.description.field(name).is_some_and(|support| can(support, field == Field::Empty));
        match fields.iter().find(|(name, field)| !can(name, *field)) {
            Some((name, _)) => Err(refused("this field cannot be written to e-Physio like this", name)),
            None => Ok(()),
        }
    }

    /// The patient as listed now, if the body of an update has to contain it. There is no other way to read one
    /// patient, so each such update costs a list.
    async fn listed_for_body(&self, wanted: &RecordId) -> Result<Option<Bytes>> {
        if self.client.operations().update_patient.body() != BodyForm::Full {
            self.check_key().await?;
            return Ok(None);
        }
        let mut elements = self.elements().await?;
        while let Some(raw) = elements.next().await {
            let raw = raw.map_err(failed)?;
            if id(&raw).as_ref() != Some(wanted) {
                continue;
            }
            // What cannot be read must not be written back.
            self.look(&raw).map_err(|unreadable| unreadable.error)?;
            return Ok(Some(raw));
        }
        Err(Error::permanent(ErrorKind::NotFound, "e-Physio does not list this patient").with_context("id", wanted.as_str()))
    }

    /// Makes sure that the crypto key fits before anything is written: with a wrong one, e-Physio may store texts that nobody
    /// can read again. One readable name proves it for good; a list is asked for only if none was seen yet.
    async fn check_key(&self) -> Result<()> {
        if self.is_legible() {
            return Ok(());
        }
        let mut elements = self.elements().await?;
        let mut suspicion = None;
        while let Some(raw) = elements.next().await {
            match self.look(&raw.map_err(failed)?) {
                Ok(_) if self.is_legible() => return Ok(()),
                Err(unreadable) if unreadable.scrambled => suspicion = Some(unreadable.error),
                Ok(_) | Err(_) => {}
            }
        }
        // A practice without patients gives no reason to doubt.
        suspicion.map_or(Ok(()), Err)
    }
}
