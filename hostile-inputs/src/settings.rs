//! The operator's file.

use clinic_sync::Settings;

use crate::SHORT;

/// Reads settings, and does with them what is done before a first call.
///
/// # Panics
/// When reading panics, when settings that were accepted cannot be worked with, or when a refusal is long.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let settings = match Settings::parse(&text) {
        Ok(settings) => settings,
        Err(refusal) => return assert_line(&refusal, &text),
    };
    drop(format!("{settings:?}"));
    let _ = settings.database();
    let _ = settings.check();
    let _ = (settings.serve.patients(), settings.serve.appointments());
    let _ = sync_http::Timeouts::from(settings.timeouts);
    if let Ok(policy) = settings.patients.policy() {
        drop(format!("{policy:?}"));
    }
}

/// A refusal names a line that there is, and the setting in it. The value is not repeated: it may be a secret.
fn assert_line(refusal: &str, text: &str) {
    let number = refusal.strip_prefix("line ").and_then(|rest| rest.split_once(':')).and_then(|(number, _)| number.parse().ok());
    let number: usize = number.expect("it begins with the line");
    assert!((1..=text.matches('\n').count() + 1).contains(&number), "line {number}");
    let key = text.lines().nth(number - 1).and_then(|line| line.split_once('=')).map_or(0, |(key, _)| key.len());
    assert!(refusal.len() <= SHORT + key, "a refusal of {} bytes", refusal.len());
}
