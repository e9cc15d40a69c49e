//! Links.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sync_core::{
    Base, Changes, Digest, End, EndState, Eyes, FieldName, Head, HeadEnd, Intent, Kind, Link, LinkId, Mark, Parents, RecordId, Salt,
    Settled, Side, Sides, Standing, Token,
};

use super::{Columns, Result, from_json, json, sixteen};

/// A record in a head, as a JSON list: its id, its state, its digest, what it belongs to, when it expires.
#[derive(Debug, Serialize, Deserialize)]
struct EndRow(RecordId, EndState, Option<Digest>, BTreeMap<Kind, RecordId>, Option<NaiveDate>);

/// A head as a JSON list: the link, the ends, whether settled, the three eyes, the token of an open create, whether it is
/// worked on, the state of the parents.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HeadRow(LinkId, Option<EndRow>, Option<EndRow>, bool, u32, u32, u64, Option<Token>, Standing, Option<Digest>);

impl From<HeadEnd> for EndRow {
    fn from(HeadEnd { id, state, raw, references, expires }: HeadEnd) -> Self {
        Self(id, state, raw, references, expires)
    }
}

impl From<EndRow> for HeadEnd {
    fn from(EndRow(id, state, raw, references, expires): EndRow) -> Self {
        Self { id, state, raw, references, expires }
    }
}

impl From<&Link> for HeadRow {
    fn from(link: &Link) -> Self {
        let Head { link, ends, standing, lineage, settled, eyes, intent } = Head::from(link);
        let [left, right] = [ends.left, ends.right].map(|end| end.map(EndRow::from));
        Self(link, left, right, settled, eyes.key, eyes.normalisation, eyes.policy, intent, standing, lineage)
    }
}

impl From<HeadRow> for Head {
    fn from(HeadRow(link, left, right, settled, key, normalisation, policy, intent, standing, lineage): HeadRow) -> Self {
        let ends = Sides::new(left.map(HeadEnd::from), right.map(HeadEnd::from));
        Self { link, ends, standing, lineage, settled, eyes: Eyes { key, normalisation, policy }, intent }
    }
}

/// The heads of a page, from their lists with commas between them.
pub(crate) fn heads(page: &str) -> Result<Vec<Head>> {
    let rows: Vec<HeadRow> = from_json(&format!("[{page}]"))?;
    Ok(rows.into_iter().map(Head::from).collect())
}

/// What of a link is neither in its head nor in columns.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Body<'a> {
    /// The bases: left digest, right digest, how settled.
    #[serde(rename = "b")]
    bases: BTreeMap<Cow<'a, FieldName>, (Option<Digest>, Option<Digest>, Settled)>,
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    intent: Option<Cow<'a, Intent>>,
    /// The marks of the ends.
    #[serde(rename = "m")]
    identity: Sides<Cow<'a, BTreeSet<Mark>>>,
    #[serde(rename = "p", default, skip_serializing_if = "has_none")]
    parents: Cow<'a, Parents>,
    #[serde(rename = "w", default, skip_serializing_if = "std::ops::Not::not")]
    pulled: bool,
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    settled_at: Option<DateTime<Utc>>,
}

impl<'a> From<&'a Link> for Body<'a> {
    fn from(link: &'a Link) -> Self {
        let base = |(name, base): (&'a FieldName, &Base)| (Cow::Borrowed(name), (base.shown.left, base.shown.right, base.settled));
        let marks = |end: &'a Option<End>| end.as_ref().map_or_else(Cow::default, |end| Cow::Borrowed(&end.identity));
        Self {
            bases: link.bases.iter().map(base).collect(),
            intent: link.intent.as_ref().map(Cow::Borrowed),
            identity: link.ends.as_ref().map(marks),
            parents: Cow::Borrowed(&link.parents),
            pulled: link.pulled,
            settled_at: link.settled_at,
        }
    }
}

fn has_none(parents: &Parents) -> bool {
    parents.is_empty()
}

