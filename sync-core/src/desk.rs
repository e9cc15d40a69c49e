//! What people do to links and review items. None of it writes to a remote system: the next sweep does.

use crate::plan::Planner;
use crate::{
    Action, Changes, Decision, Error, ErrorKind, Fence, Link, LinkId, LinkQuery, MappingStore, OperationEntry, Outcome, Reason, RecordId,
    Result, Review, ReviewId, ReviewQuery, Salt, Side, Standing,
};

/// Where people decide.
#[derive(Debug)]
pub struct Desk<'a> {
    pub(crate) planner: &'a Planner,
    pub(crate) store: &'a dyn MappingStore,
    pub(crate) fence: Option<Fence>,
}

impl Desk<'_> {
    /// One open review item, with its values.
    ///
    /// # Errors
    /// `NotFound` when there is none, or when the store cannot be read.
    pub async fn review(&self, id: ReviewId) -> Result<Review> {
        let query = ReviewQuery { id: Some(id), values: true, ..ReviewQuery::default() };
        let found = self.store.reviews(&self.planner.setup.tenant, &query).await?.into_iter().next();
        found.ok_or_else(|| missing(format!("there is no open review item {id}; `review list` shows them")))
    }

    /// Decides a review item. What follows from it is done by the next sweep, if the records still show
    /// what the decision was about.
    ///
    /// # Errors
    /// `NotFound`, a `Configuration` error when the decision does not answer this question, or the store's.
    pub async fn decide(&self, id: ReviewId, decision: Decision) -> Result<()> {
        let mut review = self.review(id).await?;
        if !answers(&review.reason, decision) {
            return Err(Error::permanent(
                ErrorKind::Configuration,
                format!("{decision:?} does not answer a question about {}", review.reason.name()),
            ));
        }
        if let (Decision::Same, Some(candidate)) = (decision, candidate(&review.reason)) {
            return self.join(&review, candidate).await;
        }
        if let (Decision::Different, Reason::IdentityChanged { .. }, Some(link)) = (decision, &review.reason, review.link) {
            return self.unlink(link).await;
        }
        review.decision = Some(decision);
        let mut changes = Changes { opened: vec![review.clone()], ..Changes::default() };
        if let Some(link) = review.link {
            changes.links.push(self.worth_a_look(self.get(link).await?));
        }
        self.commit(changes).await
    }

    /// The link of a record.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find(&self, side: Side, id: &RecordId) -> Result<Option<Link>> {
        let query = LinkQuery::Ends { kind: self.planner.kind().clone(), side, ids: vec![id.clone()] };
        Ok(self.store.links(&self.planner.setup.tenant, &query).await?.into_iter().next())
    }

    /// Stops working on a link.
    ///
    /// # Errors
    /// `NotFound`, or the store's.
    pub async fn pause(&self, id: LinkId) -> Result<()> {
        self.stand(id, Standing::Paused).await
    }

    /// Works on a paused link again.
    ///
    /// # Errors
    /// `NotFound`, or the store's.
    pub async fn resume(&self, id: LinkId) -> Result<()> {
        self.stand(id, Standing::Active).await
    }

    /// Takes two records apart. Neither is matched again until a person links it.
    ///
    /// # Errors
    /// `NotFound`, a `Configuration` error when the link has but one record, or the store's.
    pub async fn unlink(&self, id: LinkId) -> Result<()> {
        let mut link = self.get(id).await?;
        let Some(right) = link.ends.right.take().filter(|_| link.ends.left.is_some()) else {
            return Err(misused(format!("the link {id} has but one record: there is nothing to take apart")));
        };
        let env = self.planner.setup.env.as_ref();
        let salt = Salt::from_bytes(env.random());
        let mut other = Link::half(env.link_id(), link.kind.clone(), Side::Right, right, salt, link.eyes);
        other.standing = Standing::Unlinked;
        link.standing = Standing::Unlinked;
        link.bases.clear();
        link.intent = None;
        let entry = self.entry(&link, Action::Unlink);
        let closed = self.open_about(&[id]).await?;
        self.commit(Changes { links: vec![self.worth_a_look(link), other], operations: vec![entry], closed, ..Changes::default() }).await
    }

    /// Says that two records are the same. Each may have been apart, unlinked, or seen but unmatched.
    ///
    /// # Errors
    /// `NotFound` when a record was never listed, a `Configuration` error when one has another counterpart, or
    /// the store's.
    pub async fn link(&self, left: &RecordId, right: &RecordId) -> Result<LinkId> {
        let mut one = self.half(Side::Left, left).await?;
        let other = self.half(Side::Right, right).await?;
        one.ends.right = other.ends.right.clone();
        one.standing = Standing::Active;
        one.bases.clear();
        one.intent = None;
        one.token = one.token.or(other.token);
        let (id, entry) = (one.id, self.entry(&one, Action::Link));
        let closed = self.open_about(&[one.id, other.id]).await?;
        let removed = vec![(other.id, other.version)];
        self.commit(Changes { links: vec![self.worth_a_look(one)], removed, operations: vec![entry], closed, ..Changes::default() })
            .await?;
        Ok(id)
    }

    async fn join(&self, review: &Review, candidate: &RecordId) -> Result<()> {
        let pair = match (&review.records.left, &review.records.right) {
            (Some(left), None) => (left, candidate),
            (None, Some(right)) => (candidate, right),
            _ => return Err(misused("the question is about two records already".to_owned())),
        };
        self.link(pair.0, pair.1).await.map(|_| ())
    }

    async fn half(&self, side: Side, id: &RecordId) -> Result<Link> {
        let system = self.system(side);
        let link = self.find(side, id).await?.ok_or_else(|| missing(format!("{system} never listed {id}; sync first")))?;
        match link.only_side() {
            Some(_) => Ok(link),
            None => Err(misused(format!("{id} of {system} is linked already; `unlink` it first (its link is {})", link.id))),
        }
    }

    /// What people call the system on a side.
    fn system(&self, side: Side) -> &'static str {
        let description = self.planner.sources[side].describe(self.planner.kind());
        description.map_or(if side == Side::Left { "the left side" } else { "the right side" }, |description| description.system)
    }

    async fn get(&self, id: LinkId) -> Result<Link> {
        let found = self.store.links(&self.planner.setup.tenant, &LinkQuery::Ids(vec![id])).await?.into_iter().next();
        found.ok_or_else(|| missing(format!("there is no link {id}")))
    }

    async fn stand(&self, id: LinkId, standing: Standing) -> Result<()> {
        let mut link = self.get(id).await?;
        if !matches!(link.standing, Standing::Active | Standing::Paused) {
            return Err(misused(format!("the link {id} was taken apart; `link` its records first")));
        }
        link.standing = standing;
        self.commit(Changes { links: vec![self.worth_a_look(link)], ..Changes::default() }).await
    }

    async fn open_about(&self, links: &[LinkId]) -> Result<Vec<ReviewId>> {
        let mut ids = Vec::new();
        for link in links {
            let query = ReviewQuery { link: Some(*link), ..ReviewQuery::default() };
            ids.extend(self.store.reviews(&self.planner.setup.tenant, &query).await?.into_iter().map(|review| review.id));
        }
        Ok(ids)
    }

    fn worth_a_look(&self, mut link: Link) -> Link {
        link.settled = false;
        link
    }

    fn entry(&self, link: &Link, action: Action) -> OperationEntry {
        OperationEntry {
            at: self.planner.setup.env.now(),
            run: None,
            link: link.id,
            side: Side::Left,
            action,
            record: link.ends.left.as_ref().map(|end| end.id.clone()),
            fields: Vec::new(),
            outcome: Outcome::Done,
        }
    }

    async fn commit(&self, changes: Changes) -> Result<()> {
        Ok(self.store.commit(&self.planner.setup.tenant, Changes { fence: self.fence, ..changes }).await?)
    }
}

