//! Appointments and the people they belong to.

use ephysio_emulator::EventQuirks;
use serde_json::json;

use crate::calendar::{Practice, slot};
use crate::house::{contact, person};

#[tokio::test]
async fn appointments_of_a_person_taken_apart_freeze_and_move_to_the_contact_who_is_linked_then() {
    let practice = Practice::of(1).await;
    let (event, appointment) = practice.booked(slot(0)).await;
    let (patient, before) = practice.person(0);
    let house = &practice.house;
    assert_eq!(house.run(&["unlink", "--patient", &patient.to_string()]).await.code, Some(0));
    house.clinic.ephysio.practice().move_event(event, slot(3));
    let mark = house.mark();
    for _ in 0..2 {
        house.sync().await;
    }
    assert_eq!((house.written(mark), practice.appointment(&appointment).start), (0, slot(0)));
    let review = house.review().await;
    assert_eq!((&review["reason"], &review["kind"], &review["parent"]), (&json!("frozen"), &json!("appointment"), &json!("person")));

    let other = house.clinic.ghl.front_desk().create(contact(&person(9)));
    house.sync().await;
    assert_eq!(house.written(mark), 0, "nobody is matched with who was taken apart");
    let linked = house.run(&["link", &patient.to_string(), &other]).await;
    assert_eq!(linked.code, Some(0), "{linked:?}");
    for _ in 0..3 {
        house.sync().await;
    }
    let open = practice.appointments().into_iter().filter(|booked| booked.status == ghl_emulator::AppointmentStatus::Confirmed);
    let open: Vec<_> = open.map(|booked| (booked.contact_id, booked.start)).collect();
    assert_eq!(open, [(other, slot(3))], "once, with the new contact and the new time; not with {before}");
    assert_eq!(practice.events().len(), 1);
    assert!(!practice.reasons().await.contains(&"frozen".to_owned()));
}

#[tokio::test]
async fn an_appointment_of_somebody_who_lacks_data_waits_over_restarts_and_follows_once_staff_entered_them() {
    let practice = Practice::of(1).await;
    let house = &practice.house;
    // GHL does not show whether somebody is a woman or a man, and e-Physio takes nobody without.
    let contact = house.clinic.ghl.front_desk().create(contact(&person(5)));
    practice.in_ghl(&contact, slot(0));
    let mark = house.mark();
    for _ in 0..2 {
        let report = house.sync().await;
        assert_eq!(crate::calendar::counted(&report, "ghl")["parked"], json!(1), "{report}");
    }
    assert_eq!((house.written(mark), practice.events().len()), (0, 0));
    let review = house.review().await;
    assert_eq!((&review["reason"], &review["kind"], &review["contact"]), (&json!("missing_data"), &json!("person"), &json!(contact)));
    let patient = house.admit(5);
    house.clinic.ephysio.practice().open_invoice(patient);
    for _ in 0..2 {
        house.sync().await;
    }
    let [event] = &practice.events()[..] else { panic!("one event") };
    assert_eq!((event.patient_id, event.start), (Some(patient), slot(0)));
    assert_eq!((house.contact_of(patient).await, house.reviews().await.len()), (contact, 0));
    house.assert_quiet().await;
}

#[tokio::test]
async fn an_appointment_of_a_patient_who_may_not_be_passed_on_stays_in_ephysio() {
    let practice = Practice::with(EventQuirks::default(), 0, |house| house.set("patients.consent", "nobody")).await;
    let patient = practice.house.admit(0);
    practice.in_ephysio(patient, slot(0));
    let mark = practice.house.mark();
    for _ in 0..2 {
        practice.house.sync().await;
    }
    assert_eq!((practice.house.written(mark), practice.house.contacts(), practice.appointments().len()), (0, 0, 0));
}
