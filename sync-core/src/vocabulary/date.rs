//! Calendar days, above all birth dates.

use chrono::{Datelike, NaiveDate};

const YEARS: std::ops::RangeInclusive<i32> = 1880..=2200;

/// Reads `DD.MM.YYYY`, `YYYY-MM-DD`, or an ISO time at midnight, of which only the day counts: it is never moved
/// to another time zone. `None` for anything else, for days that no calendar has, and for years outside 1880 to 2200.
///
/// A time that is not midnight is refused: which day was meant depends on a zone that nobody wrote down.
///
/// ```
/// use sync_core::vocabulary::date;
///
/// let day = date::parse("04.05.1980").expect("a day");
/// assert_eq!(date::iso(day), "1980-05-04");
/// assert_eq!(date::day_first(day), "04.05.1980");
/// assert_eq!(date::parse("1980-05-04T00:00:00.000Z"), Some(day));
/// assert_eq!(date::parse("31.02.1980"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = if text.contains('.') && !text.contains('-') { parse_day_first(text)? } else { parse_iso(text)? };
    YEARS.contains(&day.year()).then_some(day)
}

/// The canonical format, `YYYY-MM-DD`.
#[must_use]
pub fn iso(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

/// The format of Swiss, German and Austrian forms, `DD.MM.YYYY`.
#[must_use]
pub fn day_first(day: NaiveDate) -> String {
    day.format("%d.%m.%Y").to_string()
}

/// The canonical text of a day; text that is none stays [text](super::text()).
///
/// ```
/// use sync_core::vocabulary::date;
///
/// assert_eq!(date::canonical(" 4.5.1980 "), "1980-05-04");
/// assert_eq!(date::canonical("around 1950"), "around 1950");
/// ```
#[must_use]
pub fn canonical(text: &str) -> String {
    parse(text).map_or_else(|| super::text(text), iso)
}

fn parse_day_first(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    NaiveDate::from_ymd_opt(number(year)? as i32, number(month)?, number(day)?)
}

fn parse_iso(text: &str) -> Option<NaiveDate> {
    let (day, rest) = text.split_at_checked(10)?;
    if !rest.is_empty() && !is_midnight(rest) {
        return None;
    }
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 {
        return None;
    }
    NaiveDate::from_ymd_opt(number(year)? as i32, number(month)?, number(day)?)
}

/// Whether what follows the day is `T00:00[:00[.000]]` with or without a zone.
fn is_midnight(text: &str) -> bool {
    let Some(time) = text.strip_prefix(['T', 't', ' ']) else { return false };
    let (clock, zone) = time.split_at(time.find(['Z', 'z', '+', '-']).unwrap_or(time.len()));
    let is_zero = |part: &str| (2..=9).contains(&part.len()) && part.bytes().all(|b| b == b'0');
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "00"));
    let zero_clock = matches!(clock, "00:00" | "00:00:00") && (is_zero(fraction) || fraction == "0");
    zero_clock && zone.len() <= 6 && zone.bytes().skip(1).all(|b| b.is_ascii_digit() || b == b':')
}

/// One to four digits, and nothing else: `str::parse` would take a sign.
fn number(text: &str) -> Option<u32> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_to_write_a_day_means_the_same_day() {
        let day = NaiveDate::from_ymd_opt(1980, 5, 4);
        for text in [
            "04.05.1980",
            "4.5.1980",
            "1980-05-04",
            " 1980-05-04\n",
            "1980-05-04T00:00:00.000Z",
            "1980-05-04T00:00:00Z",
            "1980-05-04T00:00:00+02:00",
            "1980-05-04T00:00:00-0500",
            "1980-05-04 00:00:00.0",
            "1980-05-04T00:00",
        ] {
            assert_eq!(parse(text), day, "{text}");
        }
    }

    #[test]
    fn what_is_no_plausible_day_is_no_day() {
        for text in [
            "",
            "unbekannt",
            "31.02.1980",
            "1981-02-29",
            "00.00.0000",
            "0000-00-00",
            "04.05.80",
            "05/04/1980",
            "1980/05/04",
            "+4.05.1980",
            "1879-12-31",
            "2201-01-01",
            "04.05.19800",
            "1980-05-04T22:00:00.000Z",
            "1980-05-04T00:00:01Z",
            "1980-05-04T00:00:00.",
            "1980-05-04x",
            "1980-05-0",
            "1980-5-004",
            "1980-05-4-",
            "04.05.1980.",
            "1980-05-٠٤",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_day_before_a_zone_change_stays_the_day() {
        assert_eq!(canonical("1980-04-06T00:00:00.000Z"), "1980-04-06");
        assert_eq!(canonical("1980-04-06T00:00:00.000+14:00"), "1980-04-06");
    }

    proptest! {
        #[test]
        fn both_formats_read_back(days in 0i64..117_000) {
            let day = NaiveDate::from_ymd_opt(1880, 1, 1).unwrap() + chrono::TimeDelta::days(days);
            prop_assert_eq!(parse(&iso(day)), Some(day));
            prop_assert_eq!(parse(&day_first(day)), Some(day));
        }

        #[test]
        fn a_canonical_day_is_its_own_canonical_text(text in r"[0-9.\-T:Z +ä]{0,30}|\PC{0,40}") {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once);
        }
    }
}
