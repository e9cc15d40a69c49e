//! The first pass: both listings, compared as bytes with what was settled.
//!
//! Most records of most sweeps are unchanged. They cost one digest of their bytes and one look into a
//! sorted table; they are neither decoded nor kept.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use futures::StreamExt;

use super::family::Family;
use super::work::{Look, Unidentified};
use crate::decide::Rules;
use crate::observer::{Observer, Progress};
use crate::{
    Digester, EndState, Error, ErrorKind, Eyes, Head, HeadEnd, Item, Kind, LinkId, Listed, MappingReader, Record, RecordId, Result, Side,
    Sides, Source, TenantId,
};

/// How many heads the store is asked for at a time.
const PAGE: usize = 2000;

/// What a listing was like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    pub(crate) began: DateTime<Utc>,
    pub(crate) complete: bool,
    pub(crate) scanned: usize,
    pub(crate) unchanged: usize,
}

/// What the two listings showed, as far as it is not simply unchanged.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) listings: Sides<Option<Listing>>,
    /// Links that are worth a look, and what was seen of their records.
    pub(crate) links: BTreeMap<LinkId, Sides<Look>>,
    /// Records that no link knows.
    pub(crate) fresh: Sides<BTreeMap<RecordId, Look>>,
    pub(crate) unidentified: Vec<Unidentified>,
    /// Bytes of unchanged records on sides that cannot be asked for a single one; a match may need them.
    pub(crate) spare: Sides<BTreeMap<RecordId, Look>>,
    /// How many records each side had in links before.
    pub(crate) known: Sides<usize>,
    /// How many of them were not shown now.
    pub(crate) absent: Sides<usize>,
}

/// Reads the listings of both sides.
pub(crate) struct Surveyor<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) kind: &'a Kind,
    pub(crate) reader: &'a dyn MappingReader,
    pub(crate) sources: Sides<&'a dyn Source>,
    pub(crate) rules: Rules<'a>,
    pub(crate) family: &'a Family,
    pub(crate) now: &'a (dyn Fn() -> DateTime<Utc> + Sync),
    pub(crate) observer: &'a dyn Observer,
}

