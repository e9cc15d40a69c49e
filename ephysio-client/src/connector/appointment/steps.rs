//! By which of the calls that are enabled an event is changed.

use std::collections::BTreeSet;

use sync_core::vocabulary::appointment::{END, PRACTITIONER, SERVICE, START, STATUS, status};
use sync_core::{Field, FieldName, Fields};

use crate::Operations;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Sets the times.
    Move(Fields),
    /// Sets anything.
    Update(Fields),
    /// Cancels.
    Cancel,
}

/// The fields that no enabled call can change.
pub(super) fn by_hand(operations: &Operations) -> BTreeSet<FieldName> {
    if operations.update_event.is_enabled() {
        return BTreeSet::new();
    }
    let mut by_hand = BTreeSet::from([PRACTITIONER, SERVICE]);
    if !operations.move_event.is_enabled() {
        by_hand.extend([START, END]);
    }
    if !operations.cancel_event.is_enabled() {
        by_hand.insert(STATUS);
    }
    by_hand
}

/// The calls that make a change; none if the enabled ones cannot. Two are needed only where one sets values and the other
/// cancels: values may be set again by whoever does not know how it ended, and the cancellation comes last.
pub(super) fn steps(operations: &Operations, fields: &Fields, has_code: impl Fn(&str) -> bool) -> Option<Vec<Step>> {
    if let Some(step) = single(operations, fields, &has_code) {
        return Some(vec![step]);
    }
    let cancels = fields.get(&STATUS) == Field::Value(status::CANCELLED) && operations.cancel_event.is_enabled();
    let mut others = fields.clone();
    others.set(STATUS, Field::Unknown);
    let first = single(operations, &others, &has_code).filter(|_| cancels)?;
    Some(vec![first, Step::Cancel])
}

fn single(operations: &Operations, fields: &Fields, has_code: impl Fn(&str) -> bool) -> Option<Step> {
    let status = fields.get(&STATUS).value();
    if status == Some(status::CANCELLED) && fields.len() == 1 && operations.cancel_event.is_enabled() {
        return Some(Step::Cancel);
    }
    let moves = fields.names().all(|name| [START, END].contains(name));
    if moves && operations.move_event.is_enabled() {
        return Some(Step::Move(fields.clone()));
    }
    (operations.update_event.is_enabled() && status.is_none_or(has_code)).then(|| Step::Update(fields.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(enabled: &str) -> Operations {
        let text = |name: &str| format!("[{name}_event]\nsupport = 'enabled'\nmethod = 'PUT'\npath = '/events/{{id}}'\n");
        toml::from_str(&enabled.split_whitespace().map(text).collect::<String>()).unwrap()
    }

    fn fields(text: &str) -> Fields {
        let mut fields = Fields::default();
        for pair in text.split_whitespace() {
            let (name, value) = pair.split_once('=').unwrap();
            fields.set(FieldName::new(name), Field::Value(value));
        }
        fields
    }

    fn told(enabled: &str, change: &str) -> Option<Vec<&'static str>> {
        let name = |step: &Step| match step {
            Step::Move(_) => "move",
            Step::Update(_) => "update",
            Step::Cancel => "cancel",
        };
        let steps = steps(&operations(enabled), &fields(change), |status| status != "attended" && status != "cancelled");
        steps.map(|steps| steps.iter().map(name).collect())
    }

    #[test]
    fn each_change_is_made_by_the_call_that_fits() {
        for (enabled, change, expected) in [
            ("update move cancel", "start=a end=b", Some(vec!["move"])),
            ("update cancel", "end=b", Some(vec!["update"])),
            ("move", "end=b", Some(vec!["move"])),
            ("cancel", "start=a", None),
            ("update move cancel", "status=cancelled", Some(vec!["cancel"])),
            ("update move", "status=cancelled", None),
            ("move cancel", "status=planned", None),
            ("update move cancel", "status=planned", Some(vec!["update"])),
            ("update move cancel", "status=attended", None),
            ("update move", "start=a status=planned practitioner=x", Some(vec!["update"])),
            ("move cancel", "start=a practitioner=x", None),
            ("move cancel", "start=a end=b status=cancelled", Some(vec!["move", "cancel"])),
            ("update cancel", "service=x status=cancelled", Some(vec!["update", "cancel"])),
            ("move cancel", "service=x status=cancelled", None),
            ("move cancel", "start=a status=planned", None),
        ] {
            assert_eq!(told(enabled, change), expected, "{enabled}: {change}");
        }
    }

    #[test]
    fn what_no_call_changes_is_for_people() {
        let names = |enabled: &str| by_hand(&operations(enabled)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names("update"), [""; 0]);
        assert_eq!(names("move"), ["practitioner", "service", "status"]);
        assert_eq!(names("cancel"), ["end", "practitioner", "service", "start"]);
        assert_eq!(names(""), ["end", "practitioner", "service", "start", "status"]);
    }
}
