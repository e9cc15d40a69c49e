//! The one error type of this crate, and what a caller may do about it.

use std::fmt;
use std::time::Duration;

/// A result whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What may be done after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Trying again changes nothing; something must be corrected first.
    Permanent,
    /// Nothing happened; trying again later may work.
    Temporary {
        /// How long the other side asked us to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// It may have happened. It must not be sent again before the outcome is established by reading.
    Unknown,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Settings or policies contradict each other or lack something.
    Configuration,
    /// The remote system could not be reached, or did not answer in time.
    Unreachable,
    /// The remote system does not accept our credentials.
    Unauthorized,
    /// The remote system refused this request as such.
    Refused,
    /// The record is not there.
    NotFound,
    /// A rate limit or quota is used up.
    RateLimited,
    /// The remote system failed.
    Remote,
    /// An answer or a record could not be understood.
    Decode,
    /// The store failed.
    Store,
    /// Somebody else holds the tenant, or this process no longer does.
    Lease,
    /// The caller asked to stop.
    Cancelled,
}

/// A failure: what happened, to what, and whether to try again.
///
/// Neither the message nor the context ever holds personal data or secrets.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    verdict: Verdict,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of a kind, with a verdict and a message that says what to do.
    pub fn new(kind: ErrorKind, verdict: Verdict, message: impl Into<String>) -> Self {
        Self { kind, verdict, message: message.into(), context: Vec::new(), source: None }
    }

    /// A failure that trying again does not cure.
    pub fn permanent(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Verdict::Permanent, message)
    }

    /// A failure that may pass.
    pub fn temporary(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Verdict::Temporary { retry_after: None }, message)
    }

    /// A failure after which nobody knows whether the effect happened.
    pub fn unknown(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Verdict::Unknown, message)
    }

    /// Keeps the error that caused this one. It must not hold personal data either.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says to what it happened: an id, an endpoint, a field name; never a value.
    #[must_use]
    pub fn with_context(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.context.push((key, value.into()));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether to try again.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether nobody knows if the effect happened.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.verdict == Verdict::Unknown
    }

    /// Whether trying again later may help.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self.verdict, Verdict::Temporary { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (index, (key, value)) in self.context.iter().enumerate() {
            write!(f, "{}{key} {value}", if index == 0 { " (" } else { ", " })?;
        }
        if self.context.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_happened_and_to_what() {
        let error =
            Error::permanent(ErrorKind::Refused, "the record was refused").with_context("kind", "person").with_context("field", "phone");
        assert_eq!(error.to_string(), "the record was refused (kind person, field phone)");
    }
}
