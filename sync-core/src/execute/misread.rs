//! What an earlier run wrote, and a side showed otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::Executor;
use crate::plan::Task;
use crate::{Base, FieldName, Link, LinkId, LinkQuery, Reason, Result, Settled, Side};

impl Executor<'_> {
    /// Whether an earlier run made a record that showed otherwise what must be shown exactly, and the question about it is open.
    /// That run stopped; this one would make the same mistake with the next record.
    pub(super) async fn is_misread(&self, tasks: &[Task]) -> Result<bool> {
        let differs = |reason: &Reason| match reason {
            Reason::FirstDifference { fields } => fields.iter().any(|name| self.rules.schema.is_exact(name)),
            _ => false,
        };
        let judged: BTreeMap<LinkId, bool> =
            tasks.iter().map(|task| (task.work.link.id, task.judgement.reasons.iter().any(differs))).collect();
        let asked = self.open.iter().filter(|(_, reviews)| reviews.iter().any(|review| differs(&review.reason))).map(|(link, _)| *link);
        let still = asked.filter(|link| judged.get(link).copied().unwrap_or(true));
        let suspects: BTreeSet<LinkId> = judged.iter().filter(|(_, differs)| **differs).map(|(link, _)| *link).chain(still).collect();
        if suspects.is_empty() {
            return Ok(false);
        }
        let query = LinkQuery::Ids(suspects.into_iter().collect());
        let links = self.store.links(&self.planner.setup.tenant, &query).await?;
        // Two records that people made may differ as well, and one of ours that was edited before anybody knew of it.
        Ok(links.iter().any(|link| link.token.is_some() && link.bases.values().any(was_misread)))
    }
}

/// Notes what the answer to a write showed otherwise than it was written. Until it is shown as it was, or somebody decides, the
/// written value counts as what was there before: no other write leaves that.
pub(super) fn note_misread(link: &mut Link, side: Side, names: &[FieldName]) {
    for name in names {
        let Some(base) = link.bases.get_mut(name) else { continue };
        let written = base.shown[side.opposite()];
        base.shown[side] = written;
        base.settled = Settled::Unconfirmed { side, prior: written };
    }
}

fn was_misread(base: &Base) -> bool {
    matches!(base.settled, Settled::Unconfirmed { side, prior: Some(prior) } if base.shown[side] == Some(prior))
}
