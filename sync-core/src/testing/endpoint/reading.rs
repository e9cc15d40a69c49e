//! How an endpoint is read.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;

use super::{Breach, EndpointCheck, Outcome, Subject, ensure, promises};
use crate::{Field, FieldName, Fields, Item, Listed, RecordId};

pub(super) fn promises() -> Vec<EndpointCheck> {
    promises![
        a_listing_shows_every_record_once: |_| true,
        a_listing_has_one_end_and_nothing_after_it: |_| true,
        a_listing_that_ends_well_is_complete: |_| true,
        an_unchanged_record_is_listed_with_the_same_bytes: |_| true,
        an_edit_shows_in_the_next_listing: |_| true,
        decoding_is_pure: |_| true,
        bytes_that_are_no_record_are_an_error: |_| true,
        what_was_never_set_is_empty_or_unknown_as_declared: |_| true,
        a_listing_and_a_read_agree: |description| description.single_read,
        a_read_shows_an_edit_at_once: |description| description.single_read,
        a_missing_record_reads_as_missing: |description| description.single_read,
    ]
}

async fn enter_all(subject: &Subject) -> Result<BTreeSet<RecordId>, Breach> {
    let mut entered = BTreeSet::new();
    for fields in &subject.samples {
        entered.insert(subject.enter(fields).await);
    }
    subject.settle().await?;
    Ok(entered)
}

async fn a_listing_shows_every_record_once(subject: &Subject) -> Outcome {
    let before = subject.list().await?.len();
    let entered = enter_all(subject).await?;
    let listed = subject.list().await?;
    let shown: BTreeSet<&RecordId> = listed.iter().map(|listed| &listed.id).collect();
    ensure!(shown.len() == listed.len(), "{} of {} elements show a record again", listed.len() - shown.len(), listed.len());
    ensure!(entered.iter().all(|id| shown.contains(id)), "a record that people entered is not listed");
    ensure!(listed.len() == before + entered.len(), "{} are listed, after {before} and {} new ones", listed.len(), entered.len());
    for element in &listed {
        let record = subject.endpoint.decode(&subject.kind, element)?;
        ensure!(record.id == element.id, "the element {} decodes to the record {}", element.id, record.id);
        ensure!(record.kind == subject.kind, "the element {} decodes to another kind", element.id);
    }
    Ok(())
}

async fn a_listing_has_one_end_and_nothing_after_it(subject: &Subject) -> Outcome {
    enter_all(subject).await?;
    let items: Vec<_> = subject.endpoint.list(&subject.kind).collect().await;
    let ends = items.iter().filter(|item| matches!(item, Ok(Item::End { .. }))).count();
    ensure!(ends == 1, "the listing has {ends} ends");
    ensure!(matches!(items.last(), Some(Ok(Item::End { .. }))), "the listing goes on after its end");
    Ok(())
}

async fn a_listing_that_ends_well_is_complete(subject: &Subject) -> Outcome {
    enter_all(subject).await?;
    let items: Vec<_> = subject.endpoint.list(&subject.kind).collect().await;
    let complete = items.iter().any(|item| matches!(item, Ok(Item::End { complete: true })));
    ensure!(complete, "a listing without any trouble does not claim to be complete: no absence can ever be seen");
    Ok(())
}

async fn an_unchanged_record_is_listed_with_the_same_bytes(subject: &Subject) -> Outcome {
    enter_all(subject).await?;
    let before = subject.list().await?;
    subject.staff.pass(Duration::from_secs(1)).await;
    let after = subject.list().await?;
    for Listed { id, raw } in &before {
        let same = after.iter().any(|listed| listed.id == *id && listed.raw == *raw);
        ensure!(same, "the record {id} did not change, but its bytes did: each sweep would look at it again");
    }
    Ok(())
}

