//! Phone numbers.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use unicode_normalization::UnicodeNormalization;

/// The longest text that is read as a number; a number has at most 15 digits.
const MAX_TEXT: usize = 96;

/// The country whose dialling habits a number without country code follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Region(rlibphonenumber::Region);

impl Region {
    /// Switzerland.
    pub const CH: Self = Self(rlibphonenumber::Region::CH);

    /// The two letters of the country, as a number.
    pub(super) fn code(self) -> u16 {
        match self.0.as_region_str().as_bytes() {
            [first, second] => u16::from_be_bytes([*first, *second]),
            _ => 0,
        }
    }
}

impl Default for Region {
    fn default() -> Self {
        Self::CH
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    /// Reads a country's two letters (ISO 3166-1), such as `CH`.
    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        let region = rlibphonenumber::Region::from_code(text).map_err(|_| UnknownRegion)?;
        if text.len() != 2 || PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_none() {
            return Err(UnknownRegion);
        }
        Ok(Self(region))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_region_str().as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}

/// The text is not the two letters of a country with a telephone plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a region is the two letters of a country, such as CH")]
pub struct UnknownRegion;

/// The number in E.164, if the text is exactly one number that the numbering plan of its country allows.
///
/// Text with words, a second number or an extension is not reduced to a number: what was dropped would be lost on the way
/// to the other side.
///
/// ```
/// use sync_core::vocabulary::phone::{Region, to_e164};
///
/// assert_eq!(to_e164("079 123 45 67", Region::CH).as_deref(), Some("+41791234567"));
/// assert_eq!(to_e164("tel:+41 (0)79/123.45.67", Region::CH).as_deref(), Some("+41791234567"));
/// assert_eq!(to_e164("kein Telefon", Region::CH), None);
/// assert_eq!(to_e164("0", Region::CH), None);
/// ```
#[must_use]
pub fn to_e164(text: &str, region: Region) -> Option<String> {
    let number = read(&dialled(text)?, region)?;
    // A few numbering plans rewrite what they are given; only a number that reads back as itself compares.
    let stable = read(&number, region)? == number;
    stable.then_some(number)
}

/// The number in E.164 where it is valid; other text is only trimmed, so that nothing is lost.
///
/// ```
/// use sync_core::vocabulary::phone::{Region, canonical};
///
/// assert_eq!(canonical("0041 44 668 18 00", Region::CH), "+41446681800");
/// assert_eq!(canonical(" ask the mother ", Region::CH), "ask the mother");
/// ```
#[must_use]
pub fn canonical(text: &str, region: Region) -> String {
    to_e164(text, region).unwrap_or_else(|| text.trim().to_owned())
}

/// Whether a number ends in seven equal digits: what people type into a form that insists on a number.
pub(super) fn is_placeholder(e164: &str) -> bool {
    let digits = e164.as_bytes();
    let tail = &digits[digits.len().saturating_sub(7)..];
    tail.iter().all(|digit| *digit == tail[0])
}

fn read(dialled: &str, region: Region) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(dialled, Some(region.0)).ok()?;
    let valid = PHONE_NUMBER_UTIL.is_valid_number(&number);
    valid.then(|| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
}

/// The digits, and a plus sign before them. The library also reads letters as digits and guesses at
/// extensions; none of that may happen to a patient's number, so it gets nothing to guess.
fn dialled(text: &str) -> Option<String> {
    // As other texts are compared: what their rules make of a number is the same number.
    let text = super::text(text);
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut dialled = String::with_capacity(text.len());
    for c in super::visible(without_label(&text)).nfkc() {
        match c {
            '0'..='9' => dialled.push(c),
            '+' if dialled.is_empty() => dialled.push(c),
            _ if is_separator(c) => {}
            _ => return None,
        }
    }
    Some(dialled)
}

fn without_label(text: &str) -> &str {
    match text.split_at_checked(3) {
        Some((label, rest)) if label.eq_ignore_ascii_case("tel") => rest.trim_start_matches([':', '.']),
        _ => text,
    }
}

const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | '-' | '/' | '(' | ')' | '\'' | '’' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn swiss(text: &str) -> Option<String> {
        to_e164(text, Region::CH)
    }

    #[test]
    fn swiss_numbers_are_read_however_they_are_written() {
        for (prefix, rest) in [("79", "1234567"), ("78", "6543210"), ("76", "3334455"), ("44", "6681800"), ("22", "7301122")] {
            let e164 = format!("+41{prefix}{rest}");
            let (a, b, c) = (&rest[..3], &rest[3..5], &rest[5..]);
            for start in [
                "0",
                "+41",
                "+41 ",
                "+41 (0)",
                "+41(0) ",
                "+410",
                "(+41) ",
                "0041",
                "0041 ",
                "00 41 ",
                "0041 (0)",
                "41",
                "+ 41 ",
                "tel:+41",
                "Tel. 0",
                "TEL 0",
                "＋４１",
            ] {
                for (near, far) in
                    [("", ""), (" ", " "), ("/", "."), (".", "."), ("-", "-"), (" - ", " "), ("/", " "), ("\u{a0}", "\u{202f}"), ("–", "'")]
                {
                    let text = format!("{start}{prefix}{near}{a}{far}{b}{far}{c}");
                    assert_eq!(swiss(&text).as_deref(), Some(e164.as_str()), "{text}");
                }
            }
        }
    }

