//! How an admin of the clinic gives access to GHL, and takes it away.
//!
//! A link that is good once leads to GHL; the way back is bound to the same browser, and good once too.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use ghl_client::oauth::{TokenSet, TokenStore, UserType};
use ghl_client::webhook::{Event, Subject};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sync_core::Env;

use super::Shared;
use super::practices::{Practices, marked};
use super::stats::Received;
use crate::clients::{app, token_endpoint};
use crate::command::unreadable;
use crate::{Error, Result, Service};

/// The link that was printed, and the way back from GHL.
const LINK: &str = "connect/link";
const STATE: &str = "connect/state";
/// When access was given, and that it was taken away.
const CONNECTED: &str = "ghl/connected";
const PAUSED: &str = "ghl/paused";
/// How long a link, and the way back, are good.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(15);
const COOKIE: &str = "clinic_sync_state";

/// Something random that is good once, until then.
#[derive(Serialize, Deserialize)]
struct Once {
    text: String,
    until: DateTime<Utc>,
}

/// Makes a link with which one browser can connect GHL once, within 15 minutes. An earlier one is good no more.
pub(crate) async fn new_link(service: &Service) -> Result<String> {
    let Some(app) = app(service.settings())? else {
        return Err(Error::Usage("no app is configured: set [ghl.app], or go on with the private integration token".to_owned()));
    };
    let text = issue(service, LINK).await?;
    let base = app.redirect_uri.rsplit_once("/api/auth/").map_or(app.redirect_uri.as_str(), |(base, _)| base);
    Ok(format!("{base}/api/auth/connect?link={text}"))
}

async fn issue(service: &Service, name: &str) -> Result<String> {
    let text = marked(service.tenant(), &random(service.env().as_ref()));
    let once = Once { text: text.clone(), until: service.env().now() + GOOD_FOR };
    let json = serde_json::to_string(&once).unwrap_or_default();
    service.store().vault().put(service.tenant(), name, &SecretString::from(json)).await?;
    Ok(text)
}