/// A link as it is written.
#[derive(Debug)]
pub(crate) struct LinkRow<'a> {
    pub(crate) kind: &'a str,
    pub(crate) id: Vec<u8>,
    pub(crate) version: i64,
    pub(crate) head: String,
    pub(crate) ends: Sides<Option<&'a str>>,
    pub(crate) intent: Option<Vec<u8>>,
    pub(crate) token: Option<Vec<u8>>,
    pub(crate) salt: Vec<u8>,
    pub(crate) body: String,
}

impl<'a> LinkRow<'a> {
    /// The row of a link that was read with its version, and is one version further then.
    pub(crate) fn next(link: &'a Link) -> Result<Self> {
        let bytes = |token: Token| Vec::from(token.to_bytes());
        Ok(Self {
            kind: link.kind.as_str(),
            id: link.id.to_bytes().to_vec(),
            version: (link.version + 1).cast_signed(),
            head: json(&HeadRow::from(link))?,
            ends: link.ends.as_ref().map(|end| end.as_ref().map(|end| end.id.as_str())),
            intent: link.intent.as_ref().map(|intent| bytes(intent.token)),
            token: link.token.map(bytes),
            salt: link.salt.to_bytes().to_vec(),
            body: json(&Body::from(link))?,
        })
    }
}

/// A link, from its kind, version, head, token, salt and body.
pub(crate) fn link(row: &impl Columns) -> Result<Link> {
    let head = Head::from(from_json::<HeadRow>(row.text(2)?)?);
    let body: Body<'static> = from_json(row.text(5)?)?;
    let base =
        |(name, (left, right, settled)): (Cow<'_, FieldName>, _)| (name.into_owned(), Base { shown: Sides::new(left, right), settled });
    let end = |end: Option<HeadEnd>, identity: Cow<'_, BTreeSet<Mark>>| {
        let whole = |HeadEnd { id, state, raw, references, expires }: HeadEnd| End {
            id,
            state,
            raw,
            identity: identity.into_owned(),
            references,
            expires,
        };
        end.map(whole)
    };
    Ok(Link {
        id: head.link,
        kind: row.text(0)?.into(),
        ends: Sides::new(end(head.ends.left, body.identity.left), end(head.ends.right, body.identity.right)),
        standing: head.standing,
        salt: Salt::from_bytes(sixteen(row.bytes(4)?)?),
        bases: body.bases.into_iter().map(base).collect(),
        intent: body.intent.map(Cow::into_owned),
        token: row.bytes_if_any(3)?.map(sixteen).transpose()?.map(Token::from_bytes),
        parents: body.parents.into_owned(),
        lineage: head.lineage,
        pulled: body.pulled,
        eyes: head.eyes,
        settled_at: body.settled_at,
        settled: head.settled,
        version: row.number(1)?.cast_unsigned(),
    })
}

/// Every link that a commit takes out before it puts any in, so that ids are free before they are given: with the
/// version that it must have.
pub(crate) fn taken_out(changes: &Changes) -> Vec<(LinkId, u64)> {
    let replaced = changes.links.iter().filter(|link| link.version > 0).map(|link| (link.id, link.version));
    changes.removed.iter().copied().chain(replaced).collect()
}

/// What a link's record on one side can be recognised by, as it is written.
#[derive(Debug)]
pub(crate) struct MarkRow<'a> {
    pub(crate) kind: &'a str,
    pub(crate) side: &'static str,
    pub(crate) scheme: &'a str,
    pub(crate) digest: [u8; 16],
    pub(crate) link: [u8; 16],
}

/// The marks of these links.
pub(crate) fn marks(links: &[Link]) -> impl Iterator<Item = MarkRow<'_>> {
    links.iter().flat_map(|link| Side::BOTH.into_iter().flat_map(move |side| marks_of(link, side)))
}

fn marks_of(link: &Link, side: Side) -> impl Iterator<Item = MarkRow<'_>> {
    link.ends[side].iter().flat_map(|end| &end.identity).map(move |Mark { scheme, digest }| MarkRow {
        kind: link.kind.as_str(),
        side: side.as_str(),
        scheme,
        digest: digest.to_bytes(),
        link: link.id.to_bytes(),
    })
}
