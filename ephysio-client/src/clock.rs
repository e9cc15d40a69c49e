//! Between instants and the clock on the practice's wall.
//!
//! Everything in this client is an instant in UTC. The wall clock matters in two places: an event is written with hours and
//! minutes beside its instants, because the user interface has pickers for them; and an invoice has the midnight of a day.

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sync_http::{Error, ErrorKind, Result};

/// What the hours and minutes of a written event are. e-Physio does not document it, and whether it looks at them at all. If it
/// does and means the other, an event lands at another time than was asked for; [`Client::placed`](crate::Client::placed) finds
/// that out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockFields {
    /// What the wall clock of the practice shows. The members are named after pickers of the user interface, which show that.
    #[default]
    Zone,
    /// What a clock in UTC shows.
    Utc,
}

/// The clock on the practice's wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PracticeClock {
    zone: Tz,
    fields: ClockFields,
}

/// The instants at which a wall clock shows a time: twice a year there is not exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WallTime {
    /// It shows it once.
    Once(DateTime<Utc>),
    /// It shows it twice, since it was set back in between.
    Twice {
        /// The first time.
        first: DateTime<Utc>,
        /// The second time.
        second: DateTime<Utc>,
    },
    /// It never shows it, since it was set forward.
    Never {
        /// When it was.
        moved: DateTime<Utc>,
    },
}

impl WallTime {
    /// One instant: the only one, the first of two, or that at which the clock was set forward.
    #[must_use]
    pub fn earliest(self) -> DateTime<Utc> {
        match self {
            Self::Once(instant) | Self::Twice { first: instant, .. } | Self::Never { moved: instant } => instant,
        }
    }
}

/// When an appointment is: from full minute to full minute, since hours and minutes are all that the pickers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// A slot in all the forms in which it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Times {
    start: i64,
    end: i64,
    start_date: String,
    end_date: String,
    start_date_hours: String,
    start_date_minutes: String,
    end_date_hours: String,
    end_date_minutes: String,
}

impl PracticeClock {
    /// The clock of a time zone.
    #[must_use]
    pub fn new(zone: Tz, fields: ClockFields) -> Self {
        Self { zone, fields }
    }

    /// The time that the wall clock shows at an instant.
    #[must_use]
    pub fn wall(self, instant: DateTime<Utc>) -> NaiveDateTime {
        let utc = instant.naive_utc();
        // Only at the ends of time there is no such sum.
        utc.checked_add_offset(self.zone.offset_from_utc_datetime(&utc).fix()).unwrap_or(utc)
    }

    /// The day that the wall calendar shows at an instant.
    #[must_use]
    pub fn day(self, instant: DateTime<Utc>) -> NaiveDate {
        self.wall(instant).date()
    }

    /// The instants at which the wall clock shows `time`.
    #[must_use]
    pub fn instants(self, time: NaiveDateTime) -> WallTime {
        match self.zone.from_local_datetime(&time) {
            LocalResult::Single(instant) => WallTime::Once(instant.to_utc()),
            LocalResult::Ambiguous(first, second) => WallTime::Twice { first: first.to_utc(), second: second.to_utc() },
            LocalResult::None => WallTime::Never { moved: self.first_after(time) },
        }
    }

    /// The first instant of the day that an instant belongs to. It is midnight, unless the clock skips that.
    #[must_use]
    pub fn day_start(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        self.instants(self.day(instant).and_time(NaiveTime::MIN)).earliest()
    }

    /// The instant from which on the clock shows a time after `skipped`, to the second.
    fn first_after(self, skipped: NaiveDateTime) -> DateTime<Utc> {
        // No zone is further from UTC than a day.
        let middle = skipped.and_utc();
        let around = middle.checked_sub_signed(TimeDelta::days(1)).zip(middle.checked_add_signed(TimeDelta::days(1)));
        let Some((mut before, mut after)) = around else { return middle };
        while after - before > TimeDelta::seconds(1) {
            let half = before + TimeDelta::seconds((after - before).num_seconds() / 2);
            if self.wall(half) > skipped {
                after = half;
            } else {
                before = half;
            }
        }
        after
    }

