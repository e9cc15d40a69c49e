//! What reaches e-Physio, and what is made of its answers.

use ephysio_client::connector::{Connector, CreateAnswers, Settings};
use ephysio_emulator::{Create, Emulator, Fault, Quirks, Reply, Rule, UpdatePatient};
use http::Method;
use sync_core::testing::permit;
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{ErrorKind, Field, FieldName, Patch, RecordId, Sink, Support, Verdict, Written};

use super::{able, anna, draft, fields, records};
use crate::{client, client_with, emulator};

fn posts(emulator: &Emulator) -> usize {
    let entries = emulator.journal().entries();
    entries.iter().filter(|entry| entry.path.ends_with("/patients/request")).count()
}

#[tokio::test(start_paused = true)]
async fn a_created_patient_consents_to_nothing_and_carries_the_token_in_the_comment() {
    let emulator = emulator(Quirks::default());
    let connector = Connector::new(client(&emulator), Settings { create: CreateAnswers::Immediate, ..Settings::default() });
    let draft = draft(anna());
    let Written::NotShown(id) = connector.create(&permit(), &draft).await.unwrap() else { panic!("the id is the patient's") };
    let patient = emulator.practice().patient(id.as_str().parse().unwrap()).unwrap();
    assert_eq!(patient.comment, format!("sync:{}", draft.token));
    assert!(!patient.has_email_consent && patient.client_id.is_none() && patient.is_active());
    assert_eq!(emulator.counters().reminders, 0);
    assert_eq!(records(&connector).await[0].token, Some(draft.token));
}

#[tokio::test(start_paused = true)]
async fn an_accepted_request_is_recognised_by_its_token_under_another_id() {
    let emulator = emulator(Quirks { create: Create::PendingApproval, ..Quirks::default() });
    let connector = able(&emulator);
    let draft = draft(anna());
    let Written::Pending(request) = connector.create(&permit(), &draft).await.unwrap() else { panic!("staff have to accept it") };
    assert!(records(&connector).await.is_empty());
    let patient = emulator.practice().approve(request.as_str().parse().unwrap()).unwrap();
    let record = &records(&connector).await[0];
    assert_eq!((record.id.as_str(), record.token), (patient.to_string().as_str(), Some(draft.token)));
    assert_ne!(record.id, request);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_refused_before_it_is_sent() {
    let emulator = emulator(Quirks::default());
    let connector = able(&emulator);
    let wrong = [
        (person::STREET, Field::Unknown),
        (person::STREET, Field::Empty),
        (person::SEX, Field::Value("other")),
        (person::BIRTH_DATE, Field::Value("around 1950")),
        (person::SALUTATION, Field::Value("Frau")),
        (FieldName::from_static("country"), Field::Value("CH")),
    ];
    for (name, field) in wrong {
        let mut draft = draft(anna());
        draft.fields.set(name.clone(), field);
        let error = connector.create(&permit(), &draft).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent), "{name}");
        assert!(error.to_string().contains(name.as_str()) && !error.to_string().contains("around"), "{error}");
    }
    let mut clearing = fields(&[]);
    clearing.set(person::CITY, Field::Empty);
    let patch = Patch { kind: KIND, id: "1".into(), fields: clearing };
    assert_eq!(connector.update(&permit(), &patch).await.unwrap_err().kind(), ErrorKind::Refused);
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_create_that_may_have_happened_has_an_unknown_outcome() {
    for body in ["", "{}", r#"{"id":""}"#, r#"{"id":null}"#, "<html>", "[]"] {
        let emulator = emulator(Quirks::default());
        emulator.faults().add(Rule::on("/patients/request", Fault::Replace(Reply::new(200, body))).method(Method::POST));
        let error = able(&emulator).create(&permit(), &draft(anna())).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Unknown, "{body}: {error}");
    }
    let emulator = emulator(Quirks::default());
    emulator.faults().add(Rule::on("/patients/request", Fault::CutAfter));
    let error = able(&emulator).create(&permit(), &draft(anna())).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Unreachable, Verdict::Unknown));
    assert_eq!((posts(&emulator), emulator.practice().patients().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_update_sends_its_fields_and_nothing_else() {
    let emulator = emulator(Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() });
    let id = emulator.practice().populate(1)[0];
    let before = emulator.practice().patient(id).unwrap();
    let mut changes = fields(&[(person::CITY, "Thun"), (person::BIRTH_DATE, "1990-09-05"), (person::SEX, "female")]);
    changes.set(person::EMAIL, Field::Empty);
    let patch = Patch { kind: KIND, id: RecordId::new(id.to_string()), fields: changes };
    let Written::NotShown(_) = able(&emulator).update(&permit(), &patch).await.unwrap() else { panic!("nothing is shown") };
    let after = emulator.practice().patient(id).unwrap();
    assert_eq!((after.city.as_str(), after.email.as_str()), ("Thun", ""));
    assert_eq!((after.birth_date, after.sex), ("1990-09-05".parse().ok(), Some(ephysio_emulator::Sex::Female)));
    assert_eq!((after.last_name, after.comment, after.phone), (before.last_name, before.comment, before.phone));
}

#[tokio::test(start_paused = true)]
async fn what_is_switched_off_is_a_task_for_a_person() {
    let emulator = emulator(Quirks::default());
    let dry_run = "[update_patient]\nsupport = 'dry_run'\nmethod = 'PUT'\npath = '/patients/{id}'";
    let client = client_with(&emulator, |config| config.operations = toml::from_str(dry_run).unwrap());
    let connector = Connector::new(client, Settings { create_patient: Support::Manual, ..Settings::default() });
    let description = sync_core::Source::describe(&connector, &KIND).unwrap();
    assert_eq!([description.create, description.update, description.remove], [Support::Manual; 3]);
    let patch = Patch { kind: KIND, id: "1".into(), fields: fields(&[(person::CITY, "Thun")]) };
    let errors = [
        connector.create(&permit(), &draft(anna())).await.unwrap_err(),
        connector.update(&permit(), &patch).await.unwrap_err(),
        connector.remove(&permit(), &KIND, &"1".into()).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.verdict() == Verdict::Permanent));
    assert!(emulator.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_member_and_prints_nothing_personal() {
    let emulator = emulator(Quirks { required: &["insurer"], ..Quirks::default() });
    let error = able(&emulator).create(&permit(), &draft(anna())).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    let printed = format!("{error} {error:?}");
    assert!(printed.contains("/insurer"), "{printed}");
    assert!(anna().iter().all(|(_, field)| !printed.contains(field.value().unwrap())), "{printed}");
}
