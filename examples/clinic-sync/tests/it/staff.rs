//! What people do in both systems, and what becomes of it.

use ephysio_emulator::{NewPatient, Quirks};
use serde_json::json;

use crate::house::{House, body, contact, person};

/// A clinic in sync with so many patients, each of whom has a contact.
async fn in_sync(patients: usize) -> (House, Vec<(u64, String)>) {
    in_sync_with(Quirks::default(), patients, |_| {}).await
}

/// The same, of an e-Physio with these quirks, and with further settings.
pub(crate) async fn in_sync_with(quirks: Quirks, patients: usize, set: impl FnOnce(&mut House)) -> (House, Vec<(u64, String)>) {
    let mut house = House::with(quirks).await;
    set(&mut house);
    let ids: Vec<u64> = (0..patients).map(|number| house.admit(number)).collect();
    house.sync().await;
    let pairs = house.pairs().await;
    let contact = |id: &u64| pairs.iter().find(|pair| pair.patient == *id).unwrap().contact.clone();
    let people = ids.iter().map(|id| (*id, contact(id))).collect();
    (house, people)
}

#[tokio::test]
async fn a_contact_deleted_in_ghl_stays_deleted_whatever_happens_to_the_patient() {
    let (house, people) = in_sync(4).await;
    let (patient, contact) = &people[0];
    house.clinic.ghl.front_desk().delete(contact);
    let mark = house.mark();
    for round in 0..3 {
        house.sync().await;
        house.in_ephysio(*patient, |patient| patient.email = format!("neu.{round}@example.ch"));
    }
    house.sync().await;
    assert_eq!((house.written(mark), house.contacts()), (0, 3));
    assert!(house.clinic.ephysio.practice().patient(*patient).unwrap().is_active());
}

#[tokio::test]
async fn a_patient_deleted_in_ephysio_leaves_the_contact_alone() {
    let (house, people) = in_sync(4).await;
    let (patient, contact) = &people[0];
    house.clinic.ephysio.practice().delete(*patient);
    let mark = house.mark();
    house.sync().await;
    house.in_ghl(contact, json!({ "phone": "+41791112233" }));
    house.sync().await;
    assert_eq!((house.written(mark), house.contacts()), (0, 4));
}

#[tokio::test]
async fn two_contacts_merged_in_ghl_are_one_pair_and_the_winner_is_kept_in_sync() {
    let (house, people) = in_sync(4).await;
    let (patient, loser) = &people[0];
    let desk = house.clinic.ghl.front_desk();
    let winner = desk.create(contact(&person(0)));
    assert!(desk.merge(&winner, loser));
    for _ in 0..2 {
        house.sync().await;
    }
    assert_eq!((house.contact_of(*patient).await, house.contacts()), (winner.clone(), 4));
    house.in_ephysio(*patient, |patient| patient.email = "nach.der.heirat@example.ch".to_owned());
    house.sync().await;
    assert_eq!(house.shown(&winner)[2], "nach.der.heirat@example.ch");
    house.assert_quiet().await;
}

#[tokio::test]
async fn the_contacts_of_two_patients_merged_into_one_are_a_question() {
    let (house, people) = in_sync(4).await;
    let [(_, winner), (patient, loser), ..] = &people[..] else { panic!("enough people") };
    let desk = house.clinic.ghl.front_desk();
    // As somebody does who takes two people for one, and picks the values of the second.
    assert!(desk.merge(winner, loser) && desk.update(winner, contact(&person(1))));
    let mark = house.mark();
    for _ in 0..2 {
        house.sync().await;
    }
    assert_eq!((house.written(mark), house.contacts()), (0, 3), "neither patient is written over with the other");
    let reviews = house.reviews().await;
    let merged = reviews.iter().find(|review| review["reason"] == "merged_into_linked").unwrap();
    assert_eq!((&merged["patient"], &merged["winner"]), (&json!(patient.to_string()), &json!(winner)), "{reviews:?}");
    assert!(reviews.iter().any(|review| review["reason"] == "identity_changed" && review["contact"] == json!(winner)), "{reviews:?}");
}

