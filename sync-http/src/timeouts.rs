//! How long one attempt may take.

use std::time::Duration;

/// The limits of one attempt. Retries begin anew; a bound over all attempts is
/// [`Pipeline::until`](crate::Pipeline::until).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name look-up, TCP and TLS together. When it passes, nothing was sent.
    pub connect: Duration,
    /// From the request to the answer's head, and between two pieces of its body.
    pub idle: Duration,
    /// From the request to the last byte of a buffered answer.
    pub total: Duration,
    /// The same for a streamed answer, which may be a whole practice.
    pub stream: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(20),
            total: Duration::from_secs(30),
            stream: Duration::from_secs(600),
        }
    }
}
