//! Tokens over the wire, in the snake case of the dated versions and in the camel case of v3.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use sync_http::{Answer, Error, ErrorKind, Result, Shown, Verdict, percent_encode, shown};

use super::{TokenSet, UserType};
use crate::Version;

/// The names of the members of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spelling {
    Snake,
    Camel,
}

impl Spelling {
    pub(super) fn of(version: Version) -> Self {
        if version == Version::V3 { Self::Camel } else { Self::Snake }
    }

    pub(super) fn pick(self, snake: &'static str, camel: &'static str) -> &'static str {
        match self {
            Self::Snake => snake,
            Self::Camel => camel,
        }
    }
}

/// The body of a form.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value))).collect();
    pairs.join("&")
}

/// An answer with tokens. Both spellings are members of their own rather than aliases: an answer with both would be an error
/// otherwise, and it may hold the only copy of a refresh token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    access_token: Option<SecretString>,
    #[serde(rename = "access_token")]
    access_token_snake: Option<SecretString>,
    refresh_token: Option<SecretString>,
    #[serde(rename = "refresh_token")]
    refresh_token_snake: Option<SecretString>,
    #[serde(default, deserialize_with = "shown::integer")]
    expires_in: Shown<i64>,
    #[serde(rename = "expires_in", default, deserialize_with = "shown::integer")]
    expires_in_snake: Shown<i64>,
    scope: Option<String>,
    user_type: Option<String>,
    location_id: Option<String>,
    company_id: Option<String>,
    user_id: Option<String>,
    approved_locations: Option<Vec<String>>,
}

/// Reads the tokens out of an answer that arrived at `now`.
pub(super) fn read(answer: &Answer, now: DateTime<Utc>) -> Result<TokenSet> {
    let wire: Wire = answer.json()?;
    let missing = |what: &str| {
        let error = Error::new(ErrorKind::Decode, answer.endpoint()).with_status(answer.status());
        error.with_message(format!("the answer has no {what}")).with_verdict(Verdict::Unknown)
    };
    let seconds = wire.expires_in.value().or(wire.expires_in_snake.value());
    let lifetime = seconds.and_then(|seconds| TimeDelta::try_seconds(*seconds)).ok_or_else(|| missing("expiry"))?;
    Ok(TokenSet {
        access_token: wire.access_token.or(wire.access_token_snake).ok_or_else(|| missing("access token"))?,
        refresh_token: wire.refresh_token.or(wire.refresh_token_snake),
        expires_at: now.checked_add_signed(lifetime).ok_or_else(|| missing("expiry"))?,
        user_type: user_type(wire.user_type.as_deref(), wire.location_id.is_some()),
        location_id: wire.location_id,
        company_id: wire.company_id,
        user_id: wire.user_id,
        scopes: wire.scope.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        approved_locations: wire.approved_locations.unwrap_or_default(),
    })
}

/// The exchange for a location does not say its type; but only tokens of locations name one.
fn user_type(said: Option<&str>, names_a_location: bool) -> UserType {
    match said {
        Some(said) if said.eq_ignore_ascii_case(UserType::Company.as_str()) => UserType::Company,
        Some(said) if said.eq_ignore_ascii_case(UserType::Location.as_str()) => UserType::Location,
        _ if names_a_location => UserType::Location,
        _ => UserType::Company,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};
    use sync_http::Request;

    use super::*;

    fn answer(body: &Value) -> Result<TokenSet> {
        let request = Request::post("oauth.token", "/oauth/token").sensitive();
        let answer = Answer::new(&request, StatusCode::OK, HeaderMap::new(), body.to_string().into());
        read(&answer, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn both_spellings_are_read_and_both_at_once_too() {
        let snake = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 86399 });
        let camel = json!({ "accessToken": "a", "refreshToken": "r", "expiresIn": "86399" });
        let mut both = snake.clone();
        both.as_object_mut().unwrap().extend(camel.as_object().unwrap().clone());
        for mut body in [snake, camel, both] {
            let rest = json!({ "scope": "contacts.readonly  contacts.write", "userType": "Location", "locationId": "l", "new": [1] });
            body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            let set = answer(&body).unwrap();
            assert_eq!(set.access_token.expose_secret(), "a");
            assert!(set.has_refresh_token(&"r".into()));
            assert_eq!(set.expires_at.timestamp(), 86399);
            assert_eq!(set.scopes, ["contacts.readonly", "contacts.write"]);
            assert_eq!((set.user_type, set.location_id.as_deref()), (UserType::Location, Some("l")));
        }
    }

    #[test]
    fn the_type_is_inferred_where_it_is_not_said() {
        assert_eq!(user_type(None, true), UserType::Location);
        assert_eq!(user_type(None, false), UserType::Company);
        assert_eq!(user_type(Some("company"), true), UserType::Company);
    }

    #[test]
    fn an_answer_without_token_or_expiry_is_an_error_that_quotes_nothing() {
        for body in
            [json!({ "access_token": "secret-a" }), json!({ "expires_in": 1 }), json!({ "access_token": ["secret-a"], "expires_in": 1 })]
        {
            let error = answer(&body).unwrap_err();
            assert_eq!((error.kind(), error.verdict()), (ErrorKind::Decode, Verdict::Unknown), "{body}");
            assert!(!format!("{error} {error:?}").contains("secret-a"), "{error}");
        }
    }

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(
            form(&[("client_id", "a-b"), ("redirect_uri", "https://x.ch/?a=b&c d")]),
            "client_id=a-b&redirect_uri=https%3A%2F%2Fx.ch%2F%3Fa%3Db%26c%20d"
        );
    }
}
