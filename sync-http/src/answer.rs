//! A buffered answer.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::error::Category;

use crate::{Error, ErrorKind, Idempotency, Request, Result, Verdict};

/// What the server answered, whole. Its debug output shows neither headers nor body.
#[derive(Clone)]
pub struct Answer {
    endpoint: &'static str,
    idempotency: Idempotency,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// An answer to `request`.
    #[must_use]
    pub fn new(request: &Request, status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { endpoint: request.endpoint(), idempotency: request.repeats(), status, headers, body }
    }

    /// The name of the endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &'static str {
        self.endpoint
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] with the place in the body, never its content. The verdict is
    /// [`Verdict::Unknown`] if the request must not be repeated; the server has said yes, after all.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        decode(self.endpoint, &self.body).map_err(|error| {
            let error = error.with_status(self.status);
            if self.idempotency == Idempotency::Once { error.with_verdict(Verdict::Unknown) } else { error }
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("endpoint", &self.endpoint)
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Reads JSON that came from `endpoint`, such as one element of a listing.
///
/// # Errors
/// [`ErrorKind::Decode`]: permanent if it is JSON of another shape, temporary if it is no JSON at all (a
/// proxy's page in HTML). The message names the place; serde's own words would quote the value.
pub fn decode<'a, T: Deserialize<'a>>(endpoint: &'static str, json: &'a [u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let found = serde_path_to_error::deserialize(&mut reader);
    let (place, category) = match found {
        Ok(value) => match reader.end() {
            Ok(()) => return Ok(value),
            Err(error) => (".".to_owned(), error.classify()),
        },
        Err(error) => (error.path().to_string(), error.inner().classify()),
    };
    let error = Error::new(ErrorKind::Decode, endpoint);
    Err(match category {
        Category::Data => error.with_message(format!("unexpected JSON at {place}")),
        _ => error.with_message("it is not JSON, or not all of it").with_verdict(Verdict::Temporary { retry_after: None }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decode_error_names_the_place_and_hides_the_value() {
        #[derive(Debug, Deserialize)]
        struct Patient {
            #[expect(dead_code, reason = "only its type matters")]
            zip: u32,
        }
        let error = decode::<Vec<Patient>>("patients.list", br#"[{"zip":"Anna"}]"#).unwrap_err();
        assert_eq!(error.message(), Some("unexpected JSON at [0].zip"));
        assert_eq!(error.verdict(), Verdict::Permanent);
        assert!(!format!("{error:?} {error}").contains("Anna"));
    }

    #[test]
    fn a_page_in_html_is_temporary() {
        let error = decode::<Vec<u8>>("patients.list", b"<html>").unwrap_err();
        assert_eq!(error.verdict(), Verdict::Temporary { retry_after: None });
    }
}
