//! What reaches GHL, and what is made of its answers.

use emulator_kit::{Fault, Reply, Rule};
use ghl_emulator::Emulator;
use http::Method;
use serde_json::{Value, json};
use sync_core::testing::permit;
use sync_core::vocabulary::person::{self, KIND};
use sync_core::{ErrorKind, Field, FieldName, Fields, Patch, RecordId, Sink, Verdict, Written};

use super::{REFERRAL, anna, connector, connector_with, draft, fields, mapping, prepared};

/// The body of the last request with this method.
fn sent(emulator: &Emulator, method: &Method) -> Value {
    let entries = emulator.journal().entries();
    let last = entries.iter().rev().find(|entry| entry.method == *method).unwrap();
    serde_json::from_slice(&last.body).unwrap()
}

fn patch(id: &str, fields: Fields) -> Patch {
    Patch { kind: KIND, id: id.into(), fields }
}

fn emptied(names: &[FieldName]) -> Fields {
    let mut fields = Fields::default();
    for name in names {
        fields.set(name.clone(), Field::Empty);
    }
    fields
}

#[tokio::test(start_paused = true)]
async fn a_create_sends_what_was_drafted_and_no_more() {
    let emulator = prepared();
    let mut wanted = fields(&[(person::FAMILY_NAME, "Müller"), (person::SEX, "female")]);
    wanted.set(person::CITY, Field::Empty);
    wanted.set(person::custom(REFERRAL), Field::Empty);
    let draft = draft(wanted);
    connector(&emulator).await.create(&permit(), &draft).await.unwrap();
    let token = emulator.front_desk().define_custom_field("sync token", "TEXT");
    let expected = json!({
        "lastName": "Müller", "gender": "female", "source": "clinic-sync", "locationId": "loc-demo",
        "customFields": [{ "id": token, "field_value": draft.token.to_string() }],
    });
    assert_eq!(sent(&emulator, &Method::POST), expected);
}

