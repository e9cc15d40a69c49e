//! How GHL says no.

mod wording;

pub(crate) use wording::is_slot_refusal;

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use sync_http::budget::RateHeaders;
use sync_http::{Answer, Class, Classify, ErrorKind, Existing, Refusal};

/// Reads GHL's refusals. Statuses alone mislead here: an unknown contact is a 400, a missing version a 401, and
/// only some 401s are cured by another token.
#[derive(Debug)]
pub(crate) struct Ghl;

impl Classify for Ghl {
    fn classify(&self, answer: &Answer) -> Class {
        let Some(mut refusal) = Refusal::by_status(answer.status()) else {
            return Class::Pass;
        };
        let body = Body::read(answer.body());
        let texts = body.texts();
        refusal.trace_id = body.trace_id.filter(|id| is_id(id));
        refusal.message = wording::safe(&texts);
        let text = texts.first().map(String::as_str).unwrap_or_default();
        let expired = answer.status() == StatusCode::UNAUTHORIZED && wording::is_about_the_token(text);
        if let Some(kind) = wording::kind(answer.status(), text) {
            refusal.kind = kind;
        }
        if refusal.kind == ErrorKind::Conflict {
            refusal.existing = body.meta.and_then(Meta::existing);
        }
        if expired { Class::TokenExpired(refusal) } else { Class::Failed(refusal) }
    }

    fn rate(&self, headers: &HeaderMap) -> RateHeaders {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        RateHeaders {
            limit: number("x-ratelimit-max"),
            remaining: number("x-ratelimit-remaining"),
            interval: number("x-ratelimit-interval-milliseconds").map(|ms| Duration::from_millis(ms.into())),
            daily_remaining: number("x-ratelimit-daily-remaining"),
        }
    }
}

