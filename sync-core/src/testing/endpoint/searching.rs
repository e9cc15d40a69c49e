//! How an endpoint is searched.

use super::{Breach, EndpointCheck, Outcome, Subject, ensure, promises};
use crate::{Description, Fields, Parents, Probe, Record, RecordId, Role, SearchKey, Support, Token};

pub(super) fn promises() -> Vec<EndpointCheck> {
    let by_identity: fn(&Description) -> bool = |description| description.search.contains(&SearchKey::Identity);
    promises![
        a_token_finds_the_record_that_carries_it_and_no_other: |description| by_token(description) && description.create == Support::Enabled,
        a_token_that_nobody_carries_finds_nothing: by_token,
        every_proof_of_a_record_finds_it_and_no_other: by_identity,
        what_nobody_can_be_recognised_by_finds_nothing: by_identity,
    ]
}

fn by_token(description: &Description) -> bool {
    description.search.contains(&SearchKey::Token)
}

async fn found(subject: &Subject, probe: &Probe) -> Result<Vec<RecordId>, Breach> {
    let records = subject.endpoint.find(&subject.kind, probe).await?;
    Ok(records.into_iter().map(|record| record.id).collect())
}

/// What the schema recognises a sample by, as far as it proves something.
fn proofs(subject: &Subject, fields: &Fields) -> Vec<Probe> {
    let record = Record { fields: fields.clone(), ..Record::new(subject.kind.clone(), RecordId::from_static("sample")) };
    let proofs = subject
        .schema
        .identify(&record, &Parents::new())
        .into_iter()
        .filter(|identifier| subject.schema.role(identifier.scheme) == Role::Proof);
    proofs.map(|identifier| Probe::Identifier { scheme: identifier.scheme, text: identifier.text }).collect()
}

async fn a_token_finds_the_record_that_carries_it_and_no_other(subject: &Subject) -> Outcome {
    let (first, second) = (subject.draft(subject.full(), 1)?, subject.draft(subject.other(), 2)?);
    let made = [(subject.create(&first).await?, first.token), (subject.create(&second).await?, second.token)];
    subject.enter(subject.sparse()).await;
    subject.settle().await?;
    for (id, token) in made {
        let found = found(subject, &Probe::Token(token)).await?;
        ensure!(found == [id.clone()], "the token of the record {id} finds {found:?}");
    }
    Ok(())
}

async fn a_token_that_nobody_carries_finds_nothing(subject: &Subject) -> Outcome {
    subject.enter(subject.full()).await;
    subject.settle().await?;
    let found = found(subject, &Probe::Token(Token::from_bytes([9; 16]))).await?;
    ensure!(found.is_empty(), "a token that nobody carries finds {found:?}");
    Ok(())
}

async fn every_proof_of_a_record_finds_it_and_no_other(subject: &Subject) -> Outcome {
    let id = subject.enter(subject.full()).await;
    subject.enter(subject.other()).await;
    subject.settle().await?;
    let probes = proofs(subject, subject.full());
    ensure!(!probes.is_empty(), "the first sample has nothing to be recognised by: the check would see nothing");
    for probe in probes {
        let found = found(subject, &probe).await?;
        ensure!(found == [id.clone()], "{probe:?} of the record {id} finds {found:?}");
    }
    Ok(())
}

async fn what_nobody_can_be_recognised_by_finds_nothing(subject: &Subject) -> Outcome {
    subject.enter(subject.full()).await;
    subject.settle().await?;
    for probe in proofs(subject, subject.other()) {
        let found = found(subject, &probe).await?;
        ensure!(found.is_empty(), "{probe:?} of a record that is not there finds {found:?}");
    }
    Ok(())
}
