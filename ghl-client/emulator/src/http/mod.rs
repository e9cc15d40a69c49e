//! The API over HTTP: one request at a time, each against one state.

mod answer;
mod appointments;
mod calendars;
mod call;
mod contacts;
mod events;
mod find;
mod gate;
mod locations;
mod oauth;
mod route;
mod tags;

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State as Shelf;
use http::{Method, Request, Response};

use crate::emulator::Shared;
use crate::state::State;

pub(crate) use answer::Answer;
use call::Call;

/// Far above any body that a client of contacts sends.
const MAX_BODY: usize = 4 << 20;

pub(crate) async fn handle(Shelf(shared): Shelf<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await;
    shared.with(|state| {
        let answer = match body {
            Ok(body) => answer(state, &parts, body),
            Err(_) => Answer::too_large(),
        };
        let trace_id = state.traces.trace();
        let now = state.clock().now();
        answer.finish(&trace_id, state.limiter.headers(now))
    })
}

fn answer(state: &mut State, parts: &http::request::Parts, body: Bytes) -> Answer {
    let path: Vec<&str> = parts.uri.path().split('/').skip(1).collect();
    // It has no version to check and no token yet.
    if parts.method == Method::POST && path == ["oauth", "token"] {
        let call = Call::new(parts, body, gate::optional_version(&parts.headers));
        return oauth::token(state, &call).unwrap_or_else(|refusal| refusal);
    }
    let Some(endpoint) = route::find(&parts.method, &path) else {
        return Answer::no_route(&parts.method, &parts.uri);
    };
    let (version, caller) = match gate::admit(state, &parts.headers) {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal,
    };
    let call = Call::new(parts, body, version);
    endpoint.answer(state, &call, &caller).unwrap_or_else(|refusal| refusal)
}
