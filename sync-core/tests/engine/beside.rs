//! Records that wait for a listing of the other side share one.

use std::collections::BTreeSet;
use std::time::Duration;

use sync_core::testing::{Call, CallKind};
use sync_core::vocabulary::person::KIND;
use sync_core::{RecordId, Scope, Side};

use crate::clinic::{Clinic, anna};

/// So many patients are on both sides.
const MANY: usize = 30;

/// A clinic at rest, whose calls are counted from here on.
async fn settled() -> Clinic {
    let clinic = Clinic::new();
    for number in 0..MANY {
        let (given, phone) = (format!("Anna{number}"), format!("+417912345{number:02}"));
        let email = format!("anna{number}@example.ch");
        clinic.left.add(&KIND, &[("given_name", &given), ("family_name", "Müller"), ("email", &email), ("phone", &phone)]);
    }
    clinic.sync().await;
    clinic.sync().await;
    clinic.left.forget_calls();
    clinic.right.forget_calls();
    clinic.env.advance(Duration::from_secs(60));
    clinic
}

async fn catch_up(clinic: &Clinic, ids: &[&RecordId]) -> BTreeSet<RecordId> {
    let ids = ids.iter().map(|id| (*id).clone()).collect();
    clinic.engine().catch_up(Side::Right, &ids).await.unwrap()
}

fn newcomer(clinic: &Clinic) -> RecordId {
    let newcomer = clinic.right.add(&KIND, &anna());
    clinic.right.change(&newcomer, |record| {
        record.marks.insert("tag:patient".into());
    });
    newcomer
}

#[tokio::test]
async fn edits_of_linked_records_cost_a_read_each_and_one_listing() {
    let clinic = settled().await;
    let contacts: Vec<RecordId> = clinic.right.records(&KIND)[..3].iter().map(|record| record.id.clone()).collect();
    contacts.iter().for_each(|contact| clinic.right.edit(contact, "family_name", "Meier"));
    assert!(catch_up(&clinic, &contacts.iter().collect::<Vec<_>>()).await.is_empty());
    assert_eq!((clinic.left.count(CallKind::List), clinic.left.count(CallKind::Update)), (1, 3));
    assert_eq!((clinic.right.count(CallKind::List), clinic.right.count(CallKind::Read)), (0, 3));
    let renamed =
        clinic.left.records(&KIND).into_iter().filter(|patient| clinic.left.value(&patient.id, "family_name").as_deref() == Some("Meier"));
    assert_eq!(renamed.count(), 3);
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn somebody_new_is_created_once_the_listing_shows_no_such_record() {
    let clinic = settled().await;
    let newcomer = newcomer(&clinic);
    assert!(catch_up(&clinic, &[&newcomer]).await.is_empty());
    assert_eq!((clinic.left.count(CallKind::List), clinic.left.count(CallKind::Create), clinic.right.count(CallKind::List)), (1, 1, 0));
    catch_up(&clinic, &[&newcomer]).await;
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn somebody_new_who_is_on_the_other_side_too_is_linked() {
    let clinic = settled().await;
    let newcomer = newcomer(&clinic);
    clinic.anna();
    assert!(catch_up(&clinic, &[&newcomer]).await.is_empty());
    assert_eq!(clinic.writes(), []);
    let link = clinic.engine().desk().find(Side::Right, &newcomer).await.unwrap().unwrap();
    assert!(link.is_joined());
    clinic.sync_without_a_write().await;
}

#[tokio::test]
async fn somebody_whom_the_other_side_had_long_before_alone_is_linked() {
    let mut clinic = settled().await;
    clinic.policy.scope.left = Scope::Mark("tag:shared".to_owned());
    clinic.anna();
    clinic.sync().await;
    clinic.sync_without_a_write().await;
    let newcomer = newcomer(&clinic);
    clinic.env.advance(Duration::from_secs(60));
    assert!(catch_up(&clinic, &[&newcomer]).await.is_empty());
    assert_eq!(clinic.writes(), []);
    let link = clinic.engine().desk().find(Side::Right, &newcomer).await.unwrap().unwrap();
    assert!(link.is_joined());
}

#[tokio::test]
async fn what_the_listing_leaves_out_is_not_gone_however_often_it_is_asked() {
    let clinic = settled().await;
    let (patient, contact) = (clinic.left.records(&KIND)[4].id.clone(), clinic.right.records(&KIND)[9].id.clone());
    clinic.left.remove_by_hand(&patient);
    for _ in 0..3 {
        clinic.env.advance(Duration::from_secs(3600));
        catch_up(&clinic, &[&contact]).await;
    }
    let link = clinic.engine().desk().find(Side::Left, &patient).await.unwrap().unwrap();
    assert!(!link.is_tombstone());
    assert_eq!(clinic.writes(), []);
}

#[tokio::test]
async fn an_empty_listing_stops_it_by_the_brake_and_creates_nobody() {
    let clinic = settled().await;
    let newcomer = newcomer(&clinic);
    clinic.left.records(&KIND).iter().for_each(|patient| clinic.left.remove_by_hand(&patient.id));
    assert_eq!(catch_up(&clinic, &[&newcomer]).await.len(), 1);
    assert_eq!(clinic.writes(), []);
    assert_eq!(clinic.reasons().await, ["brake"]);
}

#[tokio::test]
async fn a_record_that_is_not_there_any_more_is_left_to_a_sweep() {
    let clinic = settled().await;
    let contact = clinic.right.records(&KIND)[3].id.clone();
    clinic.right.remove_by_hand(&contact);
    assert_eq!(catch_up(&clinic, &[&contact]).await, BTreeSet::from([contact]));
    assert!(clinic.left.calls().iter().all(|call| !matches!(call, Call::List(..))), "nothing to list for");
}
