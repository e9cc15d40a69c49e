//! One link, and what was seen of its records.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::{Digest, Digester, Error, Link, Listed, Presence, Record, RecordId, Result, Side, Sides, Source};

/// What was seen of one record of a link.
#[derive(Clone, Debug, Default)]
pub(crate) enum Look {
    /// Nobody looked, or there is no record.
    #[default]
    Unread,
    /// A complete listing, begun then, lacked it.
    Absent(DateTime<Utc>),
    /// A listing, begun then, showed these bytes.
    Listed(Bytes, DateTime<Utc>),
    /// It was read by itself: this is how it is.
    Read(Box<Record>),
    /// It was shown, but could not be decoded.
    Broken(String),
}

/// One link to be looked at.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// The link, as it will be committed.
    pub(crate) link: Link,
    /// The link as the store has it; `None` if the store does not have it yet.
    pub(crate) stored: Option<Box<Link>>,
    /// What was seen.
    pub(crate) looks: Sides<Look>,
    /// Whether each record is in use, as far as it was shown and could be decoded.
    pub(crate) presence: Sides<Option<Presence>>,
    /// A half link that the store has and that was joined into this one.
    pub(crate) absorbed: Option<(crate::LinkId, u64)>,
    /// What was done to the link without a remote write.
    pub(crate) notes: Vec<(crate::Action, Side)>,
}

impl Work {
    pub(crate) fn records(&self) -> Sides<Option<RecordId>> {
        self.link.ends.as_ref().map(|end| end.as_ref().map(|end| end.id.clone()))
    }

    pub(crate) fn stored(link: Link) -> Self {
        let stored = Some(Box::new(link.clone()));
        Self { link, stored, looks: Sides::default(), presence: Sides::default(), absorbed: None, notes: Vec::new() }
    }

    pub(crate) fn fresh(link: Link) -> Self {
        Self { link, stored: None, looks: Sides::default(), presence: Sides::default(), absorbed: None, notes: Vec::new() }
    }

    /// The record of a side, decoded, if it was shown.
    pub(crate) fn record(&self, side: Side, source: &dyn Source) -> Result<Option<Record>> {
        match (&self.looks[side], &self.link.ends[side]) {
            (Look::Read(record), _) => Ok(Some(record.as_ref().clone())),
            (Look::Listed(raw, _), Some(end)) => {
                let listed = Listed { id: end.id.clone(), raw: raw.clone() };
                source.decode(&self.link.kind, &listed).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Decodes a side once to see whether it can be; what cannot is remembered as broken.
    pub(crate) fn checked(&mut self, side: Side, source: &dyn Source) -> Option<Record> {
        match self.record(side, source) {
            Ok(record) => record,
            Err(error) => {
                self.looks[side] = Look::Broken(error.to_string());
                None
            }
        }
    }

    /// The digest of a side's listed bytes.
    pub(crate) fn bytes(&self, side: Side, digester: &Digester) -> Option<Digest> {
        match &self.looks[side] {
            Look::Listed(raw, _) => Some(digester.raw(raw)),
            _ => None,
        }
    }

    /// What went wrong with a side's bytes, if they could not be decoded.
    pub(crate) fn broken(&self) -> Option<(Side, &str)> {
        Side::BOTH.into_iter().find_map(|side| match &self.looks[side] {
            Look::Broken(why) => Some((side, why.as_str())),
            _ => None,
        })
    }

    /// Whether the store has to be told anything.
    pub(crate) fn is_changed(&self) -> bool {
        self.absorbed.is_some() || self.stored.as_deref() != Some(&self.link)
    }

    /// Whether what was seen of a side is new enough to be believed: read by itself, or listed since the
    /// link was last settled, counting in how late that side may show a change.
    pub(crate) fn is_fresh(&self, side: Side, lag: std::time::Duration) -> bool {
        match (&self.looks[side], self.link.settled_at) {
            (Look::Listed(_, began) | Look::Absent(began), Some(settled)) => *began >= settled + lag,
            _ => true,
        }
    }
}

/// An element of a listing that could not even be identified.
#[derive(Debug)]
pub(crate) struct Unidentified {
    pub(crate) side: Side,
    pub(crate) why: Error,
}