#[tokio::test]
async fn a_patient_who_left_and_comes_back_has_the_same_contact() {
    let (house, people) = in_sync(4).await;
    let (patient, contact) = &people[0];
    let practice = house.clinic.ephysio.practice();
    practice.deactivate(*patient);
    house.sync().await;
    house.assert_quiet().await;
    assert_eq!(house.contacts(), 4, "who leaves the practice is not deleted in GHL");
    house.in_ephysio(*patient, |patient| patient.phone = "+41791112233".to_owned());
    house.assert_quiet().await;
    practice.reactivate(*patient);
    house.sync().await;
    assert_eq!((house.contact_of(*patient).await, house.contacts()), (contact.clone(), 4));
    assert_eq!(house.shown(contact)[3], "+41791112233", "what changed meanwhile is carried over");
    house.assert_whole().await;
}

#[tokio::test]
async fn a_patient_who_left_long_ago_is_asked_about_and_not_made_anew() {
    let mut house = House::new().await;
    house.set("ephysio.list_all", true);
    house.set("patients.into_ephysio.tags", vec!["patient"]);
    let patient = house.admit(0);
    house.clinic.ephysio.practice().deactivate(patient);
    let mut entered = contact(&person(0));
    entered["tags"] = json!(["patient"]);
    let contact = house.clinic.ghl.front_desk().create(entered);
    house.sync().await;
    let review = house.review().await;
    assert_eq!((&review["reason"], &review["candidate"]), (&json!("possible_match"), &json!(patient.to_string())));
    assert_eq!(house.run(&["review", "resolve", review["id"].as_str().unwrap(), "same"]).await.code, Some(0));
    house.sync().await;
    assert_eq!(house.clinic.ephysio.practice().patients().len(), 1);
    assert_eq!(house.contact_of(patient).await, contact);
}

#[tokio::test]
async fn somebody_entered_on_both_sides_at_once_is_linked_and_not_doubled() {
    let (house, _) = in_sync(4).await;
    let patient = house.admit(10);
    let known = house.clinic.ghl.front_desk().create(contact(&person(10)));
    let mark = house.mark();
    house.sync().await;
    assert_eq!((house.contact_of(patient).await, house.contacts(), house.written(mark)), (known, 5, 0));
    house.assert_whole().await;
}

#[tokio::test]
async fn an_unlinked_pair_is_left_alone_until_it_is_linked_again() {
    let (house, people) = in_sync(4).await;
    let (patient, contact) = &people[0];
    let id = patient.to_string();
    assert_eq!(house.run(&["unlink", "--patient", &id]).await.code, Some(0));
    let mark = house.mark();
    house.in_ephysio(*patient, |patient| patient.email = "neu@example.ch".to_owned());
    house.sync().await;
    house.in_ghl(contact, json!({ "firstName": "Annina" }));
    house.sync().await;
    assert_eq!((house.written(mark), house.contacts()), (0, 4), "neither changed nor made again");
    let unknown = house.run(&["link", &id, "nobody"]).await;
    assert!(unknown.code == Some(1) && unknown.says(&["GHL never listed nobody; sync first"]), "{unknown:?}");
    let linked = house.run(&["link", &id, contact]).await;
    assert_eq!(linked.code, Some(0), "{linked:?}");
    let twice = house.run(&["link", &id, contact]).await;
    assert!(twice.code == Some(1) && twice.says(&[&id, "of e-Physio is linked already"]), "{twice:?}");
    house.sync().await;
    let review = house.review().await;
    assert_eq!((&review["reason"], &review["fields"]), (&json!("first_difference"), &json!(["email", "given_name"])));
    house.run(&["review", "resolve", review["id"].as_str().unwrap(), "ephysio"]).await;
    house.sync().await;
    assert_eq!(house.shown(contact)[..3], ["Anna", "Aebi", "neu@example.ch"]);
    house.in_ephysio(*patient, |patient| patient.phone = "+41791112233".to_owned());
    house.sync().await;
    assert_eq!(house.shown(contact)[3], "+41791112233", "it goes on");
    house.assert_whole().await;
}

type Share = fn(&NewPatient, &mut NewPatient);

const PHONE: Share = |sister, brother| brother.phone.clone_from(&sister.phone);
const EMAIL: Share = |sister, brother| brother.email.clone_from(&sister.email);
const BOTH: Share = |sister, brother| {
    PHONE(sister, brother);
    EMAIL(sister, brother);
};

