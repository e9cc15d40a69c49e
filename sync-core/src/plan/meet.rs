//! Bringing records together: half links that match, and records that were merged on their own side.

use std::collections::{BTreeMap, BTreeSet};

use super::adopt::confirm;
use super::answers::Answers;
use super::matching::{Match, Matcher, Strength, compare, is_matchable, join};
use super::planner::Planner;
use super::survey::Survey;
use super::work::{Look, Work};
use crate::decide::Rules;
use crate::{Action, Link, LinkId, LinkQuery, Observation, Reason, Result, Role, Side};

impl Planner {
    /// A record is gone: it may have been merged into another of its side, which then bears the marks of
    /// the counterpart. A free one takes its place; one that is linked already is a question.
    pub(super) async fn follow_merge(
        &self,
        works: &mut BTreeMap<LinkId, Work>,
        survey: &mut Survey,
        rules: &Rules<'_>,
        id: LinkId,
        side: Side,
    ) -> Result<Option<Reason>> {
        let Some(counterpart) = works.get(&id).and_then(|work| work.link.ends[side.opposite()].clone()) else { return Ok(None) };
        let is_proof = |mark: &&crate::Mark| rules.schema.role(&mark.scheme) == Role::Proof;
        let proofs: BTreeSet<_> = counterpart.identity.iter().filter(is_proof).cloned().collect();
        let query = LinkQuery::Marks { kind: self.kind().clone(), side, marks: proofs };
        let stored = self.reader.links(&self.setup.tenant, &query).await?;
        let alike = |link: &&Link| {
            let end = link.ends[side].as_ref().filter(|end| link.id != id && !end.state.is_gone());
            end.is_some_and(|end| compare(rules.schema, &counterpart.identity, &end.identity) == Strength::Strong)
        };
        // What is being worked on is newer than what the store has.
        let untouched = stored.iter().filter(|link| !works.contains_key(&link.id));
        let winners: Vec<Link> = works.values().map(|work| &work.link).chain(untouched).filter(alike).cloned().collect();
        let [winner] = &winners[..] else { return Ok(None) };
        let Some(record) = winner.ends[side].as_ref().map(|end| end.id.clone()) else { return Ok(None) };
        if !is_matchable(winner) {
            return Ok(Some(Reason::MergedIntoLinked { side, winner: record }));
        }
        let half = self.take_half(works, survey, winner.clone()).await?;
        if let Some(work) = works.get_mut(&id) {
            join(work, half);
            work.notes.retain(|note| *note != (Action::Retire, side) && *note != (Action::Link, side));
            work.notes.push((Action::Relink, side));
        }
        Ok(None)
    }

    /// Takes a half link out of the works, or out of the store together with a look at its record.
    async fn take_half(&self, works: &mut BTreeMap<LinkId, Work>, survey: &mut Survey, link: Link) -> Result<Work> {
        if let Some(work) = works.remove(&link.id) {
            return Ok(work);
        }
        let mut work = Work::stored(link);
        let Some((side, id)) = work.link.only_side().and_then(|side| Some((side, work.link.ends[side].as_ref()?.id.clone()))) else {
            return Ok(work);
        };
        if let Some(look) = survey.spare[side].remove(&id) {
            work.looks[side] = look;
        } else if self.rules()?.sides[side].single_read
            && let Observation::Found(record) = self.source(side).read(self.kind(), &id).await?
        {
            work.looks[side] = Look::Read(record);
        }
        Ok(work)
    }

    pub(super) async fn match_halves(
        &self,
        works: &mut BTreeMap<LinkId, Work>,
        survey: &mut Survey,
        rules: &Rules<'_>,
        answers: &Answers,
    ) -> Result<BTreeMap<LinkId, Match>> {
        let halves: Vec<LinkId> = works.values().filter(|work| is_matchable(&work.link)).map(|work| work.link.id).collect();
        let matcher = Matcher { tenant: &self.setup.tenant, reader: self.reader.as_ref(), rules: *rules, answers };
        let mut candidates = matcher.candidates(works, &halves).await?;
        let mut found = BTreeMap::new();
        for id in halves {
            if let Some(work) = works.get(&id) {
                found.insert(id, matcher.find(&work.link, &candidates));
            }
        }
        for (id, matched) in found.clone() {
            let (Match::One(other) | Match::Confirms(other)) = matched else { continue };
            let (true, Some(link)) = (works.contains_key(&id), works.get(&other).map(|work| work.link.clone()).or(candidates.take(other)))
            else {
                continue;
            };
            if let Match::Confirms(_) = matched {
                let side = works[&id].link.only_side().unwrap_or(Side::Left);
                let owner = works.get(&other).cloned().unwrap_or_else(|| Work::stored(link));
                confirm(works, owner, id, side);
                continue;
            }
            let half = self.take_half(works, survey, link).await?;
            if let Some(work) = works.get_mut(&id) {
                join(work, half);
            }
        }
        Ok(found)
    }
}