/// The record that a question asks about, if it is one.
fn candidate(reason: &Reason) -> Option<&RecordId> {
    match reason {
        Reason::PossibleMatch { candidate } | Reason::SharedIdentifier { other: candidate } => Some(candidate),
        Reason::Ambiguous { candidates } => candidates.first().filter(|_| candidates.len() == 1),
        _ => None,
    }
}

/// Whether a decision answers a question.
fn answers(reason: &Reason, decision: Decision) -> bool {
    match reason {
        Reason::Conflict { .. } | Reason::FirstDifference { .. } | Reason::Cleared { .. } | Reason::WithheldAppeared { .. } => {
            matches!(decision, Decision::Take(_) | Decision::KeepBoth)
        }
        Reason::Manual { fields, .. } => decision == Decision::KeepBoth && !fields.is_empty(),
        Reason::Ambiguous { candidates } => decision == Decision::Different || (decision == Decision::Same && candidates.len() == 1),
        Reason::PossibleMatch { .. } | Reason::SharedIdentifier { .. } | Reason::IdentityChanged { .. } => {
            matches!(decision, Decision::Same | Decision::Different)
        }
        Reason::Brake { .. } => decision == Decision::LiftBrake,
        Reason::MissingData { .. }
        | Reason::DoubleToken { .. }
        | Reason::MergedIntoLinked { .. }
        | Reason::StillPending { .. }
        | Reason::Frozen { .. }
        | Reason::ManualRemoval { .. }
        | Reason::Prerequisite { .. }
        | Reason::Undecodable { .. }
        | Reason::Refused { .. } => false,
    }
}

fn missing(message: String) -> Error {
    Error::permanent(ErrorKind::NotFound, message)
}

fn misused(message: String) -> Error {
    Error::permanent(ErrorKind::Configuration, message)
}
