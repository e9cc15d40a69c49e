//! Review items.

use sync_core::{LinkId, Review, ReviewId, Sides, Values};

use super::{Columns, Result, from_json, json, micros, sixteen, time};
use crate::error::Failure;
use crate::vault::TenantSecrets;

/// A review item as it is written, but for its values: these are sealed.
#[derive(Debug)]
pub(crate) struct ReviewRow<'a> {
    pub(crate) id: Vec<u8>,
    pub(crate) kind: &'a str,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) records: Sides<Option<&'a str>>,
    pub(crate) reason: String,
    pub(crate) shown: String,
    pub(crate) opened_at: i64,
    pub(crate) decision: Option<String>,
}

impl<'a> ReviewRow<'a> {
    pub(crate) fn of(review: &'a Review) -> Result<Self> {
        Ok(Self {
            id: review.id.to_bytes().to_vec(),
            kind: review.kind.as_str(),
            link: review.link.map(|link| Vec::from(link.to_bytes())),
            records: review.records.as_ref().map(|record| record.as_ref().map(|record| record.as_str())),
            reason: json(&review.reason)?,
            shown: json(&review.shown)?,
            opened_at: micros(review.opened_at),
            decision: review.decision.as_ref().map(json).transpose()?,
        })
    }
}

/// A review item, from its id, kind, link, the two records, reason, shown digests, opening time, decision, sealed values,
/// and the person's salt. Without secrets, its values are left out.
pub(crate) fn review(row: &impl Columns, secrets: Option<&TenantSecrets>) -> Result<Review> {
    let id = ReviewId::from_bytes(sixteen(row.bytes(0)?)?);
    let record = |index| row.text_if_any(index).map(|record| record.map(Into::into));
    let values = match (secrets, row.bytes_if_any(9)?) {
        (Some(secrets), Some(sealed)) => secrets.open_values(row.bytes_if_any(10)?.ok_or(Failure::Sealed)?, id, sealed)?,
        _ => Values::default(),
    };
    Ok(Review {
        id,
        kind: row.text(1)?.into(),
        link: row.bytes_if_any(2)?.map(sixteen).transpose()?.map(LinkId::from_bytes),
        records: Sides::new(record(3)?, record(4)?),
        reason: from_json(row.text(5)?)?,
        values,
        shown: from_json(row.text(6)?)?,
        opened_at: time(row.number(7)?)?,
        decision: row.text_if_any(8)?.map(from_json).transpose()?,
    })
}

/// Under which name the salt of a person is kept. Items about no link share one.
pub(crate) fn person(link: Option<LinkId>) -> Vec<u8> {
    link.map_or_else(Vec::new, |link| link.to_bytes().to_vec())
}
