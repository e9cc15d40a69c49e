//! The script of faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};

/// An answer that a fault gives in place of the vendor's own.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// A reply with a status and a body.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What goes wrong. The first three strike before the effect, the others after it or around it.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers this instead; the vendor never sees the request.
    Refuse(Reply),
    /// Cuts the connection; the vendor never sees the request.
    CutBefore,
    /// Waits; a client that gives up while it waits has caused no effect.
    DelayBefore(Duration),
    /// Waits, and then does the work even if the client has gone.
    SlowWork(Duration),
    /// Does the work, then waits with the answer.
    DelayAfter(Duration),
    /// Does the work, then cuts the connection.
    CutAfter,
    /// Does the work, then answers this instead.
    Replace(Reply),
    /// Does the work, and cuts the connection after so many bytes of the answer's body.
    Truncate(usize),
    /// Does the work, and sends the body one byte at a time with this pause between bytes.
    Drip(Duration),
}

impl Fault {
    /// A short name, as the journal shows it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refuse(_) => "refuse",
            Self::CutBefore => "cut before",
            Self::DelayBefore(_) => "delay before",
            Self::SlowWork(_) => "slow work",
            Self::DelayAfter(_) => "delay after",
            Self::CutAfter => "cut after",
            Self::Replace(_) => "replace",
            Self::Truncate(_) => "truncate",
            Self::Drip(_) => "drip",
        }
    }
}

/// Which requests a fault strikes.
#[derive(Clone, Debug)]
pub struct Rule {
    method: Option<Method>,
    path: String,
    skip: usize,
    times: usize,
    fault: Fault,
}

impl Rule {
    /// Strikes the next request whose path contains `path` (an empty string: any).
    #[must_use]
    pub fn on(path: &str, fault: Fault) -> Self {
        Self { method: None, path: path.to_owned(), skip: 0, times: 1, fault }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Strikes so many times (default 1).
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Counts a matching request; says whether all those to be skipped have passed.
    fn is_due(&mut self) -> bool {
        let due = self.skip == 0;
        self.skip = self.skip.saturating_sub(1);
        due
    }

    fn matches(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method) && path.contains(&self.path)
    }
}

/// The rules in force. Clones share one script.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
}

impl Faults {
    /// Adds a rule behind those that wait already.
    pub fn add(&self, rule: Rule) {
        self.lock().push(rule);
    }

    /// Drops all rules.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many rules have strikes left.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn strike(&self, method: &Method, path: &str) -> Option<Fault> {
        let mut rules = self.lock();
        let index = rules.iter_mut().position(|rule| rule.matches(method, path) && rule.is_due())?;
        let rule = &mut rules[index];
        rule.times = rule.times.saturating_sub(1);
        let fault = rule.fault.clone();
        if rule.times == 0 {
            rules.remove(index);
        }
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_skips_then_strikes_its_times_then_goes() {
        let faults = Faults::default();
        faults.add(Rule::on("/contacts", Fault::CutAfter).method(Method::POST).after(1).times(2));
        let strikes: Vec<bool> =
            ["POST", "GET", "POST", "POST", "POST"].iter().map(|m| faults.strike(&m.parse().unwrap(), "/contacts/").is_some()).collect();
        assert_eq!(strikes, [false, false, true, true, false]);
        assert_eq!(faults.waiting(), 0);
    }
}
