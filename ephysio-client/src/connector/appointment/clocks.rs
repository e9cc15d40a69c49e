//! Whether e-Physio reads the hours and minutes of a written event as they are meant.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sync_core::{Error, ErrorKind, Result};
use tokio::sync::{Mutex, MutexGuard};

use crate::PracticeClock;

/// What is known, by the clock's distance from UTC in seconds: a wrong reading may show in summer only.
#[derive(Default)]
pub(super) struct Clocks {
    read_right: Mutex<BTreeMap<i64, bool>>,
}

/// The first write of a time: others wait for what becomes of it, so that a wrong clock moves one appointment and not many.
pub(super) struct Doubt<'a> {
    read_right: MutexGuard<'a, BTreeMap<i64, bool>>,
    offset: i64,
}

impl Clocks {
    /// Asks for leave to write a time. With a doubt, the event has to be looked at after it was written.
    pub(super) async fn ask(&self, clock: PracticeClock, at: DateTime<Utc>) -> Result<Option<Doubt<'_>>> {
        let offset = (clock.wall(at) - at.naive_utc()).num_seconds();
        let read_right = self.read_right.lock().await;
        match read_right.get(&offset) {
            Some(true) => Ok(None),
            Some(false) => {
                let message =
                    "e-Physio has put an event to another time than was asked for: compare clock_fields and zone with its calendar";
                Err(Error::permanent(ErrorKind::Configuration, message))
            }
            None => Ok(Some(Doubt { read_right, offset })),
        }
    }
}

impl Doubt<'_> {
    /// Notes what the list has shown.
    pub(super) fn settle(mut self, right: bool) {
        let offset = self.offset;
        self.read_right.insert(offset, right);
    }
}
