//! Names of people, folded so that two ways to write one name compare as equal.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The name without case, accents and punctuation, for comparison only: it is never shown or written.
///
/// `Müller`, `Mueller` and `Muller` must all be one name: the first is what the person is called, the second what
/// a keyboard without umlauts gives, the third what a foreign form makes of it. Spelling the umlaut out
/// (`ü` to `ue`) would lose the third, and every French `ü` and Turkish `ö` with it. So accents are dropped,
/// and then an `e` after `a`, `o` or `u` is dropped as well. That makes a few different names equal
/// (`Bauer` and `Baur`), which does no harm: a name alone proves nothing.
///
/// Hyphens, apostrophes and dots become spaces. Only accents are dropped, not the vowel signs of scripts in
/// which they tell one name from another.
///
/// ```
/// use sync_core::vocabulary::name::fold;
///
/// assert_eq!(fold("Müller"), fold("MUELLER"));
/// assert_eq!(fold("Anna-Lena"), "anna lena");
/// assert_eq!(fold("Großmann"), "grossmann");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in super::visible(text).nfkd().flat_map(char::to_lowercase) {
        if is_accent(c) {
            continue;
        }
        if !is_part_of_a_word(c) {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) && !folded.is_empty() {
            folded.push(' ');
        }
        if c == 'e' && folded.ends_with(['a', 'o', 'u']) {
            continue;
        }
        match plain(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    folded
}

/// Letters that no normal form takes apart. `æ` and `œ` lose their `e` like any other.
const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "a",
        'ø' | 'œ' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn is_part_of_a_word(c: char) -> bool {
    // The letters among the apostrophes, such as the okina.
    let apostrophe = matches!(c, '\u{2b9}'..='\u{2bf}');
    !apostrophe && (c.is_alphanumeric() || is_combining_mark(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_name_in_many_spellings_folds_to_one() {
        for spellings in [
            &["Müller", "Mueller", "Muller", "MÜLLER", "Mu\u{308}ller", " müller "] as &[_],
            &["Zoë", "Zoe", "Zoé"],
            &["Gül", "Guel", "Gul"],
            &["Jäggi", "Jaeggi", "JÄGGI"],
            &["Großmann", "Grossmann", "GROẞMANN"],
            &["Sørensen", "Soerensen", "Sorensen", "Sörensen"],
            &["Łukasz", "Lukasz"],
            &["Đorđe", "Dorde"],
            &["Þóra", "Thora"],
            &["Ægir", "Aegir"],
            &["Ħamrun", "Hamrun"],
            &["Ŧorsten", "Torsten"],
            &["Lebœuf", "Leboeuf"],
            &["D'Angelo", "D’Angelo", "Dʼangelo", "D`Angelo", "d angelo"],
            &["Anna-Maria", "Anna Maria", "anna‐maria", "Anna  Maria", "Anna–Maria"],
            &["İbrahim", "Ibrahim", "ıbrahim"],
            &["Νίκος", "ΝΙΚΟΣ"],
            &["Ａｎｎａ", "Anna", "An\u{200d}na", "An\u{ad}na"],
            &["A.", "A", "a "],
        ] {
            let folded = fold(spellings[0]);
            assert!(spellings.iter().all(|spelling| fold(spelling) == folded), "{folded}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (one, other) in [
            ("Anna", "Anja"),
            ("Julia", "Julian"),
            ("Daniel", "Daniela"),
            ("Manuel", "Manuela"),
            ("Jean-Pierre", "Jean-Luc"),
            ("Leo", "Lea"),
            ("रवि", "रेवा"),
            ("か", "が"),
            ("伟", "丽"),
        ] {
            assert_ne!(fold(one), fold(other));
        }
    }

    #[test]
    fn nothing_but_punctuation_is_no_name() {
        for text in ["", " ", "-", "'.?", "\u{301}", "…"] {
            assert_eq!(fold(text), "");
        }
    }

    #[test]
    fn a_megabyte_folds() {
        assert_eq!(fold(&"ä\u{301}".repeat(300_000)).len(), 300_000);
        assert_eq!(fold(&format!("a{}", "\u{301}".repeat(500_000))), "a");
    }

    proptest! {
        #[test]
        fn a_folded_name_has_nothing_left_to_fold(text in r"\PC{0,20}|[aeouäöüæœßİς\u{300}-\u{36f}\u{591}-\u{5bd}\u{64b}-\u{655}\u{34f}\u{200d} .'-]{0,30}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn any_text_folds(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
