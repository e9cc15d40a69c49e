//! How GHL is read.

use std::collections::BTreeSet;

use async_stream::try_stream;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Deserialize;
use sync_core::vocabulary::person::scheme;
use sync_core::{Description, Error, ErrorKind, Item, Kind, Listed, Observation, Probe, Record, RecordId, Result, Source};
use sync_http::shown;

use super::{Connector, LARGEST_PAGE, failed};
use crate::{Contact, ContactSearch, Filter};

#[async_trait]
impl Source for Connector {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        (*kind == self.description.kind).then_some(&self.description)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        Box::pin(try_stream! {
            self.check_kind(kind)?;
            let page_limit = self.settings.page_size.clamp(1, LARGEST_PAGE);
            let search = ContactSearch { page_limit, ..ContactSearch::default() };
            let mut pages = std::pin::pin!(self.client.contacts(search));
            let mut walk = Walk::default();
            while let Some(page) = pages.next().await {
                let page = page.map_err(failed)?;
                walk.page(page.total);
                for item in page.contacts.into_iter().map(item) {
                    if walk.meets(&item) {
                        yield item;
                    }
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
                let mut found = self.search(Filter::custom_field(field, token.to_string())).await?;
                // How the search names a custom field is not documented. Were the condition ignored, everybody would be found.
                found.retain(|record| record.token == Some(*token));
                Ok(found)
            }
            Probe::Identifier { scheme: scheme::EMAIL, text } => {
                self.duplicate(crate::Probe { email: Some(text.clone()), phone: None }).await
            }
            Probe::Identifier { scheme: scheme::PHONE, text } => {
                self.duplicate(crate::Probe { email: None, phone: Some(text.clone()) }).await
            }
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

/// Whether a walk over all pages has shown everyone: its total stayed the same, and so many different contacts were
/// shown. A contact that moves between pages while they are read would otherwise pass for absent.
#[derive(Debug)]
struct Walk {
    total: Option<u64>,
    steady: bool,
    seen: BTreeSet<RecordId>,
}

impl Default for Walk {
    fn default() -> Self {
        Self { total: None, steady: true, seen: BTreeSet::new() }
    }
}

impl Walk {
    fn page(&mut self, total: Option<u64>) {
        self.steady &= total.is_some() && self.total.is_none_or(|before| Some(before) == total);
        self.total = total.or(self.total);
    }

    /// Notes an element; false for a contact that was shown before.
    fn meets(&mut self, item: &Item) -> bool {
        let new = match item {
            Item::Listed(listed) => self.seen.insert(listed.id.clone()),
            Item::Broken { .. } | Item::End { .. } => {
                self.steady = false;
                return true;
            }
        };
        self.steady &= new;
        new
    }

    fn is_complete(&self) -> bool {
        self.steady && self.total == Some(self.seen.len() as u64)
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

    fn walk(pages: &[(Option<u64>, &[&str])]) -> bool {
        let mut walk = Walk::default();
        for (total, ids) in pages {
            walk.page(*total);
            for id in *ids {
                walk.meets(&item(Bytes::from(format!(r#"{{"id":"{id}"}}"#))));
            }
        }
        walk.is_complete()
    }

    #[test]
    fn a_walk_is_complete_only_if_its_total_held_and_was_reached() {
        assert!(walk(&[(Some(3), &["a", "b"]), (Some(3), &["c"])]));
        assert!(walk(&[(Some(0), &[])]));
        assert!(!walk(&[]), "nothing was answered");
        assert!(!walk(&[(Some(3), &["a", "b"]), (Some(4), &["c", "d"])]), "somebody came while we read");
        assert!(!walk(&[(Some(3), &["a", "b"]), (Some(3), &[])]), "one was skipped by a shifting page");
        assert!(!walk(&[(Some(3), &["a", "b"]), (Some(3), &["b"])]), "one was shown twice, and another not at all");
        assert!(!walk(&[(Some(3), &["a", "b"]), (Some(3), &["b", "c"])]), "one moved while we read");
        assert!(!walk(&[(Some(2), &["a", "b", ""])]), "one is broken");
        assert!(!walk(&[(None, &["a", "b"])]), "no total, no promise");
    }

    #[test]
    fn an_element_without_an_id_is_broken() {
        assert!(matches!(item(Bytes::from_static(br#"{"id":"c1","email":"a"}"#)), Item::Listed(listed) if listed.id.as_str() == "c1"));
        for raw in [r#"{"email":"a"}"#, r#"{"id":null}"#, "[\"c1\"]", "7"] {
            assert!(matches!(item(Bytes::from(raw)), Item::Broken { .. }), "{raw}");
        }
    }
}
