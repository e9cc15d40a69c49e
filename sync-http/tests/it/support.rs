use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use sync_http::budget::{Limit, RateHeaders};
use sync_http::retry::Limits;
use sync_http::{
    Answer, Authorization, BaseUrl, Class, Classify, ErrorKind, Pipeline, Refusal, Request, ReqwestTransport, Result, Settings,
    SharedBudget, SingleFlight, Timeouts, TokenProvider,
};
use wiremock::MockServer;

pub(crate) const WINDOW: Duration = Duration::from_millis(40);

/// A vendor that names itself in no way: status codes, and one rate header.
pub(crate) struct Vendor;

impl Classify for Vendor {
    fn classify(&self, answer: &Answer) -> Class {
        match Refusal::by_status(answer.status()) {
            None => Class::Pass,
            Some(refusal) if refusal.kind == ErrorKind::Unauthorized => Class::TokenExpired(refusal),
            Some(refusal) => {
                let message = String::from_utf8(answer.body().to_vec()).ok().filter(|text| !text.is_empty());
                Class::Failed(Refusal { message, ..refusal })
            }
        }
    }

    fn rate(&self, headers: &HeaderMap) -> RateHeaders {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.parse().ok();
        RateHeaders { daily_remaining: number("x-daily-remaining"), ..RateHeaders::default() }
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        timeouts: Timeouts {
            connect: Duration::from_millis(500),
            idle: Duration::from_millis(300),
            total: Duration::from_millis(900),
            stream: Duration::from_millis(2000),
        },
        retry: Limits {
            attempts: 3,
            first_pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(10),
            longest_wait: Duration::from_millis(1500),
            seed: 1,
        },
        body_cap: 1000,
        element_cap: 100,
    }
}

pub(crate) fn pipeline_to(url: &str, settings: Settings) -> Pipeline {
    let base: BaseUrl = url.parse().unwrap();
    let transport = Arc::new(ReqwestTransport::new(&base, &settings.timeouts).unwrap());
    Pipeline::new(base, transport, Vendor, SharedBudget::new(Limit::new(100, WINDOW)), settings)
}

pub(crate) fn pipeline(server: &MockServer) -> Pipeline {
    pipeline_to(&server.uri(), settings())
}

pub(crate) fn get() -> Request {
    Request::get("things.get", "/things").query("email", "a+b@x.ch")
}

pub(crate) fn post() -> Request {
    Request::post("things.create", "/things").json(&serde_json::json!({ "name": "x" })).unwrap()
}

/// Hands out `token-1`, `token-2`, … and counts.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Arc<AtomicU32>);

impl Tokens {
    pub(crate) fn issued(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn single_flight(&self) -> Arc<SingleFlight<Self>> {
        Arc::new(SingleFlight::new(self.clone(), Duration::from_secs(60)))
    }
}

#[async_trait]
impl TokenProvider for Tokens {
    async fn token(&self) -> Result<Authorization> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Authorization::bearer(format!("token-{number}").into())
    }

    async fn refresh(&self, _: &Authorization) -> Result<Authorization> {
        self.token().await
    }
}
