//! The settings of one practice of several, within those of the process that serves them all.

use sync_core::TenantId;

use super::Settings;
use crate::Error;

/// What belongs to the process, and cannot be another for one of its practices.
const OF_THE_PROCESS: [(&str, &str); 8] = [
    ("", "database_url"),
    ("", "vault"),
    ("", "timeouts"),
    ("serve", "listen"),
    ("serve", "metrics"),
    ("serve", "notify"),
    ("serve", "practices_at_once"),
    ("serve", "webhook_public_keys"),
];

impl Settings {
    /// The settings of a practice whose file has this text. Its own are its accounts, its mapping, its scope, its limits and when it
    /// is synced; everything else is the process's. An app of GHL's marketplace, and its secret, may be the process's too.
    ///
    /// # Errors
    /// Everything that is missing or wrong. No message repeats a value: it may be a secret.
    pub fn for_tenant(&self, id: TenantId, text: &str) -> Result<Self, Vec<String>> {
        let mut settings = Self::parse(text).map_err(|problem| vec![problem])?;
        let table: toml::Table = toml::from_str(text).map_err(|_| vec!["the settings are no TOML".to_owned()])?;
        let mut problems = refused(&table);
        settings.tenant = id;
        settings.database_url.clone_from(&self.database_url);
        settings.vault = self.vault.clone();
        settings.timeouts = self.timeouts;
        let own = settings.serve;
        settings.serve = self.serve.clone();
        (settings.serve.patients_minutes, settings.serve.appointments_minutes) = (own.patients_minutes, own.appointments_minutes);
        settings.serve.nightly_hour = own.nightly_hour;
        if settings.ghl.private_integration_token.is_none() && settings.ghl.app.is_none() {
            settings.ghl.app.clone_from(&self.ghl.app);
        }
        let secret = self.ghl.app.as_ref().and_then(|app| app.client_secret.clone());
        if let Some(app) = &mut settings.ghl.app {
            app.client_secret = app.client_secret.take().or(secret);
        }
        if let Err(Error::Settings(more)) = settings.check() {
            problems.extend(more);
        }
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// What no two practices can have: a location of GHL, and a practice of an e-Physio login, which is not stored readably.
    #[must_use]
    pub fn claims(&self) -> Vec<String> {
        let location = self.ghl.location_id.as_deref().unwrap_or_default();
        let login = self.ephysio.email.as_deref().unwrap_or_default().trim().to_lowercase();
        let practice = format!("{}\n{login}\n{}", self.ephysio.base_url.trim_end_matches('/'), self.ephysio.key_index);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, practice.as_bytes());
        let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        vec![location_claim(location), format!("ephysio:{digest}")]
    }
}

/// By which a location's tenant is found.
#[must_use]
pub(crate) fn location_claim(location: &str) -> String {
    format!("ghl:{location}")
}

fn refused(table: &toml::Table) -> Vec<String> {
    let has = |(within, key): &(&str, &str)| {
        let table = if within.is_empty() { Some(table) } else { table.get(*within).and_then(toml::Value::as_table) };
        table.is_some_and(|table| table.contains_key(*key))
    };
    let refused = OF_THE_PROCESS.iter().filter(|place| has(place));
    refused.map(|(within, key)| format!("`{key}`{} belongs to the process, not to one practice", place(within))).collect()
}

fn place(within: &str) -> String {
    if within.is_empty() { String::new() } else { format!(" under [{within}]") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "[ephysio]\nemail = \"a@b.ch\"\npassword = \"p\"\n[ghl]\nlocation_id = \"loc-a\"\n\
                       private_integration_token = \"pit\"\n[patients]\nconsent = \"all_active_patients\"\n[serve]\npatients_minutes = 7\n";

    fn process() -> Settings {
        Settings::parse("database_url = \"clinic.db\"\n[serve]\nlisten = \"127.0.0.1:9\"\nnotify = \"tell\"\npatients_minutes = 60\n")
            .unwrap()
    }

    #[test]
    fn a_practice_has_its_own_accounts_and_times_and_the_process_the_rest() {
        let own = process().for_tenant(TenantId::new("a"), OWN).unwrap();
        assert_eq!((own.tenant.as_str(), own.serve.patients_minutes), ("a", 7));
        assert_eq!((own.database_url.as_deref(), own.serve.notify.as_deref()), (Some("clinic.db"), Some("tell")));
        assert_eq!(own.serve.listen.port(), 9);
    }

    #[test]
    fn what_belongs_to_the_process_is_refused_by_name_and_no_value_is_repeated() {
        let text = format!("database_url = \"postgres://u:geheim@h/d\"\n{OWN}listen = \"127.0.0.1:1\"\n");
        let problems = process().for_tenant(TenantId::new("a"), &text).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(
            problems[0].contains("`database_url`") && problems[1].contains("`listen` under [serve]") && !problems[0].contains("geheim")
        );
    }

    #[test]
    fn the_same_account_is_the_same_claim_however_it_is_written_and_shows_no_login() {
        let claims = |text: &str| process().for_tenant(TenantId::new("a"), text).unwrap().claims();
        assert_eq!(claims(OWN), claims(&OWN.replace("a@b.ch", " A@B.ch")));
        assert_ne!(claims(OWN)[1], claims(&OWN.replace("a@b.ch\"", "a@b.ch\"\nkey_index = 1"))[1], "another practice of the login");
        assert!(!claims(OWN).concat().contains("b.ch"));
    }
}
