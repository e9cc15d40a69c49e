//! Apps of the marketplace, and who can install them.

/// An app that the location or its agency may install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The client id; its part before the dash is the id of the app.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The id of its version, as webhooks name it.
    pub version_id: String,
    /// What it asks for.
    pub scopes: Vec<String>,
}

impl App {
    pub(crate) fn id(&self) -> &str {
        self.client_id.split_once('-').map_or(&self.client_id, |(id, _)| id)
    }
}

impl Default for App {
    fn default() -> Self {
        Self {
            client_id: "appdemo-m0000000".to_owned(),
            client_secret: "secret-demo".to_owned(),
            version_id: "appdemoversion".to_owned(),
            scopes: ["contacts.readonly", "contacts.write", "calendars.readonly", "calendars/events.write"].map(str::to_owned).into(),
        }
    }
}

/// Who installs an app and consents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantor {
    /// The location.
    Location,
    /// Its agency, for all its locations.
    Company,
}
