//! Tables and sentences for people. Ids and field names, no values.

use std::collections::BTreeMap;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use sync_core::vocabulary::appointment;
use sync_core::{Action, Braked, FieldName, Kind, Operation, Plan, Reason, Side};

/// The name of a side's system.
pub(crate) const fn system(side: Side) -> &'static str {
    match side {
        Side::Left => "e-Physio",
        Side::Right => "GHL",
    }
}

/// What a record is called on a side.
pub(crate) fn noun(kind: &Kind, side: Side) -> &'static str {
    match (*kind == appointment::KIND, side) {
        (true, _) => "appointment",
        (false, Side::Left) => "patient",
        (false, Side::Right) => "contact",
    }
}

/// What two linked records are about.
fn subject(kind: &Kind) -> &'static str {
    if *kind == appointment::KIND { "appointment" } else { "person" }
}

fn list(fields: &[FieldName]) -> String {
    fields.iter().map(FieldName::as_str).collect::<Vec<_>>().join(", ")
}

/// A reason as a sentence that says what to do.
#[must_use]
pub fn reason(kind: &Kind, reason: &Reason) -> String {
    let noun = |side: &Side| noun(kind, *side);
    let subject = subject(kind);
    match reason {
        Reason::Conflict { field } => format!("{field} was changed on both sides, differently: take one, or keep both"),
        Reason::FirstDifference { fields } => {
            format!("both systems know this {subject}, but differ in {}: take one side, or keep both", list(fields))
        }
        Reason::Cleared { field, side } => format!("{field} was emptied in {}: take that, or keep both", system(*side)),
        Reason::Manual { side, fields } if fields.is_empty() => format!("please create this {} in {}", noun(side), system(*side)),
        Reason::Manual { side, fields } => {
            format!("please change {} in {}; this item closes by itself once it is done", list(fields), system(*side))
        }
        Reason::MissingData { side, fields } => {
            format!("{} creates no {} without {}: please fill in, or map it in the settings", system(*side), noun(side), list(fields))
        }
        Reason::Ambiguous { candidates } => {
            format!("{} records may be the same {subject}: link the right one, or say that it is different", candidates.len())
        }
        Reason::PossibleMatch { candidate } => format!("{candidate} is probably the same {subject}: same, or different?"),
        Reason::SharedIdentifier { other } if *kind == appointment::KIND => {
            format!("{other} is booked at that time already: the same appointment, or different?")
        }
        Reason::SharedIdentifier { other } => format!("{other} has the same e-mail or phone: same, or different?"),
        Reason::IdentityChanged { side, fields } => {
            format!("{} changed at once in {}: still the same {subject}, or different?", list(fields), system(*side))
        }
        Reason::WithheldAppeared { field } => {
            format!("{field} had been left out, and now appeared on the other side: take one, or keep both")
        }
        Reason::DoubleToken { other } => format!("this record and {other} came from one create: please remove one"),
        Reason::MergedIntoLinked { winner, .. } => {
            format!("the contacts of two patients were merged into {winner}: please look at both patients")
        }
        Reason::StillPending { side } => {
            format!("the {} asked for in {} has not appeared: please accept it there", noun(side), system(*side))
        }
        Reason::Frozen { parent } => {
            format!("its {parent} was taken apart, or a question about it is open: nothing is done until that is clear")
        }
        Reason::ManualRemoval { side } => {
            format!("its counterpart is gone: please cancel it in {}; this item closes by itself once it is done", system(*side))
        }
        Reason::Prerequisite { side, what } => format!("please prepare {what} in {}; it then goes on by itself", system(*side)),
        Reason::Undecodable { side, record, detail } => {
            let record = record.as_ref().map_or_else(String::new, |record| format!(" {record}"));
            format!("the {}{record} cannot be read: {detail}", noun(side))
        }
        Reason::Refused { side, detail } => format!("{} refused a write: {detail}", system(*side)),
        Reason::Brake { side, what: Braked::Removals, count, known } => {
            format!("{count} of {known} {}s disappeared at once; nothing was written. If that is right, lift the brake", noun(side))
        }
        Reason::Brake { side, what: Braked::Updates, count, known } => {
            format!("{count} of {known} {}s would be changed at once; none was. If that is right, lift the brake", noun(side))
        }
    }
}

const fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "change",
        Action::Remove => "remove",
        Action::Link => "link",
        Action::Relink => "follow a merge",
        Action::Unlink => "unlink",
        Action::Retire => "note as gone",
        Action::Revive => "note as back",
        Action::Resolve => "carry out a decision",
    }
}

fn fields_of(operation: &Operation) -> String {
    let names: Vec<FieldName> = operation.fields.iter().cloned().collect();
    list(&names)
}

/// A plan as a table: operations of one sort are one row, with their number and a few examples.
#[must_use]
pub fn table_of_operations(plan: &Plan) -> String {
    let mut rows: BTreeMap<(Side, &str, String), Vec<&Operation>> = BTreeMap::new();
    for operation in &plan.operations {
        rows.entry((operation.side, verb(operation.action), fields_of(operation))).or_default().push(operation);
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["in", "what", "fields", "how many", "for example"]);
    for ((side, what, fields), operations) in rows {
        let example = |operation: &&Operation| {
            let named = |side: Side| operation.records[side].as_ref().map(|id| format!("{} {id}", noun(&plan.kind, side)));
            named(Side::Left).or_else(|| named(Side::Right)).unwrap_or_default()
        };
        let example = operations.first().map(example).unwrap_or_default();
        table.add_row([system(side).to_owned(), what.to_owned(), fields, operations.len().to_string(), example]);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}
