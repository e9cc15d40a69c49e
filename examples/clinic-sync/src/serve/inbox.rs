//! What the inbox holds: each record is looked at by itself, and those that need e-Physio share one listing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use sync_core::{Engine, Error, Handled, Reconciled, RecordId, Side, Taken};

use super::work::{PAUSE, Worker};
use crate::{Result, TENANT};

/// How many hints are taken at a time.
const HANDFUL: usize = 32;
/// How many may share a listing; the others have the next.
const SHARING: usize = 1000;
/// How long a taken hint may be worked on before it comes back by itself.
const PATIENCE: TimeDelta = TimeDelta::minutes(2);
/// So often a record is looked at before it is given up.
const ATTEMPTS: u32 = 8;

impl Worker<'_> {
    /// Looks at what the inbox holds; says whether it held anything.
    pub(super) async fn drain(&mut self) -> Result<bool> {
        let mut waiting = Vec::new();
        let mut held = false;
        while waiting.len() < SHARING && !self.stop.is_cancelled() {
            let taken = self.take().await?;
            if taken.is_empty() {
                break;
            }
            held = true;
            let engines = match self.shared.engines(self.lease).await {
                Ok(engines) => engines,
                Err(error) => {
                    tracing::warn!(%error, "the inbox waits until both systems can be reached");
                    self.postpone(&taken).await?;
                    return Ok(false);
                }
            };
            waiting.extend(self.look_at(engines, taken).await?);
        }
        if !waiting.is_empty() {
            self.share_a_listing(waiting).await?;
        }
        Ok(held)
    }

    /// Gives back what another process had taken and did not finish: it holds the lease no more, and need not be waited for.
    pub(super) async fn inherit(&self) -> Result<()> {
        let now = self.shared.now();
        self.shared.service.store().take(&TENANT, usize::MAX, now + PATIENCE, now).await?;
        Ok(())
    }

    async fn take(&self) -> Result<Vec<Taken>> {
        let now = self.shared.now();
        Ok(self.shared.service.store().take(&TENANT, HANDFUL, now, now + PATIENCE).await?)
    }

    async fn handled(&self, hint: &Taken, outcome: Handled) -> Result<()> {
        Ok(self.shared.service.store().handled(hint, outcome).await?)
    }

    async fn postpone(&self, hints: &[Taken]) -> Result<()> {
        for hint in hints {
            self.handled(hint, Handled::Retry { due: self.shared.now() + PAUSE }).await?;
        }
        Ok(())
    }

    /// Looks at each by itself; says which of them need a listing.
    async fn look_at(&mut self, engines: &[Engine], hints: Vec<Taken>) -> Result<Vec<Taken>> {
        let mut waiting = Vec::new();
        for hint in hints {
            if self.stop.is_cancelled() {
                self.handled(&hint, Handled::Retry { due: self.shared.now() }).await?;
                continue;
            }
            // What is not synced is nothing to wait for.
            let Some(engine) = engines.iter().find(|engine| *engine.kind() == hint.key.kind) else {
                self.handled(&hint, Handled::Done).await?;
                continue;
            };
            match engine.reconcile(hint.key.side, &hint.key.id).await {
                Ok(Reconciled::NeedsListing) => waiting.push(hint),
                Ok(reconciled) => {
                    self.wanted |= reconciled == Reconciled::NeedsSweep;
                    self.handled(&hint, Handled::Done).await?;
                }
                Err(error) => self.failed(&hint, &error).await?,
            }
        }
        Ok(waiting)
    }

    async fn failed(&self, hint: &Taken, error: &Error) -> Result<()> {
        let (kind, record) = (&hint.key.kind, &hint.key.id);
        if hint.attempts + 1 < ATTEMPTS {
            tracing::warn!(%error, %kind, %record, "a record could not be looked at; it is tried again");
            return self.handled(hint, Handled::Retry { due: self.shared.now() + back_off(hint.attempts) }).await;
        }
        tracing::error!(%error, %kind, %record, "a record is given up; `clinic-sync replay` tries it again");
        self.handled(hint, Handled::Dead { reason: error.to_string() }).await
    }

    /// Looks at records that need e-Physio's, with one listing, if it is time for one; else they wait for it.
    async fn share_a_listing(&mut self, hints: Vec<Taken>) -> Result<()> {
        let next = self.next_listing();
        if self.stop.is_cancelled() || self.shared.now() < next {
            for hint in &hints {
                self.handled(hint, Handled::Retry { due: next }).await?;
            }
            return Ok(());
        }
        self.listed = Some(self.shared.now());
        let engines = self.shared.engines(self.lease).await?;
        for engine in engines {
            let mut sides: BTreeMap<Side, Vec<&Taken>> = BTreeMap::new();
            hints.iter().filter(|hint| hint.key.kind == *engine.kind()).for_each(|hint| sides.entry(hint.key.side).or_default().push(hint));
            for (side, hints) in sides {
                self.catch_up(engine, side, &hints).await?;
            }
        }
        Ok(())
    }

    async fn catch_up(&mut self, engine: &Engine, side: Side, hints: &[&Taken]) -> Result<()> {
        let ids: BTreeSet<RecordId> = hints.iter().map(|hint| hint.key.id.clone()).collect();
        let outcome = engine.catch_up(side, &ids).await;
        match &outcome {
            Ok(left) => {
                self.wanted |= !left.is_empty();
                self.shared.stats.reached();
                self.tell_of_questions().await;
            }
            Err(_) => self.count_failure().await,
        }
        for hint in hints {
            match &outcome {
                Ok(_) => self.handled(hint, Handled::Done).await?,
                Err(error) => self.failed(hint, error).await?,
            }
        }
        Ok(())
    }
}

/// 5 s, 10 s, 20 s, … an hour at most.
fn back_off(attempts: u32) -> TimeDelta {
    TimeDelta::seconds(5 << attempts.min(9)).min(TimeDelta::hours(1))
}