/// The body of a refusal, in all shapes that were seen: one message or a list; `error` as text, or as the
/// object `{code, message}`. What is not there or has another type counts as not said.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    message: Option<Message>,
    error: Option<Reason>,
    trace_id: Option<String>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    One(String),
    Many(Vec<String>),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Reason {
    Text(String),
    Object { message: String },
    Other(serde::de::IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Meta {
    contact_id: Option<String>,
    matching_field: Option<String>,
}

impl Body {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    fn texts(&self) -> Vec<String> {
        match (&self.message, &self.error) {
            (Some(Message::One(text)), _) => vec![text.clone()],
            (Some(Message::Many(texts)), _) => texts.clone(),
            (_, Some(Reason::Object { message } | Reason::Text(message))) => vec![message.clone()],
            _ => Vec::new(),
        }
    }
}

impl Meta {
    fn existing(self) -> Option<Existing> {
        let id = self.contact_id.filter(|id| is_id(id))?;
        Some(Existing { id, field: self.matching_field.filter(|field| is_id(field)) })
    }
}

// Ids and names of fields; nothing that a person could have typed.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sync_http::Request;

    use super::*;

    fn classify(status: u16, body: &Value) -> Class {
        let request = Request::post("contacts.create", "/contacts/");
        let status = StatusCode::from_u16(status).unwrap();
        Ghl.classify(&Answer::new(&request, status, HeaderMap::new(), body.to_string().into()))
    }

    fn refusal(status: u16, body: &Value) -> Refusal {
        match classify(status, body) {
            Class::Failed(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_ghl_says_is_what_it_means() {
        use ErrorKind::*;
        let table = [
            (400, "This location does not allow duplicated contacts.", Conflict),
            (400, "Contact with id seD4PfOuKoVMLkEZqohJ not found", NotFound),
            (400, "The slot you have selected is no longer available.", Conflict),
            (422, "The slot you have selected is no longer available", Conflict),
            (400, "Appointment with id ocQHyuzHvysMo5N5VsXc not found", NotFound),
            (400, "Calendar with id ocQHyuzHvysMo5N5VsXc not found", Refused),
            (422, "The user id not part of calendar team.", Refused),
            (400, "Invalid field gender", Refused),
            (400, "Endpoint /oauth/locationToken is not available in API version v3", Configuration),
            (400, "Invalid API version segment", Configuration),
            (401, "version header was not found.", Configuration),
            (401, "version header is invalid", Configuration),
            (401, "The token is not authorized for this scope.", Forbidden),
            (401, "Token's user type mismatch!", Forbidden),
            (401, "This authClass type is not allowed to access this scope.", Forbidden),
            (401, "The token does not have access to this location.", Forbidden),
            (401, "Something new", Unauthorized),
            (403, "The token does not have access to this location.", Forbidden),
            (404, "Cannot GET /contactss/", Configuration),
            (404, "No such thing", NotFound),
            (422, "locationId must be a string", Refused),
            (429, "Too Many Requests", RateLimited),
            (502, "Bad Gateway", Server),
        ];
        for (status, text, kind) in table {
            assert_eq!(refusal(status, &json!({ "message": text, "statusCode": status })).kind, kind, "{status} {text}");
        }
    }

    #[test]
    fn only_a_refusal_of_the_token_asks_for_another_one() {
        for text in ["Invalid JWT", "Invalid token: access token is invalid", "Invalid Private Integration token"] {
            let class = classify(401, &json!({ "message": text, "error": "Unauthorized" }));
            assert!(matches!(class, Class::TokenExpired(_)), "{text}");
        }
        assert!(matches!(classify(401, &Value::Null), Class::TokenExpired(_)), "a 401 without a word");
    }

    #[test]
    fn a_duplicate_names_the_contact_that_exists() {
        let body = json!({
            "statusCode": 400,
            "message": "This location does not allow duplicated contacts.",
            "meta": { "contactId": "abc123", "matchingField": "email", "contactName": "Anna Muster" },
            "traceId": "t-1",
        });
        let refusal = refusal(400, &body);
        assert_eq!(refusal.existing, Some(Existing { id: "abc123".into(), field: Some("email".into()) }));
        assert_eq!(refusal.trace_id.as_deref(), Some("t-1"));
        assert!(!format!("{refusal:?}").contains("Anna"));
    }

    #[test]
    fn a_message_gets_through_only_if_it_cannot_name_a_person() {
        let table = [
            (json!(["property gender should not exist"]), Some("property gender should not exist")),
            (json!(["email must be an email", "tags must be an array"]), Some("email must be an email; tags must be an array")),
            (json!("Anna Muster should not exist"), None),
            (json!(["email must be an email", "anna@x.ch is taken"]), None),
            (json!({ "odd": 1 }), None),
        ];
        for (message, expected) in table {
            assert_eq!(refusal(422, &json!({ "message": message })).message.as_deref(), expected, "{message}");
        }
    }

    #[test]
    fn other_shapes_are_read_too() {
        let aip = json!({ "error": { "code": "x", "message": "Invalid JWT" } });
        assert!(matches!(classify(401, &aip), Class::TokenExpired(_)));
        let nest = json!({ "status": 400, "message": "MongoError: x", "name": "HttpException", "traceId": "t" });
        assert_eq!(refusal(400, &nest).kind, ErrorKind::Refused);
        let html = Answer::new(&Request::get("x", "/"), StatusCode::BAD_GATEWAY, HeaderMap::new(), "<html>".into());
        assert!(matches!(Ghl.classify(&html), Class::Failed(Refusal { kind: ErrorKind::Server, .. })));
    }

    #[test]
    fn the_rate_headers_are_read() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-ratelimit-max", "100"),
            ("x-ratelimit-remaining", "97"),
            ("x-ratelimit-interval-milliseconds", "10000"),
            ("x-ratelimit-limit-daily", "200000"),
            ("x-ratelimit-daily-remaining", "0"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let expected =
            RateHeaders { limit: Some(100), remaining: Some(97), interval: Some(Duration::from_secs(10)), daily_remaining: Some(0) };
        assert_eq!(Ghl.rate(&headers), expected);
    }
}