    #[test]
    fn space_of_any_kind_and_length_separates_digits() {
        for space in ["\u{c}", "\u{b}", "\u{85}", "\u{2028}", "\u{3000}", &" ".repeat(MAX_TEXT)] {
            assert_eq!(swiss(&format!("079{space}123{space}45 67")).as_deref(), Some("+41791234567"), "{space:?}");
        }
    }

    #[test]
    fn a_text_is_read_up_to_its_longest_and_no_further() {
        let padded = |length: usize| format!("0791234567{}", "-".repeat(length - 10));
        assert_eq!(swiss(&padded(MAX_TEXT)).as_deref(), Some("+41791234567"));
        for length in [MAX_TEXT + 1, MAX_TEXT + 50] {
            assert_eq!(swiss(&padded(length)), None, "{length}");
        }
    }

    #[test]
    fn foreign_numbers_keep_their_country_and_their_zeros() {
        for (text, e164) in [
            ("+39 02 1234 5678", "+390212345678"),
            ("0039 06 6982", "+39066982"),
            ("+39 (0)6 6982", "+39066982"),
            ("+39 347 123 4567", "+393471234567"),
            ("+49 (0)30 123456", "+4930123456"),
            ("0049 171 1234567", "+491711234567"),
            ("+43 1 58858", "+43158858"),
            ("+43 (0)664 1234567", "+436641234567"),
            ("+33 (0)6 12 34 56 78", "+33612345678"),
            ("0033 1 42 68 53 00", "+33142685300"),
            ("+423 232 12 34", "+4232321234"),
            ("\u{202a}+41\u{a0}79\u{a0}123\u{a0}45\u{a0}67\u{202c}", "+41791234567"),
        ] {
            assert_eq!(swiss(text).as_deref(), Some(e164), "{text}");
        }
    }

    #[test]
    fn numbers_without_country_follow_the_region() {
        let german = "DE".parse().unwrap();
        assert_eq!(to_e164("030 123456", german).as_deref(), Some("+4930123456"));
        assert_eq!(to_e164("06 6982", "IT".parse().unwrap()).as_deref(), Some("+39066982"));
        assert_eq!(to_e164("0664 1234567", "at".parse().unwrap()).as_deref(), Some("+436641234567"));
        assert_eq!(to_e164("+41 79 123 45 67", german).as_deref(), Some("+41791234567"));
    }

    #[test]
    fn junk_is_no_number_and_stays_as_it_is() {
        for text in [
            "",
            "0",
            "000000",
            "0000000000",
            "kein Telefon",
            "unbekannt",
            "-",
            "+",
            "+41",
            "++41 79 123 45 67",
            "117",
            "1234567",
            "079 123 45",
            "079 123 45 67 89",
            "079 123 45 67 Mutter",
            "Mutter: 079 123 45 67",
            "079 123 MUTTER",
            "079 123 45 67 / 044 668 18 00",
            "044 668 18 00 ext. 12",
            "044 668 18 00 int 12",
            "044 668 18 00#12",
            "044 668 18 00,12",
            "tel:079-123-45-67;phone-context=+41",
            "+41 +41 79 123 45 67",
            "+999 79 123 45 67",
            "½79 123 45 67",
        ] {
            assert_eq!(swiss(text), None, "{text}");
            assert_eq!(canonical(&format!(" {text}\n"), Region::CH), text);
        }
    }

    #[test]
    fn a_placeholder_ends_in_equal_digits() {
        assert!(is_placeholder("+41790000000"));
        assert!(is_placeholder("+41449999999"));
        assert!(!is_placeholder("+41791234567"));
        assert!(is_placeholder("00") && is_placeholder(""), "short text must not panic");
    }

    #[test]
    fn only_countries_are_regions() {
        assert_eq!("ch".parse(), Ok(Region::CH));
        for text in ["", "C", "CHE", "ZZ", "XX", "001", "41", "ü"] {
            assert_eq!(text.parse::<Region>(), Err(UnknownRegion), "{text}");
        }
        assert_eq!(format!("{:?}", Region::CH), "Region(CH)");
    }

    #[test]
    fn a_megabyte_is_no_number() {
        assert_eq!(swiss(&"0791234567".repeat(100_000)), None);
        assert_eq!(swiss(&format!("{}079 123 45 67", " ".repeat(1_000_000))).as_deref(), Some("+41791234567"));
    }

    fn region() -> impl Strategy<Value = Region> {
        prop::sample::select(vec!["CH", "DE", "IT", "AR", "MX", "BR", "US", "AU"]).prop_map(|code| code.parse().unwrap())
    }

    proptest! {
        #[test]
        fn a_canonical_number_is_its_own_canonical_text(text in r"\+?[0-9 ()/.-]{0,20}|(00|\+)[1-9][0-9]{6,14}|0[0-9]{9}", region in region()) {
            let once = canonical(&text, region);
            prop_assert_eq!(canonical(&once, region), once);
        }

        #[test]
        fn any_text_is_taken(text in any::<String>(), region in region()) {
            let once = canonical(&text, region);
            prop_assert_eq!(canonical(&once, region), once);
        }
    }
}
