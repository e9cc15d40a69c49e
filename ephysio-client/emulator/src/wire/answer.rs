//! Answers and refusals.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer with a JSON body.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Serialising to memory fails only for maps whose keys are no strings; there are none.
    let body = serde_json::to_vec(body).unwrap_or_default();
    json_bytes(status, Body::from(body))
}

/// An answer whose body is JSON already.
pub(crate) fn json_bytes(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// A refusal. Its body has `DETAIL` and `message`; where a member of the body is to blame, `message`
/// begins with a JSON pointer to it.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    detail: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", message.to_owned())
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message.to_owned())
    }

    pub(crate) fn not_found(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", message)
    }

    pub(crate) fn conflict(message: String) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", message)
    }

    pub(crate) fn not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", "no such method".to_owned())
    }

    /// A body, or a query, that does not fit; the status is one of the unknowns.
    pub(crate) fn invalid(status: u16, wrong: &Wrong) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(status, "Validation failed", format!("/{} {}", wrong.member, wrong.problem))
    }

    fn new(status: StatusCode, detail: &'static str, message: String) -> Self {
        Self { status, detail, message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json(self.status, &json!({ "DETAIL": self.detail, "message": self.message }))
    }
}

/// What is wrong with which member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) member: &'static str,
    pub(crate) problem: &'static str,
}

impl Wrong {
    pub(crate) const fn new(member: &'static str, problem: &'static str) -> Self {
        Self { member, problem }
    }
}

/// The body of a request as an object.
pub(crate) fn object(headers: &HeaderMap, body: &[u8], invalid: u16) -> Result<Map<String, Value>, Refusal> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.starts_with("application/json") {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refusal::new(status, "Unsupported media type", "the body must be JSON".to_owned()));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::invalid(invalid, &Wrong::new("", "must be an object"))),
        Err(_) => Err(Refusal::invalid(invalid, &Wrong::new("", "must be JSON"))),
    }
}

pub(crate) async fn no_such_path() -> Refusal {
    Refusal::not_found("no such path".to_owned())
}

pub(crate) async fn no_such_method() -> Refusal {
    Refusal::not_allowed()
}
