//! A request as a value.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use serde::Serialize;

use crate::url::percent_encode;
use crate::{Authorization, BaseUrl, Error, ErrorKind, Result};

/// What sending the same request twice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// It changes nothing. It may be repeated.
    Safe,
    /// It changes something, but a repetition adds nothing.
    Idempotent,
    /// It must not be sent again once its bytes may have gone out.
    Once,
}

/// What to ask, without any of the machinery that asks it. It can be built, compared and tested
/// without a server.
///
/// ```
/// use sync_http::{BaseUrl, Request};
///
/// let request = Request::get("contacts.duplicate", "/contacts/search/duplicate").query("email", "a+b@x.ch");
/// let base: BaseUrl = "https://api.example".parse()?;
/// assert_eq!(request.url(&base)?, "https://api.example/contacts/search/duplicate?email=a%2Bb%40x.ch");
/// # Ok::<(), sync_http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    endpoint: &'static str,
    method: Method,
    path: String,
    query: Vec<(Cow<'static, str>, String)>,
    headers: HeaderMap,
    body: Bytes,
    idempotency: Idempotency,
    sensitive: bool,
    fault: Option<&'static str>,
}

impl Request {
    /// A request. `endpoint` names it in errors, traces and call counts; `path` starts with a slash, is
    /// already encoded, and is put behind the base URL.
    #[must_use]
    pub fn new(method: Method, endpoint: &'static str, path: impl Into<String>) -> Self {
        let idempotency = if method.is_safe() { Idempotency::Safe } else { Idempotency::Once };
        Self {
            endpoint,
            method,
            path: path.into(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            idempotency,
            sensitive: false,
            fault: None,
        }
    }

    /// A `GET`, [`Idempotency::Safe`].
    #[must_use]
    pub fn get(endpoint: &'static str, path: &str) -> Self {
        Self::new(Method::GET, endpoint, path)
    }

    /// A `POST`, [`Idempotency::Once`] unless told otherwise.
    #[must_use]
    pub fn post(endpoint: &'static str, path: &str) -> Self {
        Self::new(Method::POST, endpoint, path)
    }

    /// A `PUT`, [`Idempotency::Once`] unless told otherwise: between two sendings somebody else may have
    /// written.
    #[must_use]
    pub fn put(endpoint: &'static str, path: &str) -> Self {
        Self::new(Method::PUT, endpoint, path)
    }

    /// A `DELETE`, [`Idempotency::Once`] unless told otherwise.
    #[must_use]
    pub fn delete(endpoint: &'static str, path: &str) -> Self {
        Self::new(Method::DELETE, endpoint, path)
    }

    /// Appends one path segment and encodes it. An empty segment or a dot segment would ask for
    /// something else than was meant, so such a request cannot be sent.
    #[must_use]
    pub fn segment(mut self, segment: &str) -> Self {
        if segment.is_empty() {
            self.fault = Some("an id is empty");
        }
        if !self.path.ends_with('/') {
            self.path.push('/');
        }
        self.path.push_str(&percent_encode(segment));
        self
    }

    /// Adds a query pair; the value is encoded when sent.
    #[must_use]
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets a header that never shows in debug output.
    #[must_use]
    pub fn secret_header(self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.header(name, value)
    }

    /// Sets a body as it is.
    #[must_use]
    pub fn body(mut self, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE, content_type)
    }

    /// Sets a JSON body.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the value has no JSON form.
    pub fn json(self, value: &impl Serialize) -> Result<Self> {
        let endpoint = self.endpoint;
        let body = serde_json::to_vec(value)
            .map_err(|_| Error::new(ErrorKind::Configuration, endpoint).with_message("the request has no JSON form"))?;
        Ok(self.body(HeaderValue::from_static("application/json"), body))
    }

    /// Says what a repetition would do.
    #[must_use]
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// Marks a request that carries credentials: nothing that the vendor says about it gets into an error.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The name of the endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &'static str {
        self.endpoint
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The encoded path behind the base URL.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The headers of this request alone, without credentials.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn body_bytes(&self) -> &Bytes {
        &self.body
    }

