//! What the inbox holds: each record is looked at by itself, and those that need e-Physio share one listing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use sync_core::{Engine, Error, ErrorKind, Handled, Reconciled, RecordId, Side, Taken};

use super::work::{PAUSE, Worker};
use crate::Result;

/// How many hints are taken at a time.
const HANDFUL: usize = 32;
/// How many may share a listing; the others have the next.
const SHARING: usize = 1000;
/// Of those that share a listing, so many fewer with each attempt that was of no use: 1000, 250, 62, 15, 3, 1. A record that ends the
/// process is soon alone, and takes no other one with it when it is given up.
const SPREADING: usize = 4;
/// The shortest time after which a record that needs a listing is looked at once more.
const APART: TimeDelta = TimeDelta::seconds(1);
/// How long a taken hint may be worked on before it comes back by itself.
const PATIENCE: TimeDelta = TimeDelta::minutes(2);
/// So often a record is looked at before it is given up.
const ATTEMPTS: u32 = 8;

impl Worker<'_> {
    /// Looks at what the inbox holds; says whether it held anything.
    pub(super) async fn drain(&mut self) -> Result<bool> {
        let mut waiting = Vec::new();
        let mut held = false;
        let mut together = None;
        while !self.stop.is_cancelled() {
            let taken = self.take().await?;
            if taken.is_empty() {
                break;
            }
            held = true;
            let engines = match self.shared.engines(self.lease).await {
                Ok(engines) => engines,
                Err(error) => {
                    tracing::warn!(%error, "the inbox waits until both systems can be reached");
                    self.postpone(&taken, self.shared.now() + PAUSE).await?;
                    return Ok(false);
                }
            };
            let until = *together.get_or_insert_with(|| self.shared.now() + self.gathering());
            waiting.extend(self.look_at(&engines, taken, until).await?);
            if waiting.len() >= SHARING || self.shared.now() >= until {
                self.share_a_listing(std::mem::take(&mut waiting)).await?;
                together = None;
            }
        }
        self.share_a_listing(waiting).await?;
        Ok(held)
    }

    /// How long records that need a listing are gathered: the rarer one may be made, the longer.
    fn gathering(&self) -> TimeDelta {
        let seconds = self.shared.service.settings().patients.freshness_seconds / 5;
        TimeDelta::seconds(i64::try_from(seconds).unwrap_or(i64::MAX).clamp(1, 60))
    }

    /// Gives back what another process had taken and did not finish: it holds the lease no more, and need not be waited for.
    pub(super) async fn inherit(&mut self) -> Result<()> {
        self.is_wary = self.shared.service.store().reclaim(self.shared.tenant()).await? > 0;
        Ok(())
    }

    /// A handful; and one at a time while one of them may be what ended the process before this one, so that it takes no other
    /// record's attempts with it. Which of them that was nobody knows: it is so until nothing is due any more.
    async fn take(&mut self) -> Result<Vec<Taken>> {
        let now = self.shared.now();
        let limit = if self.is_wary { 1 } else { HANDFUL };
        let taken = self.shared.service.store().take(self.shared.tenant(), limit, now, now + PATIENCE).await?;
        self.is_wary &= !taken.is_empty();
        Ok(taken)
    }

    async fn handled(&self, hint: &Taken, outcome: Handled) -> Result<()> {
        Ok(self.shared.service.store().handled(hint, outcome).await?)
    }

    async fn postpone(&self, hints: &[Taken], due: DateTime<Utc>) -> Result<()> {
        for hint in hints {
            self.handled(hint, Handled::Wait { due }).await?;
        }
        Ok(())
    }

    /// Looks at each by itself, several at a time; says which of them need a listing. Should the process end before there is one,
    /// they come back then, and it counts against none of them.
    ///
    /// Those at the same time are of one kind and side: what a record belongs to is of an earlier kind and comes first, and two
    /// records of one side do not share a link.
    async fn look_at(&mut self, engines: &[Engine], hints: Vec<Taken>, until: DateTime<Utc>) -> Result<Vec<Taken>> {
        let mut alike: BTreeMap<(Option<usize>, Side), Vec<Taken>> = BTreeMap::new();
        for hint in hints {
            let engine = engines.iter().position(|engine| *engine.kind() == hint.key.kind);
            alike.entry((engine, hint.key.side)).or_default().push(hint);
        }
        let parallel = self.shared.service.settings().ghl.parallel.max(1);
        let mut waiting = Vec::new();
        for ((engine, _), hints) in alike {
            let engine = engine.and_then(|engine| engines.get(engine));
            let this = &*self;
            let looks = stream::iter(hints).map(|hint| async move { (this.look(engine, &hint, until).await, hint) });
            // An error of one ends none of the others: what is under way is not broken off.
            let looks: Vec<_> = looks.buffer_unordered(parallel).collect().await;
            for (needed, hint) in looks {
                match needed? {
                    Reconciled::NeedsListing => waiting.push(hint),
                    Reconciled::NeedsSweep => self.wanted = true,
                    Reconciled::Done => {}
                }
            }
        }
        Ok(waiting)
    }

    /// Looks at one, and says so in the inbox. Gives what is needed beyond that.
    async fn look(&self, engine: Option<&Engine>, hint: &Taken, until: DateTime<Utc>) -> Result<Reconciled> {
        if self.stop.is_cancelled() {
            self.handled(hint, Handled::Wait { due: self.shared.now() }).await?;
            return Ok(Reconciled::Done);
        }
        if hint.attempts >= ATTEMPTS {
            self.give_up(hint, "too many looks at it did not come to an end".to_owned()).await?;
            return Ok(Reconciled::Done);
        }
        // What is not synced is nothing to wait for.
        let Some(engine) = engine else {
            self.handled(hint, Handled::Done).await?;
            return Ok(Reconciled::Done);
        };
        let needed = match engine.reconcile(hint.key.side, &hint.key.id).await {
            Ok(needed) => needed,
            Err(error) => {
                self.failed(hint, &error).await?;
                return Ok(Reconciled::Done);
            }
        };
        match needed {
            Reconciled::NeedsListing => self.handled(hint, Handled::Wait { due: until.max(self.shared.now() + APART) }).await?,
            Reconciled::NeedsSweep => self.leave_to_sweep(hint).await?,
            Reconciled::Done => self.handled(hint, Handled::Done).await?,
        }
        Ok(needed)
    }

    async fn failed(&self, hint: &Taken, error: &Error) -> Result<()> {
        if was_stopped(error) {
            return self.handled(hint, Handled::Wait { due: self.shared.now() }).await;
        }
        if hint.attempts + 1 < ATTEMPTS {
            self.tell_of_failure(hint, error);
            return self.handled(hint, Handled::Retry { due: self.shared.now() + back_off(hint.attempts) }).await;
        }
        self.give_up(hint, error.to_string()).await
    }

    async fn give_up(&self, hint: &Taken, reason: String) -> Result<()> {
        let (kind, record) = (&hint.key.kind, &hint.key.id);
        tracing::error!(%reason, %kind, %record, "a record is given up; `clinic-sync replay` tries it again");
        self.handled(hint, Handled::Dead { reason }).await
    }

    /// The hint stays until a sweep has looked: should this process end before, the next one knows what is to be done.
    async fn leave_to_sweep(&self, hint: &Taken) -> Result<()> {
        let due = self.next_sweep().max(self.shared.now() + PAUSE);
        self.handled(hint, Handled::Wait { due }).await
    }

    /// Looks at records that need e-Physio's, with one listing, if it is time for one; else they wait for it.
    async fn share_a_listing(&mut self, hints: Vec<Taken>) -> Result<()> {
        if hints.is_empty() {
            return Ok(());
        }
        let next = self.next_listing();
        if self.stop.is_cancelled() || self.shared.now() < next {
            return self.postpone(&hints, next).await;
        }
        self.shared.note_listing(self.shared.now());
        let engines = self.shared.engines(self.lease).await?;
        for engine in engines.iter() {
            let mut sides: BTreeMap<Side, Vec<&Taken>> = BTreeMap::new();
            hints.iter().filter(|hint| hint.key.kind == *engine.kind()).for_each(|hint| sides.entry(hint.key.side).or_default().push(hint));
            for (side, hints) in sides {
                for hints in companies(hints) {
                    // What keeps one company from being looked at keeps the others too: they come back by themselves.
                    if self.stop.is_cancelled() || !self.catch_up(engine, side, &hints).await? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Says whether both systems could be worked with.
    async fn catch_up(&mut self, engine: &Engine, side: Side, hints: &[&Taken]) -> Result<bool> {
        let ids: BTreeSet<RecordId> = hints.iter().map(|hint| hint.key.id.clone()).collect();
        // Counted before: the next time they are in smaller company, and a record that ends the process is given up in the end.
        let due = self.shared.now() + APART;
        for hint in hints {
            self.handled(hint, Handled::Retry { due }).await?;
        }
        let outcome = engine.catch_up(side, &ids).await;
        match &outcome {
            Ok(_) => {
                self.shared.stats.reached();
                self.tell_of_questions().await;
            }
            Err(error) if was_stopped(error) => {}
            Err(_) => self.count_failure().await,
        }
        for hint in hints {
            match &outcome {
                Ok(left) if left.contains(&hint.key.id) => {
                    self.wanted = true;
                    self.leave_to_sweep(hint).await?;
                }
                Ok(_) => self.handled(hint, Handled::Done).await?,
                Err(error) if was_stopped(error) => self.handled(hint, Handled::Wait { due: self.shared.now() }).await?,
                Err(error) if hint.attempts + 1 < ATTEMPTS => {
                    self.tell_of_failure(hint, error);
                    self.handled(hint, Handled::Wait { due: self.shared.now() + back_off(hint.attempts) }).await?;
                }
                Err(error) => self.give_up(hint, error.to_string()).await?,
            }
        }
        Ok(outcome.is_ok())
    }

    fn tell_of_failure(&self, hint: &Taken, error: &Error) {
        let (kind, record) = (&hint.key.kind, &hint.key.id);
        tracing::warn!(%error, %kind, %record, "a record could not be looked at; it is tried again");
    }
}

/// Whether it was this process that would not go on.
fn was_stopped(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Lease)
}

/// Who shares a listing with whom.
fn companies(hints: Vec<&Taken>) -> Vec<Vec<&Taken>> {
    let mut alike: BTreeMap<u32, Vec<&Taken>> = BTreeMap::new();
    hints.into_iter().for_each(|hint| alike.entry(hint.attempts).or_default().push(hint));
    let size = |attempts| SPREADING.checked_pow(attempts).map_or(1, |parts| (SHARING / parts).max(1));
    alike.into_iter().flat_map(|(attempts, hints)| hints.chunks(size(attempts)).map(<[_]>::to_vec).collect::<Vec<_>>()).collect()
}

/// 5 s, 10 s, 20 s, … an hour at most.
fn back_off(attempts: u32) -> TimeDelta {
    TimeDelta::seconds(5 << attempts.min(9)).min(TimeDelta::hours(1))
}

#[cfg(test)]
mod tests {
    use sync_core::vocabulary::person;
    use sync_core::{HintKey, Urgency};

    use super::*;
    use crate::TENANT;

    fn taken(number: usize, attempts: u32) -> Taken {
        let key = HintKey { tenant: TENANT, kind: person::KIND, side: Side::Right, id: RecordId::new(number.to_string()) };
        Taken { key, urgency: Urgency::Live, attempts, generation: 1 }
    }

    #[test]
    fn who_shares_a_listing_gets_fewer_with_each_attempt_until_each_is_alone() {
        for (attempts, most) in [(0, 1000), (1, 250), (2, 62), (3, 15), (4, 3), (5, 1), (7, 1), (u32::MAX, 1)] {
            let hints: Vec<_> = (0..300).map(|number| taken(number, attempts)).collect();
            let companies = companies(hints.iter().collect());
            assert_eq!(companies.iter().map(Vec::len).max(), Some(most.min(300)), "{attempts} attempts");
            assert_eq!(companies.concat().len(), 300, "nobody is left out");
        }
    }

    #[test]
    fn who_failed_before_is_not_in_the_company_of_who_did_not() {
        let hints: Vec<_> = (0..6).map(|number| taken(number, number as u32 % 2)).collect();
        let companies = companies(hints.iter().collect());
        let attempts: Vec<Vec<u32>> = companies.iter().map(|hints| hints.iter().map(|hint| hint.attempts).collect()).collect();
        assert_eq!(attempts, [[0; 3], [1; 3]]);
    }
}
