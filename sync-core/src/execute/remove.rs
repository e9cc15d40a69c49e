//! Removing records: only what is still to be removed when it is looked at once more.

use super::{Executor, Finished};
use crate::plan::{Step, Task};
use crate::{Action, EndState, ErrorKind, Outcome, Permit, Side, Sides};

impl Executor<'_> {
    pub(super) async fn remove(&self, permit: &Permit, mut task: Task, side: Side) -> Finished {
        if task.judgement.reread[side] {
            if let Err(error) = self.planner.reread(&mut task.work, side).await {
                let mut finished = Finished::new(task);
                self.failed(&mut finished, side, Action::Remove, error);
                return finished;
            }
            let went = Sides::from_fn(|gone| gone != side);
            match self.planner.judge_again(&mut task.work, &self.family, self.listings, &self.answers, went) {
                Ok(judgement) => task.judgement = judgement,
                Err(error) => return Finished { fatal: Some(error), ..Finished::new(task) },
            }
            if task.judgement.step != Some(Step::Remove(side)) {
                return Finished::new(task);
            }
        }
        let mut finished = Finished::new(task);
        let work = &mut finished.task.work;
        let Some(id) = work.link.ends[side].as_ref().map(|end| end.id.clone()) else { return finished };
        match self.sinks[side].remove(permit, self.planner.kind(), &id).await {
            Ok(()) => {
                if let Some(end) = work.link.ends[side].as_mut() {
                    end.state = EndState::Gone;
                }
                work.link.settled_at = Some(self.planner.setup.env.now());
                self.log(&mut finished, side, Action::Remove, Outcome::Done, Vec::new());
            }
            Err(error) => self.failed(&mut finished, side, Action::Remove, error),
        }
        finished
    }

    /// Removes a record that belongs to another parent than it should. Its counterpart is a half link then, and the next
    /// pass creates it anew where it belongs.
    pub(super) async fn take_away(&self, permit: &Permit, task: Task, side: Side) -> Finished {
        let mut finished = Finished::new(task);
        let work = &mut finished.task.work;
        let Some(id) = work.link.ends[side].as_ref().map(|end| end.id.clone()) else { return finished };
        match self.sinks[side].remove(permit, self.planner.kind(), &id).await {
            Err(error) if error.kind() != ErrorKind::NotFound => self.failed(&mut finished, side, Action::Remove, error),
            _ => {
                self.log(&mut finished, side, Action::Remove, Outcome::Done, Vec::new());
                let link = &mut finished.task.work.link;
                link.ends[side] = None;
                link.token = None;
                link.bases.clear();
                link.parents.clear();
                link.settled = false;
                link.settled_at = Some(self.planner.setup.env.now());
            }
        }
        finished
    }
}
