//! Times as GHL writes and reads them.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use sync_http::{Error, ErrorKind, Result, Shown};

/// How times without an offset are written, with a `T` or a space. Answers about appointments have the first, the list of
/// a contact's appointments the second.
const LOCAL: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];

/// Reads a time. One without an offset is a time of the location: without the location's zone, or in an hour that the zone
/// has twice or not at all, it could be another one, so it is an error.
pub(crate) fn read(endpoint: &'static str, shown: Shown<String>, zone: Option<Tz>) -> Result<Shown<DateTime<Utc>>> {
    shown.try_map(|text| parse(&text, zone)).map_err(|why| Error::new(ErrorKind::Decode, endpoint).with_message(why))
}

/// Writes a time with the offset that the location has then. GHL compares a start with the slots it offers as text, and
/// has been seen to refuse the same moment in UTC.
pub(crate) fn write(time: DateTime<Utc>, zone: Option<Tz>) -> String {
    match zone {
        Some(zone) => time.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false),
        None => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    }
}

fn parse(text: &str, zone: Option<Tz>) -> Result<DateTime<Utc>, &'static str> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let local = LOCAL.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()).ok_or("a time cannot be read")?;
    let zone = zone.ok_or("a time has no offset, and the location's time zone is not set")?;
    let time = zone.from_local_datetime(&local).single().ok_or("a time without offset is not one moment in the location's time zone")?;
    Ok(time.to_utc())
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Zurich;

    use super::*;

    #[test]
    fn an_offset_wins_and_a_time_without_one_is_the_locations() {
        let nine_in_summer = "2026-07-01T07:00:00Z".parse().ok();
        let table = [
            ("2026-07-01T09:00:00+02:00", None, nine_in_summer),
            ("2026-07-01T12:30:00+05:30", Some(Zurich), nine_in_summer),
            ("2026-07-01T07:00:00.000Z", Some(Zurich), nine_in_summer),
            ("2026-07-01T09:00:00", Some(Zurich), nine_in_summer),
            ("2026-07-01 09:00:00", Some(Zurich), nine_in_summer),
            ("2026-07-01 09:00:00", None, None),
            ("2026-03-29 02:30:00", Some(Zurich), None),
            ("2026-10-25 02:30:00", Some(Zurich), None),
            ("tomorrow", Some(Zurich), None),
            ("2026-07-01", Some(Zurich), None),
        ];
        for (text, zone, expected) in table {
            assert_eq!(parse(text, zone).ok(), expected, "{text} {zone:?}");
        }
    }

    #[test]
    fn a_time_is_written_with_the_offset_of_its_own_day() {
        let (winter, summer) = ("2026-01-01T08:00:00Z".parse().unwrap(), "2026-07-01T07:00:00Z".parse().unwrap());
        assert_eq!(write(winter, Some(Zurich)), "2026-01-01T09:00:00+01:00");
        assert_eq!(write(summer, Some(Zurich)), "2026-07-01T09:00:00+02:00");
        assert_eq!(write(summer, None), "2026-07-01T07:00:00Z");
    }
}
