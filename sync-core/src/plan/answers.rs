//! What people answered to open questions.

use std::collections::BTreeMap;

use crate::decide::{Ruling, Rulings};
use crate::{Decision, LinkId, Reason, RecordId, Review};

/// What people answered to open questions, by link.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    rulings: BTreeMap<LinkId, Rulings>,
    apart: BTreeMap<LinkId, Vec<Reason>>,
}

impl Answers {
    /// What was decided about a link's fields.
    pub(crate) fn rulings(&self, link: LinkId) -> Option<&Rulings> {
        self.rulings.get(&link)
    }

    /// Whether somebody said that a link's record and another one are not the same.
    pub(crate) fn tell_apart(&self, link: LinkId, other: &RecordId) -> bool {
        self.apart.get(&link).is_some_and(|reasons| reasons.iter().any(|reason| names(reason, other)))
    }
}

fn names(reason: &Reason, other: &RecordId) -> bool {
    match reason {
        Reason::Ambiguous { candidates } => candidates.contains(other),
        Reason::PossibleMatch { candidate } | Reason::SharedIdentifier { other: candidate } => candidate == other,
        _ => false,
    }
}

impl From<&[Review]> for Answers {
    fn from(reviews: &[Review]) -> Self {
        let mut answers = Self::default();
        for review in reviews {
            let (Some(link), Some(decision)) = (review.link, review.decision) else { continue };
            let ruling = match decision {
                Decision::Take(side) => Ruling::Take(side),
                Decision::KeepBoth => Ruling::KeepBoth,
                Decision::Different => {
                    answers.apart.entry(link).or_default().push(review.reason.clone());
                    continue;
                }
                Decision::Same => {
                    answers.rulings.entry(link).or_default().same = Some(review.shown.clone());
                    continue;
                }
                Decision::LiftBrake => continue,
            };
            let shown = review.shown.iter().map(|(name, shown)| (name.clone(), (ruling, *shown)));
            answers.rulings.entry(link).or_default().fields.extend(shown);
        }
        answers
    }
}
