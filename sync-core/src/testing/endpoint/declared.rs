//! What an endpoint says about itself.

use super::{EndpointCheck, Outcome, Subject, ensure, permit, promises};
use crate::{Field, Fields, Kind, Patch, SearchKey};

pub(super) fn promises() -> Vec<EndpointCheck> {
    promises![
        an_unknown_kind_is_not_described: |_| true,
        the_description_does_not_contradict_itself: |_| true,
        nothing_prints_the_values_of_a_record: |_| true,
    ]
}

async fn an_unknown_kind_is_not_described(subject: &Subject) -> Outcome {
    let unknown = Kind::from_static("no-such-kind");
    ensure!(subject.endpoint.describe(&unknown).is_none(), "a kind that the side cannot know is described");
    Ok(())
}

async fn the_description_does_not_contradict_itself(subject: &Subject) -> Outcome {
    let description = subject.description()?;
    ensure!(description.kind == subject.kind, "the description is of another kind: {}", description.kind);
    ensure!(description.parallel > 0, "no write may ever be under way");
    for name in &description.required {
        let can = description.field(name).is_some_and(|support| support.create);
        ensure!(can, "the field {name} is required, and cannot be given to a new record");
    }
    for name in &description.unique {
        ensure!(description.field(name).is_some(), "the field {name} is unique, and not among the fields");
    }
    for (name, support) in &description.fields {
        ensure!(support.update || !support.clear, "the field {name} can be cleared, but not updated");
    }
    let finds_tokens = description.search.contains(&SearchKey::Token);
    ensure!(description.carries_token || !finds_tokens, "tokens can be searched for, but records carry none");
    Ok(())
}

async fn nothing_prints_the_values_of_a_record(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.full()).await;
    subject.settle().await?;
    let listed = subject.list().await?;
    let record = subject.view(&id).await?;
    let patch = Patch { kind: subject.kind.clone(), id: subject.staff.unused_id(&subject.kind), fields: subject.full().clone() };
    let mut printed = vec![format!("{:?} {listed:?} {record:?}", subject.endpoint)];
    if let Err(error) = subject.endpoint.update(&permit(), &patch).await {
        printed.push(format!("{error} {error:?}"));
    }
    for text in printed {
        ensure!(!shows_a_value(&text, subject.full()), "a value of a record is printed");
    }
    Ok(())
}

fn shows_a_value(text: &str, fields: &Fields) -> bool {
    fields.iter().any(|(_, field)| match field {
        // Shorter values would be found in ids and numbers by accident.
        Field::Value(value) => value.len() >= 5 && text.contains(value),
        Field::Unknown | Field::Empty => false,
    })
}
