//! What the people of the clinic answer, take apart and put together.

use sync_core::vocabulary::person;
use sync_core::{Decision, MappingReader, Reason, Review, ReviewQuery, Side};

use super::Sim;
use crate::simulate::evidence::Answer;
use crate::{Result, TENANT};

impl Sim {
    /// A person answers one of the open questions.
    pub(super) async fn decide(&mut self, pick: u64) -> Result<()> {
        let ready = self.process.engines().await?;
        let memory = self.house.store.memory();
        let query = ReviewQuery { values: true, ..ReviewQuery::default() };
        let open: Vec<Review> = memory.reviews(&TENANT, &query).await?.into_iter().filter(|review| review.decision.is_none()).collect();
        let Some(review) = open.get(usize::try_from(pick % (open.len().max(1) as u64)).unwrap_or_default()) else { return Ok(()) };
        let Some(decision) = self.answer(review, pick >> 8) else { return Ok(()) };
        let Some(engine) = ready.engines.iter().find(|engine| *engine.kind() == review.kind) else { return Ok(()) };
        self.chaos.trace.note(format_args!("decided {} {decision:?}", review.reason.name()));
        let at = self.chaos.ledger.count();
        engine.desk().decide(review.id, decision).await?;
        self.answers.push(Answer { at, review: review.clone(), decision });
        Ok(())
    }

    /// What a person would say who knows both systems.
    fn answer(&self, review: &Review, pick: u64) -> Option<Decision> {
        let side = if pick.is_multiple_of(2) { Side::Left } else { Side::Right };
        let candidate = match &review.reason {
            Reason::Conflict { .. } | Reason::FirstDifference { .. } | Reason::Cleared { .. } | Reason::WithheldAppeared { .. } => {
                return Some(if pick % 5 == 4 { Decision::KeepBoth } else { Decision::Take(side) });
            }
            Reason::Manual { fields, .. } if !fields.is_empty() => return Some(Decision::KeepBoth),
            Reason::IdentityChanged { .. } => return Some(Decision::Same),
            Reason::Brake { .. } => return Some(Decision::LiftBrake),
            Reason::PossibleMatch { candidate } | Reason::SharedIdentifier { other: candidate } => candidate,
            Reason::Ambiguous { candidates } => candidates.first().filter(|_| candidates.len() == 1)?,
            _ => return None,
        };
        let shown = self.chaos.ledger.shown();
        let name = |id: &str| {
            let fields = shown.iter().find(|(place, _)| place.id == id).map(|(_, fields)| fields)?;
            Some((fields.get("given_name")?.clone(), fields.get("family_name")?.clone()))
        };
        let own = review.records.left.as_ref().or(review.records.right.as_ref())?;
        Some(if name(own.as_str()) == name(candidate.as_str()) { Decision::Same } else { Decision::Different })
    }

    /// A person takes a pair apart, or puts two halves together that were.
    pub(super) async fn unlink(&mut self, pick: u64) -> Result<()> {
        let ready = self.process.engines().await?;
        let Some(engine) = ready.engines.first() else { return Ok(()) };
        let heads = self.house.store.memory().heads(&TENANT, &person::KIND, None, usize::MAX).await?;
        let joined: Vec<_> = heads.iter().filter(|head| head.ends.left.is_some() && head.ends.right.is_some()).collect();
        let Some(head) = joined.get(usize::try_from(pick % (joined.len().max(1) as u64)).unwrap_or_default()) else { return Ok(()) };
        self.chaos.trace.note("unlinked");
        Ok(engine.desk().unlink(head.link).await?)
    }
}
