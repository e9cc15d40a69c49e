//! How records leave.

use super::{Breach, EndpointCheck, Outcome, Subject, ensure, permit, promises};
use crate::vocabulary::appointment::OPEN;
use crate::{RecordId, Support};

pub(super) fn promises() -> Vec<EndpointCheck> {
    promises![
        a_record_that_people_removed_is_absent: |_| true,
        a_removal_removes_the_record_and_no_other: |description| description.remove == Support::Enabled,
    ]
}

async fn a_record_that_people_removed_is_absent(subject: &Subject) -> Outcome {
    let removed = subject.enter(subject.full()).await;
    let kept = subject.enter(subject.other()).await;
    let bore_the_mark = is_open(subject, &removed).await?;
    subject.staff.remove(&subject.kind, &removed).await;
    check_left(subject, &removed, bore_the_mark, &kept).await
}

async fn a_removal_removes_the_record_and_no_other(subject: &Subject) -> Outcome {
    let removed = subject.enter(subject.full()).await;
    let kept = subject.enter(subject.other()).await;
    let bore_the_mark = is_open(subject, &removed).await?;
    subject.endpoint.remove(&permit(), &subject.kind, &removed).await?;
    check_left(subject, &removed, bore_the_mark, &kept).await
}

/// Checks that one record has left and another has not. What is called off may stay in its calendar, as long as it loses the mark that it
/// is still to be kept: the engine goes by that mark, and does not remove it again.
async fn check_left(subject: &Subject, removed: &RecordId, bore_the_mark: bool, kept: &RecordId) -> Outcome {
    let called_off = bore_the_mark && !is_open(subject, removed).await?;
    ensure!(called_off || !subject.is_in_use(removed).await?, "the record {removed} was removed, and shows as in use");
    ensure!(subject.is_in_use(kept).await?, "the record {kept} does not show, though another was removed");
    ensure!(!bore_the_mark || is_open(subject, kept).await?, "the record {kept} shows as called off, though another was removed");
    Ok(())
}

/// Whether anything shows the record as still to be kept.
async fn is_open(subject: &Subject, id: &RecordId) -> Result<bool, Breach> {
    subject.settle().await?;
    let listed = subject.listed(id).await?;
    let read = if subject.description()?.single_read { subject.read(id).await? } else { None };
    Ok(listed.into_iter().chain(read).any(|record| record.marks.contains(OPEN)))
}
