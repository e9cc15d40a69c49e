//! How records come into being through an endpoint.

use super::{Breach, EndpointCheck, Outcome, Subject, ensure, permit, promises};
use crate::{Description, Draft, Field, FieldName, Fields, RecordId, Support, Verdict, Written};

pub(super) fn promises() -> Vec<EndpointCheck> {
    promises![
        a_created_record_is_listed_as_drafted: creates,
        a_created_record_carries_its_token: |description| creates(description) && description.carries_token,
        the_answer_to_a_create_shows_the_record_as_it_is: creates,
        a_create_that_is_only_asked_for_shows_nothing_until_accepted: creates,
        a_create_without_a_required_field_is_refused: |description| creates(description) && !description.required.is_empty(),
        a_create_of_a_taken_value_names_the_other_record: |description| creates(description) && !description.unique.is_empty(),
        text_survives_as_it_is: creates,
    ]
}

fn creates(description: &Description) -> bool {
    description.create == Support::Enabled
}

async fn a_created_record_is_listed_as_drafted(subject: &Subject) -> Outcome {
    let before = subject.list().await?.len();
    let draft = subject.draft(subject.full(), 1)?;
    let id = subject.create(&draft).await?;
    subject.settle().await?;
    let listed = subject.list().await?;
    ensure!(listed.len() == before + 1, "{} are listed, after {before} and one create", listed.len());
    let Some(record) = subject.listed(&id).await? else { return Err(Breach(format!("the created record {id} is not listed"))) };
    subject.check_shows(&record, &draft.fields)?;
    ensure!(record.references == draft.references, "the created record does not refer to what was drafted");
    subject.check_shows(&subject.view(&id).await?, &draft.fields)
}

async fn a_created_record_carries_its_token(subject: &Subject) -> Outcome {
    let draft = subject.draft(subject.full(), 1)?;
    let id = subject.create(&draft).await?;
    subject.settle().await?;
    let token = subject.listed(&id).await?.and_then(|record| record.token);
    ensure!(token == Some(draft.token), "the created record shows the token {token:?} instead of {}", draft.token);
    Ok(())
}

async fn the_answer_to_a_create_shows_the_record_as_it_is(subject: &Subject) -> Outcome {
    let draft = subject.draft(subject.full(), 1)?;
    let Written::Done(answered) = subject.endpoint.create(&permit(), &draft).await? else { return Ok(()) };
    check_answer(subject, &answered.fields, &answered.id).await
}

/// Checks an answer against a later view, field by field where both are known.
pub(super) async fn check_answer(subject: &Subject, answered: &Fields, id: &RecordId) -> Outcome {
    let later = subject.view(id).await?.fields;
    let known = |name: &FieldName| answered.get(name).is_known() && later.get(name).is_known();
    let differ: Vec<FieldName> = subject.differences(answered, &later).into_iter().filter(known).collect();
    ensure!(differ.is_empty(), "the answer to a write shows other values than a later view in {differ:?}");
    Ok(())
}

async fn a_create_that_is_only_asked_for_shows_nothing_until_accepted(subject: &Subject) -> Outcome {
    let draft = subject.draft(subject.full(), 1)?;
    let Written::Pending(id) = subject.endpoint.create(&permit(), &draft).await? else { return Ok(()) };
    subject.settle().await?;
    ensure!(!subject.is_in_use(&id).await?, "the record {id} was only asked for, and shows already");
    subject.staff.approve(&subject.kind, &id).await;
    ensure!(subject.is_in_use(&id).await?, "the record {id} was accepted, and does not show under its id");
    Ok(())
}

async fn a_create_without_a_required_field_is_refused(subject: &Subject) -> Outcome {
    let before = subject.list().await?.len();
    for name in &subject.description()?.required {
        let mut draft = subject.draft(subject.full(), 1)?;
        draft.fields.set(name.clone(), Field::Unknown);
        match subject.endpoint.create(&permit(), &draft).await {
            Ok(written) => return Err(Breach(format!("a create without {name} is answered with {written:?}"))),
            Err(error) => ensure!(error.verdict() == Verdict::Permanent, "a create without {name} fails as {:?}", error.verdict()),
        }
    }
    subject.settle().await?;
    ensure!(subject.list().await?.len() == before, "a refused create left a record");
    Ok(())
}

async fn a_create_of_a_taken_value_names_the_other_record(subject: &Subject) -> Outcome {
    let holder = subject.enter(subject.full()).await;
    subject.settle().await?;
    let before = subject.list().await?.len();
    for name in &subject.description()?.unique {
        let taken = subject.full().get(name);
        let mut draft = subject.draft(subject.other(), 1)?;
        if !draft.fields.get(name).is_known() || taken.value().is_none() {
            continue;
        }
        draft.fields.set(name.clone(), taken);
        check_exists(subject.endpoint.create(&permit(), &draft).await?, &holder, name)?;
    }
    subject.settle().await?;
    ensure!(subject.list().await?.len() == before, "a create that was answered with Exists left a record");
    Ok(())
}

/// Checks that a write was not done because `holder` has the value of a field.
pub(super) fn check_exists(written: Written, holder: &RecordId, name: &FieldName) -> Outcome {
    let Written::Exists { id, fields } = written else {
        return Err(Breach(format!("the value of {name} is taken, and the write is answered with {written:?} instead of Exists")));
    };
    ensure!(id == *holder, "the value of {name} is taken by {holder}, and {id} is named");
    ensure!(fields.is_empty() || fields.contains(name), "the value of {name} is taken, and {fields:?} are named");
    Ok(())
}

async fn text_survives_as_it_is(subject: &Subject) -> Outcome {
    const MIXED: &str = "Zürich Łódź Ñandú 東京 👩‍👧 🇨🇭 O'Hara \"x\" <b>&amp;</b> 100 % a+b a/b a\\b; a,b";
    let mixed = |longest: usize| MIXED.chars().take(longest).collect::<String>().trim_end().to_owned();
    let long = |longest: usize| "ä".repeat(longest);
    check_text(subject, subject.draft(subject.full(), 1)?, mixed).await?;
    check_text(subject, subject.draft(subject.other(), 2)?, long).await
}

/// Creates a record with this text in all fields for text, and checks that it shows.
async fn check_text(subject: &Subject, mut draft: Draft, text: impl Fn(usize) -> String) -> Outcome {
    let mut wanted = Fields::default();
    for (name, longest) in subject.texts.iter().filter(|(name, _)| draft.fields.get(name).is_known()) {
        wanted.set(name.clone(), Field::Value(&text(*longest)));
    }
    for (name, field) in wanted.iter() {
        draft.fields.set(name.clone(), field);
    }
    let id = subject.create(&draft).await?;
    subject.check_shows(&subject.view(&id).await?, &wanted)
}
