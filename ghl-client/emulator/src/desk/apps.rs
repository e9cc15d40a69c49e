//! What people at the clinic or its agency do with apps.

use super::FrontDesk;
use crate::app::Grantor;
use crate::oauth::Grant;

/// Apps. Both tell the app by webhook.
impl FrontDesk<'_> {
    /// Installs an app and consents to what it asks for. Returns the code that the browser takes back to the app; `None` for an app
    /// that is not in the marketplace.
    pub fn authorize(&self, client_id: &str, grantor: Grantor) -> Option<String> {
        self.shared.with(|state| state.authorize(client_id, grantor))
    }

    /// Removes an app; its tokens are worth nothing from then on. False if it is not installed.
    pub fn uninstall(&self, client_id: &str, grantor: Grantor) -> bool {
        self.shared.with(|state| state.uninstall(&Grant { client_id: client_id.to_owned(), grantor }))
    }
}