#[tokio::test(start_paused = true)]
async fn created_contacts_start_no_workflow_that_excludes_their_source() {
    let emulator = Emulator::new(ghl_emulator::Config {
        clock: emulator_kit::Clock::starting_at(chrono::DateTime::UNIX_EPOCH),
        workflow_excluded_sources: vec!["clinic-sync".to_owned()],
        ..ghl_emulator::Config::default()
    });
    let connector = connector_with(&emulator, ghl_client::connector::Settings::default()).await;
    let draft = draft(fields(&[(person::FAMILY_NAME, "Muster")]));
    connector.create(&permit(), &draft).await.unwrap();
    assert_eq!((emulator.counters().workflow_triggers, emulator.front_desk().contacts().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_update_sends_its_fields_and_nothing_else() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    let Written::Done(made) = connector.create(&permit(), &draft(anna())).await.unwrap() else { panic!("not created") };
    emulator.front_desk().add_tag(made.id.as_str(), "patient");
    let mut changes = emptied(&[person::PHONE, person::POSTAL_CODE, person::COUNTRY, person::BIRTH_DATE, person::custom(REFERRAL)]);
    changes.set(person::CITY, Field::Value("Thun"));
    connector.update(&permit(), &patch(made.id.as_str(), changes)).await.unwrap();
    let referral = emulator.front_desk().define_custom_field(REFERRAL, "TEXT");
    let expected = json!({
        "city": "Thun", "phone": null, "postalCode": "", "country": "", "dateOfBirth": null,
        "customFields": [{ "id": referral, "field_value": "" }],
    });
    assert_eq!(sent(&emulator, &Method::PUT), expected);
    let contact = emulator.front_desk().contact(made.id.as_str()).unwrap();
    assert_eq!((contact.city.as_deref(), contact.first_name.as_deref()), (Some("Thun"), Some("Anna Maria")));
    assert_eq!((contact.phone, contact.postal_code, contact.country, contact.date_of_birth), (None, None, None, None));
    assert_eq!((contact.tags, contact.custom_fields.len()), (vec!["patient".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_to_a_write_leaves_out_is_empty_only_if_it_was_emptied() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    let answer = Reply::new(200, r#"{"succeded":true,"contact":{"id":"c1","city":"Thun"}}"#);
    emulator.faults().add(Rule::on("/contacts/", Fault::Refuse(answer)).method(Method::PUT));
    let mut changes = emptied(&[person::PHONE, person::custom(REFERRAL)]);
    changes.set(person::CITY, Field::Value("Thun"));
    let Written::Done(record) = connector.update(&permit(), &patch("c1", changes)).await.unwrap() else { panic!("it was answered") };
    assert_eq!(record.fields.get(&person::CITY), Field::Value("Thun"));
    assert_eq!([record.fields.get(&person::PHONE), record.fields.get(&person::custom(REFERRAL))], [Field::Empty; 2]);
    assert_eq!([record.fields.get(&person::EMAIL), record.fields.get(&person::GIVEN_NAME)], [Field::Unknown; 2]);

    let bare = Reply::new(200, r#"{"succeded":true}"#);
    emulator.faults().add(Rule::on("/contacts/", Fault::Refuse(bare)).method(Method::PUT));
    let written = connector.update(&permit(), &patch("c1", fields(&[(person::CITY, "Thun")]))).await.unwrap();
    assert!(matches!(written, Written::NotShown(id) if id.as_str() == "c1"));
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_names_the_other_contact_and_the_field() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    let holder = emulator.front_desk().create(json!({ "email": "familie@example.test", "phone": "+41791234567", "firstName": "Peter" }));
    let free = emulator.front_desk().create(json!({ "firstName": "Anna" }));
    for (name, value) in [(person::EMAIL, "familie@example.test"), (person::PHONE, "+41791234567")] {
        let taken = fields(&[(person::GIVEN_NAME, "Anna"), (name.clone(), value)]);
        let created = connector.create(&permit(), &draft(taken.clone())).await.unwrap();
        let updated = connector.update(&permit(), &patch(&free, taken)).await.unwrap();
        for written in [created, updated] {
            let Written::Exists { id, fields } = written else { panic!("{written:?}") };
            assert_eq!((id.as_str(), fields), (holder.as_str(), vec![name.clone()]));
        }
    }
    assert_eq!(emulator.front_desk().contacts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_without_a_field_names_the_contact_only_and_without_both_is_an_error() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    let refuse = |meta: Value| {
        let body = json!({ "statusCode": 400, "message": "This location does not allow duplicated contacts.", "meta": meta });
        emulator.faults().add(Rule::on("/contacts/", Fault::Refuse(Reply::new(400, body.to_string()))));
    };
    refuse(json!({ "contactId": "c9", "contactName": "Anna Müller-Łódzka" }));
    let written = connector.create(&permit(), &draft(anna())).await.unwrap();
    assert!(matches!(written, Written::Exists { id, fields } if id.as_str() == "c9" && fields.is_empty()));
    refuse(json!({}));
    let error = connector.create(&permit(), &draft(anna())).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
}

#[tokio::test(start_paused = true)]
async fn a_create_that_may_have_happened_has_an_unknown_outcome_and_is_sent_once() {
    for fault in [Fault::CutAfter, Fault::Truncate(10), Fault::Replace(Reply::new(502, "<html>")), Fault::Replace(Reply::new(200, "{}"))] {
        let emulator = prepared();
        let connector = connector(&emulator).await;
        let (calls, name) = (emulator.journal().len(), fault.name());
        emulator.faults().add(Rule::on("/contacts/", fault));
        let error = connector.create(&permit(), &draft(anna())).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Unknown, "{name}: {error}");
        assert_eq!((emulator.journal().len() - calls, emulator.front_desk().contacts().len()), (1, 1), "{name}");
        let printed = format!("{error} {error:?}");
        assert!(anna().iter().filter_map(|(_, field)| field.value()).all(|value| value.len() < 5 || !printed.contains(value)), "{printed}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_refused_before_it_is_sent() {
    let emulator = prepared();
    let connector = connector_with(&emulator, ghl_client::connector::Settings { required: vec![person::FAMILY_NAME], ..mapping() }).await;
    let calls = emulator.journal().len();
    let drafts = [
        fields(&[(person::FAMILY_NAME, "Muster"), (person::SALUTATION, "Frau")]),
        fields(&[(person::FAMILY_NAME, "Muster"), (person::BIRTH_DATE, "around 1950")]),
        fields(&[(person::GIVEN_NAME, "Anna")]),
        Fields::default(),
    ];
    for drafted in drafts {
        let error = connector.create(&permit(), &draft(drafted)).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent), "{error}");
        assert!(!error.to_string().contains("around"), "{error}");
    }
    // A gender can be given to a new contact only.
    for changes in [fields(&[(person::SEX, "male")]), emptied(&[person::SEX]), fields(&[(person::custom("other"), "x")]), Fields::default()]
    {
        let error = connector.update(&permit(), &patch("c1", changes)).await.unwrap_err();
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent), "{error}");
    }
    assert_eq!(emulator.journal().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_where_and_why_and_prints_nothing_personal() {
    let emulator = prepared();
    let drafted = fields(&[(person::FAMILY_NAME, "Ohnewort"), (person::EMAIL, "keine mail")]);
    let error = connector(&emulator).await.create(&permit(), &draft(drafted)).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Refused, Verdict::Permanent));
    let printed = format!("{error} {error:?}");
    assert!(printed.contains("contacts.create") && printed.contains("422") && printed.contains("email must be an email"), "{printed}");
    assert!(!printed.contains("keine mail") && !printed.contains("Ohnewort"), "{printed}");
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_is_not_there_is_neither_changed_nor_removed() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    let errors = [
        connector.update(&permit(), &patch("nobody", fields(&[(person::CITY, "Thun")]))).await.unwrap_err(),
        connector.remove(&permit(), &KIND, &RecordId::from_static("nobody")).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.verdict()), (ErrorKind::NotFound, Verdict::Permanent), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_used_up_budget_says_when_to_come_back() {
    let emulator = prepared();
    let connector = connector(&emulator).await;
    let reply = || Reply::new(429, r#"{"message":"Too Many Requests"}"#).header("x-ratelimit-daily-remaining", "0");
    emulator.faults().add(Rule::on("/contacts/", Fault::Refuse(reply())).times(9));
    let error = connector.create(&permit(), &draft(anna())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(matches!(error.verdict(), Verdict::Temporary { retry_after: Some(_) }), "{:?}", error.verdict());
}
