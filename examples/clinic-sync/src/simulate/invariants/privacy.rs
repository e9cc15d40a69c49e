//! That nothing is told to whom it does not concern.

use crate::simulate::evidence::Evidence;

/// What every value that staff enter begins with, in one of its forms: longer than what ids, which are letters by chance, happen to say.
const CANARIES: [&str; 5] = ["wert.", "+4179", "Nachname", "Seeweg", "Vorname"];

/// No value of a record is in a link, a plan, a log line, an error, or what is printed of a question; and nothing of another practice
/// was touched.
pub(in crate::simulate) fn isolation_and_privacy(evidence: &Evidence) -> Vec<String> {
    let mut told = vec![
        ("links", format!("{:?}", evidence.links)),
        ("questions", format!("{:?}", evidence.reviews)),
        ("commits", format!("{:?}", evidence.commits)),
        ("errors", format!("{:?}", evidence.errors)),
        ("logs", evidence.logs.clone()),
    ];
    let plans: Vec<_> = evidence.rehearsals.iter().map(|rehearsal| &rehearsal.plan).collect();
    told.push(("plans", format!("{plans:?}")));
    let mut findings = Vec::new();
    for (place, text) in told {
        if let Some(canary) = CANARIES.iter().find(|canary| text.contains(**canary)) {
            findings.push(format!("a value that begins with {canary} is told in {place}"));
        }
    }
    if !evidence.neighbour_untouched {
        findings.push("something of another practice was changed".to_owned());
    }
    findings
}

/// No write of the sync sends a message or starts a workflow.
pub(in crate::simulate) fn quiet_writes(evidence: &Evidence) -> Vec<String> {
    match evidence.disturbed {
        0 => Vec::new(),
        disturbed => vec![format!("{disturbed} messages or workflows were started")],
    }
}
