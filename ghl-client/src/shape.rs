//! What goes over the wire, for tests that look at requests without a server.

use std::sync::Arc;

use serde_json::Value;
use sync_http::{Authorization, BaseUrl, Request, ReqwestTransport, Timeouts};

use crate::{Client, Config};

pub(crate) fn client() -> Client {
    client_of(Config::new("loc1", "pit-1").unwrap())
}

pub(crate) fn client_of(config: Config) -> Client {
    let transport = ReqwestTransport::new(&config.base_url, &Timeouts::default()).unwrap();
    Client::with_transport(config, Arc::new(transport)).unwrap()
}

/// Method, target and version, and the body.
pub(crate) fn shape(request: &Request) -> (String, Value) {
    let base: BaseUrl = crate::BASE_URL.parse().unwrap();
    let http = request.to_http(&base, &Authorization::none()).unwrap();
    let target = http.uri().path_and_query().unwrap();
    let version = http.headers()["version"].to_str().unwrap();
    let body = if http.body().is_empty() { Value::Null } else { serde_json::from_slice(http.body()).unwrap() };
    (format!("{} {target} {version}", http.method()), body)
}
