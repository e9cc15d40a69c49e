//! A client that knows nothing but JSON.

use axum::body::Body;
use emulator_kit::{Clock, Stage};
use ghl_emulator::{Config, Emulator};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) struct Api {
    pub(crate) emulator: Emulator,
    stage: Stage,
    headers: Vec<(&'static str, String)>,
}

pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    /// An emulator whose clock stands at the epoch unless a test or the runtime moves it.
    pub(crate) fn with(config: Config) -> Self {
        let clock = Clock::starting_at(std::time::SystemTime::UNIX_EPOCH.into());
        let emulator = Emulator::new(Config { clock, ..config });
        let stage = emulator.stage();
        let headers = vec![
            ("version", "2021-07-28".to_owned()),
            ("authorization", "Bearer pit-demo".to_owned()),
            ("content-type", "application/json".to_owned()),
        ];
        Self { emulator, stage, headers }
    }

    pub(crate) fn header(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.headers.retain(|(present, _)| *present != name);
        self.headers.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    pub(crate) async fn call(&self, method: &str, target: &str, body: Value) -> Got {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Posts a form, with the version of this client and perhaps a token.
    pub(crate) async fn form(&self, target: &str, token: Option<&str>, pairs: &[(&str, &str)]) -> Got {
        let mut request = Request::post(target).header("content-type", "application/x-www-form-urlencoded");
        if let Some((name, version)) = self.headers.iter().find(|(name, _)| *name == "version") {
            request = request.header(*name, version);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Got {
        let response = self.stage.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Got { status: parts.status, headers: parts.headers, body: serde_json::from_slice(&body).unwrap() }
    }

    pub(crate) async fn get(&self, target: &str) -> Got {
        self.call("GET", target, Value::Null).await
    }

    /// Calls with a body that names the location.
    pub(crate) async fn here(&self, method: &str, target: &str, mut body: Value) -> Got {
        body["locationId"] = json!("loc-demo");
        self.call(method, target, body).await
    }

    /// Creates a contact and returns its id.
    pub(crate) async fn create(&self, body: Value) -> String {
        let got = self.here("POST", "/contacts/", body).await;
        assert_eq!(got.status, 201, "{}", got.body);
        got.body["contact"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn contact(&self, id: &str) -> Value {
        let got = self.get(&format!("/contacts/{id}")).await;
        assert_eq!(got.status, 200, "{}", got.body);
        got.body["contact"].clone()
    }

    pub(crate) async fn put(&self, id: &str, body: Value) -> Got {
        self.call("PUT", &format!("/contacts/{id}"), body).await
    }

    pub(crate) async fn search(&self, mut body: Value) -> Got {
        if body.get("pageLimit").is_none() {
            body["pageLimit"] = json!(20);
        }
        self.here("POST", "/contacts/search", body).await
    }

    /// The first names that a search finds, in order.
    pub(crate) async fn found(&self, body: Value) -> Vec<String> {
        let got = self.search(body).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let contacts = got.body["contacts"].as_array().unwrap().iter();
        let name = |contact: &Value| contact["firstName"].as_str().unwrap().to_owned();
        contacts.map(name).collect()
    }
}

impl Got {
    /// The complaints of a 422.
    pub(crate) fn complaints(&self) -> Vec<&str> {
        assert_eq!(self.status, 422, "{}", self.body);
        let complaints = self.body["message"].as_array().unwrap().iter();
        complaints.map(|text| text.as_str().unwrap()).collect()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }
}
