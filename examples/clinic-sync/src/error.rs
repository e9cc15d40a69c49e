//! What a command can fail with, and the exit code that says so.

use std::fmt;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command did not succeed: what happened, to what, and what to do.
#[derive(Debug)]
pub enum Error {
    /// The settings do not allow it. Every problem is listed, not only the first.
    Settings(Vec<String>),
    /// It was called in a way that means nothing.
    Usage(String),
    /// It was tried, and failed.
    Failed(sync_core::Error),
}

impl Error {
    /// The exit code: 64 for wrong usage (as `sysexits` has it), otherwise 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Settings(_) | Self::Failed(_) => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(problems) => {
                f.write_str("the settings cannot be used:")?;
                problems.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
            Self::Usage(message) => f.write_str(message),
            Self::Failed(error) if error.kind() == sync_core::ErrorKind::Unreachable => {
                write!(f, "{error}; check the network, and `base_url` in the settings")
            }
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<sync_core::Error> for Error {
    fn from(error: sync_core::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<sync_http::Error> for Error {
    /// Only the set-up of a client comes this way; what happens on the wire is mapped by the connectors.
    fn from(error: sync_http::Error) -> Self {
        Self::Failed(sync_core::Error::permanent(sync_core::ErrorKind::Configuration, error.to_string()))
    }
}
