//! GHL's wording: what a text means, and whether it may be shown.

use http::StatusCode;
use sync_http::{Error, ErrorKind};

/// How GHL says that a time is not free. Mostly it comes with 400; 422 was seen too.
const SLOT_REFUSAL: &str = "slot you have selected is no longer available";

/// What a text means beyond its status. GHL has published no list; these were seen.
pub(super) fn kind(status: StatusCode, text: &str) -> Option<ErrorKind> {
    let text = text.to_ascii_lowercase();
    let has = |part: &str| text.contains(part);
    match status.as_u16() {
        400 | 401 if has("version header") || has("api version") => Some(ErrorKind::Configuration),
        400 if has("does not allow duplicated contacts") => Some(ErrorKind::Conflict),
        400 | 422 if has(SLOT_REFUSAL) => Some(ErrorKind::Conflict),
        400 if names_a_record(&text) && text.ends_with(" not found") => Some(ErrorKind::NotFound),
        401 if has("scope") || has("user type mismatch") || has("access to this location") => Some(ErrorKind::Forbidden),
        // A wrong path or version. It must not pass for a record that is gone.
        404 if text.starts_with("cannot ") => Some(ErrorKind::Configuration),
        _ => None,
    }
}

/// Whether it is the refusal of a time that is not free; every word of it is known, so it gets through as a message.
pub(crate) fn is_slot_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict && error.message().is_some_and(|text| text.to_ascii_lowercase().contains(SLOT_REFUSAL))
}

/// Whether it speaks of a record that has an id. That a calendar or a user is unknown must not pass for a record that is gone.
fn names_a_record(text: &str) -> bool {
    ["contact with id ", "appointment with id ", "event with id "].iter().any(|start| text.starts_with(start))
}

/// Whether a 401 is about the token itself, so that another token may help. A 401 without a word counts.
pub(super) fn is_about_the_token(text: &str) -> bool {
    if kind(StatusCode::UNAUTHORIZED, text).is_some() {
        return false;
    }
    let text = text.to_ascii_lowercase();
    text.is_empty() || text.contains("jwt") || (text.contains("token") && (text.contains("invalid") || text.contains("expired")))
}

/// The texts, if they consist of words that cannot name a person. GHL quotes what was sent in some of its
/// messages, so a text is innocent only if every word of it is known.
pub(super) fn safe(texts: &[String]) -> Option<String> {
    let innocent = |text: &String| text.split_whitespace().all(is_known);
    (!texts.is_empty() && texts.iter().all(innocent)).then(|| texts.join("; "))
}

fn is_known(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ':', '!']);
    WORDS.contains(&word.to_ascii_lowercase().as_str()) || FIELDS.contains(&word)
}

const WORDS: &[&str] = &[
    "a",
    "access",
    "accessible",
    "after",
    "allow",
    "allowed",
    "already",
    "an",
    "and",
    "api",
    "appointment",
    "are",
    "array",
    "at",
    "authclass",
    "authorized",
    "available",
    "bad",
    "be",
    "before",
    "boolean",
    "calendar",
    "characters",
    "contact",
    "contacts",
    "date",
    "does",
    "duplicated",
    "each",
    "email",
    "empty",
    "endpoint",
    "equal",
    "error",
    "event",
    "exist",
    "expired",
    "field",
    "fields",
    "following",
    "for",
    "format",
    "found",
    "gateway",
    "greater",
    "have",
    "header",
    "id",
    "in",
    "integer",
    "internal",
    "invalid",
    "is",
    "iso",
    "item",
    "jwt",
    "least",
    "less",
    "limit",
    "list",
    "location",
    "long",
    "longer",
    "many",
    "mismatch",
    "must",
    "no",
    "not",
    "null",
    "number",
    "object",
    "of",
    "one",
    "part",
    "or",
    "phone",
    "private",
    "integration",
    "property",
    "request",
    "requests",
    "required",
    "scope",
    "segment",
    "selected",
    "server",
    "service",
    "should",
    "slot",
    "string",
    "supported",
    "team",
    "than",
    "the",
    "this",
    "to",
    "token",
    "token's",
    "too",
    "type",
    "unauthorized",
    "unprocessable",
    "unsupported",
    "user",
    "valid",
    "value",
    "values",
    "version",
    "was",
    "with",
    "you",
    "entity",
];

const FIELDS: &[&str] = &[
    "address1",
    "appointmentStatus",
    "assignedTo",
    "assignedUserId",
    "calendarId",
    "city",
    "companyName",
    "contactId",
    "country",
    "customFields",
    "dataType",
    "dateOfBirth",
    "dnd",
    "dndSettings",
    "endTime",
    "field_value",
    "fieldValue",
    "filters",
    "firstName",
    "gender",
    "group",
    "key",
    "lastName",
    "locationId",
    "model",
    "name",
    "operator",
    "page",
    "pageLimit",
    "postalCode",
    "query",
    "searchAfter",
    "sort",
    "source",
    "startTime",
    "state",
    "tags",
    "timezone",
    "title",
    "website",
];
