//! When what is due. Pure: told the time, it says what to do.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use sync_core::{Run, RunState};

use crate::settings::{ServeSettings, Settings};

/// Something that is done by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Patients and contacts are synced.
    Patients,
    /// Patients and appointments are synced.
    Appointments,
    /// Everything is reconciled.
    Nightly,
    /// The tokens of GHL are renewed.
    Tokens,
}

impl Task {
    /// All of them, the ones that matter most first.
    pub const ALL: [Self; 4] = [Self::Tokens, Self::Patients, Self::Appointments, Self::Nightly];
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patients => "patients",
            Self::Appointments => "appointments",
            Self::Nightly => "everything",
            Self::Tokens => "GHL tokens",
        })
    }
}

/// How old tokens get before they are renewed. They last a day.
const TOKENS: TimeDelta = TimeDelta::hours(20);

/// So many syncs in a row may end together with their process before the next one waits.
const INTERRUPTED: usize = 8;

/// Until when a sync waits after several, newest first, none of which came to an end. It may be the sync that ends the process each
/// time, or somebody who stops it: so it waits longer each time, a day at most, and is never given up.
pub(super) fn held_until(runs: &[Run]) -> Option<DateTime<Utc>> {
    let interrupted = runs.iter().take_while(|run| run.state == RunState::Running).count();
    let more = interrupted.checked_sub(INTERRUPTED)?;
    let pause = (0..more).fold(TimeDelta::minutes(1), |pause, _| (pause * 2).min(TimeDelta::days(1)));
    Some(runs.first()?.started_at + pause)
}

/// The tasks of a practice, and when they are due.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    serve: ServeSettings,
    zone: Tz,
    appointments: bool,
    tokens: bool,
}

impl Schedule {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            serve: settings.serve.clone(),
            zone: settings.appointments.zone,
            appointments: settings.appointments.is_on(),
            tokens: settings.ghl.private_integration_token.is_none() && settings.ghl.app.is_some(),
        }
    }

    /// Whether a task is done at all.
    pub(crate) fn has(&self, task: Task) -> bool {
        match task {
            Task::Patients | Task::Nightly => true,
            Task::Appointments => self.appointments,
            Task::Tokens => self.tokens,
        }
    }

    /// How often a task is done.
    pub(crate) fn interval(&self, task: Task) -> TimeDelta {
        let of = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::hours(1));
        match task {
            Task::Patients => of(self.serve.patients()),
            Task::Appointments => of(self.serve.appointments()),
            Task::Nightly => TimeDelta::days(1),
            Task::Tokens => TOKENS,
        }
    }

    /// When a task is due that was last done then. What was missed, for a night or a week, is due once, at once. `chance` is
    /// between 0 and 1: practices whose machines start together should not all ask at the same second.
    pub(crate) fn due(&self, task: Task, last: Option<DateTime<Utc>>, now: DateTime<Utc>, chance: f64) -> DateTime<Utc> {
        let Some(last) = last else { return if task == Task::Nightly { self.next_night(now) } else { now } };
        if task == Task::Nightly {
            return self.next_night(last);
        }
        let interval = self.interval(task);
        // A twentieth later at most.
        let jitter = TimeDelta::milliseconds((interval.num_milliseconds() as f64 * chance.clamp(0.0, 1.0) / 20.0) as i64);
        last + interval + jitter
    }

    /// The next time that the practice's clock shows the nightly hour; where it is skipped in spring, an hour later.
    fn next_night(&self, after: DateTime<Utc>) -> DateTime<Utc> {
        let local = after.with_timezone(&self.zone).date_naive();
        let at = |day: chrono::NaiveDate| {
            let time = |hour| day.and_hms_opt(hour, 0, 0).and_then(|time| self.zone.from_local_datetime(&time).earliest());
            time(self.serve.nightly_hour).or_else(|| time((self.serve.nightly_hour + 1) % 24))
        };
        let nights = (0..3).filter_map(|days| at(local + Days::new(days)));
        nights.map(|night| night.to_utc()).find(|night| *night > after).unwrap_or(after + TimeDelta::days(1))
    }
}

