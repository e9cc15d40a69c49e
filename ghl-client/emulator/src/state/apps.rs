//! What happens to apps.

use super::State;
use crate::app::{App, Grantor};
use crate::hooks::{AppChange, AppChangeKind, Change};
use crate::oauth::Grant;

impl State {
    pub(crate) fn app(&self, client_id: &str) -> Option<&App> {
        self.config.apps.iter().find(|app| app.client_id == client_id)
    }

    /// Installs an app and returns a code; `None` if there is no such app.
    pub(crate) fn authorize(&mut self, client_id: &str, grantor: Grantor) -> Option<String> {
        self.app(client_id)?;
        let now = self.clock().now();
        let grant = Grant { client_id: client_id.to_owned(), grantor };
        let code = self.grants.authorize(now, grant.clone());
        self.record_app(AppChangeKind::Installed, grant);
        Some(code)
    }

    /// Removes an app; false if it is not installed.
    pub(crate) fn uninstall(&mut self, grant: &Grant) -> bool {
        let was_installed = self.grants.uninstall(grant);
        if was_installed {
            self.record_app(AppChangeKind::Uninstalled, grant.clone());
        }
        was_installed
    }

    fn record_app(&mut self, kind: AppChangeKind, grant: Grant) {
        let at = self.clock().now();
        self.changes.push(Change::App(AppChange { at, kind, client_id: grant.client_id, grantor: grant.grantor }));
    }
}
