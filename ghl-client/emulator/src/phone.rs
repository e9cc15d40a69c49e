//! How GHL reads a phone number.

/// The number in E.164, or what was typed where it is not a number.
///
/// GHL documents `+1 888-888-8888` going in and `+18888888888` coming back, and leaves the rules
/// open; these are the usual ones: `+` and `00` are international, a leading zero is the trunk
/// prefix of the default country, and so is anything else.
pub(crate) fn normalize(typed: &str, default_country_code: &str) -> String {
    parse(typed, default_country_code).unwrap_or_else(|| typed.trim().to_owned())
}

fn parse(typed: &str, default_country_code: &str) -> Option<String> {
    let compact: String = typed.replace("(0)", "").chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}')).collect();
    let international = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"));
    let code = default_country_code.trim_start_matches('+');
    let digits = match international {
        Some(digits) => without_trunk_zero(digits, code),
        None => without_trunk_zero(&format!("{code}{compact}"), code),
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (8..=15).contains(&digits.len())).then(|| format!("+{digits}"))
}

/// No national number of ours begins with a zero, however many were typed.
fn without_trunk_zero(digits: &str, code: &str) -> String {
    digits.strip_prefix(code).map_or_else(|| digits.to_owned(), |rest| format!("{code}{}", rest.trim_start_matches('0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_be_read_becomes_e164() {
        for typed in
            ["+41 79 123 45 67", "0041791234567", "079 123 45 67", "079/123.45.67", "+41 (0)79 123-45-67", "+410791234567", "791234567"]
        {
            assert_eq!(normalize(typed, "+41"), "+41791234567", "{typed}");
        }
        assert_eq!(normalize("+1 888-888-8888", "+41"), "+18888888888");
    }

    proptest! {
        #[test]
        fn what_was_stored_is_stored_as_it_is(typed in "(\\+|00)?(41)?(\\(0\\)|0){0,3}[0-9 .-]{5,12}") {
            let stored = normalize(&typed, "+41");
            prop_assert_eq!(normalize(&stored, "+41"), stored);
        }
    }

    #[test]
    fn what_cannot_be_read_stays_as_typed() {
        for typed in ["ask wife", "12", "+41 79 123 45 67 ext 9"] {
            assert_eq!(normalize(typed, "+41"), typed);
        }
    }
}
