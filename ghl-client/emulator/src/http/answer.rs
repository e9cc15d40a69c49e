//! Answers and their bodies.

use axum::body::Body;
use http::{HeaderValue, Method, Response, StatusCode, Uri, header};
use serde_json::{Value, json};

/// An answer before its trace id and its headers.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Value,
    retry_after: Option<i64>,
}

impl Answer {
    fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after: None }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(crate) fn created(body: Value) -> Self {
        Self::new(StatusCode::CREATED, body)
    }

    fn error(status: StatusCode, message: impl Into<Value>) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        let message: Value = message.into();
        let body = json!({ "statusCode": status.as_u16(), "message": message, "error": reason });
        Self::new(status, body)
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::error(StatusCode::BAD_REQUEST, message)
    }

    /// An unknown contact is a bad request to GHL, not a 404.
    pub(crate) fn unknown_contact(id: &str) -> Self {
        Self::bad_request(&format!("Contact with id {id} not found"))
    }

    /// The refusal of a duplicate names the contact that exists, in `meta` and nowhere else.
    pub(crate) fn duplicate(id: &str, field: &str, name: Option<String>) -> Self {
        let mut meta = json!({ "contactId": id, "matchingField": field });
        if let Some(name) = name {
            meta["contactName"] = Value::from(name);
        }
        let body = json!({
            "statusCode": 400,
            "message": "This location does not allow duplicated contacts.",
            "meta": meta,
        });
        Self::new(StatusCode::BAD_REQUEST, body)
    }

    /// GHL's answer is not documented; its schema knows no 404 here, and this is how it speaks of a contact.
    pub(crate) fn unknown_appointment(id: &str) -> Self {
        Self::bad_request(&format!("Appointment with id {id} not found"))
    }

    pub(crate) fn slot_taken() -> Self {
        Self::bad_request("The slot you have selected is no longer available.")
    }

    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::error(StatusCode::UNAUTHORIZED, message)
    }

    pub(crate) fn wrong_location() -> Self {
        let message = "The token does not have access to this location.";
        Self::error(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn no_route(method: &Method, uri: &Uri) -> Self {
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        Self::no_such_path(method.as_str(), target)
    }

    pub(crate) fn no_such_path(method: &str, path: &str) -> Self {
        Self::error(StatusCode::NOT_FOUND, format!("Cannot {method} {path}"))
    }

    /// A refusal of the token endpoint, which speaks as OAuth wants it. GHL has published no list of them.
    pub(crate) fn oauth(status: u16, error: &str, description: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(status, json!({ "error": error, "error_description": description }))
    }

    pub(crate) fn too_large() -> Self {
        Self::error(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large")
    }

    /// The message of a 422 is a list, even of one.
    pub(crate) fn unprocessable(complaint: &str) -> Self {
        Self::unprocessable_all(vec![complaint.to_owned()])
    }

    pub(crate) fn unprocessable_all(complaints: Vec<String>) -> Self {
        Self::error(StatusCode::UNPROCESSABLE_ENTITY, complaints)
    }

    pub(crate) fn too_many(retry_after: Option<i64>) -> Self {
        let mut answer = Self::error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        answer.retry_after = retry_after;
        answer
    }

    pub(crate) fn finish(mut self, trace_id: &str, headers: Vec<(&'static str, String)>) -> Response<Body> {
        if let Some(body) = self.body.as_object_mut() {
            body.insert("traceId".to_owned(), Value::from(trace_id));
        }
        let mut response = Response::new(Body::from(self.body.to_string()));
        *response.status_mut() = self.status;
        let sent = response.headers_mut();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        sent.insert(header::CONTENT_TYPE, json);
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                sent.insert(name, value);
            }
        }
        if let Some(seconds) = self.retry_after {
            sent.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
