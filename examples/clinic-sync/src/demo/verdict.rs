//! What the final check found, and how it is told.

use std::collections::BTreeMap;
use std::fmt;

/// How many findings of a kind are printed; the last line counts all of them.
const PRINTED: usize = 20;

/// What the check found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Pairs that show the same, or differ as a rule says.
    pub agree: usize,
    /// Appointments that agree, or were cancelled on both sides.
    pub appointments: usize,
    /// Pairs of whom one left, or was deleted by a person.
    pub apart: usize,
    /// What waits for a person, by reason.
    pub waiting: BTreeMap<&'static str, usize>,
    /// Contacts or patients that stand for nobody or twice for somebody.
    pub duplicates: Vec<String>,
    /// People or edits that are nowhere.
    pub lost: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>6} pairs of patient and contact agree", self.agree)?;
        if self.appointments > 0 {
            writeln!(f, "{:>6} pairs of event and appointment agree", self.appointments)?;
        }
        if self.apart > 0 {
            writeln!(f, "{:>6} pairs are apart: the patient left, or somebody deleted the contact", self.apart)?;
        }
        for (reason, count) in &self.waiting {
            writeln!(f, "{count:>6} wait for a person: {}", reason.replace('_', " "))?;
        }
        print(f, "double", &self.duplicates)?;
        print(f, "lost", &self.lost)?;
        write!(f, "{} duplicates, {} lost", self.duplicates.len(), self.lost.len())
    }
}

fn print(f: &mut fmt::Formatter<'_>, what: &str, findings: &[String]) -> fmt::Result {
    findings.iter().take(PRINTED).try_for_each(|finding| writeln!(f, "{what}: {finding}"))?;
    match findings.len().saturating_sub(PRINTED) {
        0 => Ok(()),
        more => writeln!(f, "{what}: and {more} more"),
    }
}
