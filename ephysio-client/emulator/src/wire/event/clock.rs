//! The times in a written event: an instant, the same as ISO text, and what the pickers of the user interface show.

use chrono::{DateTime, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

use crate::ClockFields;
use crate::wire::answer::Wrong;

/// The members that hold one time.
#[derive(Debug)]
pub(super) struct Names {
    instant: &'static str,
    iso: &'static str,
    hours: &'static str,
    minutes: &'static str,
}

pub(super) const START: Names = Names { instant: "start", iso: "startDate", hours: "startDateHours", minutes: "startDateMinutes" };
pub(super) const END: Names = Names { instant: "end", iso: "endDate", hours: "endDateHours", minutes: "endDateMinutes" };

/// The time that a body gives, if it gives one. All forms that are there are checked.
pub(super) fn time(body: &Map<String, Value>, names: &Names, fields: ClockFields, zone: Tz) -> Result<Option<DateTime<Utc>>, Wrong> {
    let instant = member(body, names.instant, "must be milliseconds", |value| DateTime::from_timestamp_millis(value.as_i64()?))?;
    let iso = member(body, names.iso, "must be an instant like 2026-01-31T08:00:00.000Z", |value| iso(value.as_str()?))?;
    let hours = member(body, names.hours, "must be two digits as a string", |value| two_digits(value.as_str()?, 23))?;
    let minutes = member(body, names.minutes, "must be two digits as a string", |value| two_digits(value.as_str()?, 59))?;
    let picked = hours.zip(minutes).and_then(|(hours, minutes)| NaiveTime::from_hms_opt(hours, minutes, 0));
    let (Some(day), Some(picked)) = (iso.or(instant), picked) else { return Ok(instant) };
    Ok(match fields {
        ClockFields::Ignored => instant,
        ClockFields::Utc => Some(day.date_naive().and_time(picked).and_utc()),
        ClockFields::Local => Some(local(zone, day.with_timezone(&zone).date_naive().and_time(picked))),
    })
}

fn member<T>(
    body: &Map<String, Value>,
    name: &'static str,
    problem: &'static str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, Wrong> {
    body.get(name).map(|value| read(value).ok_or(Wrong::new(name, problem))).transpose()
}

// The form is that of a browser's `toISOString`, not all of ISO 8601.
fn iso(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S.000Z").ok().map(|time| time.and_utc())
}

fn two_digits(text: &str, largest: u32) -> Option<u32> {
    let number = text.parse().ok().filter(|number| *number <= largest)?;
    (text.len() == 2).then_some(number)
}

/// What a browser makes of a wall clock time: the first of two, and what is skipped is moved on by as much as is skipped.
fn local(zone: Tz, time: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&time) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant.to_utc(),
        LocalResult::None => {
            let before = time - TimeDelta::days(1);
            let skipped = zone.from_local_datetime(&before).earliest().map(|instant| instant.to_utc() + TimeDelta::days(1));
            skipped.unwrap_or_else(|| time.and_utc())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(time: &str) -> DateTime<Utc> {
        local(chrono_tz::Europe::Zurich, time.parse().unwrap())
    }

    #[test]
    fn a_skipped_time_is_moved_on_and_a_doubled_one_is_the_first() {
        for (wall, instant) in [
            ("2026-03-29T01:30:00", "2026-03-29T00:30:00Z"),
            ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
            ("2026-03-29T03:30:00", "2026-03-29T01:30:00Z"),
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            ("2026-10-25T03:30:00", "2026-10-25T02:30:00Z"),
        ] {
            assert_eq!(utc(wall), instant.parse::<DateTime<Utc>>().unwrap(), "{wall}");
        }
    }
}
