//! What the engine relies on when it reads and writes a side, as checks for any [`Sink`].

mod creating;
mod declared;
mod reading;
mod removing;
mod searching;
mod subject;
mod updating;

use std::fmt;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;

pub use subject::{Staff, Subject};

use crate::{Description, Error, Permit};

/// The right to write, for suites and for a connector's own tests. In a service only the executor writes.
///
/// ```
/// let permit = sync_core::testing::permit();
/// ```
#[must_use]
pub const fn permit() -> Permit {
    Permit::issue()
}

/// What a check saw that the contract does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach(String);

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for Breach {
    fn from(error: Error) -> Self {
        Self(format!("the endpoint answered with an error where it should not: {error}"))
    }
}

type Outcome = Result<(), Breach>;

/// Ends the check with a sentence, unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($sentence:tt)+) => {
        if !$condition {
            return Err($crate::testing::endpoint::Breach(format!($($sentence)+)));
        }
    };
}
use ensure;

/// One promise of the contract of [`Source`](crate::Source) and [`Sink`](crate::Sink).
#[derive(Clone, Copy)]
pub struct EndpointCheck {
    name: &'static str,
    asked_of: fn(&Description) -> bool,
    run: for<'a> fn(&'a Subject) -> BoxFuture<'a, Outcome>,
}

impl EndpointCheck {
    /// The promise, as a sentence with underscores.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a side that declares this has to keep it.
    #[must_use]
    pub fn is_asked_of(&self, description: &Description) -> bool {
        (self.asked_of)(description)
    }

    /// Runs it against a fresh subject.
    ///
    /// # Errors
    /// When the endpoint breaks the promise, with what was seen.
    pub async fn run(&self, subject: &Subject) -> Result<(), Breach> {
        // A broken connector may panic anywhere; the other checks still tell what works.
        let caught = AssertUnwindSafe((self.run)(subject)).catch_unwind().await;
        caught.unwrap_or_else(|_| Err(Breach("the endpoint panicked".to_owned())))
    }
}

impl fmt::Debug for EndpointCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointCheck").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A list of checks, each named like its function, with the declaration that asks for it.
macro_rules! promises {
    ($($name:ident: $asked_of:expr),* $(,)?) => {
        vec![$($crate::testing::endpoint::EndpointCheck {
            name: stringify!($name),
            asked_of: $asked_of,
            run: |subject| Box::pin($name(subject)),
        }),*]
    };
}
use promises;

/// All checks of an endpoint.
#[must_use]
pub fn endpoint_checks() -> Vec<EndpointCheck> {
    [declared::promises(), reading::promises(), searching::promises(), creating::promises(), updating::promises(), removing::promises()]
        .concat()
}

/// What became of each check.
#[derive(Clone, Debug, Default)]
pub struct EndpointReport {
    /// The promises that were kept.
    pub kept: Vec<&'static str>,
    /// The promises that its description does not make.
    pub not_asked: Vec<&'static str>,
    /// The promises that were broken, with what was seen.
    pub broken: Vec<(&'static str, Breach)>,
}

impl fmt::Display for EndpointReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kept, {} not asked, {} broken", self.kept.len(), self.not_asked.len(), self.broken.len())?;
        self.broken.iter().try_for_each(|(name, breach)| write!(f, "\n- {}: {breach}", name.replace('_', " ")))
    }
}

/// Runs each check against a fresh subject, and reports.
pub async fn endpoint_report(fresh: impl AsyncFn() -> Subject) -> EndpointReport {
    let mut report = EndpointReport::default();
    for check in endpoint_checks() {
        let subject = fresh().await;
        let asked = subject.description().map(|description| check.is_asked_of(description));
        match asked {
            Ok(false) => report.not_asked.push(check.name),
            Ok(true) => match check.run(&subject).await {
                Ok(()) => report.kept.push(check.name),
                Err(breach) => report.broken.push((check.name, breach)),
            },
            Err(breach) => report.broken.push((check.name, breach)),
        }
    }
    report
}

/// Runs each check against a fresh subject. A connector is done when this passes.
///
/// Which checks run follows from the [`Description`]: a side that declares less has less to keep. What is
/// declared and not kept fails.
///
/// ```
/// use std::sync::Arc;
/// use sync_core::testing::{MemoryEndpoint, SeededEnv, Shape, Subject, endpoint_suite};
/// use sync_core::vocabulary::person::{self, PersonSchema};
/// use sync_core::{Field, Fields};
///
/// fn sample(name: &str, email: &str) -> Fields {
///     let mut fields = Fields::default();
///     fields.set(person::FAMILY_NAME, Field::Value(name));
///     fields.set(person::EMAIL, Field::Value(email));
///     fields
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// endpoint_suite(async || {
///     let schema = Arc::new(PersonSchema::default());
///     let shape = Shape::full(person::KIND, &["family_name", "email"]).with_schema(schema.clone());
///     let side = MemoryEndpoint::new("M", Arc::new(SeededEnv::new(1)), [shape]);
///     let samples = [sample("Muster", "a@example.test"), sample("Meier", "b@example.test"), sample("Huber", "")];
///     Subject::new(Arc::new(side.clone()), Arc::new(side), schema, samples)
/// })
/// .await;
/// # }
/// ```
///
/// # Panics
/// After all have run, when one failed; the text says what the contract wants and what was seen.
pub async fn endpoint_suite(fresh: impl AsyncFn() -> Subject) {
    let report = endpoint_report(fresh).await;
    assert!(report.broken.is_empty(), "the endpoint breaks its contract: {report}");
}

#[cfg(test)]
mod tests;
