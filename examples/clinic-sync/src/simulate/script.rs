//! What is going to happen: a list of steps that follows from the seed. Every step carries its own chance, so that a history from
//! which steps were taken out means the same for the others.

use std::sync::Arc;

use super::chance::Chance;
use super::fault::{Group, Planned, Trouble};
use super::rules::Rules;

/// People who are there from the start.
pub(super) const PEOPLE: u32 = 9;
/// Appointments that are there from the start.
pub(super) const BOOKINGS: u32 = 11;
/// What staff do.
const ACTIONS: u32 = 64;
/// What goes wrong, or would, if it came to that.
const FAULTS: usize = 46;

/// What staff do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// One field of a patient, or of a contact, gets a new value.
    Edit,
    /// The same field of a pair gets two new values, one on each side.
    EditBoth,
    /// The same field of a pair gets the same new value on both sides.
    AgreeBoth,
    /// An e-mail or a phone is removed.
    Clear,
    /// Something is changed that is not synced.
    EditElsewhere,
    /// A patient comes.
    NewPatient,
    /// A patient comes who shares the phone of another one.
    NewRelative,
    /// Somebody is entered in GHL, and is to become a patient.
    NewContact,
    /// Somebody is entered in GHL who is nobody's business in the practice.
    NewLead,
    /// The same person is entered on both sides.
    NewOnBoth,
    /// A second contact of somebody is entered, and the two are merged.
    Merge,
    /// A patient leaves.
    Deactivate,
    /// A patient comes back.
    Reactivate,
    /// A patient is deleted.
    DeletePatient,
    /// A contact is deleted.
    DeleteContact,
    /// A contact that was deleted is entered once more.
    RecreateContact,
    /// An appointment is booked in e-Physio.
    BookEvent,
    /// An appointment is booked in GHL.
    BookOnline,
    /// An appointment is moved, on either side.
    Move,
    /// An appointment is cancelled, on either side.
    Cancel,
    /// An appointment is deleted, on either side.
    Delete,
    /// An appointment that was cancelled is booked once more.
    Rebook,
    /// A question is answered.
    Decide,
    /// A pair is taken apart, or put together again.
    Unlink,
}

/// What staff do, as often as it is met.
const ACTS: [(Act, usize); 24] = [
    (Act::Edit, 26),
    (Act::EditBoth, 6),
    (Act::AgreeBoth, 3),
    (Act::Clear, 4),
    (Act::EditElsewhere, 4),
    (Act::NewPatient, 4),
    (Act::NewRelative, 2),
    (Act::NewContact, 4),
    (Act::NewLead, 2),
    (Act::NewOnBoth, 2),
    (Act::Merge, 3),
    (Act::Deactivate, 2),
    (Act::Reactivate, 2),
    (Act::DeletePatient, 1),
    (Act::DeleteContact, 2),
    (Act::RecreateContact, 2),
    (Act::BookEvent, 6),
    (Act::BookOnline, 6),
    (Act::Move, 8),
    (Act::Cancel, 6),
    (Act::Delete, 2),
    (Act::Rebook, 3),
    (Act::Decide, 5),
    (Act::Unlink, 1),
];

/// One thing that staff do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// What.
    pub act: Act,
    /// Its number, from which new values follow.
    pub number: u32,
    /// Decides to whom.
    pub pick: u64,
}

/// One step of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Staff do something.
    Staff(Action),
    /// Staff do something while the process works, before this many more requests.
    Meanwhile(Action, u32),
    /// Something will go wrong.
    Trouble(Planned),
    /// The process reads and syncs everything.
    Sync,
    /// The process looks at what its inbox holds.
    Drain,
    /// Webhooks that are due arrive.
    Deliver,
    /// So many seconds pass.
    Pass(u32),
}

/// What happens under a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The seed, from which the world follows as well.
    pub seed: u64,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// By which rules; by those of the seed, unless given.
    pub rules: Option<Arc<Rules>>,
}

impl History {
    /// The history of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 0x5c417);
        let mut steps = vec![Step::Sync];
        let mut number = 1000;
        let (mut acted, mut troubled) = (0, 0);
        while acted < ACTIONS || troubled < FAULTS {
            for _ in 0..2 + chance.below(5) {
                let action = action(&mut chance, number);
                number += 1;
                acted += 1;
                steps.push(if chance.percent(25) {
                    Step::Meanwhile(action, u32::try_from(chance.below(14)).unwrap_or_default())
                } else {
                    Step::Staff(action)
                });
            }
            for _ in 0..1 + chance.below(5) {
                troubled += 1;
                steps.push(Step::Trouble(planned(&mut chance)));
            }
            if chance.percent(50) {
                steps.push(Step::Deliver);
                steps.push(Step::Drain);
            }
            // Longer, at times, than a refused login or a late listing keeps everybody waiting.
            steps.push(Step::Pass(u32::try_from(chance.below(1_500)).unwrap_or_default()));
            steps.push(Step::Sync);
        }
        Self { seed, steps, rules: None }
    }

    /// The same under these rules.
    #[must_use]
    pub fn under(self, rules: Option<Arc<Rules>>) -> Self {
        Self { rules, ..self }
    }
}

pub(super) fn action(chance: &mut Chance, number: u32) -> Action {
    let all: usize = ACTS.iter().map(|(_, weight)| weight).sum();
    let mut at = chance.below(all);
    let mut act = Act::Edit;
    for (candidate, weight) in ACTS {
        if at < weight {
            act = candidate;
            break;
        }
        at -= weight;
    }
    Action { act, number, pick: chance.draw() }
}

/// Every combination is as likely as any other, so that none is forgotten.
fn planned(chance: &mut Chance) -> Planned {
    loop {
        let trouble = Trouble::ALL[chance.below(Trouble::ALL.len())];
        let group = Group::ALL[chance.below(Group::ALL.len())];
        if trouble.impossible(group).is_none() {
            let skip = if matches!(group, Group::List | Group::Read | Group::Load) { chance.below(6) } else { chance.below(2) };
            return Planned { trouble, group, skip, pick: chance.draw() };
        }
    }
}
