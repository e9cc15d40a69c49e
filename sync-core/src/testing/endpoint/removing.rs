//! How records leave.

use super::{EndpointCheck, Outcome, Subject, ensure, permit, promises};
use crate::Support;

pub(super) fn promises() -> Vec<EndpointCheck> {
    promises![
        a_record_that_people_removed_is_absent: |_| true,
        a_removal_removes_the_record_and_no_other: |description| description.remove == Support::Enabled,
    ]
}

async fn a_record_that_people_removed_is_absent(subject: &Subject) -> Outcome {
    let removed = subject.enter(subject.full()).await;
    let kept = subject.enter(subject.other()).await;
    subject.settle().await?;
    subject.staff.remove(&subject.kind, &removed).await;
    ensure!(!subject.is_in_use(&removed).await?, "the record {removed} was removed, and shows as in use");
    ensure!(subject.is_in_use(&kept).await?, "the record {kept} does not show, though another was removed");
    Ok(())
}

async fn a_removal_removes_the_record_and_no_other(subject: &Subject) -> Outcome {
    let removed = subject.enter(subject.full()).await;
    let kept = subject.enter(subject.other()).await;
    subject.settle().await?;
    subject.endpoint.remove(&permit(), &subject.kind, &removed).await?;
    ensure!(!subject.is_in_use(&removed).await?, "the record {removed} was removed, and shows as in use");
    ensure!(subject.is_in_use(&kept).await?, "the record {kept} does not show, though another was removed");
    Ok(())
}
