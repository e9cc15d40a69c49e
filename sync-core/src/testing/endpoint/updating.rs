//! How records change through an endpoint.

use std::collections::BTreeSet;

use super::creating::{check_answer, check_exists};
use super::subject::only;
use super::{Breach, EndpointCheck, Outcome, Subject, ensure, permit, promises};
use crate::{Description, ErrorKind, Field, FieldName, Fields, Patch, RecordId, Support, Verdict, Written};

pub(super) fn promises() -> Vec<EndpointCheck> {
    promises![
        an_update_changes_exactly_its_fields: updates,
        an_update_of_several_fields_changes_them_all: updates,
        an_update_to_empty_clears: updates,
        the_answer_to_an_update_shows_the_record_as_it_is: updates,
        writing_back_what_was_read_changes_nothing: updates,
        an_update_to_a_taken_value_names_the_other_record: |description| updates(description) && !description.unique.is_empty(),
        an_update_of_a_missing_record_is_an_error_and_creates_nothing: updates,
    ]
}

fn updates(description: &Description) -> bool {
    description.update == Support::Enabled && description.fields.values().any(|support| support.update)
}

/// The values of the second sample that can be written over those of the first.
fn new_values(subject: &Subject) -> Result<Fields, Breach> {
    let description = subject.description()?;
    let mut values = Fields::default();
    for name in subject.differences(subject.full(), subject.other()) {
        let value = subject.other().get(&name);
        if value.value().is_some() && description.can_write(&name, false) {
            values.set(name, value);
        }
    }
    ensure!(!values.is_empty(), "the first two samples do not differ in anything that can be written: the check would see nothing");
    Ok(values)
}

fn patch(subject: &Subject, id: RecordId, fields: Fields) -> Patch {
    Patch { kind: subject.kind.clone(), id, fields }
}

async fn an_update_changes_exactly_its_fields(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.full()).await;
    let mut before = subject.view(&id).await?;
    for (name, value) in new_values(subject)?.iter() {
        subject.update(&id, &only(name, value)).await?;
        let after = subject.view(&id).await?;
        subject.check_shows(&after, &only(name, value))?;
        let mut changed = subject.differences(&before.fields, &after.fields);
        changed.remove(name);
        ensure!(changed.is_empty(), "an update of {name} changed {changed:?} as well");
        ensure!(before.references == after.references, "an update of {name} changed what the record refers to");
        ensure!(before.token == after.token, "an update of {name} changed the token");
        ensure!(before.presence == after.presence, "an update of {name} changed whether the record is in use");
        before = after;
    }
    Ok(())
}

async fn an_update_of_several_fields_changes_them_all(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.full()).await;
    subject.settle().await?;
    let values = new_values(subject)?;
    subject.update(&id, &values).await?;
    subject.check_shows(&subject.view(&id).await?, &values)
}

async fn an_update_to_empty_clears(subject: &Subject) -> Outcome {
    let description = subject.description()?;
    let id = subject.enter(subject.full()).await;
    subject.settle().await?;
    for (name, value) in subject.full().iter() {
        if value.value().is_none() || !description.can_write(name, true) || description.required.contains(name) {
            continue;
        }
        subject.update(&id, &only(name, Field::Empty)).await?;
        let cleared = subject.view(&id).await?;
        ensure!(cleared.fields.get(name).value().is_none(), "the field {name} was cleared, and shows a value");
        // Some sides need one of several fields: the next one is cleared from the full record again.
        subject.update(&id, &only(name, value)).await?;
        subject.check_shows(&subject.view(&id).await?, &only(name, value))?;
    }
    Ok(())
}

async fn the_answer_to_an_update_shows_the_record_as_it_is(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.full()).await;
    subject.settle().await?;
    let patch = patch(subject, id, new_values(subject)?);
    let Written::Done(answered) = subject.endpoint.update(&permit(), &patch).await? else { return Ok(()) };
    ensure!(answered.id == patch.id, "the answer to an update names another record");
    check_answer(subject, &answered.fields, &answered.id).await
}

async fn writing_back_what_was_read_changes_nothing(subject: &Subject) -> Outcome {
    let description = subject.description()?;
    for sample in [subject.full(), subject.sparse()] {
        let id = subject.enter(sample).await;
        let before = subject.view(&id).await?;
        let mut same = Fields::default();
        for (name, field) in before.fields.iter().filter(|(name, field)| description.can_write(name, *field == Field::Empty)) {
            same.set(name.clone(), field);
        }
        if same.is_empty() {
            continue;
        }
        subject.update(&id, &same).await?;
        let after = subject.view(&id).await?;
        // Here also what the side stores in its own way has to stay, to the letter.
        let all: BTreeSet<&FieldName> = before.fields.names().chain(after.fields.names()).collect();
        let changed: Vec<_> = all.into_iter().filter(|name| before.fields.get(name) != after.fields.get(name)).collect();
        ensure!(changed.is_empty(), "writing back what was read changed {changed:?}");
    }
    Ok(())
}

async fn an_update_to_a_taken_value_names_the_other_record(subject: &Subject) -> Outcome {
    let holder = subject.enter(subject.full()).await;
    let id = subject.enter(subject.other()).await;
    let before = subject.view(&id).await?;
    let description = subject.description()?;
    for name in description.unique.iter().filter(|name| description.can_write(name, false)) {
        let taken = subject.full().get(name);
        if taken.value().is_none() {
            continue;
        }
        let patch = patch(subject, id.clone(), only(name, taken));
        check_exists(subject.endpoint.update(&permit(), &patch).await?, &holder, name)?;
    }
    let changed = subject.differences(&before.fields, &subject.view(&id).await?.fields);
    ensure!(changed.is_empty(), "an update that was answered with Exists changed {changed:?}");
    Ok(())
}

async fn an_update_of_a_missing_record_is_an_error_and_creates_nothing(subject: &Subject) -> Outcome {
    let before = subject.list().await?.len();
    let patch = patch(subject, subject.staff.unused_id(&subject.kind), new_values(subject)?);
    match subject.endpoint.update(&permit(), &patch).await {
        Ok(written) => return Err(Breach(format!("an update of a record that is not there is answered with {written:?}"))),
        Err(error) => {
            let told = (error.kind(), error.verdict());
            ensure!(told == (ErrorKind::NotFound, Verdict::Permanent), "an update of a record that is not there fails as {told:?}");
        }
    }
    subject.settle().await?;
    ensure!(subject.list().await?.len() == before, "an update of a record that is not there created one");
    Ok(())
}
