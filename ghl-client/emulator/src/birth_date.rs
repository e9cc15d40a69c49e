//! The date formats that GHL takes for `dateOfBirth`.

use chrono::NaiveDate;

/// Parses one of the eight documented formats: year-month-day or month-day-year, with `/`, `-`, `.`
/// or `_` between the parts.
///
/// There is no day-first form, so a Swiss `05.12.1990` is read as the twelfth of May and a
/// `25.12.1990` is refused.
pub(crate) fn parse(text: &str) -> Option<NaiveDate> {
    let separator = text.chars().find(|c| matches!(c, '/' | '-' | '.' | '_'))?;
    let parts: Vec<&str> = text.split(separator).collect();
    let [a, b, c] = parts.as_slice() else {
        return None;
    };
    let (year, month, day) = match (a.len(), b.len(), c.len()) {
        (4, 2, 2) => (a, b, c),
        (2, 2, 4) => (c, a, b),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(digits(year)?, number(month)?, number(day)?)
}

fn digits(text: &str) -> Option<i32> {
    i32::try_from(number(text)?).ok()
}

fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_documented_formats_are_read() {
        let expected = NaiveDate::from_ymd_opt(1990, 9, 25);
        for separator in ["/", "-", ".", "_"] {
            let year_first = ["1990", "09", "25"].join(separator);
            let month_first = ["09", "25", "1990"].join(separator);
            assert_eq!(parse(&year_first), expected, "{year_first}");
            assert_eq!(parse(&month_first), expected, "{month_first}");
        }
    }

    #[test]
    fn a_day_first_date_is_refused_or_read_as_month_first() {
        assert_eq!(parse("25.12.1990"), None);
        assert_eq!(parse("05.12.1990"), NaiveDate::from_ymd_opt(1990, 5, 12));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "1990", "90-09-25", "1990-9-5", "1990-02-30", "1990-09-25T00:00:00.000Z", "1990-09/25", "+990-09-25"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
