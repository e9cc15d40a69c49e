//! The inbox and the leases.

use chrono::{DateTime, Utc};
use sync_core::{Depth, Held, HintKey, Taken, TenantId, Urgency};

use super::{Columns, Result, from_word, micros, time};
use crate::error::Failure;

/// A hint as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HintRow<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) side: &'static str,
    pub(crate) record: &'a str,
    pub(crate) urgency: i64,
}

impl<'a> HintRow<'a> {
    pub(crate) fn of(key: &'a HintKey, urgency: Urgency) -> Self {
        let HintKey { tenant, kind, side, id } = key;
        let urgency = match urgency {
            Urgency::Live => 0,
            Urgency::Backfill => 1,
        };
        Self { tenant: tenant.as_str(), kind: kind.as_str(), side: side.as_str(), record: id.as_str(), urgency }
    }
}

/// A hint that was just taken, and its place; from its urgency, place, kind, side, record, attempts and generation.
pub(crate) fn taken(row: &impl Columns, tenant: &TenantId) -> Result<(i64, Taken)> {
    let key = HintKey { tenant: tenant.clone(), kind: row.text(2)?.into(), side: from_word(row.text(3)?)?, id: row.text(4)?.into() };
    let urgency = if row.number(0)? == 0 { Urgency::Live } else { Urgency::Backfill };
    let attempts = u32::try_from(row.number(5)?).map_err(|_| Failure::Row("hint"))?;
    Ok((row.number(1)?, Taken { key, urgency, attempts, generation: row.number(6)?.cast_unsigned() }))
}

/// Hints in the order in which they are worked on: an update gives them in none.
pub(crate) fn in_order(mut hints: Vec<(i64, Taken)>) -> Vec<Taken> {
    hints.sort_by_key(|(place, taken)| (taken.urgency, *place));
    hints.into_iter().map(|(_, taken)| taken).collect()
}

/// How full an inbox is, from how many wait, how many are dead, and since when the oldest is due.
pub(crate) fn depth(row: &impl Columns) -> Result<Depth> {
    let count = |index| usize::try_from(row.number(index)?).map_err(|_| Failure::Row("count"));
    Ok(Depth { waiting: count(0)?, dead: count(1)?, oldest: row.number_if_any(2)?.map(time).transpose()? })
}

/// A tenant's lease as it is read: its fence, its holder, and until when it is held.
type LeaseRow = (i64, Option<String>, Option<i64>);

/// The fence under which a holder gets a tenant's lease now, or who else has it.
pub(crate) fn granted(lease: Option<LeaseRow>, holder: &str, now: DateTime<Utc>) -> Result<Result<i64, Held>> {
    let (fence, by, until) = lease.unwrap_or_default();
    let mine = by.as_deref() == Some(holder);
    if let (false, Some(by), Some(until)) = (mine, by, until)
        && until > micros(now)
    {
        return Ok(Err(Held { by, until: time(until)? }));
    }
    Ok(Ok(if mine { fence } else { fence + 1 }))
}
