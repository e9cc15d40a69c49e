//! Makes plans. Everything in here reads; nothing can write.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Plan;
use super::absence::update_presence;
use super::adopt::adopt;
use super::answers::Answers;
use super::family::Family;
use super::judge::{Bench, Judgement, Step};
use super::matching::Match;
use super::planned::{Planned, Task, is_lifted};
use super::survey::{Listing, Survey, Surveyor};
use super::work::{Look, Work};
use crate::decide::Rules;
use crate::observer::{Observer, Silent};
use crate::schema::marks;
use crate::{
    Braked, End, Kind, Link, LinkId, LinkQuery, MappingReader, Observation, Reason, Record, RecordId, Result, Review, ReviewQuery, Salt,
    Setup, Side, Sides, Source, Standing,
};

/// How many links are loaded at a time.
const BATCH: usize = 500;

/// Makes plans for one kind of one tenant. It holds sources and a reader, no sink and no store, so that it
/// cannot write.
#[derive(Clone)]
pub struct Planner {
    pub(crate) setup: Setup,
    pub(crate) sources: Sides<Arc<dyn Source>>,
    pub(crate) reader: Arc<dyn MappingReader>,
}

impl fmt::Debug for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planner").field("setup", &self.setup).finish_non_exhaustive()
    }
}

impl Planner {
    /// A planner.
    #[must_use]
    pub fn new(setup: Setup, sources: Sides<Arc<dyn Source>>, reader: Arc<dyn MappingReader>) -> Self {
        Self { setup, sources, reader }
    }

    /// What a sweep would do now. Reads both sides and the store, and changes neither.
    ///
    /// # Errors
    /// When a side or the store cannot be read.
    pub async fn plan(&self) -> Result<Plan> {
        let mut planned = self.sweep(&Silent).await?;
        self.look_closer(&mut planned).await?;
        Ok(planned.plan(self.kind()))
    }

    /// Reads what the listings were too old to tell, as is done before a write.
    async fn look_closer(&self, planned: &mut Planned) -> Result<()> {
        let Planned { tasks, reviews, family, listings, .. } = planned;
        let answers = Answers::from(&reviews[..]);
        for task in tasks {
            let went = match task.judgement.step {
                Some(Step::Remove(side)) => Sides::from_fn(|gone| gone != side),
                _ if task.judgement.partial => Sides::default(),
                _ => continue,
            };
            let reread = task.judgement.reread;
            for side in Side::BOTH.into_iter().filter(|side| reread[*side]) {
                self.reread(&mut task.work, side).await?;
            }
            if reread.left || reread.right {
                task.judgement = self.judge_again(&mut task.work, family, *listings, &answers, went)?;
            }
        }
        Ok(())
    }

    pub(crate) fn kind(&self) -> &Kind {
        self.setup.schema.kind()
    }

    pub(crate) fn source(&self, side: Side) -> &dyn Source {
        self.sources[side].as_ref()
    }