/// One line of the timetable.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) task: Task,
    pub(crate) every_minutes: i64,
    pub(crate) last: Option<DateTime<Utc>>,
    pub(crate) next: DateTime<Utc>,
}

/// What is done when, without the jitter.
pub(crate) fn timetable(settings: &Settings, last: &BTreeMap<Task, DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Line> {
    let schedule = Schedule::new(settings);
    let line = |task: Task| {
        let last = last.get(&task).copied();
        Line { task, every_minutes: schedule.interval(task).num_minutes(), last, next: schedule.due(task, last, now, 0.0).max(now) }
    };
    Task::ALL.into_iter().filter(|task| schedule.has(*task)).map(line).collect()
}

#[cfg(test)]
mod tests {
    use sync_core::{RunId, Sides};

    use super::*;

    fn schedule() -> Schedule {
        Schedule::new(&Settings::default())
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_never_done_is_due_at_once_and_what_was_missed_is_due_once() {
        let now = at("2026-03-02T08:00:00Z");
        assert_eq!(schedule().due(Task::Patients, None, now, 0.0), now);
        let last = at("2026-02-23T08:00:00Z");
        assert!(schedule().due(Task::Patients, Some(last), now, 1.0) <= now, "after a week's pause");
        assert!(schedule().due(Task::Patients, Some(now), now, 0.0) > now, "and not twice");
    }

    #[test]
    fn a_task_is_due_after_its_interval_and_at_most_a_twentieth_later() {
        let last = at("2026-03-02T08:00:00Z");
        let due = |chance| schedule().due(Task::Patients, Some(last), last, chance);
        assert_eq!(due(0.0), at("2026-03-02T09:00:00Z"));
        assert_eq!(due(1.0), at("2026-03-02T09:03:00Z"));
    }

    #[test]
    fn nights_follow_the_practices_clock_through_both_changes() {
        let night = |last: &str| schedule().due(Task::Nightly, Some(at(last)), at(last), 0.5);
        assert_eq!(night("2026-01-10T12:00:00Z"), at("2026-01-11T02:00:00Z"));
        assert_eq!(night("2026-07-10T12:00:00Z"), at("2026-07-11T01:00:00Z"));
        let mut early = schedule();
        early.serve.nightly_hour = 2;
        let night = |last: &str| early.due(Task::Nightly, Some(at(last)), at(last), 0.5);
        assert_eq!(night("2026-03-28T12:00:00Z"), at("2026-03-29T01:00:00Z"), "two o'clock is skipped: three, in summer time");
        assert_eq!(night("2026-10-24T12:00:00Z"), at("2026-10-25T00:00:00Z"), "two o'clock comes twice: the first");
        assert_eq!(night("2026-10-25T00:00:00Z"), at("2026-10-26T01:00:00Z"), "and not the second");
    }

    fn runs(states: &[RunState]) -> Vec<Run> {
        let run = |(number, state): (u8, &RunState)| Run {
            id: RunId::from_bytes([number; 16]),
            kind: sync_core::vocabulary::person::KIND,
            started_at: at("2026-11-24T10:00:00Z") - TimeDelta::minutes(number.into()),
            ended_at: None,
            state: *state,
            counts: Sides::default(),
        };
        (0..).zip(states).map(run).collect()
    }

    #[test]
    fn syncs_that_do_not_come_to_an_end_wait_longer_each_time_and_a_day_at_most() {
        use RunState::{Completed, Failed, Running};
        assert_eq!(held_until(&[]), None);
        assert_eq!(held_until(&runs(&[Running; 7])), None);
        assert_eq!(held_until(&runs(&[Running; 8])), Some(at("2026-11-24T10:01:00Z")));
        assert_eq!(held_until(&runs(&[Running; 10])), Some(at("2026-11-24T10:04:00Z")));
        assert_eq!(held_until(&runs(&[Running; 20])), Some(at("2026-11-25T10:00:00Z")));
        let mut one_ended = runs(&[Running; 20]);
        one_ended[7].state = Completed;
        assert_eq!(held_until(&one_ended), None);
        one_ended[7].state = Failed;
        assert_eq!(held_until(&one_ended), None, "an error is not the end of a process");
    }
}
