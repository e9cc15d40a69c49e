//! How the calendar is read.

use async_stream::try_stream;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Deserialize;
use serde_json::Value;
use sync_core::{Description, Error, ErrorKind, Item, Kind, Listed, Observation, Probe, Record, RecordId, Result, Source};
use sync_http::shown;

use super::{Connector, lens};
use crate::connector::failed;

#[async_trait]
impl Source for Connector {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        (*kind == self.description.kind).then_some(&self.description)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        Box::pin(try_stream! {
            self.check_kind(kind)?;
            // A run begins with a listing.
            self.invoices.look_anew();
            let mut elements = self.client.events(self.window.listed(self.client.now())).await.map_err(failed)?;
            let mut complete = true;
            while let Some(element) = elements.next().await {
                let Some(item) = item(element.map_err(failed)?) else { continue };
                complete &= matches!(item, Item::Listed(_));
                yield item;
            }
            // There are no pages: an array that was closed has shown the whole window.
            yield Item::End { complete };
        })
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        self.check_kind(kind)?;
        let record = lens::event(&listed.raw).and_then(|event| self.lens.record(&event));
        record.map_err(|error| error.with_context("id", listed.id.as_str()))
    }

    async fn read(&self, _: &Kind, _: &RecordId) -> Result<Observation> {
        Err(Error::permanent(ErrorKind::Configuration, "no call of e-Physio is known that reads one event"))
    }

    async fn find(&self, _: &Kind, _: &Probe) -> Result<Vec<Record>> {
        Err(Error::permanent(ErrorKind::Configuration, "no call of e-Physio is known that searches for events"))
    }
}

/// All that is read of an element before it is known to have changed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(deserialize_with = "shown::id")]
    id: String,
    #[serde(default)]
    patient_id: Value,
}

/// Breaks and absences have no patient, and are nobody's business.
fn item(raw: Bytes) -> Option<Item> {
    // An array of two texts would pass for the members of the head.
    let object = raw.first() == Some(&b'{');
    match object.then(|| serde_json::from_slice::<Head>(&raw).ok()).flatten() {
        Some(Head { patient_id: Value::Null, .. }) => None,
        Some(Head { patient_id: Value::String(patient), .. }) if patient.is_empty() => None,
        Some(Head { id, .. }) => Some(Item::Listed(Listed { id: RecordId::new(id), raw })),
        None => Some(Item::Broken { raw, why: Error::permanent(ErrorKind::Decode, "an element of e-Physio's calendar has no id") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_an_appointment_a_break_or_broken() {
        let table = [
            (r#"{"id":7,"patientId":8}"#, "7"),
            (r#"{"start":0,"patientId":"8","id":"7"}"#, "7"),
            // What cannot be read is no break.
            (r#"{"id":7,"patientId":[8]}"#, "7"),
            (r#"{"id":7}"#, "break"),
            (r#"{"id":7,"patientId":null}"#, "break"),
            (r#"{"id":7,"patientId":""}"#, "break"),
            (r#"{"patientId":8}"#, "broken"),
            (r#"{"id":"","patientId":8}"#, "broken"),
            (r#"["7","8"]"#, "broken"),
            ("7", "broken"),
        ];
        for (raw, expected) in table {
            let told = match item(Bytes::from_static(raw.as_bytes())) {
                Some(Item::Listed(listed)) => listed.id.to_string(),
                Some(Item::Broken { .. }) => "broken".to_owned(),
                Some(Item::End { .. }) => "end".to_owned(),
                None => "break".to_owned(),
            };
            assert_eq!(told, expected, "{raw}");
        }
    }
}
