//! How its inbox works.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Bent, Habit};
use crate::testing::fault::lock;
use crate::{Depth, Handled, HintKey, HintQueue, Kind, RecordId, Result, Side, Taken, TenantId, Urgency};

impl Bent {
    fn key(&self, key: &HintKey) -> HintKey {
        let id = if self.has(Habit::FoldsIds) { RecordId::new(key.id.as_str().to_lowercase()) } else { key.id.clone() };
        HintKey { tenant: self.tenant(&key.tenant).clone(), id, ..key.clone() }
    }

    fn bend_hints(&self, hints: &[(HintKey, Urgency)]) -> Vec<(HintKey, Urgency)> {
        let urgency = |urgency| if self.has(Habit::FirstComeFirstServed) { Urgency::Live } else { urgency };
        let mut bent: Vec<_> = hints.iter().map(|(key, urgent)| (self.key(key), urgency(*urgent))).collect();
        if self.has(Habit::StaysDead) {
            bent.retain(|(key, _)| !lock(&self.dead).contains(key));
        }
        bent
    }

    fn bend_outcome(&self, outcome: Handled) -> Handled {
        match (self.habit, outcome) {
            (Habit::RetriesAtOnce, Handled::Retry { .. }) => Handled::Retry { due: DateTime::<Utc>::MIN_UTC },
            // What came in meanwhile makes it due once more, as if nothing had failed.
            (Habit::RetriesAsNew, Handled::Retry { .. }) => Handled::Done,
            (Habit::CountsWaits, Handled::Wait { due }) => Handled::Retry { due },
            (_, outcome) => outcome,
        }
    }

    /// Everything that waits, as if each had been worked on.
    async fn take_again(&self, tenant: &TenantId) -> Result<usize> {
        let all = self.inner.take(tenant, usize::MAX, DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MAX_UTC).await?;
        for taken in &all {
            self.inner.handled(taken, Handled::Wait { due: DateTime::<Utc>::MIN_UTC }).await?;
        }
        Ok(all.len())
    }
}

#[async_trait]
impl HintQueue for Bent {
    async fn push(&self, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<()> {
        *lock(&self.pushed) += hints.len();
        self.inner.push(&self.bend_hints(hints), now).await
    }

    async fn receive(&self, tenant: &TenantId, delivery: &str, hints: &[(HintKey, Urgency)], now: DateTime<Utc>) -> Result<bool> {
        let delivery = if self.has(Habit::ReceivesAgain) { format!("{delivery}@{now}") } else { delivery.to_owned() };
        self.inner.receive(self.tenant(tenant), &delivery, &self.bend_hints(hints), now).await
    }

    async fn take(&self, tenant: &TenantId, limit: usize, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Taken>> {
        let limit = if self.has(Habit::IgnoresTheLimit) { usize::MAX } else { limit };
        let until = match self.habit {
            Habit::HandsOutWhatIsTaken => now,
            Habit::LosesWhatIsTaken => DateTime::<Utc>::MAX_UTC,
            _ => until,
        };
        self.inner.take(self.tenant(tenant), limit, now, until).await
    }

    async fn handled(&self, taken: &Taken, outcome: Handled) -> Result<()> {
        let mut taken = Taken { key: self.key(&taken.key), ..taken.clone() };
        match self.habit {
            Habit::DropsHintsDuringWork => taken.generation = u64::MAX,
            Habit::LateOutcomesComeBack => self.inner.push(&[(taken.key.clone(), taken.urgency)], DateTime::<Utc>::MIN_UTC).await?,
            _ => {}
        }
        if let Handled::Dead { .. } = outcome {
            lock(&self.dead).insert(taken.key.clone());
        }
        self.inner.handled(&taken, self.bend_outcome(outcome)).await
    }

    async fn reclaim(&self, tenant: &TenantId) -> Result<usize> {
        match self.habit {
            Habit::ReclaimsNothing => Ok(0),
            Habit::BlamesEveryone => self.take_again(self.tenant(tenant)).await,
            _ => self.inner.reclaim(self.tenant(tenant)).await,
        }
    }

    async fn replay(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<usize> {
        if self.has(Habit::ReplaysNothing) { Ok(0) } else { self.inner.replay(self.tenant(tenant), now).await }
    }

    async fn forget(&self, tenant: &TenantId, kind: &Kind, side: Side, before: DateTime<Utc>) -> Result<usize> {
        if self.has(Habit::ForgetsNothing) { Ok(0) } else { self.inner.forget(self.tenant(tenant), kind, side, before).await }
    }

    async fn depth(&self, tenant: &TenantId) -> Result<Depth> {
        let depth = self.inner.depth(self.tenant(tenant)).await?;
        Ok(if self.has(Habit::CountsHintsNotRecords) { Depth { waiting: *lock(&self.pushed), ..depth } } else { depth })
    }
}
