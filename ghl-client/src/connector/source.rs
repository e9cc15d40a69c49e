//! How GHL is read.

use async_stream::try_stream;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Deserialize;
use sync_core::{Description, Error, ErrorKind, Item, Kind, Listed, Observation, Probe, Record, RecordId, Result, Source};
use sync_http::shown;

use super::{Connector, failed};
use crate::{Contact, ContactSearch, Filter};

#[async_trait]
impl Source for Connector {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        (*kind == self.description.kind).then_some(&self.description)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        Box::pin(try_stream! {
            self.check_kind(kind)?;
            let search = ContactSearch { page_limit: self.settings.page_size, ..ContactSearch::default() };
            let mut pages = std::pin::pin!(self.client.contacts(search));
            let mut walk = Walk::default();
            while let Some(page) = pages.next().await {
                let page = page.map_err(failed)?;
                walk.page(page.total, page.contacts.len());
                for raw in page.contacts {
                    let item = item(raw);
                    walk.identified &= matches!(item, Item::Listed(_));
                    yield item;
                }
            }
            yield Item::End { complete: walk.is_complete() };
        })
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        self.check_kind(kind)?;
        let contact = Contact::from_json(&listed.raw).map_err(|error| failed(error).with_context("id", listed.id.as_str()))?;
        Ok(self.lens.record(&contact))
    }

    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        self.check_kind(kind)?;
        match self.client.contact(id.as_str()).await {
            Ok(contact) => Ok(Observation::Found(Box::new(self.lens.record(&contact)))),
            Err(error) if error.kind() == sync_http::ErrorKind::NotFound => Ok(Observation::Missing),
            Err(error) => Err(failed(error)),
        }
    }

    async fn find(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>> {
        self.check_kind(kind)?;
        match probe {
            Probe::Token(token) => {
                let Some(field) = self.lens.token_field() else { return Ok(Vec::new()) };
                self.search(Filter::custom_field(field, token.to_string())).await
            }
            Probe::Identifier { scheme: "email", text } => self.duplicate(crate::Probe { email: Some(text.clone()), phone: None }).await,
            Probe::Identifier { scheme: "phone", text } => self.duplicate(crate::Probe { email: None, phone: Some(text.clone()) }).await,
            // GHL's search knows no folded names; whoever needs them lists.
            Probe::Identifier { .. } => Ok(Vec::new()),
        }
    }
}

impl Connector {
    async fn search(&self, filter: Filter) -> Result<Vec<Record>> {
        let page = self.client.contacts_page(&ContactSearch::by(filter)).await.map_err(failed)?;
        let record = |raw: &Bytes| Contact::from_json(raw).map(|contact| self.lens.record(&contact)).map_err(failed);
        page.contacts.iter().map(record).collect()
    }

    /// Unlike the search this look-up does not lag.
    async fn duplicate(&self, probe: crate::Probe) -> Result<Vec<Record>> {
        let found = self.client.duplicate(&probe).await.map_err(failed)?;
        Ok(found.iter().map(|contact| self.lens.record(contact)).collect())
    }
}

/// Whether a walk over all pages has shown everyone: its total stayed the same, and so many were shown. A
/// contact that moves between pages while they are read would otherwise pass for absent.
#[derive(Debug)]
struct Walk {
    total: Option<u64>,
    steady: bool,
    seen: u64,
    identified: bool,
}

impl Default for Walk {
    fn default() -> Self {
        Self { total: None, steady: true, seen: 0, identified: true }
    }
}

impl Walk {
    fn page(&mut self, total: Option<u64>, contacts: usize) {
        self.steady &= total.is_some() && self.total.is_none_or(|before| Some(before) == total);
        self.total = total.or(self.total);
        self.seen += contacts as u64;
    }

    fn is_complete(&self) -> bool {
        self.steady && self.identified && self.total == Some(self.seen)
    }
}

/// All that is read of an element before it is known to have changed.
#[derive(Deserialize)]
struct Head {
    #[serde(deserialize_with = "shown::id")]
    id: String,
}

fn item(raw: Bytes) -> Item {
    // An array of one text would pass for the members of the head.
    let object = raw.first() == Some(&b'{');
    match object.then(|| serde_json::from_slice::<Head>(&raw)) {
        Some(Ok(head)) => Item::Listed(Listed { id: RecordId::new(head.id), raw }),
        _ => Item::Broken { raw, why: Error::permanent(ErrorKind::Decode, "an element of GHL's search has no id") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(pages: &[(Option<u64>, usize)]) -> bool {
        let mut walk = Walk::default();
        pages.iter().for_each(|(total, contacts)| walk.page(*total, *contacts));
        walk.is_complete()
    }

    #[test]
    fn a_walk_is_complete_only_if_its_total_held_and_was_reached() {
        assert!(walk(&[(Some(3), 2), (Some(3), 1)]));
        assert!(walk(&[(Some(0), 0)]));
        assert!(!walk(&[]), "nothing was answered");
        assert!(!walk(&[(Some(3), 2), (Some(4), 2)]), "somebody came while we read");
        assert!(!walk(&[(Some(3), 2), (Some(3), 0)]), "one was skipped by a shifting page");
        assert!(!walk(&[(None, 2)]), "no total, no promise");
    }

    #[test]
    fn an_element_without_an_id_is_broken() {
        assert!(matches!(item(Bytes::from_static(br#"{"id":"c1","email":"a"}"#)), Item::Listed(listed) if listed.id.as_str() == "c1"));
        for raw in [r#"{"email":"a"}"#, r#"{"id":null}"#, "[\"c1\"]", "7"] {
            assert!(matches!(item(Bytes::from(raw)), Item::Broken { .. }), "{raw}");
        }
    }
}