/// A sister and a brother of one family name who share something, synced under this rule.
async fn siblings(rule: &str, share: Share) -> (House, [u64; 2]) {
    let mut house = House::new().await;
    house.set("patients.shared_identifier", rule);
    let (sister, mut brother) = (person(0), person(1));
    brother.last_name.clone_from(&sister.last_name);
    share(&sister, &mut brother);
    let ids = [sister, brother].map(|patient| house.clinic.ephysio.practice().create(patient));
    house.sync().await;
    house.assert_quiet().await;
    (house, ids)
}

#[tokio::test]
async fn siblings_who_share_a_phone_or_an_email_are_two_contacts_of_whom_one_has_it() {
    for (share, shared) in [(PHONE, 3), (EMAIL, 2)] {
        let (house, ids) = siblings("omit", share).await;
        let mut having = 0;
        for (id, name) in ids.into_iter().zip(["Anna", "Beat"]) {
            let shown = house.shown(&house.contact_of(id).await);
            assert_eq!(shown[0], name, "each stands for themselves");
            having += usize::from(!shown[shared].is_empty());
        }
        assert_eq!((house.contacts(), having, house.reviews().await.len()), (2, 1, 0));
    }
}

#[tokio::test]
async fn siblings_are_a_question_where_the_rule_says_so_and_where_nothing_else_is_left() {
    for (rule, share) in [("review", PHONE), ("review", EMAIL), ("review", BOTH), ("omit", BOTH)] {
        let (house, ids) = siblings(rule, share).await;
        let [pair] = &house.pairs().await[..] else { panic!("one of them is linked") };
        let review = house.review().await;
        assert_eq!((&review["reason"], &review["other"]), (&json!("shared_identifier"), &json!(pair.contact)));
        let asked = ids.into_iter().find(|id| *id != pair.patient).unwrap();
        assert_eq!((&review["patient"], house.contacts()), (&json!(asked.to_string()), 1));
        let own = house.clinic.ephysio.practice().patient(pair.patient).unwrap().first_name;
        assert_eq!(house.shown(&pair.contact)[0], own, "the other one's name is not written over it");
    }
}

#[tokio::test]
async fn one_field_edited_in_ephysio_is_one_write_of_exactly_that_field() {
    let (house, people) = in_sync(6).await;
    let (patient, contact) = &people[2];
    house.in_ephysio(*patient, |patient| patient.email = "Neu@Example.ch".to_owned());
    let mark = house.mark();
    house.sync().await;
    let (ephysio, ghl) = house.writes(mark);
    let [write] = &ghl[..] else { panic!("one write: {ghl:?}") };
    assert_eq!((ephysio.len(), write.method.as_str(), write.path.as_str()), (0, "PUT", format!("/contacts/{contact}").as_str()));
    assert_eq!(body(write), json!({ "email": "neu@example.ch" }));
    house.assert_quiet().await;
}

#[tokio::test]
async fn an_edit_in_ghl_is_a_task_that_closes_itself_when_staff_have_done_it() {
    let (house, people) = in_sync(4).await;
    let (patient, contact) = &people[0];
    house.in_ghl(contact, json!({ "phone": "079 111 22 33" }));
    let mark = house.mark();
    let ran = house.run(&["sync"]).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let review = house.review().await;
    let listed = house.run(&["review", "list"]).await;
    assert!(listed.says(&["please change phone in e-Physio", &patient.to_string(), contact]), "{listed:?}");
    let shown = house.run(&["review", "show", review["id"].as_str().unwrap()]).await;
    assert!(shown.says(&["phone", "+41791000000", "+41791112233"]), "what is there, and what should be: {shown:?}");
    assert_eq!(house.clinic.ephysio.practice().patient(*patient).unwrap().phone, person(0).phone);
    house.in_ephysio(*patient, |patient| patient.phone = "079/111 22 33".to_owned());
    let ran = house.run(&["sync"]).await;
    assert_eq!((ran.code, house.written(mark)), (Some(0), 0), "{ran:?}");
    assert!(house.reviews().await.is_empty());
}
