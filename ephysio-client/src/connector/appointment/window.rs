//! The days that are listed. They move on with the clock.

use std::ops::Range;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::Settings;
use crate::PracticeClock;

/// What happens at the edges of a list is not documented, so more is asked for than is needed. A day also covers the hours in
/// which the practice has another day than UTC.
const MARGIN: TimeDelta = TimeDelta::days(1);

/// So many days before today, and so many after it, in the practice's zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    clock: PracticeClock,
    past: Days,
    future: Days,
}

/// Where an appointment lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the first day.
    Before,
    /// Inside.
    Inside,
    /// After the last day.
    After,
}

impl Window {
    pub(super) fn new(settings: &Settings, clock: PracticeClock) -> Self {
        Self { clock, past: Days::new(settings.past_days.into()), future: Days::new(settings.future_days.into()) }
    }

    /// What is asked for: the days of the window, and a margin.
    pub(super) fn listed(self, now: DateTime<Utc>) -> Range<DateTime<Utc>> {
        let days = self.days(now);
        days.start.checked_sub_signed(MARGIN).unwrap_or(days.start)..days.end.checked_add_signed(MARGIN).unwrap_or(days.end)
    }

    /// Where an appointment that starts then lies, seen from now.
    pub(super) fn place(self, now: DateTime<Utc>, start: DateTime<Utc>) -> Place {
        let days = self.days(now);
        if start < days.start {
            return Place::Before;
        }
        if start < days.end { Place::Inside } else { Place::After }
    }

    /// The first day on which an appointment that starts then lies before the window.
    pub(super) fn expires(self, start: DateTime<Utc>) -> Option<NaiveDate> {
        self.clock.day(start).checked_add_days(self.past)?.succ_opt()
    }

    fn days(self, now: DateTime<Utc>) -> Range<DateTime<Utc>> {
        let today = self.clock.day(now);
        let midnight = |day: NaiveDate| self.clock.instants(day.and_time(NaiveTime::MIN)).earliest();
        let first = today.checked_sub_days(self.past).unwrap_or(today);
        let behind = today.checked_add_days(self.future).and_then(|day| day.succ_opt()).unwrap_or(today);
        midnight(first)..midnight(behind)
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Zurich;

    use super::*;
    use crate::ClockFields;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn window(past_days: u32, future_days: u32) -> Window {
        let settings = Settings { past_days, future_days, ..Settings::default() };
        Window::new(&settings, PracticeClock::new(Zurich, ClockFields::Zone))
    }

    #[test]
    fn a_window_is_made_of_days_on_the_practices_wall_and_a_margin() {
        // In Zurich it is the 2nd already, and the clock was set back in between.
        let now = utc("2026-11-01T23:30:00Z");
        assert_eq!(window(30, 1).listed(now), utc("2026-10-01T22:00:00Z")..utc("2026-11-04T23:00:00Z"));
        assert_eq!(window(0, 0).listed(now), utc("2026-10-31T23:00:00Z")..utc("2026-11-03T23:00:00Z"));
    }

    #[test]
    fn an_appointment_expires_on_the_day_on_which_it_leaves_the_window() {
        let window = window(30, 365);
        // Half past midnight in Zurich.
        let start = utc("2026-06-30T22:30:00Z");
        let day = window.expires(start).unwrap();
        assert_eq!(day.to_string(), "2026-08-01");
        assert_eq!(window.place(utc("2026-07-31T21:59:59Z"), start), Place::Inside);
        assert_eq!(window.place(utc("2026-07-31T22:00:00Z"), start), Place::Before);
        assert_eq!(window.place(utc("2025-06-30T22:00:00Z"), start), Place::Inside);
        assert_eq!(window.place(utc("2025-06-30T21:59:59Z"), start), Place::After);
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let _ = (window(30, 365).listed(now), window(30, 365).expires(now));
        }
    }
}