impl Surveyor<'_> {
    /// Lists both sides.
    pub(crate) async fn survey(&self) -> Result<Survey> {
        self.survey_of(&self.order(), Vec::new()).await
    }

    /// Lists one side only. Of the other side, these records were read by themselves just now.
    pub(crate) async fn survey_beside(&self, listed: Side, read: Vec<Record>) -> Result<Survey> {
        self.survey_of(&[listed], read).await
    }

    async fn survey_of(&self, listed: &[Side], read: Vec<Record>) -> Result<Survey> {
        let mut roster = self.roster().await?;
        let today = (self.now)().date_naive();
        let mut survey = Survey { known: Sides::from_fn(|side| roster.known(side, today)), ..Survey::default() };
        for side in listed {
            for record in &read {
                roster.read(side.opposite(), record, &mut survey);
            }
            let listing = self.list(*side, &mut roster, &mut survey).await?;
            survey.listings[*side] = Some(self.make_sure(*side, listing, &mut roster, &mut survey).await?);
        }
        roster.sort_into(&mut survey);
        Ok(survey)
    }

    /// A listing may leave records out without saying so. Before a create of unknown outcome is repeated, a second one has to agree
    /// that nothing was made; what either of them shows is there.
    async fn make_sure(&self, side: Side, first: Listing, roster: &mut Roster, survey: &mut Survey) -> Result<Listing> {
        if !first.complete || !roster.has_open_create(side) {
            return Ok(first);
        }
        let second = self.list(side, roster, survey).await?;
        Ok(Listing { began: first.began, ..second })
    }

    /// The side that cannot be asked for a single record goes first: its bytes are kept until the other
    /// listing has shown which of them are needed.
    fn order(&self) -> [Side; 2] {
        if self.rules.sides.left.single_read && !self.rules.sides.right.single_read { [Side::Right, Side::Left] } else { Side::BOTH }
    }

    async fn roster(&self) -> Result<Roster> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let page = self.reader.heads(self.tenant, self.kind, after, PAGE).await?;
            let last = page.len() < PAGE;
            after = page.last().map(|head| head.link).or(after);
            rows.extend(page.into_iter().map(Row::from));
            if last {
                rows.iter_mut().for_each(|row| self.compare_lineage(row));
                return Ok(Roster::new(rows, self.rules.eyes()));
            }
        }
    }

    /// What a record belongs to may have changed while its own bytes did not.
    fn compare_lineage(&self, row: &mut Row) {
        if self.family.is_empty() {
            return;
        }
        let references = row.head.ends.as_ref().map(|end| end.as_ref().map(|end| &end.references));
        row.worth_a_look |= row.head.lineage != self.family.lineage(&references, self.rules.digester);
    }

    async fn list(&self, side: Side, roster: &mut Roster, survey: &mut Survey) -> Result<Listing> {
        let mut listing = Listing { began: (self.now)(), complete: false, scanned: 0, unchanged: 0 };
        let keep = !self.rules.sides[side].single_read;
        let mut items = self.sources[side].list(self.kind);
        let mut ended = None;
        while let Some(item) = items.next().await {
            match item? {
                Item::Listed(listed) => {
                    listing.scanned += 1;
                    if listing.scanned.is_multiple_of(500) {
                        self.observer.progress(&Progress::Listed { side, records: listing.scanned });
                    }
                    if roster.saw(side, listed, listing.began, keep, self.rules.digester, survey) {
                        listing.unchanged += 1;
                    }
                }
                Item::Broken { why, .. } => survey.unidentified.push(Unidentified { side, why }),
                Item::End { complete } => ended = Some(complete),
            }
        }
        let broken = survey.unidentified.iter().any(|element| element.side == side);
        listing.complete = ended.ok_or_else(|| unfinished(side))? && !broken;
        self.observer.progress(&Progress::Listed { side, records: listing.scanned });
        Ok(listing)
    }
}

fn unfinished(side: Side) -> Error {
    Error::temporary(ErrorKind::Remote, format!("the listing of the {side} side stopped before its end; nothing is concluded from it"))
}

/// All links of the kind, compactly, and what was seen of each.
struct Roster {
    rows: Vec<Row>,
    /// Indices of the rows that have a record on the side, in order of its id.
    by_id: Sides<Vec<u32>>,
}

struct Row {
    head: Head,
    looks: Sides<Look>,
    shown: Sides<bool>,
    worth_a_look: bool,
}

impl From<Head> for Row {
    fn from(head: Head) -> Self {
        Self { head, looks: Sides::default(), shown: Sides::default(), worth_a_look: false }
    }
}

impl Row {
    fn id(&self, side: Side) -> Option<&RecordId> {
        self.head.ends[side].as_ref().map(|end| &end.id)
    }

    /// Whether a listing that begins today should show the record.
    fn is_expected(&self, side: Side, today: NaiveDate) -> bool {
        let Some(end) = &self.head.ends[side] else { return false };
        matches!(end.state, EndState::Present | EndState::Missing { .. }) && !self.is_expired(side, today)
    }

    /// Whether both listings left out at once what was in use on both sides. They look at other days than before then, or at a
    /// part: nothing is concluded.
    fn vanished_at_once(&self) -> bool {
        let in_use = |end: &HeadEnd| end.state == EndState::Present;
        Side::BOTH.into_iter().all(|side| !self.shown[side] && self.head.ends[side].as_ref().is_some_and(in_use))
    }

    fn is_expired(&self, side: Side, today: NaiveDate) -> bool {
        self.head.ends[side].as_ref().and_then(|end| end.expires).is_some_and(|day| day <= today)
    }
}

