//! How values become columns and come back. Nothing in here knows which database it is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use sync_core::{
    Base, Digest, End, EndState, Eyes, FieldName, Head, HeadEnd, Intent, Kind, Link, LinkId, Mark, Parents, RecordId, Salt, Settled, Side,
    Sides, Standing, Token,
};

use crate::error::Failure;

type Result<T, E = Failure> = std::result::Result<T, E>;

/// A time as microseconds: all of chrono's range fits.
pub(crate) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// A time from its microseconds.
pub(crate) fn time(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).ok_or(Failure::Row("time"))
}

/// The 16 bytes of an id or a digest.
pub(crate) fn sixteen(bytes: &[u8]) -> Result<[u8; 16]> {
    bytes.try_into().map_err(|_| Failure::Row("id"))
}

/// The word for a value without parts, as serde names it.
pub(crate) fn word(value: &impl Serialize) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(Failure::Encode("word")),
    }
}

/// The value that a word stands for.
pub(crate) fn from_word<T: DeserializeOwned>(word: &str) -> Result<T> {
    let word: StrDeserializer<'_, serde::de::value::Error> = word.into_deserializer();
    T::deserialize(word).map_err(|_| Failure::Row("word"))
}

/// A value with parts, as text.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Failure::Encode("value"))
}

/// The value of such a text.
pub(crate) fn from_json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| Failure::Row("value"))
}

/// 16 bytes as hexadecimal digits, to go into a JSON list.
pub(crate) fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

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

/// A link's columns, as they are read.
#[derive(Debug)]
pub(crate) struct LinkColumns<'a> {
    pub(crate) kind: &'a str,
    pub(crate) version: i64,
    pub(crate) head: &'a str,
    pub(crate) token: Option<&'a [u8]>,
    pub(crate) salt: &'a [u8],
    pub(crate) body: &'a str,
}

impl LinkColumns<'_> {
    /// The link.
    pub(crate) fn link(&self) -> Result<Link> {
        let head = Head::from(from_json::<HeadRow>(self.head)?);
        let body: Body<'static> = from_json(self.body)?;
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
            kind: self.kind.into(),
            ends: Sides::new(end(head.ends.left, body.identity.left), end(head.ends.right, body.identity.right)),
            standing: head.standing,
            salt: Salt::from_bytes(sixteen(self.salt)?),
            bases: body.bases.into_iter().map(base).collect(),
            intent: body.intent.map(Cow::into_owned),
            token: self.token.map(sixteen).transpose()?.map(Token::from_bytes),
            parents: body.parents.into_owned(),
            lineage: head.lineage,
            pulled: body.pulled,
            eyes: head.eyes,
            settled_at: body.settled_at,
            settled: head.settled,
            version: self.version.cast_unsigned(),
        })
    }
}

/// What a link's record on one side can be recognised by.
pub(crate) fn identity(link: &Link, side: Side) -> impl Iterator<Item = &Mark> {
    link.ends[side].iter().flat_map(|end| &end.identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{Action, RunState};

    #[test]
    fn every_moment_fits() {
        for moment in [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH] {
            assert_eq!(time(micros(moment)).unwrap(), moment);
        }
        assert_eq!(micros(time(micros(DateTime::<Utc>::MAX_UTC)).unwrap()), micros(DateTime::<Utc>::MAX_UTC));
    }

    #[test]
    fn words_come_back_and_unknown_ones_are_refused() {
        assert_eq!(from_word::<Action>(&word(&Action::Relink).unwrap()).unwrap(), Action::Relink);
        assert!(from_word::<RunState>("paused").is_err());
        assert!(sixteen(&[0; 15]).is_err());
    }
}
