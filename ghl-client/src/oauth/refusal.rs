//! How the token endpoint says no.

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use sync_http::budget::RateHeaders;
use sync_http::{Answer, Class, Classify, ErrorKind, Refusal};

/// Reads the refusals of the token endpoint. GHL has published no list of them. None of them is cured by another access token.
#[derive(Debug)]
pub(super) struct Refusals;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    error: Value,
    #[serde(rename = "error_description")]
    description: Value,
    message: Value,
    trace_id: Value,
}

impl Classify for Refusals {
    fn classify(&self, answer: &Answer) -> Class {
        let Some(mut refusal) = Refusal::by_status(answer.status()) else {
            return Class::Pass;
        };
        let body: Body = serde_json::from_slice(answer.body()).unwrap_or_default();
        if let Some(kind) = body.kind(answer.status()) {
            refusal.kind = kind;
        }
        refusal.trace_id = body.trace_id.as_str().filter(|id| crate::error::is_id(id)).map(str::to_owned);
        Class::Failed(refusal)
    }

    // What GHL counts is the calls of a location; nothing is said about this endpoint.
    fn rate(&self, _: &HeaderMap) -> RateHeaders {
        RateHeaders::default()
    }
}

impl Body {
    /// What it means beyond its status. [`ErrorKind::Unauthorized`] is a code or a refresh token that is not good, or not any more.
    fn kind(&self, status: StatusCode) -> Option<ErrorKind> {
        if !matches!(status.as_u16(), 400 | 401) {
            return None;
        }
        let text =
            [&self.error, &self.description, &self.message].map(|part| part.as_str().unwrap_or_default()).join(" ").to_ascii_lowercase();
        let has = |part: &str| text.contains(part);
        if has("invalid_grant") || has("refresh token") || has("authorization code") {
            return Some(ErrorKind::Unauthorized);
        }
        if has("invalid_client") || has("version header") || has("api version") {
            return Some(ErrorKind::Configuration);
        }
        // Seen of locations that the agency has suspended.
        if has("location is not active") || has("user type mismatch") || has("authclass") || has("access to this location") {
            return Some(ErrorKind::Forbidden);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sync_http::Request;

    use super::*;

    #[test]
    fn what_the_token_endpoint_says_is_what_it_means() {
        use ErrorKind::*;
        let table = [
            (400, json!({ "error": "invalid_grant", "error_description": "This refresh token is invalid" }), Unauthorized),
            (401, json!({ "error": "invalid_grant" }), Unauthorized),
            (401, json!({ "error": "UnAuthorized!", "error_description": "Authorization code not found" }), Unauthorized),
            (401, json!({ "error": "invalid_client" }), Configuration),
            (401, json!({ "message": "version header was not found." }), Configuration),
            (400, json!({ "message": "Location is not active", "statusCode": 400 }), Forbidden),
            (401, json!({ "message": "Token's user type mismatch!" }), Forbidden),
            (400, json!({ "error": { "code": "x" } }), Refused),
            (401, json!(null), Unauthorized),
            (422, json!({ "message": ["grant_type must be a valid enum value"] }), Refused),
            (429, json!({ "error": "invalid_grant" }), RateLimited),
            (502, json!("invalid_grant"), Server),
        ];
        for (status, body, kind) in table {
            let request = Request::post("oauth.token", "/oauth/token");
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer::new(&request, status, HeaderMap::new(), body.to_string().into());
            assert_eq!(Refusals.classify(&answer), Class::Failed(Refusal::new(kind)), "{status} {body}");
        }
    }
}
