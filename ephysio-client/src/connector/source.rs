//! How e-Physio is read.

use async_stream::try_stream;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Deserialize;
use sync_core::vocabulary::person::{FAMILY_NAME, GIVEN_NAME};
use sync_core::{Description, Error, ErrorKind, Item, Kind, Listed, Observation, Probe, Record, RecordId, Result, Source};
use sync_http::{Elements, shown};

use super::person::Unreadable;
use super::{Connector, failed};
use crate::PatientStatus;

#[async_trait]
impl Source for Connector {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        (*kind == self.description.kind).then_some(&self.description)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        Box::pin(try_stream! {
            self.check_kind(kind)?;
            let mut elements = self.elements().await?;
            let mut complete = true;
            while let Some(element) = elements.next().await {
                let item = item(element.map_err(failed)?);
                complete &= matches!(item, Item::Listed(_));
                yield item;
            }
            // There are no pages: an array that was closed has shown everyone.
            yield Item::End { complete };
        })
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        self.check_kind(kind)?;
        self.look(&listed.raw).map_err(|unreadable| unreadable.error.with_context("id", listed.id.as_str()))
    }

    async fn read(&self, _: &Kind, _: &RecordId) -> Result<Observation> {
        Err(Error::permanent(ErrorKind::Configuration, "no call of e-Physio is known that reads one patient"))
    }

    async fn find(&self, _: &Kind, _: &Probe) -> Result<Vec<Record>> {
        Err(Error::permanent(ErrorKind::Configuration, "no call of e-Physio is known that searches for patients"))
    }
}

impl Connector {
    pub(super) async fn elements(&self) -> Result<Elements> {
        let status = (!self.settings.list_all).then_some(PatientStatus::ACTIVE);
        self.client.patients(status).await.map_err(failed)
    }

    /// Reads an element, and notes whether its names could be read.
    pub(super) fn look(&self, raw: &[u8]) -> Result<Record, Unreadable> {
        let record = self.lens.record(raw)?;
        if [GIVEN_NAME, FAMILY_NAME].iter().any(|name| record.fields.get(name).value().is_some()) {
            self.note_legible();
        }
        Ok(record)
    }
}

/// All that is read of an element before it is known to have changed.
#[derive(Deserialize)]
struct Head {
    #[serde(deserialize_with = "shown::id")]
    id: String,
}

pub(super) fn id(raw: &[u8]) -> Option<RecordId> {
    // An array of one text would pass for the members of the head.
    let object = raw.first() == Some(&b'{');
    let head = object.then(|| serde_json::from_slice::<Head>(raw).ok())??;
    Some(RecordId::new(head.id))
}

fn item(raw: Bytes) -> Item {
    match id(&raw) {
        Some(id) => Item::Listed(Listed { id, raw }),
        None => Item::Broken { raw, why: Error::permanent(ErrorKind::Decode, "an element of e-Physio's list has no id") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_number_or_a_text_of_an_object() {
        let table = [
            (r#"{"firstName":"A","id":7}"#, Some("7")),
            (r#"{"id":"7","insurer":{"id":8}}"#, Some("7")),
            (r#"{"insurer":{"id":8}}"#, None),
            (r#"{"id":null}"#, None),
            (r#"{"id":""}"#, None),
            (r#"{"id":[7]}"#, None),
            (r#"{"id":7"#, None),
            (r#"["7"]"#, None),
            ("7", None),
        ];
        for (raw, expected) in table {
            assert_eq!(id(raw.as_bytes()).as_ref().map(RecordId::as_str), expected, "{raw}");
        }
    }
}
