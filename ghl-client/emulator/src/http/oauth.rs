//! Handing out tokens.

use serde_json::{Map, Value, json};

use crate::app::{App, Grantor};
use crate::oauth::Issued;
use crate::state::State;
use crate::view::Version;

use super::call::Fields;
use super::{Answer, Call};

const GRANT_TYPES: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];

/// Exchanges a code or a refresh token. The request needs no version and no token; under v3 its members are in camel case.
pub(super) fn token(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let request = Request::read(call)?;
    let issued = match request.grant_type.as_str() {
        "authorization_code" => by_code(state, &request)?,
        "refresh_token" => by_refresh_token(state, &request)?,
        // It is in the schema, but nobody was seen to use it.
        _ => return Err(Answer::bad_request("Unsupported grant type")),
    };
    Ok(Answer::ok(show(state, call.version, &issued)))
}

/// Exchanges the token of an agency. Each version has a path of its own.
pub(super) fn location_token(state: &mut State, call: &Call, path: Version, client_id: &str) -> Result<Answer, Answer> {
    match (path, call.version) {
        (Version::Dated, Version::V3) => {
            return Err(Answer::bad_request(
                "Endpoint /oauth/locationToken is not available in API version v3. It was removed in version v3",
            ));
        }
        (Version::V3, Version::Dated) => return Err(Answer::no_such_path("POST", "/oauth/location-token")),
        _ => {}
    }
    let fields = call.form();
    if fields.text("companyId").is_none_or(|id| id != state.config.company_id) {
        return Err(Answer::unprocessable("companyId must be a string"));
    }
    match fields.text("locationId") {
        None => return Err(Answer::unprocessable("locationId must be a string")),
        Some(id) if id != state.config.location_id => return Err(Answer::wrong_location()),
        Some(_) => {}
    }
    let now = state.clock().now();
    let issued = state.grants.issue_for_location(now, client_id);
    Ok(Answer::created(show(state, call.version, &issued)))
}

struct Request {
    grant_type: String,
    client_id: String,
    client_secret: String,
    credential: String,
}

impl Request {
    fn read(call: &Call) -> Result<Self, Answer> {
        let fields = match call.version {
            Version::V3 if call.is_json() => Fields::from(call.object()?),
            _ => call.form(),
        };
        let name = |snake, camel| if call.version == Version::V3 { camel } else { snake };
        let mut complaints = Vec::new();
        let mut required = |name: &str| {
            let text = fields.text(name).unwrap_or_default();
            if text.is_empty() {
                complaints.push(format!("{name} should not be empty"));
            }
            text.to_owned()
        };
        let grant_type = required(name("grant_type", "grantType"));
        let client_id = required(name("client_id", "clientId"));
        let client_secret = required(name("client_secret", "clientSecret"));
        if !GRANT_TYPES.contains(&grant_type.as_str()) {
            complaints.insert(0, format!("{} must be a valid enum value", name("grant_type", "grantType")));
        }
        if !complaints.is_empty() {
            return Err(Answer::unprocessable_all(complaints));
        }
        let credential = if grant_type == "refresh_token" { name("refresh_token", "refreshToken") } else { "code" };
        let credential = fields.text(credential).unwrap_or_default().to_owned();
        Ok(Self { grant_type, client_id, client_secret, credential })
    }
}

/// The code is looked at before the client, as measured in practice.
fn by_code(state: &mut State, request: &Request) -> Result<Issued, Answer> {
    let now = state.clock().now();
    let is_own = state.grants.code(now, &request.credential).is_some_and(|grant| grant.client_id == request.client_id);
    if !is_own {
        state.grants.counters.refusals += 1;
        return Err(Answer::oauth(401, "UnAuthorized!", "Authorization code not found"));
    }
    check_client(state, request)?;
    let issued = state.grants.exchange(now, &request.credential);
    issued.ok_or_else(|| Answer::oauth(401, "UnAuthorized!", "Authorization code not found"))
}

fn by_refresh_token(state: &mut State, request: &Request) -> Result<Issued, Answer> {
    check_client(state, request)?;
    let now = state.clock().now();
    let issued = state.grants.refresh(now, &request.client_id, &request.credential);
    if issued.is_none() {
        state.grants.counters.refusals += 1;
    }
    issued.ok_or_else(|| Answer::oauth(400, "invalid_grant", "This refresh token is invalid"))
}

fn check_client(state: &State, request: &Request) -> Result<(), Answer> {
    let app = state.app(&request.client_id).filter(|app| app.client_secret == request.client_secret);
    app.map(|_| ()).ok_or_else(|| Answer::oauth(401, "invalid_client", "Invalid client credentials"))
}

fn show(state: &State, version: Version, issued: &Issued) -> Value {
    let name = |snake: &'static str, camel: &'static str| if version == Version::V3 { camel } else { snake };
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put(name("access_token", "accessToken"), json!(issued.access));
    put(name("token_type", "tokenType"), json!("Bearer"));
    put(name("expires_in", "expiresIn"), json!(state.grants.expires_in()));
    put(name("refresh_token", "refreshToken"), json!(issued.refresh));
    let scopes = state.app(&issued.grant.client_id).map(|app: &App| app.scopes.join(" "));
    put("scope", json!(scopes.unwrap_or_default()));
    put("companyId", json!(state.config.company_id));
    put("userId", json!("user-demo"));
    match issued.grant.grantor {
        Grantor::Location => {
            put("userType", json!("Location"));
            put("locationId", json!(state.config.location_id));
        }
        Grantor::Company => {
            put("userType", json!("Company"));
            put("isBulkInstallation", json!(true));
            put("approvedLocations", json!([state.config.location_id]));
        }
    }
    Value::Object(shown)
}