    pub(crate) fn rules(&self) -> Result<Rules<'_>> {
        self.setup.rules(Sides::new(self.sources.left.as_ref(), self.sources.right.as_ref()))
    }

    /// Plans a sweep over everything.
    pub(crate) async fn sweep(&self, observer: &dyn Observer) -> Result<Planned> {
        let family = self.family().await?;
        let now = || self.setup.env.now();
        let survey = self.surveyor(&family, &now, observer)?.survey().await?;
        self.plan_for(survey, family).await
    }

    /// Plans for records that were read by themselves, with a listing of the other side beside them.
    pub(crate) async fn beside(&self, listed: Side, read: Vec<Record>, observer: &dyn Observer) -> Result<Planned> {
        let family = self.family().await?;
        let now = || self.setup.env.now();
        let survey = self.surveyor(&family, &now, observer)?.survey_beside(listed, read).await?;
        self.plan_for(survey, family).await
    }

    fn surveyor<'a>(
        &'a self,
        family: &'a Family,
        now: &'a (dyn Fn() -> DateTime<Utc> + Sync),
        observer: &'a dyn Observer,
    ) -> Result<Surveyor<'a>> {
        Ok(Surveyor {
            tenant: &self.setup.tenant,
            kind: self.kind(),
            reader: self.reader.as_ref(),
            sources: Sides::new(self.source(Side::Left), self.source(Side::Right)),
            rules: self.rules()?,
            family,
            now,
            observer,
        })
    }

    async fn plan_for(&self, mut survey: Survey, family: Arc<Family>) -> Result<Planned> {
        let rules = self.rules()?;
        let mut planned = Planned {
            listings: survey.listings,
            known: survey.known,
            family,
            unidentified: std::mem::take(&mut survey.unidentified),
            reviews: self.reviews().await?,
            ..Planned::default()
        };
        for side in Side::BOTH {
            let reason = Reason::Brake { side, what: Braked::Removals, count: survey.absent[side], known: survey.known[side] };
            let trips = rules.policy.removal_brake.trips(survey.absent[side], survey.known[side]);
            if trips && !is_lifted(&planned.reviews, &reason) {
                planned.brakes.push(reason);
            }
        }
        // So much is missing that nothing else can be believed either.
        if !planned.brakes.is_empty() {
            return Ok(planned);
        }
        let works = self.gather(&mut survey, &rules).await?;
        self.settle(works, &mut survey, &mut planned).await?;
        planned.check_updates(&rules);
        Ok(planned)
    }

    /// Plans for single records that were observed just now.
    pub(crate) async fn single(&self, work: Work) -> Result<Planned> {
        let mut planned = Planned { reviews: self.reviews().await?, family: self.family().await?, ..Planned::default() };
        let works = BTreeMap::from([(work.link.id, work)]);
        self.settle(works, &mut Survey::default(), &mut planned).await?;
        Ok(planned)
    }

    async fn family(&self) -> Result<Arc<Family>> {
        let family = Family::load(&self.setup.tenant, self.reader.as_ref(), self.setup.schema.as_ref()).await?;
        Ok(Arc::new(family))
    }

    async fn reviews(&self) -> Result<Vec<Review>> {
        let query = ReviewQuery { kind: Some(self.kind().clone()), ..ReviewQuery::default() };
        self.reader.reviews(&self.setup.tenant, &query).await
    }

    /// Loads the links that are worth a look, and makes half links for records seen for the first time.
    async fn gather(&self, survey: &mut Survey, rules: &Rules<'_>) -> Result<BTreeMap<LinkId, Work>> {
        let mut works = BTreeMap::new();
        let ids: Vec<LinkId> = survey.links.keys().copied().collect();
        for batch in ids.chunks(BATCH) {
            for link in self.reader.links(&self.setup.tenant, &LinkQuery::Ids(batch.to_vec())).await? {
                let looks = survey.links.remove(&link.id).unwrap_or_default();
                works.insert(link.id, Work { looks, ..Work::stored(link) });
            }
        }
        for side in Side::BOTH {
            for (id, look) in std::mem::take(&mut survey.fresh[side]) {
                let work = self.half(side, id, look, rules);
                works.insert(work.link.id, work);
            }
        }
        Ok(works)
    }

    pub(crate) fn half(&self, side: Side, id: RecordId, look: Look, rules: &Rules<'_>) -> Work {
        let env = self.setup.env.as_ref();
        let salt = Salt::from_bytes(env.random());
        let link = Link::half(env.link_id(), self.kind().clone(), side, End::present(id), salt, rules.eyes());
        let mut work = Work::fresh(link);
        work.looks[side] = look;
        work
    }

    /// From what was seen to what is to be done.
    async fn settle(&self, mut works: BTreeMap<LinkId, Work>, survey: &mut Survey, planned: &mut Planned) -> Result<()> {
        let rules = self.rules()?;
        let family = planned.family.clone();
        let carriers = self.recognise(&mut works, &rules, &family);
        let mut questions = adopt(&self.setup.tenant, self.reader.as_ref(), &mut works, carriers).await?;
        let went = self.update_presences(&mut works, survey, &rules, &mut questions).await?;
        let answers = Answers::from(&planned.reviews[..]);
        let mut matches = self.match_halves(&mut works, survey, &rules, &answers).await?;
        let bench = Bench { rules, family: &family, listings: planned.listings, answers: &answers, now: self.setup.env.now() };
        for (id, mut work) in works {
            let records =
                Sides::new(work.checked(Side::Left, self.source(Side::Left)), work.checked(Side::Right, self.source(Side::Right)));
            let matched = matches.remove(&id).unwrap_or(Match::Nobody);
            let gone = went.get(&id).copied().unwrap_or_default();
            let judgement = match questions.remove(&id) {
                Some(reason) => Judgement { reasons: vec![reason], ..Judgement::default() },
                None => bench.judge(&mut work, records.as_ref().map(Option::as_ref), matched, gone),
            };
            planned.tasks.push(Task { work, judgement });
        }
        Ok(())
    }

    /// Decodes what is new, notes by what it can be recognised, and finds records that carry a token.
    fn recognise(&self, works: &mut BTreeMap<LinkId, Work>, rules: &Rules<'_>, family: &Family) -> Vec<(LinkId, Side, crate::Token)> {
        let mut carriers = Vec::new();
        for work in works.values_mut() {
            for side in Side::BOTH {
                let Some(record) = work.checked(side, self.source(side)) else { continue };
                let Some(end) = work.link.ends[side].as_mut() else { continue };
                end.identity = marks(rules.schema, rules.digester, &record, &family.parents(side, &record.references));
                end.references = family.relevant(&record.references);
                end.expires = record.expires;
                work.presence[side] = Some(record.presence);
                let may_be_ours = !work.link.is_joined() && work.link.standing == Standing::Active;
                if let Some(token) = record.token.filter(|token| may_be_ours && work.link.token != Some(*token)) {
                    carriers.push((work.link.id, side, token));
                }
            }
        }
        carriers
    }

    async fn update_presences(
        &self,
        works: &mut BTreeMap<LinkId, Work>,
        survey: &mut Survey,
        rules: &Rules<'_>,
        questions: &mut BTreeMap<LinkId, Reason>,
    ) -> Result<BTreeMap<LinkId, Sides<bool>>> {
        let mut went: BTreeMap<LinkId, Sides<bool>> = BTreeMap::new();
        for (id, work) in works.iter_mut() {
            for side in Side::BOTH {
                let just_now = update_presence(work, side, rules.sides[side], self.source(side)).await?;
                if just_now {
                    went.entry(*id).or_default()[side] = true;
                }
            }
        }
        for (id, sides) in went.clone() {
            for side in Side::BOTH.into_iter().filter(|side| sides[*side]) {
                if let Some(reason) = self.follow_merge(works, survey, rules, id, side).await? {
                    questions.insert(id, reason);
                }
            }
        }
        Ok(went)
    }

    /// Looks at a record again, by itself.
    pub(crate) async fn reread(&self, work: &mut Work, side: Side) -> Result<()> {
        let Some(id) = work.link.ends[side].as_ref().map(|end| end.id.clone()) else { return Ok(()) };
        work.looks[side] = match self.source(side).read(self.kind(), &id).await? {
            Observation::Found(record) => Look::Read(record),
            Observation::Missing => Look::Unread,
        };
        Ok(())
    }

    /// Judges one link anew, after its records were read again.
    pub(crate) fn judge_again(
        &self,
        work: &mut Work,
        family: &Family,
        listings: Sides<Option<Listing>>,
        answers: &Answers,
        went: Sides<bool>,
    ) -> Result<Judgement> {
        let bench = Bench { rules: self.rules()?, family, listings, answers, now: self.setup.env.now() };
        let records = Sides::new(work.checked(Side::Left, self.source(Side::Left)), work.checked(Side::Right, self.source(Side::Right)));
        Ok(bench.judge(work, records.as_ref().map(Option::as_ref), Match::Nobody, went))
    }
}