async fn an_edit_shows_in_the_next_listing(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.full()).await;
    subject.settle().await?;
    for (name, value) in exchanged(subject) {
        let before = subject.element(&id).await?;
        subject.staff.edit(&subject.kind, &id, &name, Field::Value(value)).await;
        subject.settle().await?;
        let Some(record) = subject.listed(&id).await? else { return Err(Breach("the edited record is not listed".to_owned())) };
        if record.fields.get(&name).is_known() {
            subject.check_shows(&record, &super::subject::only(&name, Field::Value(value)))?;
            let after = subject.element(&id).await?;
            ensure!(before.map(|listed| listed.raw) != after.map(|listed| listed.raw), "an edit of {name} left the bytes as they were");
        }
    }
    Ok(())
}

/// The fields in which the first two samples differ, with the second's value.
fn exchanged(subject: &Subject) -> Vec<(FieldName, &str)> {
    let changed = subject.differences(subject.full(), subject.other());
    changed.into_iter().filter_map(|name| subject.other().get(&name).value().map(|value| (name, value))).collect()
}

async fn decoding_is_pure(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.full()).await;
    subject.settle().await?;
    let Some(element) = subject.element(&id).await? else { return Err(Breach("a record that people entered is not listed".to_owned())) };
    let first = subject.endpoint.decode(&subject.kind, &element)?;
    for (name, value) in exchanged(subject) {
        subject.staff.edit(&subject.kind, &id, &name, Field::Value(value)).await;
    }
    subject.staff.pass(Duration::from_secs(1)).await;
    let again = subject.endpoint.decode(&subject.kind, &element)?;
    ensure!(first == again, "the same bytes decode to another record later");
    Ok(())
}

async fn bytes_that_are_no_record_are_an_error(subject: &Subject) -> Outcome {
    for raw in ["", "{", "null", "[]", "{}", "\"text\"", "\u{0}"] {
        let listed = Listed { id: subject.staff.unused_id(&subject.kind), raw: Bytes::from_static(raw.as_bytes()) };
        ensure!(subject.endpoint.decode(&subject.kind, &listed).is_err(), "the bytes {raw:?} decode to a record");
    }
    Ok(())
}

async fn what_was_never_set_is_empty_or_unknown_as_declared(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.sparse()).await;
    let mut views = vec![subject.view(&id).await?];
    views.extend(subject.listed(&id).await?);
    for (name, support) in &subject.description()?.fields {
        if subject.sparse().get(name).value().is_some() {
            continue;
        }
        let wanted = if support.listed { Field::Empty } else { Field::Unknown };
        for shown in views.iter().map(|record| record.fields.get(name)) {
            ensure!(shown == wanted, "the field {name} was never set, and shows as {shown:?} where {wanted:?} is declared");
        }
    }
    Ok(())
}

async fn a_listing_and_a_read_agree(subject: &Subject) -> Outcome {
    for id in enter_all(subject).await? {
        let (Some(listed), Some(read)) = (subject.listed(&id).await?, subject.read(&id).await?) else {
            return Err(Breach(format!("the record {id} is not shown by both views")));
        };
        let known = |name: &FieldName| listed.fields.get(name).is_known() && read.fields.get(name).is_known();
        let differ = subject.differences(&listed.fields, &read.fields).into_iter().find(known);
        ensure!(differ.is_none(), "a listing and a read disagree in {differ:?}");
        ensure!(listed.references == read.references, "a listing and a read disagree in what the record refers to");
        ensure!(listed.presence == read.presence, "a listing and a read disagree in whether the record is in use");
        ensure!(listed.token == read.token, "a listing and a read disagree in the token");
    }
    Ok(())
}

async fn a_read_shows_an_edit_at_once(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.full()).await;
    let mut wanted = Fields::default();
    for (name, value) in exchanged(subject) {
        subject.staff.edit(&subject.kind, &id, &name, Field::Value(value)).await;
        wanted.set(name, Field::Value(value));
    }
    let Some(record) = subject.read(&id).await? else { return Err(Breach("a record that people just edited is missing".to_owned())) };
    subject.check_shows(&record, &wanted)
}

async fn a_missing_record_reads_as_missing(subject: &Subject) -> Outcome {
    let id = subject.staff.unused_id(&subject.kind);
    ensure!(subject.read(&id).await?.is_none(), "a read of an id that nobody has finds a record");
    Ok(())
}
