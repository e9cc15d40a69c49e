//! What would happen to whose edits, for people.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use sync_core::Side;

use super::words::system;
use crate::simulate::{Edited, Family, Fate, Fates, Rules};

/// The heads of the columns, and what they mean.
const COLUMNS: [(Fate, &str, &str); 9] = [
    (Fate::Arrived, "arrived", "the other system showed it"),
    (Fate::Overruled, "lost to a rule", "the other system's value replaced it, as the rules say; it is kept for 30 days"),
    (Fate::Decided, "lost to an answer", "somebody answered that the other system's value is right"),
    (Fate::Crossed, "crossed", "it was typed while a write was under way, which neither system can refuse"),
    (Fate::Asked, "asked about", "a question, or a task for your staff, is open"),
    (Fate::Superseded, "edited again", "the field was edited once more, or the record removed, before the sync looked"),
    (Fate::Stays, "stays there", "a rule says that it is not passed on, or an answer that both may stand"),
    (Fate::Alone, "on one side", "the record has no counterpart that is kept in step"),
    (Fate::Open, "unclear", "none of these: please look at the broken promises"),
];

/// The whole report.
pub(super) fn report(fates: &Fates, rules: &Rules) -> String {
    let mut text = table(fates);
    text.push('\n');
    for (fate, head, meaning) in COLUMNS {
        if fates.edits.keys().any(|(_, other)| *other == fate) {
            let _ = writeln!(text, "  {head}: {meaning}");
        }
    }
    questions(&mut text, fates);
    held_back(&mut text, fates);
    stopped(&mut text, fates);
    left_out(&mut text, rules);
    text
}

fn table(fates: &Fates) -> String {
    let mut table = Table::new();
    let heads = ["edited", "in", "edits"].into_iter().chain(COLUMNS.map(|(_, head, _)| head));
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(heads);
    for edited in fates.edited() {
        let counts = COLUMNS.map(|(fate, ..)| fates.count(edited, fate));
        let all = counts.iter().sum::<usize>();
        let numbers = [all].into_iter().chain(counts).map(|count| count.to_string());
        table.add_row([name(edited), system(edited.2)].map(str::to_owned).into_iter().chain(numbers));
    }
    table.column_iter_mut().skip(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.to_string()
}

/// What was edited. A new start is what an edit of an appointment's time shows.
fn name((family, field, _): Edited) -> &'static str {
    match (family, field) {
        (Family::Person, field) => field,
        (Family::Appointment, "start") => "time of an appointment",
        (Family::Appointment, _) => "cancelled or booked again",
    }
}

fn questions(text: &mut String, fates: &Fates) {
    if fates.asked.is_empty() {
        return text.push_str("\nNobody was asked anything.\n");
    }
    text.push_str("\nQuestions and tasks for people:\n");
    for (reason, asked) in &fates.asked {
        let open = fates.open.get(reason).copied().unwrap_or_default();
        let _ = writeln!(text, "{asked:>6}  {}; {open} open at the end", meaning(reason));
    }
}

fn held_back(text: &mut String, fates: &Fates) {
    for (side, what, other) in [(Side::Left, "patients", "GHL"), (Side::Right, "contacts", "e-Physio")] {
        let count = fates.held_back[side];
        let _ = writeln!(text, "{count} {what} were not created in {other}: no rule about scope lets them pass.");
    }
}

fn stopped(text: &mut String, fates: &Fates) {
    let (updates, removals) = fates.brakes;
    let _ = writeln!(text, "Brakes stopped a run {} times: {updates} for updates, {removals} for disappearances.", updates + removals);
}

fn left_out(text: &mut String, rules: &Rules) {
    if !rules.has_appointments() {
        text.push_str("Appointments were left out: the settings have no calendars.\n");
    }
    if !rules.left_out().is_empty() {
        let _ = writeln!(text, "Not simulated: {}.", rules.left_out().join(", "));
    }
}

fn meaning(reason: &str) -> &str {
    match reason {
        "conflict" => "a field was edited on both sides, differently",
        "first_difference" => "a pair that met for the first time differed",
        "cleared" => "a field was emptied on one side",
        "manual" => "a change to be made by hand",
        "missing_data" => "a record could not be created: something is missing",
        "ambiguous" => "several records may be the same",
        "possible_match" => "a record is probably the same as another one",
        "shared_identifier" => "another record has the same e-mail, phone or time",
        "identity_changed" => "so much changed at once that it may be somebody else",
        "withheld_appeared" => "a value that had been left out appeared on the other side",
        "double_token" => "two records came from one create",
        "merged_into_linked" => "the contacts of two patients were merged",
        "still_pending" => "a record that was asked for has not appeared",
        "frozen" => "an appointment waits for a question about its person",
        "manual_removal" => "a cancellation to be made by hand",
        "prerequisite" => "something has to be prepared first, such as an invoice",
        "undecodable" => "a record could not be read",
        "refused" => "a write was refused",
        other => other,
    }
}
