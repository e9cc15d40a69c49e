//! What happened, told once more from the beginning.

use std::collections::BTreeMap;

use crate::simulate::ledger::{Change, Fields, Place, What};

/// What both systems showed at some moment.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Moment {
    pub(super) shown: BTreeMap<Place, Fields>,
}

impl Moment {
    /// The moment before the first of these changes, given what was shown after the last.
    pub(in crate::simulate) fn before(changes: &[Change], shown: &BTreeMap<Place, Fields>) -> Self {
        let mut moment = Self { shown: shown.clone() };
        changes.iter().rev().for_each(|change| moment.undo(change));
        moment
    }

    fn undo(&mut self, change: &Change) {
        match &change.what {
            What::Made(_) => _ = self.shown.remove(&change.place),
            What::Gone(fields) => _ = self.shown.insert(change.place.clone(), fields.clone()),
            What::Set { field, old, .. } => {
                if let Some(fields) = self.shown.get_mut(&change.place) {
                    fields.insert(field, old.clone());
                }
            }
        }
    }

    /// Moves on over one change.
    pub(in crate::simulate) fn pass(&mut self, change: &Change) {
        match &change.what {
            What::Made(fields) => _ = self.shown.insert(change.place.clone(), fields.clone()),
            What::Gone(_) => _ = self.shown.remove(&change.place),
            What::Set { field, new, .. } => {
                if let Some(fields) = self.shown.get_mut(&change.place) {
                    fields.insert(field, new.clone());
                }
            }
        }
    }

    pub(in crate::simulate) fn value(&self, place: &Place, field: &str) -> Option<&str> {
        self.shown.get(place)?.get(field).map(String::as_str)
    }
}