fn random(env: &dyn Env) -> String {
    let mut bytes = [0; 32];
    env.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Uses up what was issued; says whether this was it. A wrong guess uses up nothing, so that nobody can spoil a link.
async fn redeem(service: &Service, name: &str, text: &str) -> Result<bool> {
    let vault = service.store().vault();
    let Some(stored) = vault.get(service.tenant(), name).await? else { return Ok(false) };
    let Ok(once) = serde_json::from_str::<Once>(stored.expose_secret()) else { return Ok(false) };
    // Compared as digests of equal length, so that the time taken tells nothing.
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(once.text.as_bytes(), text.as_bytes()).is_ok();
    if !same || once.until < service.env().now() {
        return Ok(false);
    }
    // Of two at once, one finds it.
    Ok(vault.delete(service.tenant(), name).await?)
}

#[derive(Deserialize)]
pub(super) struct Link {
    link: Option<String>,
}

/// `GET /api/auth/connect`: to GHL, with a link that `clinic-sync auth link` printed.
pub(super) async fn connect(State(practices): State<Arc<Practices>>, Query(query): Query<Link>) -> Response {
    let link = query.link.unwrap_or_default();
    let sent = match practices.marked(&link).await {
        Ok(Some(shared)) => to_ghl(&shared, &link).await,
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    match sent {
        Ok(Some(response)) => response,
        Ok(None) => page(StatusCode::FORBIDDEN, "This link is not good any more. `clinic-sync auth link` prints a new one."),
        Err(error) => failed(&error),
    }
}

async fn to_ghl(shared: &Shared, link: &str) -> Result<Option<Response>> {
    let Some(app) = app(shared.service.settings())? else { return Ok(None) };
    if !redeem(&shared.service, LINK, link).await? {
        return Ok(None);
    }
    let state = issue(&shared.service, STATE).await?;
    let secure = if app.redirect_uri.starts_with("https:") { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={state}; Path=/api/auth; Max-Age={}; HttpOnly; SameSite=Lax{secure}", GOOD_FOR.num_seconds());
    let headers =
        [(header::LOCATION, app.authorize_url(&state)?), (header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok(Some((StatusCode::FOUND, headers).into_response()))
}

#[derive(Deserialize)]
pub(super) struct Back {
    code: Option<String>,
    state: Option<String>,
}

/// `GET /api/auth/callback`: back from GHL, with a code that is exchanged for tokens.
pub(super) async fn callback(State(practices): State<Arc<Practices>>, headers: HeaderMap, Query(back): Query<Back>) -> Response {
    let (Some(code), Some(state)) = (back.code, back.state) else {
        return page(StatusCode::BAD_REQUEST, "GHL sent no code. Please start again with a new link.");
    };
    if cookie(&headers).as_deref() != Some(state.as_str()) {
        return page(StatusCode::FORBIDDEN, "This did not begin in this browser. Please start again with a new link.");
    }
    let exchanged = match practices.marked(&state).await {
        Ok(Some(shared)) => exchange(&shared, &code, &state).await,
        Ok(None) => Ok(Err("No such practice is configured here.")),
        Err(error) => Err(error),
    };
    match exchanged {
        Ok(Ok(location)) => page(StatusCode::OK, &format!("The location {location} is connected. You can close this page.")),
        Ok(Err(refusal)) => page(StatusCode::FORBIDDEN, refusal),
        Err(error) => failed(&error),
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let named = all.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE);
    named.map(|(_, value)| value.to_owned())
}

/// Stores the tokens, if they are those of the configured location; says which that is, or why not.
async fn exchange(shared: &Shared, code: &str, state: &str) -> Result<Result<String, &'static str>> {
    let settings = shared.service.settings();
    let (Some(app), Some(location)) = (app(settings)?, settings.ghl.location_id.clone()) else {
        return Ok(Err("No app is configured here."));
    };
    if !redeem(&shared.service, STATE, state).await? {
        return Ok(Err("This took too long, or was done before. Please start again with a new link."));
    }
    let endpoint = token_endpoint(settings, app)?;
    let mut tokens = endpoint.exchange(code, UserType::Location).await?;
    if tokens.user_type == UserType::Company {
        tokens = endpoint.location_token(&tokens, &location).await?;
    }
    if tokens.location_id.as_deref() != Some(location.as_str()) {
        return Ok(Err("That was another location than the configured one: nothing was stored. Please choose the right one."));
    }
    connected(shared, &tokens).await?;
    Ok(Ok(location))
}

async fn connected(shared: &Shared, tokens: &TokenSet) -> Result<()> {
    shared.tokens().put(tokens).await?;
    let vault = shared.service.store().vault();
    vault.put(shared.tenant(), CONNECTED, &SecretString::from(shared.now().to_rfc3339())).await?;
    vault.delete(shared.tenant(), PAUSED).await?;
    shared.clients.ghl.credentials_replaced().await;
    shared.connected.store(true, Ordering::Release);
    shared.woken.notify_one();
    Ok(())
}

/// An installation ends a pause. A removal begins one, unless it is older than the connection; whether access is really gone is
/// asked by the next piece of work.
pub(super) async fn note(shared: &Shared, event: &Event) -> Received {
    let noted = match event.subject {
        Subject::Uninstall => pause(shared, event.envelope.timestamp).await,
        _ => shared.service.store().vault().delete(shared.tenant(), PAUSED).await.map_err(Error::from).map(drop),
    };
    if noted.is_err() {
        return Received::Failed;
    }
    shared.woken.notify_one();
    Received::Taken
}

async fn pause(shared: &Shared, removed: Option<DateTime<Utc>>) -> Result<()> {
    let vault = shared.service.store().vault();
    let since = vault.get(shared.tenant(), CONNECTED).await?;
    let since = since.and_then(|text| text.expose_secret().parse::<DateTime<Utc>>().ok());
    if let (Some(since), Some(removed)) = (since, removed)
        && removed < since
    {
        return Ok(());
    }
    Ok(vault.put(shared.tenant(), PAUSED, &SecretString::from(shared.now().to_rfc3339())).await?)
}

/// Whether there is no access to GHL: nobody has connected the app yet, or it was removed. In the second case GHL is asked: if it
/// still answers, the message was out of date; if it refuses, the tokens are forgotten.
pub(super) async fn is_paused(shared: &Shared) -> Result<bool> {
    let settings = &shared.service.settings().ghl;
    if settings.private_integration_token.is_none() && shared.tokens().load().await.map_err(unreadable)?.is_none() {
        return Ok(true);
    }
    let vault = shared.service.store().vault();
    if vault.get(shared.tenant(), PAUSED).await?.is_none() {
        return Ok(false);
    }
    match shared.clients.ghl.custom_fields().await {
        Ok(_) => {
            vault.delete(shared.tenant(), PAUSED).await?;
            Ok(false)
        }
        Err(error) => {
            if matches!(error.kind(), sync_http::ErrorKind::Unauthorized | sync_http::ErrorKind::Forbidden) {
                shared.tokens().forget().await?;
            }
            Ok(true)
        }
    }
}

fn failed(error: &Error) -> Response {
    tracing::warn!(%error, "GHL could not be connected");
    page(StatusCode::BAD_GATEWAY, "GHL did not do this. Please start again with a new link, and look at the log.")
}

/// A page of one sentence, none of which comes from the request.
fn page(status: StatusCode, sentence: &str) -> Response {
    let html = format!("<!doctype html><meta charset=utf-8><title>clinic-sync</title><p>{sentence}</p>");
    let guarded = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
    ];
    (status, guarded, Html(html)).into_response()
}
