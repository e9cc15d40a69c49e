//! `POST /token`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use crate::emulator::{Inner, later};
use crate::wire::answer::{self, Refusal, Wrong};
use crate::wire::read;
use crate::{Expiry, sessions};

pub(crate) async fn login(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let invalid = inner.config.quirks.invalid_status;
    let body = answer::object(&headers, &body, invalid)?;
    let member = |name| text(&body, name).map_err(|wrong| Refusal::invalid(invalid, &wrong));
    let (email, password) = (member("email")?, member("password")?);
    if email != inner.config.email || password != inner.config.password {
        return Err(Refusal::unauthorized("e-mail or password wrong"));
    }
    Ok(answer::json(StatusCode::OK, &open(&inner)))
}

fn open(inner: &Inner) -> Value {
    let quirks = &inner.config.quirks;
    let now = inner.now();
    let expires = later(now, quirks.token_lifetime);
    let token = {
        let mut state = inner.state();
        if quirks.login_invalidates_others {
            state.sessions.close_all();
        }
        state.sessions.open(expires, now)
    };
    let seed = inner.config.seed;
    let keys: Vec<Value> =
        (0..quirks.keys).map(|place| json!({ "key": sessions::key(seed, place), "name": format!("Praxis {}", place + 1) })).collect();
    let id = read::id(sessions::practice_id(seed), quirks.ids);
    let mut answer = json!({ "token": token, "keys": keys, "id": id });
    match quirks.expiry {
        Expiry::Seconds => answer["exp"] = expires.timestamp().into(),
        Expiry::Milliseconds => answer["exp"] = expires.timestamp_millis().into(),
        Expiry::Absent => {}
    }
    answer
}

fn text<'a>(body: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, Wrong> {
    match body.get(name) {
        None => Err(Wrong::new(name, "is required")),
        Some(value) => value.as_str().ok_or(Wrong::new(name, "must be a string")),
    }
}