    pub(crate) fn times(self, start: DateTime<Utc>, end: DateTime<Utc>) -> Times {
        let (shown_start, shown_end) = (self.shown(start), self.shown(end));
        Times {
            start: start.timestamp_millis(),
            end: end.timestamp_millis(),
            start_date: iso(start),
            end_date: iso(end),
            start_date_hours: shown_start.format("%H").to_string(),
            start_date_minutes: shown_start.format("%M").to_string(),
            end_date_hours: shown_end.format("%H").to_string(),
            end_date_minutes: shown_end.format("%M").to_string(),
        }
    }

    // In the hour that a clock shows twice, hours and minutes do not say which of the two is meant; the instants do.
    fn shown(self, instant: DateTime<Utc>) -> NaiveDateTime {
        match self.fields {
            ClockFields::Zone => self.wall(instant),
            ClockFields::Utc => instant.naive_utc(),
        }
    }
}

impl Slot {
    /// A slot.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] unless both are full minutes of years between 1970 and 9999, and the end lies behind the start.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self> {
        let unusable = |why: &str| Err(Error::new(ErrorKind::Configuration, "slot").with_message(why));
        if [start, end].iter().any(|instant| instant.timestamp_subsec_nanos() != 0 || instant.timestamp() % 60 != 0) {
            return unusable("an appointment starts and ends on a full minute");
        }
        if !is_of_our_time(start) || !is_of_our_time(end) {
            return unusable("it lies outside of the years from 1970 to 9999");
        }
        if end <= start {
            return unusable("an appointment ends after it has started");
        }
        Ok(Self { start, end })
    }

    /// When it starts.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.start
    }

    /// When it ends.
    #[must_use]
    pub fn end(self) -> DateTime<Utc> {
        self.end
    }
}

/// Whether an instant has a form on the wire: milliseconds that are not negative, and a year of four digits.
pub(crate) fn is_of_our_time(instant: DateTime<Utc>) -> bool {
    (1970..=9999).contains(&instant.year())
}

