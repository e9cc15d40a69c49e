//! How GHL is written to.

use async_trait::async_trait;
use sync_core::vocabulary::person::{EMAIL, PHONE};
use sync_core::{Draft, FieldName, Fields, Kind, Patch, Permit, RecordId, Result, Sink, Written};

use super::{Connector, check_fields, failed, refused};
use crate::Created;

#[async_trait]
impl Sink for Connector {
    async fn create(&self, _: &Permit, draft: &Draft) -> Result<Written> {
        self.check_kind(&draft.kind)?;
        check_fields(&self.description, &draft.fields, |support, _| support.create)?;
        self.check_required(&draft.fields)?;
        let contact = self.lens.new_contact(draft)?;
        match self.client.create_contact(&contact).await.map_err(failed)? {
            Created::New(contact) => Ok(Written::Done(Box::new(self.lens.answered(&contact, &draft.fields)))),
            Created::Exists { id, matching_field } => Ok(exists(id, matching_field.as_deref())),
        }
    }

    async fn update(&self, _: &Permit, patch: &Patch) -> Result<Written> {
        self.check_kind(&patch.kind)?;
        check_fields(&self.description, &patch.fields, |support, clearing| support.update && (support.clear || !clearing))?;
        let change = self.lens.contact_patch(&patch.fields)?;
        match self.client.update_contact(patch.id.as_str(), &change).await {
            Ok(Some(contact)) => Ok(Written::Done(Box::new(self.lens.answered(&contact, &patch.fields)))),
            Ok(None) => Ok(Written::NotShown(patch.id.clone())),
            Err(error) => match error.existing() {
                Some(existing) => Ok(exists(existing.id.clone(), existing.field.as_deref())),
                None => Err(failed(error)),
            },
        }
    }

    async fn remove(&self, _: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        self.check_kind(kind)?;
        self.client.delete_contact(id.as_str()).await.map_err(failed)
    }
}

impl Connector {
    fn check_required(&self, fields: &Fields) -> Result<()> {
        match self.settings.required.iter().find(|name| fields.get(name).value().is_none()) {
            Some(name) => Err(refused("no contact is created without this field", name)),
            None => Ok(()),
        }
    }
}

/// A duplicate refusal. GHL names the field that matched first; both may match.
fn exists(id: String, matching: Option<&str>) -> Written {
    let fields: Vec<FieldName> = match matching {
        Some("email") => vec![EMAIL],
        Some("phone") => vec![PHONE],
        _ => Vec::new(),
    };
    Written::Exists { id: RecordId::new(id), fields }
}
