//! The words in which two systems meet: field names, and one canonical text per value.
//!
//! A connector turns its vendor's types into this vocabulary and back. It never meets the other
//! connector, only these words. Field values travel as text in canonical format:
//!
//! | field | canonical format | two values are the same when |
//! |---|---|---|
//! | `given_name`, `family_name`, `salutation` | [text](text()) | the text is equal; a correction of case is a change |
//! | `email` | trimmed, lower case, domain in ASCII ([`email`]) | the canonical text is equal |
//! | `phone` | E.164 where valid, else the text as it is ([`phone`]) | the number is equal, or else the text |
//! | `birth_date` | `YYYY-MM-DD` ([`date`]) | the day is equal |
//! | `sex` | `male`, `female` or `other` | the text is equal |
//! | `street`, `postal_code`, `city`, `country` | [text](text()) | the text is equal |
//! | `custom:<name>` | [text](text()) | the text is equal |
//! | `start`, `end` | RFC 3339 in UTC, to the second ([`appointment`]) | the instant is equal |
//! | `status` | one of [`appointment::status`] | the text is equal |
//! | `practitioner`, `service` | the name that the configuration gives it | the text is equal |
//! | `title`, `note` | [text](text()) | the text is equal |
//!
//! What cannot be read as its format (a phone field that says "ask the mother") stays as text: it still
//! flows from side to side, but nothing is recognised by it, and nothing is ever put in its place.
//!
//! # The law of a connector
//!
//! A connector's mapping is a lens between the vendor's record and this vocabulary:
//!
//! - **Get, then put, changes nothing.** Writing back what was just read leaves the vendor's record as it was.
//! - **Put, then get, returns what was put**, in canonical format.
//!
//! What a vendor cannot hold is declared as a limit of its connector; it does not bend the law.
//!
//! # Guarantees
//!
//! Every function here takes any text without panicking, prints none of it, reads no clock, and has nothing left
//! to do the second time: the canonical form of a canonical form is itself.

pub mod appointment;
pub mod date;
pub mod email;
pub mod name;
pub mod person;
pub mod phone;

use unicode_normalization::UnicodeNormalization;

/// Plain text in canonical format: composed characters (NFC), no space around it, single spaces inside.
///
/// ```
/// use sync_core::vocabulary::text;
///
/// assert_eq!(text("  Anna \t Maria\u{a0}"), "Anna Maria");
/// assert_eq!(text("Mu\u{308}ller"), "Müller");
/// ```
#[must_use]
pub fn text(text: &str) -> String {
    if text.is_ascii() {
        return collapse(text);
    }
    collapse(&text.nfc().collect::<String>())
}

fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// The characters that somebody sees. Address books and web pages wrap what is copied from them in
/// direction marks and zero-width spaces.
fn visible(text: &str) -> impl Iterator<Item = char> + '_ {
    let invisible = |c: &char| matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    text.chars().filter(move |c| !invisible(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_keeps_its_case_and_loses_only_stray_space() {
        assert_eq!(text(" Anna\r\n MARIA "), "Anna MARIA");
        assert_eq!(text("\u{2003}\t "), "");
        assert_eq!(text("E\u{301}milie"), "Émilie");
    }

    #[test]
    fn a_megabyte_of_text_is_text() {
        assert_eq!(text(&"ä ".repeat(500_000)).len(), 1_499_999);
        assert!(text(&format!("a{}", "\u{301}\u{323}".repeat(250_000))).starts_with("\u{1ea1}\u{323}"));
    }

    proptest! {
        #[test]
        fn canonical_text_is_its_own_canonical_text(input in r"\PC{0,20}[\p{M}\s\PC]{0,20}") {
            let once = text(&input);
            prop_assert_eq!(text(&once), once);
        }
    }
}
