//! Successes that say so in their body.

use serde::Deserialize;
use sync_http::{Answer, Error, ErrorKind, Result};

/// Of contacts GHL misspells it, and under v3 sends both; of events it does not.
#[derive(Deserialize)]
struct Success {
    succeded: Option<bool>,
    succeeded: Option<bool>,
}

/// Refuses a success that denies itself.
pub(crate) fn confirm(answer: &Answer) -> Result<()> {
    let success: Success = answer.json()?;
    if success.succeded == Some(false) || success.succeeded == Some(false) {
        let error = Error::new(ErrorKind::Refused, answer.endpoint()).with_status(answer.status());
        return Err(error.with_message("GHL answers that it did not succeed"));
    }
    Ok(())
}
