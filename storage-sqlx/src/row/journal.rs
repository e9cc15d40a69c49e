//! What was done: operations, runs, and the values they overwrote.

use sync_core::{Kind, LinkId, OperationEntry, PreImage, Run, RunId};

use super::{Columns, Result, from_json, from_word, json, micros, sixteen, time, word};
use crate::error::Failure;
use crate::vault::TenantSecrets;

/// A line of the journal as it is written.
#[derive(Debug)]
pub(crate) struct OperationRow<'a> {
    pub(crate) link: Vec<u8>,
    pub(crate) at: i64,
    pub(crate) run: Option<Vec<u8>>,
    pub(crate) side: &'static str,
    pub(crate) action: &'static str,
    pub(crate) record: Option<&'a str>,
    pub(crate) fields: String,
    pub(crate) outcome: String,
}

impl<'a> OperationRow<'a> {
    pub(crate) fn of(entry: &'a OperationEntry) -> Result<Self> {
        Ok(Self {
            link: entry.link.to_bytes().to_vec(),
            at: micros(entry.at),
            run: entry.run.map(|run| Vec::from(run.to_bytes())),
            side: entry.side.as_str(),
            action: entry.action.as_str(),
            record: entry.record.as_ref().map(|record| record.as_str()),
            fields: json(&entry.fields)?,
            outcome: word(&entry.outcome)?,
        })
    }
}

/// A line of a link's journal, from its time, run, side, action, record, fields and outcome.
pub(crate) fn operation(row: &impl Columns, link: LinkId) -> Result<OperationEntry> {
    Ok(OperationEntry {
        at: time(row.number(0)?)?,
        run: row.bytes_if_any(1)?.map(sixteen).transpose()?.map(RunId::from_bytes),
        link,
        side: from_word(row.text(2)?)?,
        action: from_word(row.text(3)?)?,
        record: row.text_if_any(4)?.map(Into::into),
        fields: from_json(row.text(5)?)?,
        outcome: from_word(row.text(6)?)?,
    })
}

/// A run as it is written.
#[derive(Debug)]
pub(crate) struct RunRow<'a> {
    pub(crate) id: Vec<u8>,
    pub(crate) kind: &'a str,
    pub(crate) started_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) state: String,
    pub(crate) counts: String,
}

impl<'a> RunRow<'a> {
    pub(crate) fn of(run: &'a Run) -> Result<Self> {
        Ok(Self {
            id: run.id.to_bytes().to_vec(),
            kind: run.kind.as_str(),
            started_at: micros(run.started_at),
            ended_at: run.ended_at.map(micros),
            state: word(&run.state)?,
            counts: json(&run.counts)?,
        })
    }
}

/// A run, from its id, begin, end, state and counts.
pub(crate) fn run(row: &impl Columns, kind: &Kind) -> Result<Run> {
    Ok(Run {
        id: RunId::from_bytes(sixteen(row.bytes(0)?)?),
        kind: kind.clone(),
        started_at: time(row.number(1)?)?,
        ended_at: row.number_if_any(2)?.map(time).transpose()?,
        state: from_word(row.text(3)?)?,
        counts: from_json(row.text(4)?)?,
    })
}

/// An overwritten value as it is written, but for the value: that is sealed.
#[derive(Debug)]
pub(crate) struct PreImageRow<'a> {
    pub(crate) link: Vec<u8>,
    pub(crate) side: &'static str,
    pub(crate) record: &'a str,
    pub(crate) field: &'a str,
    pub(crate) at: i64,
    pub(crate) until: i64,
}

impl<'a> PreImageRow<'a> {
    pub(crate) fn of(image: &'a PreImage) -> Self {
        Self {
            link: image.link.to_bytes().to_vec(),
            side: image.side.as_str(),
            record: image.record.as_str(),
            field: image.field.as_str(),
            at: micros(image.at),
            until: micros(image.until),
        }
    }
}

/// An overwritten value of a link, from its side, record, field, the two times, the sealed value, and the person's salt.
pub(crate) fn pre_image(row: &impl Columns, link: LinkId, secrets: Option<&TenantSecrets>) -> Result<PreImage> {
    let mut image = PreImage {
        link,
        side: from_word(row.text(0)?)?,
        record: row.text(1)?.into(),
        field: row.text(2)?.into(),
        value: None,
        at: time(row.number(3)?)?,
        until: time(row.number(4)?)?,
    };
    if let Some(sealed) = row.bytes_if_any(5)? {
        let (secrets, salt) = secrets.zip(row.bytes_if_any(6)?).ok_or(Failure::Sealed)?;
        image.value = Some(secrets.open_pre_image(salt, &image, sealed)?);
    }
    Ok(image)
}
