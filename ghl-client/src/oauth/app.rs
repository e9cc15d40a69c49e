//! The app that a clinic connects.

use secrecy::SecretString;
use sync_http::{BaseUrl, Request, Result};

/// Where clinics give their consent, unless told otherwise. White-label agencies use `https://marketplace.leadconnectorhq.com`.
pub const MARKETPLACE_URL: &str = "https://marketplace.gohighlevel.com";

/// What this client needs to be allowed. Agencies' apps need `oauth.readonly` and `oauth.write` as well.
pub const SCOPES: [&str; 8] = [
    "contacts.readonly",
    "contacts.write",
    "calendars.readonly",
    "calendars/events.readonly",
    "calendars/events.write",
    "locations.readonly",
    "locations/customFields.readonly",
    "locations/customFields.write",
];

/// An app of GHL's marketplace, as its settings there show it.
#[derive(Clone, Debug)]
pub struct App {
    /// The client id; its part before the dash is the id of the app.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
    /// Where GHL sends the admin back to. GHL accepts https only, `localhost` included.
    pub redirect_uri: String,
    /// The id of the app's version. Private apps have been seen to need it in the address.
    pub version_id: Option<String>,
    /// What to ask for.
    pub scopes: Vec<String>,
    /// Where clinics give their consent.
    pub marketplace: BaseUrl,
}

impl App {
    /// An app with the [`SCOPES`] of this client and without a version id.
    ///
    /// # Errors
    /// None in practice: the usual marketplace's URL is valid.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretString>, redirect_uri: impl Into<String>) -> Result<Self> {
        Ok(Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            redirect_uri: redirect_uri.into(),
            version_id: None,
            scopes: SCOPES.map(str::to_owned).into(),
            marketplace: MARKETPLACE_URL.parse()?,
        })
    }

    /// The id of the app, as webhooks name it.
    #[must_use]
    pub fn id(&self) -> &str {
        self.client_id.split_once('-').map_or(&self.client_id, |(id, _)| id)
    }

    /// Where the clinic's admin chooses a location and consents. `state` comes back with the code: make it long, random, bound to the
    /// browser and good for once, and refuse a code that comes with another one. GHL does not document that it sends it back.
    ///
    /// # Errors
    /// None in practice: there is no id in the path.
    pub fn authorize_url(&self, state: &str) -> Result<String> {
        let mut request = Request::get("oauth.authorize", "/v2/oauth/chooselocation")
            .query("response_type", "code")
            .query("redirect_uri", &self.redirect_uri)
            .query("client_id", &self.client_id)
            .query("scope", self.scopes.join(" "))
            .query("state", state);
        if let Some(version_id) = &self.version_id {
            request = request.query("version_id", version_id);
        }
        request.url(&self.marketplace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_consent_carries_everything_encoded() {
        let app = App {
            version_id: Some("v1".to_owned()),
            scopes: vec!["contacts.readonly".to_owned(), "calendars/events.write".to_owned()],
            ..App::new("app1-abcdefgh", "secret", "https://praxis.example/back?x=1").unwrap()
        };
        let expected = "https://marketplace.gohighlevel.com/v2/oauth/chooselocation?response_type=code\
            &redirect_uri=https%3A%2F%2Fpraxis.example%2Fback%3Fx%3D1&client_id=app1-abcdefgh\
            &scope=contacts.readonly%20calendars%2Fevents.write&state=s%261&version_id=v1";
        assert_eq!(app.authorize_url("s&1").unwrap(), expected);
        assert_eq!(app.id(), "app1");
        assert!(!format!("{app:?}").contains("secret\""), "{app:?}");
    }

    #[test]
    fn a_version_that_is_not_set_is_left_out() {
        let url = App::new("app1-abcdefgh", "secret", "https://praxis.example/back").unwrap().authorize_url("s").unwrap();
        assert!(!url.contains("version_id"), "{url}");
    }
}