impl Roster {
    fn new(mut rows: Vec<Row>, eyes: Eyes) -> Self {
        for row in &mut rows {
            row.worth_a_look |= !row.head.settled || row.head.eyes != eyes;
        }
        let by_id = Sides::from_fn(|side| {
            let mut order: Vec<u32> = (0u32..).zip(&rows).filter(|(_, row)| row.id(side).is_some()).map(|(index, _)| index).collect();
            order.sort_unstable_by(|a, b| rows[*a as usize].id(side).cmp(&rows[*b as usize].id(side)));
            order
        });
        Self { rows, by_id }
    }

    fn known(&self, side: Side, today: NaiveDate) -> usize {
        self.rows.iter().filter(|row| row.is_expected(side, today)).count()
    }

    /// Whether a create was begun on the side of which nobody knows what came.
    fn has_open_create(&self, side: Side) -> bool {
        self.rows.iter().any(|row| row.head.intent.is_some() && row.id(side).is_none())
    }

    fn find(&self, side: Side, id: &RecordId) -> Option<usize> {
        let order = &self.by_id[side];
        let at = order.binary_search_by(|index| self.rows[*index as usize].id(side).cmp(&Some(id))).ok()?;
        Some(order[at] as usize)
    }

    /// Takes in one record that was read by itself.
    fn read(&mut self, side: Side, record: &Record, survey: &mut Survey) {
        let look = Look::Read(Box::new(record.clone()));
        let Some(index) = self.find(side, &record.id) else {
            survey.fresh[side].insert(record.id.clone(), look);
            return;
        };
        let row = &mut self.rows[index];
        row.worth_a_look = true;
        row.shown[side] = true;
        row.looks[side] = look;
    }

    /// Takes in one listed record; says whether it is unchanged.
    fn saw(&mut self, side: Side, listed: Listed, began: DateTime<Utc>, keep: bool, digester: &Digester, survey: &mut Survey) -> bool {
        let Some(index) = self.find(side, &listed.id) else {
            survey.fresh[side].insert(listed.id, Look::Listed(compact(&listed.raw), began));
            return false;
        };
        let row = &mut self.rows[index];
        row.shown[side] = true;
        let same = match &row.head.ends[side] {
            Some(HeadEnd { state: EndState::Present, raw: Some(raw), .. }) => *raw == digester.raw(&listed.raw),
            _ => false,
        };
        row.worth_a_look |= !same;
        if keep || row.worth_a_look {
            row.looks[side] = Look::Listed(compact(&listed.raw), began);
        }
        same
    }

    fn sort_into(self, survey: &mut Survey) {
        // What one side leaves out is judged by what the other shows: with one listing it is counted, for the brake, and no more.
        let both = survey.listings.left.is_some() && survey.listings.right.is_some();
        for mut row in self.rows {
            if both && row.vanished_at_once() {
                continue;
            }
            for side in Side::BOTH {
                let Some(listing) = survey.listings[side].filter(|listing| listing.complete) else { continue };
                let today = listing.began.date_naive();
                if row.id(side).is_none() || row.shown[side] || row.is_expired(side, today) {
                    continue;
                }
                let is_expected = row.is_expected(side, today);
                survey.absent[side] += usize::from(is_expected);
                if both {
                    row.looks[side] = Look::Absent(listing.began);
                    row.worth_a_look |= is_expected;
                }
            }
            if row.worth_a_look {
                survey.links.insert(row.head.link, row.looks);
                continue;
            }
            for side in Side::BOTH {
                if let (Look::Listed(..), Some(end)) = (&row.looks[side], &row.head.ends[side]) {
                    survey.spare[side].insert(end.id.clone(), std::mem::take(&mut row.looks[side]));
                }
            }
        }
    }
}

/// A copy of its own: a slice would keep the whole chunk alive in which it arrived.
fn compact(raw: &Bytes) -> Bytes {
    Bytes::copy_from_slice(raw)
}
