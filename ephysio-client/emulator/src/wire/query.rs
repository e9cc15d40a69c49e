//! The part behind the question mark.

/// The value of a pair as sent. Ids, numbers and words need no decoding.
pub(crate) fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
