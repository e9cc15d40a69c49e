//! How e-Physio says no.

use http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use sync_http::budget::RateHeaders;
use sync_http::{Answer, Class, Classify, ErrorKind, Refusal};

use crate::auth::LOGIN;

/// Reads e-Physio's refusals. Of their texts only a JSON pointer to the member at fault is taken over: the rest is free
/// text, which may quote what was sent.
#[derive(Debug)]
pub(crate) struct Ephysio;

impl Classify for Ephysio {
    fn classify(&self, answer: &Answer) -> Class {
        let Some(mut refusal) = Refusal::by_status(answer.status()) else {
            return Class::Pass;
        };
        refusal.message = Body::read(answer.body()).pointer().map(|pointer| format!("at {pointer}"));
        // A login that is refused is not cured by a login.
        if refusal.kind == ErrorKind::Unauthorized && answer.endpoint() != LOGIN {
            return Class::TokenExpired(refusal);
        }
        Class::Failed(refusal)
    }

    fn rate(&self, _: &HeaderMap) -> RateHeaders {
        RateHeaders::default()
    }
}

/// The body of a refusal: `message`, `DETAIL`, both or neither.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    message: Text,
    #[serde(rename = "DETAIL")]
    detail: Text,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Other(IgnoredAny),
}

impl Default for Text {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

impl Body {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    fn pointer(&self) -> Option<&str> {
        [&self.message, &self.detail].into_iter().find_map(|text| match text {
            Text::Text(text) => text.split_whitespace().map(|word| word.trim_end_matches([':', ',', '.'])).find(|word| is_pointer(word)),
            Text::Other(_) => None,
        })
    }
}

fn is_pointer(word: &str) -> bool {
    let name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    word.len() <= 64 && word.strip_prefix('/').is_some_and(|names| names.split('/').all(name))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use sync_http::Request;

    use super::*;

    fn classify(endpoint: &'static str, status: u16, body: &'static str) -> Class {
        let request = Request::post(endpoint, "/x");
        let status = StatusCode::from_u16(status).unwrap();
        Ephysio.classify(&Answer::new(&request, status, HeaderMap::new(), body.into()))
    }

    #[test]
    fn the_member_at_fault_is_named_and_nothing_else() {
        let table = [
            (r#"{"DETAIL":"Validation failed","message":"/street is required"}"#, Some("at /street")),
            (r#"{"DETAIL":"missing /attributes/law: Anna"}"#, Some("at /attributes/law")),
            (r#"{"message":"Anna Muster exists"}"#, None),
            (r#"{"message":"see /a@b.ch"}"#, None),
            (r#"{"message":{"x":1},"DETAIL":null}"#, None),
            ("<html>", None),
        ];
        for (body, expected) in table {
            match classify("patients.create", 400, body) {
                Class::Failed(refusal) => {
                    assert_eq!((refusal.kind, refusal.message.as_deref()), (ErrorKind::Refused, expected), "{body}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_401_asks_for_a_login_unless_it_is_the_login() {
        assert!(matches!(classify("patients.list", 401, ""), Class::TokenExpired(_)));
        assert!(matches!(classify(LOGIN, 401, ""), Class::Failed(_)));
    }
}
