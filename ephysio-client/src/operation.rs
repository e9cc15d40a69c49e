//! Calls that are not publicly documented, described by configuration.

mod template;

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use sync_http::{Answer, Error, ErrorKind, Request, Result, Verdict};

use crate::Client;
use template::Template;

/// All calls that are not publicly documented. Each is off until it is described and switched on. An example in TOML, of calls
/// that are likely and not proven:
///
#[doc = concat!("```toml\n", include_str!("operation/example.toml"), "```")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operations {
    /// Changes a patient.
    pub update_patient: Operation,
    /// Changes an event.
    pub update_event: Operation,
    /// Moves an event.
    pub move_event: Operation,
    /// Cancels an event: by a call of its own, or by one that sets a status (`set`).
    pub cancel_event: Operation,
}

/// One such call. In TOML:
///
/// ```
/// # let text = r#"
/// support = "enabled"         # disabled | dry_run | enabled
/// method = "PUT"
/// path = "/patients/{id}"     # {id} and {patient_id} are filled in and encoded
/// query = { notify = "false" }
/// body = "patch"              # none | patch | full
/// id_in_body = false          # whether the body names the id as well
/// set = { status = 1 }        # further members of the body, as they are
/// success = [200, 204]        # other answers count as unknown outcome
/// verify = "listed"           # none | listed
/// # "#;
/// # let operation: ephysio_client::Operation = toml::from_str(text).unwrap();
/// # assert!(operation.is_enabled());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Description")]
pub struct Operation {
    support: Support,
    method: Method,
    path: Template,
    query: Vec<(String, Template)>,
    body: BodyForm,
    id_in_body: bool,
    set: Map<String, Value>,
    success: Vec<StatusCode>,
    verify: Verify,
}

/// Whether a call is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// It is not.
    #[default]
    Disabled,
    /// It is put together and then not sent.
    DryRun,
    /// It is.
    Enabled,
}

/// What the body contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyForm {
    /// There is none.
    None,
    /// What changes.
    #[default]
    Patch,
    /// The whole record with the changes.
    Full,
}

/// How to find out whether the call has had its effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Its answer is trusted.
    None,
    /// By a list that was asked for afterwards.
    #[default]
    Listed,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Performed {
    /// It was made, and answered with success.
    Done,
    /// It would have been made like this.
    DryRun {
        /// The method.
        method: Method,
        /// The path with its values.
        path: String,
    },
}

/// What templates are filled with.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) id: &'a str,
    pub(crate) patient_id: &'a str,
}

/// An operation as it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    #[serde(default)]
    support: Support,
    method: String,
    path: String,
    #[serde(default)]
    query: BTreeMap<String, String>,
    #[serde(default)]
    body: BodyForm,
    #[serde(default)]
    id_in_body: bool,
    #[serde(default)]
    set: Map<String, Value>,
    #[serde(default = "usual_success")]
    success: Vec<u16>,
    #[serde(default)]
    verify: Verify,
}

/// The parameter by which a call about one event changes all events of its series.
const SERIES: &str = "changeSeries";

fn usual_success() -> Vec<u16> {
    vec![200, 201, 204]
}

impl Default for Operation {
    /// Not described, and disabled.
    fn default() -> Self {
        Self {
            support: Support::Disabled,
            method: Method::PUT,
            path: Template::default(),
            query: Vec::new(),
            body: BodyForm::Patch,
            id_in_body: false,
            set: Map::new(),
            success: Vec::new(),
            verify: Verify::Listed,
        }
    }
}

impl TryFrom<Description> for Operation {
    type Error = String;