    /// What a repetition would do.
    #[must_use]
    pub fn repeats(&self) -> Idempotency {
        self.idempotency
    }

    /// Whether it carries credentials.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// The whole address. It may contain personal data; do not log it.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the path cannot be put behind the base URL.
    pub fn url(&self, base: &BaseUrl) -> Result<String> {
        if let Some(fault) = self.fault.or_else(|| path_fault(&self.path)) {
            return Err(self.unusable(fault));
        }
        let mut url = format!("{base}{}", self.path);
        for (index, (name, value)) in self.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&percent_encode(name));
            url.push('=');
            url.push_str(&percent_encode(value));
        }
        Ok(url)
    }

    /// The request as it goes out.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the path cannot be put behind the base URL.
    pub fn to_http(&self, base: &BaseUrl, authorization: &Authorization) -> Result<http::Request<Bytes>> {
        let uri: http::Uri = self.url(base)?.parse().map_err(|_| self.unusable("the address is not valid"))?;
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        for (name, value) in authorization.headers() {
            request.headers_mut().insert(name, value.clone());
        }
        Ok(request)
    }

    fn unusable(&self, why: &str) -> Error {
        Error::new(ErrorKind::Configuration, self.endpoint).with_message(why)
    }
}

fn path_fault(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("the path does not start with a slash");
    }
    if path.contains(['?', '#', '\\']) {
        return Some("the path contains a reserved character");
    }
    // URL parsers read an encoded dot as a dot.
    let dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    path.split('/').any(dots).then_some("the path contains a dot segment")
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("endpoint", &self.endpoint)
            .field("method", &self.method)
            .field("idempotency", &self.idempotency)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseUrl {
        "https://x.example/api/1.0".parse().unwrap()
    }

    #[test]
    fn is_testable_without_a_server() {
        let authorization = Authorization::bearer("secret".into()).unwrap();
        let request = Request::put("contacts.update", "/contacts")
            .segment("a/b")
            .query("q", "ä b&c")
            .header(HeaderName::from_static("version"), HeaderValue::from_static("2021-07-28"))
            .json(&serde_json::json!({ "email": null }))
            .unwrap();
        let http = request.to_http(&base(), &authorization).unwrap();
        assert_eq!(http.method(), Method::PUT);
        assert_eq!(http.uri(), "https://x.example/api/1.0/contacts/a%2Fb?q=%C3%A4%20b%26c");
        assert_eq!(http.headers()["version"], "2021-07-28");
        assert_eq!(http.headers()["authorization"], "Bearer secret");
        assert!(http.headers()["authorization"].is_sensitive());
        assert_eq!(http.body(), r#"{"email":null}"#);
        assert_eq!(request.repeats(), Idempotency::Once);
    }

    #[test]
    fn a_request_that_would_ask_something_else_is_not_sent() {
        let wrong = [
            Request::get("x", "/contacts").segment(""),
            Request::get("x", "/contacts").segment(".."),
            Request::get("x", "/contacts/%2E%2e/users"),
            Request::get("x", "//evil.example/..%2F"),
            Request::get("x", "@evil.example/"),
            Request::get("x", "/contacts?all=1"),
        ];
        let refused: Vec<_> = wrong.iter().map(|request| request.url(&base()).map_err(|e| e.kind())).collect();
        assert_eq!(refused[3], Ok("https://x.example/api/1.0//evil.example/..%2F".to_owned()));
        for (index, url) in refused.iter().enumerate().filter(|(index, _)| *index != 3) {
            assert_eq!(url, &Err(ErrorKind::Configuration), "{index}");
        }
    }

    #[test]
    fn debug_shows_neither_path_nor_query_nor_body() {
        let request = Request::get("x", "/p").segment("anna").query("email", "anna@x.ch");
        assert!(!format!("{request:?}").contains("anna"));
    }
}
