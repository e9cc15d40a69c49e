//! Steps of a history in words.

use std::fmt;

use super::fault::Planned;
use super::script::{Act, Action, Step};

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staff(action) => action.fmt(f),
            Self::Meanwhile(action, 0) => write!(f, "{action}, right before the next request"),
            Self::Meanwhile(action, 1) => write!(f, "{action}, after one more request"),
            Self::Meanwhile(action, after) => write!(f, "{action}, after {after} more requests"),
            Self::Trouble(planned) => planned.fmt(f),
            Self::Sync => f.write_str("the process reads and syncs everything"),
            Self::Drain => f.write_str("the process looks at what its inbox holds"),
            Self::Deliver => f.write_str("webhooks that are due arrive"),
            Self::Pass(seconds) => write!(f, "{seconds} seconds pass"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "staff {} (no. {})", deed(self.act), self.number)
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trouble, group) = (spaced(&format!("{:?}", self.trouble)), self.group.name());
        match self.skip {
            0 => write!(f, "trouble ahead: {trouble}, with the next {group}"),
            1 => write!(f, "trouble ahead: {trouble}, with the next {group} but one"),
            skip => write!(f, "trouble ahead: {trouble}, with a {group} after {skip} that go well"),
        }
    }
}

const fn deed(act: Act) -> &'static str {
    match act {
        Act::Edit => "edit a field of somebody",
        Act::EditBoth => "edit a field of somebody on both sides, differently",
        Act::AgreeBoth => "edit a field of somebody on both sides, in the same way",
        Act::Clear => "empty an e-mail or a phone",
        Act::EditElsewhere => "edit something that is not synced",
        Act::NewPatient => "enter a patient",
        Act::NewRelative => "enter a patient who shares a phone",
        Act::NewContact => "enter a contact who is to become a patient",
        Act::NewLead => "enter a contact who is not to become a patient",
        Act::NewOnBoth => "enter the same person on both sides",
        Act::Merge => "enter a contact twice and merge the two",
        Act::Deactivate => "deactivate a patient",
        Act::Reactivate => "take a patient back",
        Act::DeletePatient => "delete a patient",
        Act::DeleteContact => "delete a contact",
        Act::RecreateContact => "enter a deleted contact once more",
        Act::BookEvent => "book an appointment in e-Physio",
        Act::BookOnline => "book an appointment in GHL",
        Act::Move => "move an appointment",
        Act::Cancel => "cancel an appointment",
        Act::Delete => "delete an appointment",
        Act::Rebook => "book a cancelled appointment once more",
        Act::Decide => "answer a question",
        Act::Unlink => "take a pair apart",
    }
}

/// A name such as `ReplyLost` in words.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Group, Trouble};

    #[test]
    fn a_step_is_told_in_words() {
        let action = Action { act: Act::Clear, number: 1007, pick: 3 };
        let planned = Planned { trouble: Trouble::ReplyLost, group: Group::Create, skip: 1, pick: 0 };
        let told = [Step::Meanwhile(action, 4), Step::Trouble(planned), Step::Pass(90)].map(|step| step.to_string());
        assert_eq!(
            told,
            [
                "staff empty an e-mail or a phone (no. 1007), after 4 more requests",
                "trouble ahead: reply lost, with the next create but one",
                "90 seconds pass",
            ]
        );
    }
}
