//! A caller that knows the wire only.

use axum::body::Body;
use ephysio_emulator::{Clock, Config, Emulator, NewPatient, Quirks, Sex};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const MIDNIGHT: &str = "2026-11-24T00:00:00Z";

/// What a write about events carries in its query, `ids` excepted.
pub(crate) const QUERY: &str = "isCancelMultiUser=false&changeSeries=false&changeAllDescriptions=false";

pub(crate) fn emulator(quirks: Quirks) -> Emulator {
    let clock = Clock::starting_at(MIDNIGHT.parse().unwrap());
    Emulator::new(Config { clock, quirks, ..Config::default() })
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) json: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The status, and the member that a refusal blames.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        assert!(self.json["DETAIL"].is_string(), "{self:?}");
        let message = self.json["message"].as_str().unwrap();
        (self.status.as_u16(), message.split(' ').next().unwrap())
    }

    pub(crate) fn first_names(&self) -> Vec<&str> {
        let patients = self.json.as_array().unwrap();
        patients.iter().map(|patient| patient["firstName"].as_str().unwrap()).collect()
    }
}

pub(crate) struct Caller {
    emulator: Emulator,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Caller {
    pub(crate) fn stranger(emulator: &Emulator) -> Self {
        Self { emulator: emulator.clone(), headers: Vec::new() }
    }

    pub(crate) async fn new(emulator: &Emulator) -> Self {
        let mut caller = Self::stranger(emulator);
        let login = caller.login("demo-password").await;
        assert_eq!(login.status, 200);
        let token = login.json["token"].as_str().unwrap();
        let key = login.json["keys"][0]["key"].as_str().unwrap();
        caller.headers = vec![("authorization", format!("Bearer {token}")), ("x-crypto-key", key.to_owned())];
        caller
    }

    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(present, _)| *present != name);
        headers.push((name, value.to_owned()));
        Self { emulator: self.emulator.clone(), headers }
    }

    pub(crate) async fn login(&self, password: &str) -> Answer {
        let body = json!({ "email": "praxis@example.ch", "password": password });
        self.send("POST", "/token", &body).await
    }

    pub(crate) async fn list(&self) -> Answer {
        self.get("/patients?status=1").await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Body::empty()).await
    }

    pub(crate) async fn create(&self, body: &Value) -> Answer {
        self.send("POST", "/patients/request", body).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.with("content-type", "application/json").call(method, path, Body::from(body.to_string())).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/1.0{path}"));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = self.emulator.stage().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let is_json = response.headers().get("content-type").is_some_and(|value| value == "application/json");
        let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        assert_eq!(is_json, !bytes.is_empty(), "JSON is what it says it is");
        let json = if is_json { serde_json::from_slice(&bytes).unwrap() } else { Value::Null };
        Answer { status, json, bytes }
    }
}

/// Anna in the write format.
pub(crate) fn anna() -> Value {
    json!({
        "id": "crm-anna",
        "firstName": "Anna",
        "lastName": "Müller",
        "street": "Seestrasse 1",
        "zip": "8001",
        "city": "Zürich",
        "birthDate": "1980-02-29",
        "sex": "f",
        "status": 1,
        "phone": "+41791234567",
        "email": null,
        "hasEmailConsent": false,
        "comment": "gehl:abc",
    })
}

/// Beat as staff typed him in.
pub(crate) fn beat() -> NewPatient {
    NewPatient {
        zip: "3011".to_owned(),
        birth_date: "1975-12-01".parse().ok(),
        sex: Some(Sex::Male),
        email: "beat@example.ch".to_owned(),
        comment: "Knie".to_owned(),
        ..NewPatient::named("Beat", "Keller")
    }
}
