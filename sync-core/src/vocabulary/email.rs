//! E-mail addresses.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// No domain name is longer, in any notation.
const MAX_DOMAIN: usize = 1024;
/// RFC 5321, 4.5.3.1.3, less the brackets.
const MAX_ADDRESS: usize = 254;

/// The address in canonical format: trimmed, lower case, the domain in ASCII. Text that is no address is
/// trimmed and in lower case too.
///
/// Dots and `+tags` stay: only the provider knows whether it ignores them.
///
/// ```
/// use sync_core::vocabulary::email;
///
/// assert_eq!(email::canonical(" Anna.Muster+Praxis@Example.CH "), "anna.muster+praxis@example.ch");
/// assert_eq!(email::canonical("info@Zürich.example"), "info@xn--zrich-kva.example");
/// ```
#[must_use]
pub fn canonical(text: &str) -> String {
    let text: String = super::visible(text).collect();
    let text = text.trim();
    let Some((local, domain)) = text.rsplit_once('@') else { return text.to_lowercase() };
    let mut address = local.to_lowercase();
    address.push('@');
    address.push_str(&canonical_domain(domain));
    address
}

/// Whether a canonical address can be one: a single `@`, something before it, a domain with a dot after it.
/// Nobody is recognised by anything less.
///
/// ```
/// use sync_core::vocabulary::email::is_plausible;
///
/// assert!(is_plausible("anna@example.ch"));
/// assert!(!is_plausible("keine"));
/// assert!(!is_plausible("anna@localhost"));
/// ```
#[must_use]
pub fn is_plausible(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    if local.is_empty() || domain.contains('@') || address.len() > MAX_ADDRESS {
        return false;
    }
    let foreign = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>');
    !address.contains(foreign) && domain.contains('.') && domain.split('.').all(|label| !label.is_empty())
}

/// Tried again in lower case, so that the result has nothing left to convert.
fn canonical_domain(domain: &str) -> String {
    let lower = domain.to_lowercase();
    to_ascii(domain).or_else(|| to_ascii(&lower)).unwrap_or(lower)
}

fn to_ascii(domain: &str) -> Option<String> {
    if domain.len() > MAX_DOMAIN {
        return None;
    }
    let ascii = Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow, DnsLength::Ignore);
    ascii.ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_space_and_notation_of_the_domain_do_not_matter() {
        for (text, address) in [
            ("anna@example.ch", "anna@example.ch"),
            ("\tANNA@EXAMPLE.CH\r\n", "anna@example.ch"),
            ("\u{200b}anna@example.ch\u{feff}", "anna@example.ch"),
            ("Jürg@Bücher.example", "jürg@xn--bcher-kva.example"),
            ("jürg@xn--bcher-kva.example", "jürg@xn--bcher-kva.example"),
            ("anna@ｅｘａｍｐｌｅ.ch", "anna@example.ch"),
        ] {
            assert_eq!(canonical(text), address);
        }
    }

    #[test]
    fn dots_and_tags_stay() {
        assert_eq!(canonical("a.b+c@gmail.com"), "a.b+c@gmail.com");
    }

    #[test]
    fn text_that_is_no_address_is_kept_and_identifies_nobody() {
        for text in ["keine", "", "@", "@example.ch", "anna@", "anna@example", "a@b@c.ch", "anna@.ch", "anna@c..ch", "anna@c.ch."] {
            assert_eq!(canonical(text), text);
            assert!(!is_plausible(text), "{text}");
        }
        for text in ["anna muster@example.ch", "a@b.ch, c@d.ch", "a@b.ch;", "Anna <a@b.ch>", "a@b .ch", "a\0@b.ch"] {
            assert!(!is_plausible(&canonical(text)), "{text}");
        }
    }

    #[test]
    fn a_megabyte_is_no_address() {
        let text = canonical(&format!("{}@{}.ch", "Ä".repeat(500_000), "ü".repeat(500_000)));
        assert!(!is_plausible(&text));
        assert_eq!(canonical(&text), text);
    }

    proptest! {
        #[test]
        fn a_canonical_address_is_its_own_canonical_text(text in r"\PC{0,10}@\PC{0,10}\.?\PC{0,5}|[a-zäßİΣς@.\u{ad}\u{a0}\u{fb01} -]{0,20}") {
            let once = canonical(&text);
            let _ = is_plausible(&text);
            prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once);
        }
    }
}
