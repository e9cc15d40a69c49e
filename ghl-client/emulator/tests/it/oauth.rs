use std::time::Duration;

use ghl_emulator::{App, Config, Grantor, TokenCounters};
use serde_json::{Value, json};

use crate::api::{Api, Got};

const CLIENT: &str = "appdemo-m0000000";

impl Api {
    /// Asks the token endpoint with a form.
    async fn token(&self, pairs: &[(&str, &str)]) -> Got {
        self.form("/oauth/token", None, &[&[("client_id", CLIENT), ("client_secret", "secret-demo")], pairs].concat()).await
    }

    async fn by_code(&self, code: &str) -> Got {
        self.token(&[("grant_type", "authorization_code"), ("code", code)]).await
    }

    async fn by_refresh_token(&self, token: &str) -> Got {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn connect(&self, grantor: Grantor) -> Value {
        let code = self.emulator.front_desk().authorize(CLIENT, grantor).unwrap();
        let got = self.by_code(&code).await;
        assert_eq!(got.status, 200, "{}", got.body);
        got.body
    }

    /// What a call for a contact answers with this token.
    async fn message_with(self, token: &Value) -> (Self, String) {
        let api = self.header("authorization", Some(&format!("Bearer {}", token.as_str().unwrap())));
        let message = api.get("/contacts/nobody").await.message().to_owned();
        (api, message)
    }
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[tokio::test]
async fn a_code_becomes_tokens_once_and_they_open_the_location() {
    let api = Api::new();
    let code = api.emulator.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let tokens = api.by_code(&code).await.body;
    assert_eq!(
        (&tokens["userType"], &tokens["locationId"], &tokens["expires_in"]),
        (&json!("Location"), &json!("loc-demo"), &json!(86399))
    );
    let again = api.by_code(&code).await;
    assert_eq!((again.status.as_u16(), &again.body["error_description"]), (401, &json!("Authorization code not found")));
    let (api, message) = api.message_with(&tokens["access_token"]).await;
    assert_eq!(message, "Contact with id nobody not found");
    assert_eq!(api.emulator.token_counters(), TokenCounters { exchanges: 1, refusals: 1, ..TokenCounters::default() });
    assert_eq!(api.emulator.front_desk().authorize("nobody-x", Grantor::Location), None);
}

#[tokio::test]
async fn a_code_is_looked_at_before_the_client_and_survives_a_wrong_secret() {
    let api = Api::new();
    let code = api.emulator.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
    let wrong = |code: &'static str| [("client_id", CLIENT), ("client_secret", "x"), ("grant_type", "authorization_code"), ("code", code)];
    let got = api.form("/oauth/token", None, &wrong("bogus")).await;
    assert_eq!(got.body["error_description"], "Authorization code not found");
    let mut pairs = wrong("");
    pairs[3].1 = &code;
    let got = api.form("/oauth/token", None, &pairs).await;
    assert_eq!((got.status.as_u16(), &got.body["error"]), (401, &json!("invalid_client")));
    assert_eq!(api.by_code(&code).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_rotates_and_answers_the_same_within_the_grace() {
    let api = Api::new();
    let first = api.connect(Grantor::Location).await;
    let second = api.by_refresh_token(text(&first, "refresh_token")).await.body;
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    api.emulator.clock().advance(Duration::from_secs(29));
    let repeated = api.by_refresh_token(text(&first, "refresh_token")).await.body;
    assert_eq!((&repeated["refresh_token"], &repeated["access_token"]), (&second["refresh_token"], &second["access_token"]));
    api.emulator.clock().advance(Duration::from_secs(1));
    let late = api.by_refresh_token(text(&first, "refresh_token")).await;
    assert_eq!((late.status.as_u16(), &late.body["error"]), (400, &json!("invalid_grant")));
    assert_eq!(api.by_refresh_token(text(&second, "refresh_token")).await.status, 200);
    let expected = TokenCounters { exchanges: 1, refreshes: 2, repeats: 1, refusals: 1, ..TokenCounters::default() };
    assert_eq!(api.emulator.token_counters(), expected);
}

#[tokio::test]
async fn an_access_token_expires_on_the_emulators_clock() {
    let api = Api::with(Config { token_lifetime: Duration::from_secs(60), ..Config::default() });
    let tokens = api.connect(Grantor::Location).await;
    api.emulator.clock().advance(Duration::from_secs(59));
    let (api, message) = api.message_with(&tokens["access_token"]).await;
    assert_eq!(message, "Contact with id nobody not found");
    api.emulator.clock().advance(Duration::from_secs(1));
    let (api, message) = api.message_with(&tokens["access_token"]).await;
    assert_eq!(message, "Invalid JWT");
    api.emulator.clock().advance(Duration::from_secs(365 * 86_400));
    assert_eq!(api.by_refresh_token(text(&tokens, "refresh_token")).await.status, 400, "a year unused");
}

#[tokio::test]
async fn staff_can_take_back_what_they_gave() {
    let api = Api::new();
    let tokens = api.connect(Grantor::Location).await;
    api.emulator.revoke_access_tokens();
    let (api, message) = api.message_with(&tokens["access_token"]).await;
    assert_eq!(message, "Invalid JWT");
    let tokens = api.by_refresh_token(text(&tokens, "refresh_token")).await.body;
    api.emulator.revoke_refresh_tokens();
    assert_eq!(api.by_refresh_token(text(&tokens, "refresh_token")).await.body["error"], "invalid_grant");
    let tokens = api.connect(Grantor::Location).await;
    assert!(api.emulator.front_desk().uninstall(CLIENT, Grantor::Location));
    assert!(!api.emulator.front_desk().uninstall(CLIENT, Grantor::Location));
    let (api, message) = api.message_with(&tokens["access_token"]).await;
    assert_eq!(message, "Invalid JWT");
    assert_eq!(api.by_refresh_token(text(&tokens, "refresh_token")).await.status, 400);
}

#[tokio::test]
async fn an_agency_token_opens_nothing_but_is_exchanged_for_the_locations() {
    let api = Api::new();
    let agency = api.connect(Grantor::Company).await;
    assert_eq!((&agency["userType"], &agency["approvedLocations"]), (&json!("Company"), &json!(["loc-demo"])));
    assert!(agency.get("locationId").is_none());
    let token = agency["access_token"].clone();
    let (api, message) = api.message_with(&token).await;
    assert_eq!(message, "This authClass type is not allowed to access this scope.");
    let pairs = [("companyId", "company-demo"), ("locationId", "loc-demo")];
    let got = api.form("/oauth/locationToken", token.as_str(), &pairs).await;
    assert_eq!((got.status.as_u16(), &got.body["userType"]), (201, &json!("Location")));
    let other = api.form("/oauth/locationToken", token.as_str(), &[("companyId", "company-demo"), ("locationId", "loc-other")]).await;
    assert_eq!(other.status, 403);
    let by_integration = api.form("/oauth/locationToken", Some("pit-demo"), &pairs).await;
    assert_eq!(by_integration.status, 401);
    let (_, message) = api.message_with(&got.body["access_token"]).await;
    assert_eq!(message, "Contact with id nobody not found");
}

#[tokio::test]
async fn v3_has_another_spelling_and_another_path() {
    let api = Api::new().header("version", Some("v3")).header("authorization", None);
    let code = api.emulator.front_desk().authorize(CLIENT, Grantor::Company).unwrap();
    let body = json!({ "clientId": CLIENT, "clientSecret": "secret-demo", "grantType": "authorization_code", "code": code });
    let tokens = api.call("POST", "/oauth/token", body).await.body;
    assert_eq!(tokens["expiresIn"], 86399, "{tokens}");
    let token = tokens["accessToken"].as_str();
    let pairs = [("companyId", "company-demo"), ("locationId", "loc-demo")];
    let old_path = api.form("/oauth/locationToken", token, &pairs).await;
    assert_eq!(old_path.status, 400);
    assert!(old_path.message().contains("not available in API version v3"));
    assert!(api.form("/oauth/location-token", token, &pairs).await.body["accessToken"].is_string());
    let dated = api.header("version", Some("2021-07-28"));
    assert_eq!(dated.form("/oauth/location-token", token, &pairs).await.message(), "Cannot POST /oauth/location-token");
}

#[tokio::test]
async fn a_request_for_tokens_has_to_be_a_whole_form() {
    let api = Api::new();
    let got = api.token(&[]).await;
    assert_eq!(got.complaints(), ["grant_type must be a valid enum value", "grant_type should not be empty"]);
    let json = json!({ "client_id": CLIENT, "client_secret": "secret-demo", "grant_type": "refresh_token", "refresh_token": "x" });
    assert_eq!(api.call("POST", "/oauth/token", json).await.complaints().len(), 4, "JSON is for v3 only");
}

#[tokio::test]
async fn tokens_belong_to_the_app_that_bought_them() {
    let other = App { client_id: "other-m1".to_owned(), ..App::default() };
    let api = Api::with(Config { apps: vec![App::default(), other], ..Config::default() });
    let tokens = api.connect(Grantor::Location).await;
    let refresh = text(&tokens, "refresh_token");
    let pairs = [("client_id", "other-m1"), ("client_secret", "secret-demo"), ("grant_type", "refresh_token"), ("refresh_token", refresh)];
    assert_eq!(api.form("/oauth/token", None, &pairs).await.body["error"], "invalid_grant");
    assert_eq!(api.by_refresh_token(refresh).await.status, 200);
}