    fn try_from(description: Description) -> Result<Self, String> {
        let Description { support, method, path, query, body, id_in_body, set, success, verify } = description;
        if body == BodyForm::None && !set.is_empty() {
            return Err("set: there is no body to set something in".to_owned());
        }
        // One event was changed on the other side, so one event is changed here, whatever series it belongs to.
        if query.get(SERIES).is_some_and(|value| value != "false") || set.get(SERIES).is_some_and(|value| *value != Value::Bool(false)) {
            return Err(format!("{SERIES}: a whole series is never changed"));
        }
        let query = query.into_iter().map(|(name, value)| {
            let template = Template::parse(&value).map_err(|why| format!("query {name}: {why}"))?;
            Ok((name, template))
        });
        Ok(Self {
            support,
            method: parse_method(&method)?,
            path: Template::parse_path(&path).map_err(|why| format!("path: {why}"))?,
            query: query.collect::<Result<_, String>>()?,
            body,
            id_in_body,
            set,
            success: success.into_iter().map(parse_success).collect::<Result<_, _>>()?,
            verify,
        })
    }
}

fn parse_method(method: &str) -> Result<Method, String> {
    match method {
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        other => Err(format!("method: {other} is none of POST, PUT, PATCH, DELETE")),
    }
}

fn parse_success(status: u16) -> Result<StatusCode, String> {
    let status = StatusCode::from_u16(status).ok().filter(StatusCode::is_success);
    status.ok_or_else(|| "success: only statuses from 200 to 299 can be a success".to_owned())
}

impl Operation {
    /// Whether it is made, pretended or neither.
    #[must_use]
    pub fn support(&self) -> Support {
        self.support
    }

    /// Whether it is made.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.support == Support::Enabled
    }

    /// What its body contains.
    #[must_use]
    pub fn body(&self) -> BodyForm {
        self.body
    }

    /// How to find out whether it has had its effect.
    #[must_use]
    pub fn verify(&self) -> Verify {
        self.verify
    }

    fn request(&self, endpoint: &'static str, values: Values<'_>, mut body: Map<String, Value>) -> Result<Request> {
        if values.id.is_empty() || values.patient_id.is_empty() {
            return Err(Error::new(ErrorKind::Configuration, endpoint).with_message("an id is empty"));
        }
        let mut request = Request::new(self.method.clone(), endpoint, self.path.fill_encoded(values));
        for (name, template) in &self.query {
            request = request.query(name.clone(), template.fill(values));
        }
        if self.body == BodyForm::None {
            return Ok(request);
        }
        if self.id_in_body {
            let id = values.id.parse::<u64>().map_or_else(|_| Value::from(values.id), Value::from);
            body.insert("id".to_owned(), id);
        }
        body.extend(self.set.clone());
        request.json(&body)
    }
}

impl Client {
    pub(crate) async fn perform(
        &self,
        endpoint: &'static str,
        operation: &Operation,
        values: Values<'_>,
        body: Map<String, Value>,
    ) -> Result<Performed> {
        if operation.support == Support::Disabled {
            let error = Error::new(ErrorKind::Disabled, endpoint);
            return Err(error.with_message("how e-Physio does this is not publicly documented; describe it in the configuration"));
        }
        let request = operation.request(endpoint, values, body)?;
        if operation.support == Support::DryRun {
            return Ok(Performed::DryRun { method: request.method().clone(), path: request.path().to_owned() });
        }
        let answer = self.send(&request).await?;
        let unexpected = match operation.success.contains(&answer.status()) {
            true if !is_web_page(&answer) => return Ok(Performed::Done),
            true => "a web page came instead of an answer; look whether e-Physio is under maintenance",
            false => "this status is not described as a success of the operation",
        };
        // Something happened, but not what was described.
        let error = Error::new(ErrorKind::Decode, endpoint).with_status(answer.status()).with_verdict(Verdict::Unknown);
        Err(error.with_message(unexpected))
    }
}

