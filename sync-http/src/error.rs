//! One error, with a verdict.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

/// A result whose error is this crate's.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What the caller may do about an error. The pipeline has retried what it may retry before it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same request will fail again; something has to be changed first.
    Permanent,
    /// Nothing was done, or doing it again is harmless. Later it may work.
    Temporary {
        /// How long to wait at least, where the vendor or the call budget says so.
        retry_after: Option<Duration>,
    },
    /// The request may have had its effect. It must not be sent again before somebody has looked.
    Unknown,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No connection, or it was cut.
    Transport,
    /// No answer in time.
    Timeout,
    /// The credentials are refused, also after a renewal where there is one.
    Unauthorized,
    /// The credentials are good, but not for this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The server understood and declined: validation.
    Refused,
    /// It contradicts what is there; see [`Error::existing`].
    Conflict,
    /// Too many calls: the server says so, or our own call budget.
    RateLimited,
    /// The server failed.
    Server,
    /// The answer is not what was expected.
    Decode,
    /// The answer, or one element of it, exceeds the cap.
    TooLarge,
    /// Not sent, because its deadline had passed.
    Cancelled,
    /// This operation is switched off.
    Disabled,
    /// The program or its settings are wrong.
    Configuration,
}

/// The record that a [`ErrorKind::Conflict`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Its id.
    pub id: String,
    /// The name of the field that is equal, where the vendor says so.
    pub field: Option<String>,
}

/// What went wrong, to what, and what can be done. It carries no body, no URL, no header and no
/// personal data, so it may be logged.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    verdict: Verdict,
    endpoint: &'static str,
    status: Option<StatusCode>,
    message: Option<String>,
    trace_id: Option<String>,
    existing: Option<Existing>,
    source: Option<Source>,
}

impl Error {
    /// An error of `kind` at `endpoint`, with the verdict that is usual for its kind.
    #[must_use]
    pub fn new(kind: ErrorKind, endpoint: &'static str) -> Self {
        Self(Box::new(Inner {
            kind,
            verdict: kind.usual_verdict(),
            endpoint,
            status: None,
            message: None,
            trace_id: None,
            existing: None,
            source: None,
        }))
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What may be done about it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.0.verdict
    }

    /// The name of the endpoint, such as `contacts.create`.
    #[must_use]
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Details that are free of personal data.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The vendor's name for this call in its own logs.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// The record in the way of a [`ErrorKind::Conflict`], where the vendor names it.
    #[must_use]
    pub fn existing(&self) -> Option<&Existing> {
        self.0.existing.as_ref()
    }

    /// Replaces the verdict.
    #[must_use]
    pub fn with_verdict(mut self, verdict: Verdict) -> Self {
        self.0.verdict = verdict;
        self
    }

    /// Adds the status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds a message. It must not contain personal data or secrets.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Adds the vendor's trace id.
    #[must_use]
    pub fn with_trace_id(mut self, trace_id: impl Into<String>) -> Self {
        self.0.trace_id = Some(trace_id.into());
        self
    }

    /// Adds the record that is in the way.
    #[must_use]
    pub fn with_existing(mut self, existing: Existing) -> Self {
        self.0.existing = Some(existing);
        self
    }

    /// Adds the cause. Its text is part of what gets logged, so it must be free of personal data.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error, where the caller knows that nothing was sent on its behalf.
    pub(crate) fn before_sending(self) -> Self {
        if self.verdict() == Verdict::Unknown {
            return self.with_verdict(Verdict::Temporary { retry_after: None });
        }
        self
    }

    /// A copy for those who waited for the same thing; the cause stays with the first.
    pub(crate) fn copy(&self) -> Self {
        let Inner { kind, verdict, endpoint, status, message, trace_id, existing, source: _ } = &*self.0;
        Self(Box::new(Inner {
            kind: *kind,
            verdict: *verdict,
            endpoint,
            status: *status,
            message: message.clone(),
            trace_id: trace_id.clone(),
            existing: existing.clone(),
            source: None,
        }))
    }
}

impl ErrorKind {
    fn usual_verdict(self) -> Verdict {
        match self {
            Self::Transport | Self::Timeout | Self::RateLimited | Self::Server | Self::Cancelled => {
                Verdict::Temporary { retry_after: None }
            }
            _ => Verdict::Permanent,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Transport => "the connection failed",
            Self::Timeout => "no answer in time",
            Self::Unauthorized => "the credentials are refused",
            Self::Forbidden => "access is denied",
            Self::NotFound => "there is no such record",
            Self::Refused => "the server refused the request",
            Self::Conflict => "it conflicts with an existing record",
            Self::RateLimited => "too many calls",
            Self::Server => "the server failed",
            Self::Decode => "the answer could not be understood",
            Self::TooLarge => "the answer is too large",
            Self::Cancelled => "it was not sent, its deadline had passed",
            Self::Disabled => "the operation is switched off",
            Self::Configuration => "the settings are wrong",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "{}: {}", inner.endpoint, inner.kind.what())?;
        if let Some(status) = inner.status {
            write!(f, " (status {})", status.as_u16())?;
        }
        if let Some(message) = &inner.message {
            write!(f, ": {message}")?;
        }
        if let Some(trace_id) = &inner.trace_id {
            write!(f, " [trace {trace_id}]")?;
        }
        write!(f, "; {}", inner.verdict)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permanent => f.write_str("trying again will not help"),
            Self::Temporary { retry_after: None } => f.write_str("try again later"),
            Self::Temporary { retry_after: Some(wait) } => write!(f, "try again in {} s", wait.as_secs_f32().ceil()),
            Self::Unknown => f.write_str("it may have taken effect: look before sending it again"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("verdict", &inner.verdict)
            .field("endpoint", &inner.endpoint)
            .field("status", &inner.status.map(|status| status.as_u16()))
            .field("message", &inner.message)
            .field("trace_id", &inner.trace_id)
            .field("existing", &inner.existing)
            .field("source", &inner.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_happened_to_what_and_what_to_do() {
        let error = Error::new(ErrorKind::RateLimited, "contacts.create")
            .with_status(StatusCode::TOO_MANY_REQUESTS)
            .with_trace_id("t-1")
            .with_verdict(Verdict::Temporary { retry_after: Some(Duration::from_secs(10)) });
        assert_eq!(error.to_string(), "contacts.create: too many calls (status 429) [trace t-1]; try again in 10 s");
    }

    #[test]
    fn is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
