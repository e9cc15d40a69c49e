//! Settings from the environment. Every secret can also come from a file.

use secrecy::SecretString;

use super::Settings;
use crate::{Error, Result};

/// How many practices one process works for at a time.
const PRACTICES_AT_ONCE: &str = "CLINIC_SYNC_PRACTICES_AT_ONCE";

/// Lays the environment over the settings. An empty variable counts as not set.
pub(super) fn apply(settings: &mut Settings, read: impl Fn(&str) -> Option<String>) -> Result<()> {
    let plain = |name: &str| read(name).filter(|value| !value.trim().is_empty());
    let secret = |name: &str| -> Result<Option<SecretString>> {
        match (plain(name), plain(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => Err(Error::Settings(vec![format!("both {name} and {name}_FILE are set; keep one")])),
            (Some(value), None) => Ok(Some(SecretString::from(value))),
            (None, Some(path)) => from_file(name, &path).map(Some),
            (None, None) => Ok(None),
        }
    };
    if let Some(url) = secret("DATABASE_URL")? {
        settings.database_url = Some(secrecy::ExposeSecret::expose_secret(&url).to_owned());
    }
    if let Some(url) = plain("EPHYSIO_BASE_URL") {
        settings.ephysio.base_url = url;
    }
    if let Some(url) = plain("GHL_BASE_URL") {
        settings.ghl.base_url = url;
    }
    settings.ephysio.email = plain("EPHYSIO_EMAIL").or(settings.ephysio.email.take());
    settings.ephysio.password = secret("EPHYSIO_PASSWORD")?.or(settings.ephysio.password.take());
    settings.ghl.location_id = plain("GHL_LOCATION_ID").or(settings.ghl.location_id.take());
    settings.ghl.private_integration_token = secret("GHL_PRIVATE_INTEGRATION_TOKEN")?.or(settings.ghl.private_integration_token.take());
    if let Some(app) = &mut settings.ghl.app {
        app.client_secret = secret("GHL_CLIENT_SECRET")?.or(app.client_secret.take());
    }
    if let Some(keys) = plain("GHL_WEBHOOK_PUBLIC_KEYS") {
        settings.serve.webhook_public_keys =
            keys.split_inclusive("-----END PUBLIC KEY-----").map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).collect();
    }
    if let Some(number) = plain(PRACTICES_AT_ONCE) {
        let unusable = |_| Error::Settings(vec![format!("{PRACTICES_AT_ONCE} must be a number, and at least 1")]);
        settings.serve.practices_at_once = number.trim().parse().map_err(unusable)?;
    }
    if let Some(path) = plain("VAULT_KEY_FILE") {
        settings.vault.key_file = Some(path.into());
    }
    if let Some(key) = plain("VAULT_KEY") {
        settings.vault.key = Some(SecretString::from(key));
    }
    settings.vault.new_key = secret("VAULT_KEY_NEW")?;
    Ok(())
}

fn from_file(name: &str, path: &str) -> Result<SecretString> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Settings(vec![format!("{name}_FILE names {path}, which cannot be read: {error}")]))?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use secrecy::ExposeSecret;

    use super::*;

    fn environment<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn the_environment_goes_over_the_file_and_empty_means_not_set() {
        let mut settings = Settings::parse("[ghl]\nlocation_id = \"from-file\"\n[ephysio]\nemail = \"a@b.ch\"").unwrap();
        apply(&mut settings, environment(&[("GHL_LOCATION_ID", "from-env"), ("EPHYSIO_EMAIL", " ")])).unwrap();
        assert_eq!(settings.ghl.location_id.as_deref(), Some("from-env"));
        assert_eq!(settings.ephysio.email.as_deref(), Some("a@b.ch"));
    }

    #[test]
    fn a_secret_may_come_from_a_file_but_not_from_two_places() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "geheim\n").unwrap();
        let path = file.path().to_str().unwrap();
        let mut settings = Settings::default();
        apply(&mut settings, environment(&[("EPHYSIO_PASSWORD_FILE", path)])).unwrap();
        assert_eq!(settings.ephysio.password.as_ref().unwrap().expose_secret(), "geheim");
        let both = apply(&mut settings, environment(&[("EPHYSIO_PASSWORD_FILE", path), ("EPHYSIO_PASSWORD", "x")]));
        assert!(both.unwrap_err().to_string().contains("keep one"));
    }

    #[test]
    fn a_process_works_for_as_many_practices_at_a_time_as_it_is_told_and_for_at_least_one() {
        let mut settings = Settings::default();
        assert_eq!(settings.serve.practices_at_once.get(), 64);
        apply(&mut settings, environment(&[("CLINIC_SYNC_PRACTICES_AT_ONCE", "2")])).unwrap();
        assert_eq!(settings.serve.practices_at_once.get(), 2);
        for wrong in ["0", "-1", "many"] {
            let error = apply(&mut settings, environment(&[("CLINIC_SYNC_PRACTICES_AT_ONCE", wrong)])).unwrap_err().to_string();
            assert!(error.contains("CLINIC_SYNC_PRACTICES_AT_ONCE must be a number, and at least 1"), "{error}");
        }
        let error = Settings::parse("[serve]\npractices_at_once = 0").unwrap_err();
        assert!(error.starts_with("line 2: practices_at_once cannot be this"), "{error}");
    }

    /// Words in capitals that look like variables of ours.
    fn variables(text: &str) -> BTreeSet<String> {
        let words = text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
        let ours = ["CLINIC_SYNC_PRACTICES_", "DATABASE_", "EPHYSIO_", "GHL_", "VAULT_"];
        words.filter(|word| ours.iter().any(|start| word.starts_with(start))).map(|word| word.trim_end_matches('_').to_owned()).collect()
    }

    #[test]
    fn every_variable_that_is_documented_is_read() {
        let asked = RefCell::new(BTreeSet::new());
        let note = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            None
        };
        let mut settings = Settings::parse("[ghl.app]\nclient_id = \"a\"\nredirect_uri = \"https://a.ch/b\"").unwrap();
        apply(&mut settings, note).unwrap();
        for text in [super::super::EXAMPLE, include_str!("../../README.md"), include_str!("../../../../README.md")] {
            let documented = variables(text);
            assert!(documented.is_subset(&asked.borrow()), "{:?}", documented.difference(&asked.borrow()).collect::<Vec<_>>());
        }
        assert!(variables(super::super::EXAMPLE).contains("EPHYSIO_PASSWORD"));
    }

    #[test]
    fn settings_print_no_secret_no_login_and_no_address() {
        let mut settings = Settings::parse("[ghl.app]\nclient_id = \"a\"\nredirect_uri = \"https://a.ch/b\"").unwrap();
        let secret = [
            ("EPHYSIO_EMAIL", "geheim@praxis.example"),
            ("EPHYSIO_PASSWORD", "geheim"),
            ("EPHYSIO_BASE_URL", "https://u:geheim@h.example"),
            ("GHL_PRIVATE_INTEGRATION_TOKEN", "pit-geheim"),
            ("GHL_CLIENT_SECRET", "geheim"),
            ("GHL_BASE_URL", "https://u:geheim@h.example"),
            ("DATABASE_URL", "postgres://u:geheim@h/d"),
            ("VAULT_KEY", "geheim"),
        ];
        apply(&mut settings, environment(&secret)).unwrap();
        assert!(!format!("{settings:?} {settings:#?}").contains("geheim"));
    }
}