/// Something in front of e-Physio answered, such as a page about maintenance: with status 200 too, whatever became of the request.
fn is_web_page(answer: &Answer) -> bool {
    answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sync_http::Idempotency;

    use super::*;

    const VALUES: Values<'_> = Values { id: "4/2?", patient_id: "7" };

    fn parse(text: &str) -> Result<Operation, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn values_are_encoded_and_the_request_is_never_repeated() {
        let text = r#"
            method = "DELETE"
            path = "/events/{id}/of/{patient_id}"
            query = { ids = "{id}", changeSeries = "false" }
            body = "none"
        "#;
        let request = parse(text).unwrap().request("events.cancel", VALUES, Map::new()).unwrap();
        let base = "https://x.example/api/1.0".parse().unwrap();
        let url = "https://x.example/api/1.0/events/4%2F2%3F/of/7?changeSeries=false&ids=4%2F2%3F";
        assert_eq!(request.url(&base).unwrap(), url);
        assert_eq!((request.method(), request.repeats()), (&Method::DELETE, Idempotency::Once));
        assert!(request.body_bytes().is_empty());
    }

    #[test]
    fn a_body_may_name_the_id_and_what_is_set() {
        let operation = parse("method = 'POST'\npath = '/patients'\nid_in_body = true\nset = { status = 1 }").unwrap();
        let values = Values { id: "12", patient_id: "12" };
        let body = json!({ "city": "Bern" }).as_object().unwrap().clone();
        let request = operation.request("patients.update", values, body).unwrap();
        let sent: Value = serde_json::from_slice(request.body_bytes()).unwrap();
        assert_eq!(sent, json!({ "id": 12, "city": "Bern", "status": 1 }));
    }

    #[test]
    fn a_dot_as_an_id_leads_nowhere() {
        let operation = parse("method = 'PUT'\npath = '/patients/{id}'").unwrap();
        let base = "https://x.example".parse().unwrap();
        for id in ["..", ".", ""] {
            let request = operation.request("x", Values { id, patient_id: id }, Map::new());
            assert!(request.and_then(|request| request.url(&base)).is_err(), "{id:?}");
        }
    }

    #[test]
    fn mistakes_are_told_in_words() {
        let table = [
            ("method = 'GET'\npath = '/x'", "method: GET is none of POST, PUT, PATCH, DELETE"),
            ("method = 'PUT'\npath = 'https://evil.example/x'", "path: it does not start with one slash"),
            ("method = 'PUT'\npath = '//evil.example/x'", "path: it does not start with one slash"),
            ("method = 'PUT'\npath = '/a/../b'", "path: it contains a dot segment"),
            ("method = 'PUT'\npath = '/a/%2e%2E/b'", "path: it contains a dot segment"),
            ("method = 'PUT'\npath = '/a?b=c'", "path: it contains the character '?'"),
            ("method = 'PUT'\npath = '/a/{name}'", "path: {name} is not known; there are {id} and {patient_id}"),
            ("method = 'PUT'\npath = '/a/{id'", "path: a brace is not closed"),
            ("method = 'PUT'\npath = '/a'\nquery = { q = '{x}' }", "query q: {x} is not known; there are {id} and {patient_id}"),
            ("method = 'PUT'\npath = '/a'\nbody = 'none'\nset = { status = 1 }", "set: there is no body to set something in"),
            ("method = 'PUT'\npath = '/a'\nquery = { changeSeries = 'true' }", "changeSeries: a whole series is never changed"),
            ("method = 'PUT'\npath = '/a'\nset = { changeSeries = true }", "changeSeries: a whole series is never changed"),
            ("method = 'PUT'\npath = '/a'\nsuccess = [302]", "success: only statuses from 200 to 299 can be a success"),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).unwrap_err().trim_end(), expected, "{text}");
        }
        for text in ["path = '/a'", "method = 'PUT'\npath = '/a'\nhost = 'x'", "method = 'PUT'\npath = '/a'\nsupport = 'on'"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn operations_are_disabled_until_described() {
        let Operations { update_patient, update_event, move_event, cancel_event } = toml::from_str("").unwrap();
        for operation in [update_patient, update_event, move_event, cancel_event] {
            assert_eq!(operation.support(), Support::Disabled);
        }
        assert!(toml::from_str::<Operations>("[erase_everything]").is_err());
    }
}
