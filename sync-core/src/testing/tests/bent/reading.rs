//! How it is read.

use async_trait::async_trait;

use super::{Bent, Habit};
use crate::{
    Head, Kind, Link, LinkId, LinkQuery, MappingReader, Mark, OperationEntry, PreImage, RecordId, Result, Review, ReviewQuery, Run,
    TenantId,
};

impl Bent {
    fn bend_query(&self, query: &LinkQuery) -> LinkQuery {
        let mut query = query.clone();
        if let (Habit::MarksOfAnyScheme, LinkQuery::Marks { marks, .. }) = (self.habit, &mut query) {
            let spread = |mark: &Mark| ["email", "phone"].map(|scheme| Mark { scheme: scheme.to_owned(), ..mark.clone() });
            *marks = marks.iter().flat_map(spread).collect();
        }
        query
    }

    fn bend_read(&self, mut link: Link) -> Link {
        match self.habit {
            Habit::CountsFromZero => link.version -= 1,
            Habit::SharesEnds => {
                for end in [&mut link.ends.left, &mut link.ends.right].into_iter().flatten() {
                    end.id = without_owner(&end.id);
                }
            }
            _ => {}
        }
        link
    }
}

fn without_owner(id: &RecordId) -> RecordId {
    id.as_str().split('#').next().unwrap_or_default().into()
}

#[async_trait]
impl MappingReader for Bent {
    async fn heads(&self, tenant: &TenantId, kind: &Kind, after: Option<LinkId>, limit: usize) -> Result<Vec<Head>> {
        let after = if self.has(Habit::PagesFromTheStart) { None } else { after };
        let mut heads = self.inner.heads(self.tenant(tenant), kind, after, limit).await?;
        if self.has(Habit::HeadsWithoutIntents) {
            heads.iter_mut().for_each(|head| head.intent = None);
        }
        Ok(heads)
    }

    async fn links(&self, tenant: &TenantId, query: &LinkQuery) -> Result<Vec<Link>> {
        let mut links = self.inner.links(self.tenant(tenant), &self.bend_query(query)).await?;
        match (self.habit, query) {
            (Habit::LinksInAnyOrder, _) => links.reverse(),
            (Habit::ReadsAHundredLinks, _) => links.truncate(100),
            (Habit::ForgetsTokensOfDoneCreates, LinkQuery::Token(_)) => links.retain(|link| link.intent.is_some()),
            _ => {}
        }
        Ok(links.into_iter().map(|link| self.bend_read(link)).collect())
    }

    async fn reviews(&self, tenant: &TenantId, query: &ReviewQuery) -> Result<Vec<Review>> {
        let mut query = query.clone();
        match self.habit {
            Habit::ReviewsOfEveryKind => query.kind = None,
            Habit::AlwaysUnseals => query.values = true,
            _ => {}
        }
        self.inner.reviews(self.tenant(tenant), &query).await
    }

    async fn runs(&self, tenant: &TenantId, kind: &Kind, limit: usize) -> Result<Vec<Run>> {
        let mut runs = self.inner.runs(self.tenant(tenant), kind, limit).await?;
        if self.has(Habit::RunsOldestFirst) {
            runs.reverse();
        }
        Ok(runs)
    }

    async fn operations(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<OperationEntry>> {
        let mut operations = self.inner.operations(self.tenant(tenant), link).await?;
        if self.has(Habit::JournalNewestFirst) {
            operations.reverse();
        }
        Ok(operations)
    }

    async fn pre_images(&self, tenant: &TenantId, link: LinkId) -> Result<Vec<PreImage>> {
        let tenant = self.tenant(tenant);
        if self.has(Habit::PreImagesGoWithTheLink) && self.version(tenant, link).await?.is_none() {
            return Ok(Vec::new());
        }
        self.inner.pre_images(tenant, link).await
    }
}