/// An instant as a browser writes it: `2026-01-31T08:00:00.000Z`.
pub(crate) fn iso(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use chrono_tz::Europe::Zurich;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const CLOCK: PracticeClock = PracticeClock { zone: Zurich, fields: ClockFields::Zone };

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The first instants at which Zurich's clock runs differently, from 1990 to 2040.
    static TRANSITIONS: LazyLock<Vec<DateTime<Utc>>> = LazyLock::new(|| {
        let start = utc("1990-01-01T00:00:00Z");
        let hours = (0..).map(|hour| start + TimeDelta::hours(hour));
        let offset = |instant: DateTime<Utc>| CLOCK.wall(instant) - instant.naive_utc();
        let changes = |instant: &DateTime<Utc>| offset(*instant) != offset(*instant - TimeDelta::hours(1));
        hours.take_while(|instant| instant.year() <= 2040).filter(changes).collect()
    });

    #[test]
    fn the_wire_shows_the_wall_clock_in_summer_and_in_winter() {
        for (start, hours) in [("2026-07-01T08:05:00Z", "10"), ("2026-12-01T08:05:00Z", "09")] {
            let start = utc(start);
            let times = serde_json::to_value(CLOCK.times(start, start + TimeDelta::minutes(30))).unwrap();
            assert_eq!((&times["startDateHours"], &times["startDateMinutes"]), (&json!(hours), &json!("05")));
            assert_eq!((&times["endDateHours"], &times["endDateMinutes"]), (&json!(hours), &json!("35")));
        }
        let utc_clock = PracticeClock::new(Zurich, ClockFields::Utc);
        let start = utc("2026-07-01T08:05:00Z");
        let times = serde_json::to_value(utc_clock.times(start, start + TimeDelta::minutes(30))).unwrap();
        assert_eq!((&times["startDateHours"], &times["startDate"]), (&json!("08"), &json!("2026-07-01T08:05:00.000Z")));
    }

    #[test]
    fn a_doubled_time_has_two_instants_and_a_skipped_one_none() {
        let instants = |wall: &str| CLOCK.instants(wall.parse().unwrap());
        let doubled = WallTime::Twice { first: utc("2026-10-25T00:30:00Z"), second: utc("2026-10-25T01:30:00Z") };
        assert_eq!(instants("2026-10-25T02:30:00"), doubled);
        for skipped in ["2026-03-29T02:00:00", "2026-03-29T02:30:00", "2026-03-29T02:59:59"] {
            assert_eq!(instants(skipped), WallTime::Never { moved: utc("2026-03-29T01:00:00Z") }, "{skipped}");
        }
        assert_eq!(instants("2026-03-29T03:00:00"), WallTime::Once(utc("2026-03-29T01:00:00Z")));
    }

    #[test]
    fn a_day_starts_at_local_midnight_even_if_there_is_none() {
        for (instant, start) in [
            ("2026-07-01T21:59:59Z", "2026-06-30T22:00:00Z"),
            ("2026-07-01T22:00:00Z", "2026-07-01T22:00:00Z"),
            ("2026-12-01T08:00:00Z", "2026-11-30T23:00:00Z"),
            ("2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z"),
            ("2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z"),
        ] {
            assert_eq!(CLOCK.day_start(utc(instant)), utc(start), "{instant}");
        }
        // Beirut sets its clocks forward at midnight.
        let beirut = PracticeClock::new(chrono_tz::Asia::Beirut, ClockFields::Zone);
        assert_eq!(beirut.day_start(utc("2024-03-31T12:00:00Z")), utc("2024-03-30T22:00:00Z"));
        assert_eq!(beirut.wall(utc("2024-03-30T22:00:00Z")).to_string(), "2024-03-31 01:00:00");
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for instant in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let _ = (CLOCK.day_start(instant), CLOCK.instants(instant.naive_utc()), CLOCK.first_after(instant.naive_utc()));
        }
    }

    #[test]
    fn a_slot_is_made_of_full_minutes_in_order() {
        let (start, end) = (utc("2026-01-31T08:00:00Z"), utc("2026-01-31T08:30:00Z"));
        assert!(Slot::new(start, end).is_ok());
        for (start, end) in [
            (start, start),
            (end, start),
            (start, end + TimeDelta::seconds(1)),
            (start + TimeDelta::milliseconds(1), end),
            (utc("1969-12-31T23:30:00Z"), end),
            (start, utc("+10000-01-01T00:00:00Z")),
        ] {
            assert_eq!(Slot::new(start, end).unwrap_err().kind(), ErrorKind::Configuration, "{start} {end}");
        }
    }

    #[test]
    fn zurich_sets_its_clocks_twice_a_year() {
        assert_eq!(TRANSITIONS.len(), 2 * 51);
    }

    /// What the wire says, read by somebody who knows nothing but the wire.
    fn read_back(times: &Value, clock: PracticeClock) -> Vec<DateTime<Utc>> {
        let text = |name: &str| times[name].as_str().unwrap().to_owned();
        let day = match clock.fields {
            ClockFields::Zone => clock.day(utc(&text("startDate"))),
            ClockFields::Utc => utc(&text("startDate")).date_naive(),
        };
        let picked: NaiveDateTime = format!("{day}T{}:{}:00", text("startDateHours"), text("startDateMinutes")).parse().unwrap();
        match clock.fields {
            ClockFields::Utc => vec![picked.and_utc()],
            ClockFields::Zone => match clock.instants(picked) {
                WallTime::Once(instant) => vec![instant],
                WallTime::Twice { first, second } => vec![first, second],
                WallTime::Never { .. } => Vec::new(),
            },
        }
    }

    proptest! {
        #[test]
        fn an_instant_survives_the_wire_around_every_change_of_the_clock(minutes in -1600_i64..1600, length in 1_i64..300) {
            for transition in TRANSITIONS.iter().copied() {
                let start = transition + TimeDelta::minutes(minutes);
                for fields in [ClockFields::Zone, ClockFields::Utc] {
                    let clock = PracticeClock::new(Zurich, fields);
                    let times = serde_json::to_value(clock.times(start, start + TimeDelta::minutes(length))).unwrap();
                    prop_assert_eq!(DateTime::from_timestamp_millis(times["start"].as_i64().unwrap()), Some(start));
                    prop_assert_eq!(utc(times["startDate"].as_str().unwrap()), start);
                    let read = read_back(&times, clock);
                    prop_assert!(read.contains(&start), "{} reads as {:?}", start, read);
                    // Only the hour that the clock shows twice leaves a doubt.
                    let in_doubt = fields == ClockFields::Zone && is_doubled(transition, start);
                    prop_assert_eq!(read.len(), if in_doubt { 2 } else { 1 });
                }
            }
        }
    }

    fn is_doubled(transition: DateTime<Utc>, instant: DateTime<Utc>) -> bool {
        let set_back = CLOCK.wall(transition) < CLOCK.wall(transition - TimeDelta::seconds(1));
        set_back && (transition - TimeDelta::hours(1)..transition + TimeDelta::hours(1)).contains(&instant)
    }
}
